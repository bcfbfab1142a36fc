"""The same cases, on three rigs, with the same verdicts: conformant, and every fault proven."""

from typing import Any

import pytest
from runall_harness.contract.verdicts import INCONCLUSIVE, WORDS, Verdict, exit_code
from support.conform_runs import ConformRun, conform_once
from support.machine import give_up

# Whole runs on real rigs: minutes each, and the first test that asks for one waits for it.
pytestmark = pytest.mark.timeout(1800)

RIGS = ("simulated", "processes", "docker")
LEAST = 30
# How often an inconclusive case is asked again.
AGAIN = 3
# They are also about what users do and what a job does by itself, while all servers are well.
OF_USERS = {
    "ends",
    "identity",
    "orders",
    "places",
    "releases",
    "retries",
    "slots",
    "timings",
    "values",
    "waiting",
}


@pytest.fixture(scope="module", params=RIGS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ConformRun:
    """One run of all cases on one rig."""
    return run_on(request.param, tmp_path_factory)


def run_on(rig: str, tmp: pytest.TempPathFactory) -> ConformRun:
    """The run on that rig; made once.

    An inconclusive case was met by a machine that was slower than its timings: a container may take
    seconds to start. It proves nothing, so it is put to the rig again, by itself.
    """
    run, _ = conform_once(tmp, "--rig", rig)
    if run.code != INCONCLUSIVE:
        return run
    cases = [asked_again(case, rig, tmp) for case in run.report["cases"]]
    code = exit_code(Verdict(case["verdict"]) for case in cases)
    return ConformRun(code, {**run.report, "cases": cases, "verdict": WORDS[code]}, run.words)


def asked_again(case: dict[str, Any], rig: str, tmp: pytest.TempPathFactory) -> dict[str, Any]:
    """The case of other runs, for as long as they leave it open."""
    for repeat in range(AGAIN):
        if case["verdict"] != Verdict.INCONCLUSIVE:
            break
        asked = ("--rig", rig, "--scenario", case["id"])
        run, _ = conform_once(tmp, *asked, "--jobs", str(repeat + 1))
        (case,) = run.report["cases"]
    return case


def shown(run: ConformRun) -> list[dict[str, Any]]:
    """The cases that this rig can show."""
    return [case for case in run.report["cases"] if case["verdict"] != "unsupported"]


def test_the_reference_is_conformant(run: ConformRun) -> None:
    assert (run.code, run.report["verdict"]) == (0, "conformant"), (run.red(), run.words)
    assert set(run.verdicts().values()) <= {"pass", "unsupported"}


def test_every_rig_shows_what_simulated_time_shows(run: ConformRun) -> None:
    left_out = [c for c in run.report["cases"] if c["verdict"] == "unsupported"]
    assert all(f"the {run.report['rig']} rig cannot show" in c["message"] for c in left_out)
    assert not left_out or run.report["rig"] != "simulated"
    if left_out:
        give_up(f"{left_out[0]['id']}: {left_out[0]['message']}")


def test_there_are_cases_for_all_five_scenarios_under_both_triggers(run: ConformRun) -> None:
    seen = {(case["feature"][0], case["trigger"]) for case in run.report["cases"]}
    assert {(n, t) for n in "12345" for t in ("manual", "scheduled")} <= seen
    assert len(run.report["cases"]) >= LEAST


def test_every_fault_is_proven_and_only_some_features_have_cases_without_one(
    run: ConformRun,
) -> None:
    for case in shown(run):
        assert case["faults"] or case["feature"] in OF_USERS, case["id"]
        assert all(fault["proven"] for fault in case["faults"]), case["id"]


def test_every_case_saw_jobs_run(run: ConformRun) -> None:
    assert all(case["executions"] for case in shown(run))


def test_a_recovery_came_within_its_deadline(run: ConformRun) -> None:
    measured = [c for c in run.report["cases"] if c["recovery_s"] is not None]
    assert measured
    assert all(case["recovery_s"] <= case["deadline_s"] for case in measured)


def test_the_rigs_agree_on_every_case(tmp_path_factory: pytest.TempPathFactory) -> None:
    verdicts = {rig: run_on(rig, tmp_path_factory).verdicts() for rig in RIGS}
    assert verdicts["simulated"].keys() == verdicts["processes"].keys() == verdicts["docker"].keys()
    for case, verdict in verdicts["simulated"].items():
        assert {verdicts[rig][case] for rig in RIGS} <= {verdict, "unsupported"}, case
