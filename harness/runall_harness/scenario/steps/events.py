"""Events with limits and bounds, and what their owners do to them while a job is lost."""

from collections.abc import Callable
from typing import Any

from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Violation
from runall_harness.systems.base import Timings

from .given import TARGETS
from .patience import in_time
from .scene import Scene
from .then import require_place

COUNTS = {"one": 1, "two": 2, "three": 3}
# Beyond the dead-job timeout, so that a rerun has begun to wait before it is worth nothing.
SOON = 3.0
TERMS: dict[str, Callable[[Timings], dict[str, Any]]] = {
    "with room for one job": lambda _: {"max_children": 1},
    "with room for two jobs": lambda _: {"max_children": 2},
    "with room for one job and a queue of one": lambda _: {"max_children": 1, "queue_max": 1},
    "with room for one job and a queue of three": lambda _: {"max_children": 1, "queue_max": 3},
    "to be run again once at most": lambda _: {"max_reruns": 1},
    "to be run again twice at most": lambda _: {"max_reruns": 2},
    "worth nothing after two seconds": lambda _: {"rerun_age": 2.0},
    "worth nothing soon after the dead-job timeout": lambda timings: {
        "rerun_age": timings.dead_job_timeout + SOON
    },
}


@given(parsers.re(r"an event for (?P<where>[a-z ]+), with Run All on, (?P<terms>[a-z -]+)"))
def _(scene: Scene, where: str, terms: str) -> None:
    scene.plan = {"target": TARGETS[where], "catch_up": True, **TERMS[terms](scene.timings)}


@given(
    parsers.parse(
        "a {trigger} job of another event, which may run on any worker, runs on the same server"
    )
)
def _(scene: Scene, trigger: str) -> None:
    mine, scene.plan = scene.plan, {"target": scene.victim, "catch_up": True, "id": "other"}
    scene.launch(trigger, tag="other")
    scene.plan = mine
    scene.cluster.edit("other", target=TARGETS["any worker"])


# ---------------------------------------------------------------- edits
def edit(scene: Scene, **fields: Any) -> None:
    """Edit the event of the job."""
    scene.cluster.edit(scene.work.event, **fields)


@when("the event is disabled")
def _(scene: Scene) -> None:
    edit(scene, enabled=False)


@when("the event is enabled")
def _(scene: Scene) -> None:
    scene.expect("RA-6.4", scene.timings.prompt)
    edit(scene, enabled=True)


@when("the event is deleted")
def _(scene: Scene) -> None:
    scene.cluster.call("delete_event", event=scene.work.event)


@when("the event is moved to the second worker")
def _(scene: Scene) -> None:
    edit(scene, target=TARGETS["the second worker"])


@when(parsers.parse("the limit of the event is set to {count}"))
def _(scene: Scene, count: str) -> None:
    edit(scene, max_children=COUNTS[count])


# ---------------------------------------------------------------- what follows
@then("the rerun waits for its event")
def _(scene: Scene) -> None:
    scene.clause = "RA-6.4"
    scene.nothing_follows(scene.work, executions=1)
    if not scene.cluster.api.owes(scene.work.root):
        raise Violation("RA-4.6", "the rerun waits", scene.why(scene.work))


@then("the job is run again, once, on the second worker")
def _(scene: Scene) -> None:
    rerun = scene.rerun(scene.work)
    if rerun.node != TARGETS["the second worker"]:
        raise Violation("RA-6.5", "it runs where its event may run now", f"it ran on {rerun.node}")
    scene.finish(scene.work, executions=2)


@then("the job of the other event is run again, once, on another server")
def _(scene: Scene) -> None:
    other = scene.works["other"]
    if not in_time(scene, "its rerun", lambda: len(scene.cluster.tagged("other")) > 1):
        raise Violation("RA-4.11", "what can start does", scene.why(other))
    require_place(scene, other, "another server")
    scene.finish(other, executions=2)


@then("the two attempts differ in id, start time and server")
def _(scene: Scene) -> None:
    first, second = scene.cluster.tagged(scene.work.tag)
    shown = {view.id: view.node for view in scene.cluster.jobs()}
    same = [
        name
        for name, one, other in (
            ("id", first.job, second.job),
            ("start time", first.started_at, second.started_at),
            ("server", shown.get(first.job), shown.get(second.job)),
        )
        if one == other
    ]
    if same or shown.get(second.job) != second.node:
        raise Violation(
            "RA-4.8",
            "an id, a start time and a server of its own",
            f"the same {', '.join(same)}; shown: {shown}",
        )
