"""Steps about events: their limits, and edits by their owners while a job is lost."""

import re
from collections.abc import Callable
from typing import Any

from pytest_bdd import given, parsers, when

from runall_harness.systems.base import Timings

from ..expectations import Scenario
from ..nodes import PRIMARY
from ..setting import EVENT

COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "seven": 7, "twelve": 12}
TARGETS = {
    "any worker": "worker-*",
    "the first worker": "worker-1",
    "the second worker": "worker-2",
    "the primary": PRIMARY,
    "any server": "*",
}
# How old a missed minute may be that is served, in minutes.
AGE = 20
# Seconds until a retry: long enough for a server to be killed before it is due.
RETRY_DELAY = 2.0
# Seconds beyond the dead-job timeout, so that a rerun has begun to wait before it is too old.
SOON = 3.0
# How many takeovers fit into a time that is to outlast two of them.
TAKEOVERS = 3
TERMS: dict[str, dict[str, Any] | Callable[[Timings], dict[str, Any]]] = {
    "": {},
    " and no bounds": {"max_reruns": 0, "rerun_age": 0.0},
    " and a time limit": {"timeout": 1.0},
    " and a time limit of 2 seconds": {"timeout": 2.0},
    " and a time limit of 3 seconds": {"timeout": 3.0},
    " and room for many jobs": {"max_children": 0},
    " and a long time limit": lambda timings: {"timeout": TAKEOVERS * timings.takeover},
    " and one more try, long after a failure": lambda timings: {
        "retries": 1,
        "retry_delay": TAKEOVERS * timings.takeover,
    },
    " and one more try at once": {"retries": 1},
    " and one more try after a failure": {"retries": 1, "retry_delay": RETRY_DELAY},
    " and two more tries after a failure": {"retries": 2, "retry_delay": RETRY_DELAY},
    " and no try after each failure": {"retries": 0},
    " and one try after each failure": {"retries": 1},
    " and three tries after each failure": {"retries": 3},
    ", one more try, and to be run again twice at most": {
        "retries": 1,
        "retry_delay": RETRY_DELAY,
        "max_reruns": 2,
    },
    ", one more try and a time limit of 3 seconds": {
        "retries": 1,
        "retry_delay": RETRY_DELAY,
        "timeout": 3.0,
    },
    " and the last missed minute wanted": {"missed": "last"},
    " and no missed minute wanted": {"missed": "none"},
    f" and missed minutes wanted for {AGE} minutes": {"missed_age": AGE * 60, "max_children": 0},
    " and a queue for one manual run": {"queue_max": 1},
    ", with room for one job": {"max_children": 1},
    ", with room for two jobs": {"max_children": 2},
    ", with room for one job and a queue of one": {"max_children": 1, "queue_max": 1},
    ", with room for one job and a queue of three": {"max_children": 1, "queue_max": 3},
    ", with room for one job and a queue of twelve": {"max_children": 1, "queue_max": 12},
    ", to be run again once at most": {"max_reruns": 1},
    ", to be run again twice at most": {"max_reruns": 2},
    ", worth nothing after two seconds": {"rerun_age": 2.0},
    ", worth nothing soon after the dead-job timeout": lambda timings: {
        "rerun_age": timings.dead_job_timeout + SOON
    },
}


@given(
    parsers.re(
        rf"an event for (?P<where>{'|'.join(TARGETS)}), with Run All (?P<mode>on|off)"
        rf"(?P<terms>{'|'.join(map(re.escape, TERMS))})"
    )
)
def plan_event(scenario: Scenario, where: str, mode: str, terms: str) -> None:
    fields = TERMS[terms]
    fields = fields(scenario.timings) if callable(fields) else fields
    scenario.plan = {"target": TARGETS[where], "catch_up": mode == "on", **fields}


EDITS: dict[str, dict[str, Any]] = {
    "its event may run anywhere from now on": {"target": "*"},
    "its event is opened to any worker": {"target": "worker-*"},
    "the event is moved to the second worker": {"target": "worker-2"},
    "from now on it runs one job at a time": {"max_children": 1},
    "the limit of the event is set to one": {"max_children": 1},
    "the limit of the event is set to three": {"max_children": 3},
    "Run All is turned off for its event": {"catch_up": False},
    "the event is disabled": {"enabled": False},
    "Run All is switched off": {"catch_up": False},
    "Run All is switched on": {"catch_up": True},
    "a user edits the event": {"title": "edited", "timeout": 60.0},
}
EDIT = parsers.re(f"(?P<edit>{'|'.join(EDITS)})")


@given(EDIT)
@when(EDIT)
def edit_event(scenario: Scenario, edit: str) -> None:
    scenario.calls.edit(EVENT, **EDITS[edit])


@when("the event is enabled")
def enable_event(scenario: Scenario) -> None:
    scenario.expect_within(scenario.timings.prompt)
    scenario.calls.edit(EVENT, enabled=True)


@when("the event is deleted")
def delete_event(scenario: Scenario) -> None:
    scenario.calls.call("delete_event", event=EVENT)


@when("an event of the same name is made")
def make_event_again(scenario: Scenario) -> None:
    fields = {name: value for name, value in scenario.plan.items() if name != "target"}
    scenario.calls.create(EVENT, scenario.plan["target"], **fields)
