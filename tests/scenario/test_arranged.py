"""A case arranges what it needs by itself, whatever the habits of the scheduler under test.

One that fills a server before it uses another, one whose minutes are longer than a loss stays
unnoticed, and one that has no leader for a moment: none may end a case as inconclusive, or as an
error of the kit, for what the case could have seen to.
"""

from pathlib import Path

import pytest
from support.small_features import judge_one

SYSTEM = """\
from typing import Any

import msgspec
from runall_harness.evidence.views import Rejected, Unreachable
from runall_harness.systems.reference.system import Reference, SimulatedClient
from runall_reference.brain.primary.placement import Placement


class Filling(Reference):
    "It fills one server before it uses another."

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        Placement.choose = fullest


def fullest(self: Placement, target: str) -> str | None:
    nodes = self.eligible(target)
    return max(nodes, key=lambda node: (len(self.state.active_on(node)), node), default=None)


class Leisurely(Reference):
    "Its minutes are five times as long as a loss stays unnoticed."

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.settings = msgspec.structs.replace(self.settings, time_scale=10.0)


class FalteringClient(SimulatedClient):
    asked = 0

    def create_event(self, event: Any) -> None:
        self.asked += event["id"].startswith("canary")
        if self.asked == 1:
            raise Rejected("no-server", "no server says that it leads")
        super().create_event(event)


class LosesAnAnswer(SimulatedClient):
    lost = False

    def run(self, event: str, params: Any, source: str) -> str:
        job = super().run(event, params, source)
        if event.startswith("canary") and not self.lost:
            self.lost = True
            raise Unreachable("the connection was lost")
        return job


class Losing(Reference):
    "It carries out the first run of a canary, and the answer is lost."

    def client(self, site: Any, primaries: tuple[str, ...]) -> Any:
        return LosesAnAnswer(site, primaries)


class ShowsNoStop(SimulatedClient):
    def jobs(self) -> list[Any]:
        return [
            msgspec.structs.replace(job, state="running") if job.state == "stopping" else job
            for job in super().jobs()
        ]


class Abrupt(Reference):
    "It never shows that a job is being stopped."

    def client(self, site: Any, primaries: tuple[str, ...]) -> Any:
        return ShowsNoStop(site, primaries)


class Faltering(Reference):
    "Nobody leads for a moment after a fault."

    def client(self, site: Any, primaries: tuple[str, ...]) -> Any:
        return FalteringClient(site, primaries)
"""
LOWERED = "limits/a-rerun-does-not-take-its-event-over-a-limit-that-was-lowered-meanwhile"
TAKEN_OVER = "1_worker_lost/another-worker-of-the-group-takes-over/manual"
OVERTIME = "retries/a-server-that-dies-while-it-stops-a-job-for-its-time-limit/manual-stays-away"
HANDED = "fencing/a-job-that-was-handed-to-a-server-which-died-before-it-began"


def verdict_on(folder: Path, system: str, case: str) -> tuple[str, str]:
    """The verdict on that case in virtual time, and what was said of it."""
    _, case_report = judge_one(folder, SYSTEM, system, case)
    return case_report["verdict"], case_report["message"]


@pytest.mark.parametrize("trigger", ["manual", "scheduled"])
def test_a_second_job_runs_on_the_other_server_also_where_one_is_filled_first(
    trigger: str, tmp_path: Path
) -> None:
    assert verdict_on(tmp_path, "Filling", f"{LOWERED}/{trigger}") == ("pass", "")


@pytest.mark.parametrize("trigger", ["manual", "scheduled"])
def test_a_server_is_frozen_so_shortly_before_a_minute_that_it_is_still_given_the_job(
    trigger: str, tmp_path: Path
) -> None:
    assert verdict_on(tmp_path, "Leisurely", f"{HANDED}/{trigger}") == ("pass", "")


def test_a_system_that_has_no_leader_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    assert verdict_on(tmp_path, "Faltering", TAKEN_OVER) == ("pass", "")


def test_a_canary_whose_answer_is_lost_is_left_alone_and_another_one_sent(tmp_path: Path) -> None:
    assert verdict_on(tmp_path, "Losing", TAKEN_OVER) == ("pass", "")


def test_a_stop_that_is_never_shown_accuses_nobody(tmp_path: Path) -> None:
    verdict, message = verdict_on(tmp_path, "Abrupt", OVERTIME)
    assert (verdict, message) == ("inconclusive", "the job had ended before its server was killed")
