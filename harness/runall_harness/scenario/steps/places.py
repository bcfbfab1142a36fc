"""Steps about the place that a job has among those of its event, and what its end sets going."""

from collections.abc import Callable
from typing import Any

import msgspec
from pytest_bdd import given, parsers, then, when

from runall_harness.evidence.witness_job import LEAD_SLOTS

from ..due_slots import TAG, slot_params
from ..expectations import Scenario
from ..setting import EVENT
from ..waits import BEHIND, PLAN, Waits
from .bounds import await_age_limit, kill_server_at_each_start
from .when import kill_server_and_bring_it_back

# For how many minutes the schedule is watched.
WATCHED = LEAD_SLOTS + 6


class KindOfEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a job comes to its end: by that act, with these terms of its event and of its run."""

    act: Callable[[Scenario], None]
    terms: dict[str, Any] = {}
    run: dict[str, str] = {}


def release(scenario: Scenario) -> None:
    scenario.expect_within(scenario.timings.prompt)
    scenario.site.release(scenario.work.tag)


def exceed_limit(scenario: Scenario) -> None:
    timings = scenario.timings
    scenario.expect_within(scenario.plan["timeout"] + timings.grace + timings.prompt)


def abort(scenario: Scenario) -> None:
    scenario.expect_within(scenario.timings.grace + scenario.timings.prompt)
    scenario.calls.call("abort", job=scenario.work.root)


def abort_and_lose(scenario: Scenario) -> None:
    abort(scenario)
    kill_server_and_bring_it_back(scenario)


def rerun(scenario: Scenario) -> None:
    kill_server_and_bring_it_back(scenario)
    scenario.await_rerun(scenario.work)
    release(scenario)


def lose_for_too_long(scenario: Scenario) -> None:
    proof = scenario.kill(scenario.victim)
    scenario.expect_within(scenario.loss_timeout, proof)
    await_age_limit(scenario)
    scenario.bring_back(scenario.victim)


ENDINGS: dict[str, KindOfEnd] = {
    "completes": KindOfEnd(act=release),
    "fails": KindOfEnd(act=release, run={"ends": "7"}),
    "is over its time limit": KindOfEnd(act=exceed_limit, terms={"timeout": 1.0}),
    "is aborted": KindOfEnd(act=abort),
    "is aborted, and ignores SIGTERM": KindOfEnd(act=abort, run={"on_term": "ignore"}),
    "is aborted, and loses its server": KindOfEnd(act=abort_and_lose, run={"on_term": "ignore"}),
    "is interrupted, and is run again": KindOfEnd(act=rerun),
    "is interrupted, with Run All off": KindOfEnd(
        act=kill_server_and_bring_it_back, terms={"catch_up": False}
    ),
    "is interrupted once too often": KindOfEnd(
        act=kill_server_at_each_start, terms={"max_reruns": 1}
    ),
    "is interrupted, and soon too old": KindOfEnd(act=lose_for_too_long, terms={"rerun_age": 2.0}),
}


@given(
    parsers.re(
        rf"a (?P<trigger>manual|scheduled) job that (?P<end>{'|'.join(ENDINGS)}) has the only .+"
    ),
    target_fixture="ending",
)
def start_job_with_the_only_place(
    scenario: Scenario, waits: Waits, trigger: str, end: str
) -> KindOfEnd:
    ending = ENDINGS[end]
    scenario.plan = {**PLAN, **ending.terms}
    scenario.launch(trigger, **ending.run)
    waits.queue_behind()
    return ending


@when("that happens, and its server is there")
def end_job_somehow(scenario: Scenario, ending: KindOfEnd) -> None:
    ending.act(scenario)


@then("the run in the queue comes to its end")
def require_queue_to_move(scenario: Scenario) -> None:
    ended, expected = scenario.cluster.ended, "the run in the queue runs, for the place is free"
    scenario.require_in_time("RA-6.8", expected, lambda: ended(BEHIND))
    scenario.require_turns(scenario.work.tag, BEHIND)


@then("the event is served in minutes to come")
def require_schedule_to_go_on(scenario: Scenario) -> None:
    scenario.calls.edit(EVENT, timing={}, params=slot_params())

    def served() -> bool:
        return sum(run.how == "completed" for run in scenario.cluster.tagged(TAG)) >= 2

    within = WATCHED * scenario.timings.minute + scenario.timings.prompt
    scenario.require_in_time("RA-6.8", "two of its minutes are served", served, within)
