"""Three releases of history, each failing as it did in history, on two rigs.

Virtual time shows it in all five failures and their side effects. Real processes show it in the
cases that the claims name: that the rigs agree on all others is a claim of its own.
"""

from pathlib import Path

import pytest
from runall_harness.contract.verdicts import worst
from support.conform_runs import FIVE_FAILURES, ConformRun, conform

# Whole runs on real rigs: minutes each, and the first test that asks for one waits for it.
pytestmark = pytest.mark.timeout(1800)

RIGS = ("simulated", "processes")
SERVED_TWICE = (
    "side_effects/the-recovery-of-a-manual-job-runs-no-served-slot-of-its-event-again/manual"
)
TAKES_OVER = "1_worker_lost/another-worker-of-the-group-takes-over/"
CRASH_FORGETS = "3_primary_crash/the-same-primary-comes-back-and-its-local-job-is-run-again/"


@pytest.fixture(scope="module", params=RIGS)
def table(
    request: pytest.FixtureRequest,
    releases: dict[str, ConformRun],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, ConformRun]:
    """The verdicts of the three releases on one rig."""
    if request.param == "simulated":
        return {name: run.only(FIVE_FAILURES) for name, run in releases.items()}
    out = tmp_path_factory.mktemp("policies")
    return {name: on_processes(name, out / name) for name in releases}


def on_processes(release: str, out: Path) -> ConformRun:
    """The cases that the claims name, as if one run had judged them all."""
    asked = ("--rig", "processes", "--policy", f"cronicle-{release}", "--scenario")
    runs = [
        conform(*asked, pattern, out=out / str(number))
        for number, pattern in enumerate((f"{TAKES_OVER}*", f"{CRASH_FORGETS}*", SERVED_TWICE))
    ]
    cases = [case for run in runs for case in run.report["cases"]]
    words = "".join(run.words for run in runs)
    return ConformRun(worst(run.code for run in runs), {**runs[0].report, "cases": cases}, words)


def test_none_of_them_is_conformant_and_each_names_its_clauses(
    table: dict[str, ConformRun],
) -> None:
    for run in table.values():
        assert run.code == 1, run.words
        assert all(message.startswith("RA-") for message in run.red().values())


def test_0_9_49_never_reruns_a_manual_job(table: dict[str, ConformRun]) -> None:
    red = table["0.9.49"].red()
    manual = {case: message[:6] for case, message in red.items() if case.endswith("/manual")}
    assert set(manual.values()) == {"RA-1.1"}, red


def test_0_9_50_runs_a_served_slot_twice_instead(table: dict[str, ConformRun]) -> None:
    red = table["0.9.50"].red()
    assert red.pop(SERVED_TWICE).startswith("RA-4.7")
    manual = {case: message[:6] for case, message in red.items() if case.endswith("/manual")}
    assert set(manual.values()) == {"RA-1.1"}, red


def test_0_9_52_reruns_the_manual_job_and_runs_the_served_slot_twice(
    table: dict[str, ConformRun],
) -> None:
    run = table["0.9.52"]
    assert run.verdicts()[f"{TAKES_OVER}manual"] == "pass"
    assert run.red()[SERVED_TWICE].startswith("RA-4.7")


def test_0_9_52_forgets_the_slot_of_a_primary_that_crashed(table: dict[str, ConformRun]) -> None:
    verdicts = table["0.9.52"].verdicts()
    assert verdicts[f"{CRASH_FORGETS}manual"] == "pass"
    assert verdicts[f"{CRASH_FORGETS}scheduled"] == "fail"


def test_all_three_recover_a_scheduled_job_of_a_lost_worker(table: dict[str, ConformRun]) -> None:
    for run in table.values():
        assert run.verdicts()[f"{TAKES_OVER}scheduled"] == "pass"


def test_the_three_tables_differ(table: dict[str, ConformRun]) -> None:
    reds = [frozenset(run.red().items()) for run in table.values()]
    assert len(set(reds)) == len(reds)
