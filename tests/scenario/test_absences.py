"""A primary that was away for too long on a slow machine accuses nobody.

A worker lets its jobs go on without a primary for a time, and then it must stop them. So a case
in which the primary came back later says nothing of what a short absence does.
"""

import math
from collections.abc import Iterator

import msgspec
import pytest
from runall_harness.checks.records import BEAT
from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.history import Witnessed
from runall_harness.scenario.cluster import PRIMARY
from runall_harness.scenario.expectations import Scenario
from support.running_job import running_job


@pytest.fixture
def scenario() -> Iterator[Scenario]:
    with running_job("absence") as scenario:
        yield scenario


def test_what_still_runs_at_the_end_is_reported_with_its_last_sign_of_life(
    scenario: Scenario,
) -> None:
    cluster = scenario.cluster
    cluster.site.wait(lambda: None, 3.0)
    cluster.judge()
    *_, last = (line.execution for line in cluster.history.lines if isinstance(line, Witnessed))
    assert (last.job, last.how) == (scenario.work.first.job, "running")
    assert last.beat_at > cluster.site.now() - BEAT


def come_back_after(scenario: Scenario, seconds: float) -> None:
    """Kill the primary, and start it again so many seconds later."""
    scenario.kill(PRIMARY)
    scenario.site.wait(lambda: None, seconds)
    scenario.bring_back_primary("RA-2.11")


def test_a_short_absence_is_judged(scenario: Scenario) -> None:
    come_back_after(scenario, 0.1)
    scenario.require_undisturbed(scenario.work, 1, "RA-2.11")


def test_an_absence_that_ended_the_job_by_itself_is_inconclusive(scenario: Scenario) -> None:
    with pytest.raises(Inconclusive, match=r"the primary was away for .* s"):
        come_back_after(scenario, 2 * scenario.timings.alone)


def test_it_is_judged_where_the_system_does_not_say_that_jobs_end_without_a_primary(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    timings = scenario.timings
    monkeypatch.setattr(scenario, "timings", msgspec.structs.replace(timings, alone=math.inf))
    come_back_after(scenario, 2 * timings.alone)
