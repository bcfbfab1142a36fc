"""What a system does not say is never held against it, and never an error of the kit."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from runall_harness.contract.verdicts import Unsupported, Violation
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import Rejected
from runall_harness.scenario.cluster import PRIMARY
from runall_harness.scenario.expectations import Scenario
from runall_harness.scenario.steps.then import slots_began
from support.running_job import running_job


@pytest.fixture
def scenario() -> Iterator[Scenario]:
    with running_job("silence") as scenario:
        yield scenario


def answering(owes: bool | None) -> Callable[[str], bool | None]:
    def answer(_: str) -> bool | None:
        return owes

    return answer


def test_only_a_denial_of_a_debt_is_held_against_a_system(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, api = scenario.work.root, scenario.calls.api
    for owes in (None, True):
        monkeypatch.setattr(api, "owes", answering(owes))
        scenario.require_debt("RA-4.6", root)
    with pytest.raises(Violation, match=r"RA-1\.3"):
        scenario.require_no_debt("RA-1.3", root)
    monkeypatch.setattr(api, "owes", answering(False))
    with pytest.raises(Violation, match=r"RA-4\.6"):
        scenario.require_debt("RA-4.6", root)


def test_nobody_is_accused_while_nobody_can_be_asked(scenario: Scenario) -> None:
    scenario.kill(PRIMARY)
    assert scenario.calls.owes(scenario.work.root) is None
    scenario.require_debt("RA-4.6", scenario.work.root)
    scenario.require_no_debt("RA-1.3", scenario.work.root)


def test_a_failure_says_when_the_system_still_means_to_run_the_job(scenario: Scenario) -> None:
    hint = "or a timing is understated"
    assert hint in scenario.shown(scenario.work.root)
    scenario.finish(scenario.work, 1)
    assert hint not in scenario.shown(scenario.work.root)


def test_an_end_whose_time_is_not_shown_was_when_the_job_reported_it(scenario: Scenario) -> None:
    scenario.end_job()
    run, view = scenario.runs()[0], scenario.calls.job(scenario.work.root)
    assert view
    assert run.ended_at
    silent = replace(view, finalized_at=0.0)
    assert scenario.ended_at(silent, run.id) == run.ended_at
    assert scenario.ended_at(silent) == scenario.site.now()
    assert scenario.ended_at(replace(view, finalized_at=5.0), run.id) == 5.0


def test_a_refusal_is_one_whatever_word_a_system_has_for_it(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Rejected("queue_is_full", "no more")

    assert scenario.refuses_to_run("extra")
    monkeypatch.setattr(scenario.calls.api, "run", refuse)
    assert "no more" in scenario.refuses_to_run("extra")


def test_a_job_without_a_logical_time_shows_no_slot_and_breaks_no_case(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [replace(run, now="") for run in scenario.runs()]

    def no_times(_: str) -> list[Execution]:
        return runs

    monkeypatch.setattr(scenario.cluster, "tagged", no_times)
    with pytest.raises(Unsupported, match="got no JOB_NOW"):
        slots_began(scenario, "job")
