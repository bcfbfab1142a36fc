"""A run has values that a process can be given, at the edges of what the kernel takes."""

import subprocess
import sys
from typing import Any

import pytest
from msgspec.structs import replace
from runall_reference.brain.inputs import CreateEvent, RunEvent, UpdateEvent
from runall_reference.brain.records import Event, Job
from runall_reference.brain.values import LONGEST, TOGETHER, impossible
from runall_reference.daemon.job_environment import variables
from support.primary_driver import PrimaryDriver

EVENT = Event(id="e")
FITS = "x" * (LONGEST - len("long="))


def why(source: str = "", **params: Any) -> str:
    return impossible(replace(EVENT, params=params), source)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"long": FITS}, ""),
        ({"long": FITS + "x"}, "long: 131072 bytes as NAME=value, and a process is given 131071"),
        ({"2nd": "x" * (LONGEST - len("_2nd="))}, ""),
        ({"2nd": "x" * (LONGEST - len("2nd="))}, "2nd: 131072 bytes as NAME=value, and a process"),
        ({"odd": "日" * 43_690}, "odd: 131074 bytes"),
        ({"odd": "a\0b"}, "odd: a NUL, which ends every string"),
        ({"odd\0": "ab"}, "odd\0: a NUL"),
        ({"script": "x" * 200_000}, ""),
        ({"nested": ["x" * 200_000]}, ""),
        ({"yes": True, "none": None, "number": 1.5}, ""),
    ],
)
def test_a_value_is_refused_by_what_a_process_can_be_given(
    params: dict[str, Any], reason: str
) -> None:
    said = why(**params)
    assert said.startswith(reason)
    assert bool(said) == bool(reason)


def test_all_values_together_have_a_limit_too() -> None:
    count, rest = divmod(TOGETHER - len("source="), 100_000)
    params = {f"p{number}": "x" * (100_000 - len("p0=")) for number in range(count)}
    assert why(**params, p=("x" * (rest - len("p=")))) == ""
    more = f"params: {TOGETHER + 1} bytes, and a process is given {TOGETHER} at most"
    assert why(**params, p=("x" * (rest + 1 - len("p=")))) == more


def test_who_asks_for_a_run_is_a_value_of_its_process() -> None:
    assert why("x" * LONGEST).startswith("source: ")


def test_whatever_would_bring_such_a_value_is_refused_and_changes_nothing() -> None:
    driver = PrimaryDriver()
    driver.beat()
    driver.create("e")
    values = {"long": FITS + "x"}
    for order in (
        CreateEvent(Event(id="other", params=values)),
        UpdateEvent("e", {"params": values}),
        RunEvent("e", values, "alice"),
    ):
        code, reason = driver.refusal(order)
        assert (code, reason.partition(":")[0]) == ("invalid", "long")
    assert driver.run().params == {}


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is that of Linux")
def test_the_limit_is_that_of_the_kernel() -> None:
    given = replace(EVENT, params={"long": FITS})
    job = Job(id="j1", event="e", root="j1", attempt=1, cause="manual", now=0, params=given.params)
    env = {**variables(job), "PATH": "/usr/bin:/bin"}
    assert impossible(given, "") == ""
    assert subprocess.run(["true"], env=env, check=True).returncode == 0
    with pytest.raises(OSError, match="Argument list too long"):
        subprocess.run(["true"], env={**env, "LONG": f"{env['LONG']}x"}, check=False)
