"""Givens: the servers, the event, and the job that runs on it."""

from typing import Any

from pytest_bdd import given, parsers

from runall_harness.evidence.witness_job import NOTE

from ..cluster import PRIMARY
from .scene import Scene

COUNTS = {"one": 1, "two": 2, "three": 3}
TARGETS = {
    "any worker": "worker-*",
    "the first worker": "worker-1",
    "the second worker": "worker-2",
    "the primary": PRIMARY,
    "any server": "*",
}
EXTRAS: dict[str, dict[str, Any]] = {
    "": {},
    " and a time limit": {"timeout": 1.0},
    " and room for many jobs": {"max_children": 0},
}
MANNERS = {
    "": {},
    " that ignores SIGTERM": {"on_term": "ignore"},
    " that finishes its work on SIGTERM": {"on_term": "finish"},
    " that is going to fail": {"ends": "7"},
}


@given(parsers.re(r"a primary and (?P<count>one|two) workers?"))
def _(scene: Scene, count: str) -> None:
    scene.workers = tuple(f"worker-{n}" for n in range(1, COUNTS[count] + 1))
    scene.cluster.up(*scene.workers)


@given(
    parsers.re(
        r"an event for (?P<where>[a-z ]+?), with Run All (?P<mode>on|off)"
        r"(?P<extra>| and a time limit| and room for many jobs)"
    )
)
def _(scene: Scene, where: str, mode: str, extra: str) -> None:
    scene.plan = {"target": TARGETS[where], "catch_up": mode == "on", **EXTRAS[extra]}


@given(
    parsers.re(
        r"a (?P<trigger>manual|scheduled) job of it runs"
        r"(?P<manner>| that ignores SIGTERM| that finishes its work on SIGTERM"
        r"| that is going to fail)"
    )
)
def _(scene: Scene, trigger: str, manner: str) -> None:
    scene.launch(trigger, **MANNERS[manner])


@given("another event for any worker, due every minute")
def _(scene: Scene) -> None:
    params = {"tag": "minute", "hold": "0"}
    scene.cluster.create("minute", "worker-*", timing={}, params=params, max_children=0)
    within = 3 * scene.timings.minute + scene.timings.slack
    scene.cluster.await_evidence("it is served", lambda: scene.cluster.ended("minute"), within)


@given(parsers.parse("a {trigger} job of the first event runs on the primary, and ignores SIGTERM"))
def _(scene: Scene, trigger: str) -> None:
    target = scene.plan["target"]
    scene.plan["target"] = PRIMARY
    work = scene.launch(trigger, on_term="ignore")
    scene.cluster.edit(work.event, target=target)


@given("a job of another event runs on the second worker")
def _(scene: Scene) -> None:
    mine, scene.plan = scene.plan, {"target": "worker-2", "catch_up": True, "id": "other"}
    scene.launch("manual", tag="other")
    scene.plan = mine


@given("two slots of it have been served since")
def _(scene: Scene) -> None:
    slot = scene.cluster.api.present_slot() + 2
    minutes = {"minutes": [slot % 60, (slot + 1) % 60]}
    fields = {"timing": minutes, "params": {**scene.slot_params(), "tag": "slot"}}
    scene.cluster.edit(scene.work.event, **fields)
    within = 4 * scene.timings.minute + scene.timings.slack
    scene.cluster.await_evidence("two slots are served", scene.two_slots, within)


@given("three manual jobs of it run, each with its own parameters")
def _(scene: Scene) -> None:
    for number in ("one", "two", "three"):
        scene.launch("manual", tag=f"job-{number}", note=f"{NOTE} – {number}")
