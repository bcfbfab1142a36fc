"""Steps about what a job is given: values that are easily cut or lost, and its identity."""

from typing import Any

import pytest
from pytest_bdd import given, parsers, then, when

from runall_harness.checks.check import pieces
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView
from runall_harness.evidence.witness_job import LEAD_SLOTS

from ..expectations import Scenario, require
from ..setting import EVENT

# Numbered throughout, so that a piece that is missing anywhere shows; 100,000 bytes. One variable
# of a process may have 128 KiB on Linux.
LONG = "".join(f"{number:07} " for number in range(12_500))
ODD = "línea 1\nzweite Zeile\r\n\t日本語 🚀 e\u0301 \\n 'one' \"two\" $HOME `id` %s {} \\"
TAG = "job"
# A logical time is given in milliseconds or finer.
TOLERANCE = 0.002
VALUES: dict[str, dict[str, Any]] = {
    "a long value": {"long": LONG},
    "many values": {f"p{number:03}": f"value {number}" for number in range(100)},
    "nested values": {
        "targets": ["a", {"b": [1, 2.5, True, None, ODD]}, []],
        "options": {"empty": {}, "none": None, "deep": {"deeper": {"deepest": [[["x"]]]}}},
        "absent": None,
        "zero": 0,
        "no": False,
        "whole": 2**53 - 1,
        "fraction": 0.1,
    },
    "empty and odd texts": {"empty": "", "odd": ODD, "blank": "  \n", "null": "null", "nil": "0"},
    "a record of its predecessor": {},
}


@pytest.fixture
def values() -> dict[str, Any]:
    """What the job of the scenario is given."""
    return {}


@given(
    parsers.re(rf"a (?P<trigger>manual|scheduled) job of it runs with (?P<what>{'|'.join(VALUES)})")
)
def start_job_with_values(
    scenario: Scenario, values: dict[str, Any], trigger: str, what: str
) -> None:
    values |= VALUES[what]
    record = ["JOB_PREDECESSOR", *(name.upper() for name in texts(values))]
    scenario.launch(trigger, **values, record=" ".join(record))


def texts(values: dict[str, Any]) -> dict[str, str]:
    """Those that every system gives its jobs as variables, unchanged."""
    return {name: value for name, value in values.items() if isinstance(value, str)}


@then("each attempt has the values that were given")
def require_values(scenario: Scenario, values: dict[str, Any]) -> None:
    for run in scenario.runs():
        require_same(run.job, {n.upper(): text for n, text in texts(values).items()}, run.params)
    views = scenario.cluster.attempts(scenario.work.root)
    # Some systems show no parameters of their jobs.
    for view in views if views[0].params else ():
        require_same(f"{view.id} as shown", values, view.params)


def require_same(job: str, owed: dict[str, Any], got: dict[str, Any]) -> None:
    """Require that a job has these values, of the same types: in Python, True equals 1."""
    for name, value in owed.items():
        one, other = repr(value), repr(got[name]) if name in got else "it has none"
        expected, seen = pieces(one, other)
        require(one == other, "RA-4.3", f"{name} of {job}: {expected}", seen)


@when("a slot of it comes, whose job has a long value")
def await_slot(scenario: Scenario, values: dict[str, Any]) -> None:
    values |= VALUES["a long value"]
    scenario.create_planned(EVENT, "scheduled", {"tag": TAG, "record": "LONG", **values})


@then("that slot is served once, and its job has the value")
def require_slot_with_value(scenario: Scenario, values: dict[str, Any]) -> None:
    timings = scenario.timings
    within = (LEAD_SLOTS + 1) * timings.minute + timings.prompt
    scenario.require_in_time(
        "RA-5.1", "the slot is served", lambda: scenario.cluster.tagged(TAG), within
    )
    work = scenario.meet("scheduled", EVENT, TAG)
    require_values(scenario, values)
    scenario.finish(work, 1, "RA-5.1")


@then("the environment of each attempt says who it is")
def require_identity(scenario: Scenario) -> None:
    views = {view.id: view for view in scenario.cluster.attempts(scenario.work.root)}
    first, *_ = runs = scenario.runs()
    before = ""
    for number, run in enumerate(runs, 1):
        owed = {
            "JOB_EVENT": scenario.work.event,
            "JOB_ROOT": scenario.work.root,
            "JOB_PREDECESSOR": before,
            "JOB_ATTEMPT": str(number),
            "JOB_SOURCE": views[first.job].source,
        }
        # A system need not give a job all of it; what it gives the first, it owes each of them.
        owed = {name: value for name, value in owed.items() if name in first.claims}
        said = {name: run.claims.get(name) for name in owed}
        require(said == owed, "RA-4.5", f"{run.job}: {owed}", f"{said}")
        require_moment(run, first, views[run.job])
        before = run.job


def require_moment(run: Execution, first: Execution, view: JobView) -> None:
    """Require that a job stands for the moment for which the first attempt stood, and is shown."""
    require(run.now == first.now, "RA-4.3", f"JOB_NOW of {run.job}: {first.now}", run.now)
    near = not run.now or not view.now or abs(float(run.now) - view.now) < TOLERANCE
    require(near, "RA-4.3", f"JOB_NOW of {run.job}: {view.now}", run.now)
