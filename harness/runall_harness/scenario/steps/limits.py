"""Limits and queues: who waits, for which place, and in which order they get it."""

from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.views import Rejected

from .events import COUNTS
from .limbo import try_to_run
from .patience import in_time
from .scene import Scene


def queued(count: str) -> list[str]:
    """The tags of the manual runs that wait."""
    return [f"queued-{number}" for number in range(1, COUNTS[count] + 1)]


@given("a second job of it runs on the other worker")
def _(scene: Scene) -> None:
    # Some schedulers choose at random: for this run the event may go to that server only.
    (other,) = set(scene.workers) - {scene.victim}
    scene.cluster.edit(scene.work.event, target=other)
    second = scene.launch("manual", tag="second")
    scene.cluster.edit(scene.work.event, target=scene.plan["target"])
    if second.node != other:
        raise Inconclusive(f"the second job was to run on {other}, and runs on {second.node}")


@when("an operator runs the disabled event by hand")
def _(scene: Scene) -> None:
    try:
        scene.launch("manual", tag="second")
    except Rejected as refusal:
        raise Inconclusive(f"the run by hand was refused ({refusal})") from None


@when("the second job ends")
def _(scene: Scene) -> None:
    scene.expect("RA-4.6", scene.timings.prompt)
    scene.cluster.site.release("second")


@then("the job is not run again while the second job runs")
def _(scene: Scene) -> None:
    scene.clause = "RA-6.1"
    scene.nothing_follows(scene.work, executions=1)
    second = scene.cluster.tagged("second")[-1]
    if second.how != "running":
        raise Inconclusive(f"the second job was to run all the time, and is {second.how}")


@given(parsers.re(r"(?P<count>one|three) manual runs? of it waits? in the queue"))
@when(parsers.re(r"(?P<count>one|three) manual runs? of it waits? in the queue"))
def _(scene: Scene, count: str) -> None:
    for tag in queued(count):
        params = {"tag": tag}
        job = scene.cluster.call("run", event=scene.work.event, params=params, source="operator")
        view = scene.cluster.job(job)
        if view is None or view.state != "waiting":
            raise Inconclusive(f"{job} was to wait, and is {view.state if view else 'unknown'}")


@then("another manual run is refused, for the queue is full")
def _(scene: Scene) -> None:
    told = try_to_run(scene)
    if told != "limit":
        raise Violation("RA-6.7", "a refusal, for the queue is full", told)


@then(parsers.re(r"the (?P<count>one|three) runs? starts? in .+"))
def _(scene: Scene, count: str) -> None:
    tags = queued(count)
    scene.cluster.site.release(scene.work.tag)
    for number, tag in enumerate(tags):
        first = in_time(scene, tag, lambda left=tags[number:]: started(scene, left))
        if first != tag:
            raise Violation("RA-6.6", f"{tag} starts next", f"{first or 'nothing'} did")
        scene.cluster.site.release(tag)
        scene.cluster.await_evidence(
            f"{tag} ends", lambda tag=tag: scene.cluster.ended(tag), scene.timings.slack
        )
    scene.canary()
    runs = [run.tag for run in scene.cluster.executions() if run.tag in tags]
    if runs != tags:
        raise Violation("RA-6.6", f"{', '.join(tags)}, once each", f"{', '.join(runs)}")


def started(scene: Scene, tags: list[str]) -> str | None:
    """The first of these to run."""
    runs = [run for run in scene.cluster.executions() if run.tag in tags]
    return min(runs, key=lambda run: run.started_at).tag if runs else None
