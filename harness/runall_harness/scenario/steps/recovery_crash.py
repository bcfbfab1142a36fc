"""Crashes of the primary inside its own recovery, at a point that is chosen and proven."""

from typing import Literal

from pytest_bdd import parsers, then, when

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Proof
from runall_harness.evidence.views import JobView
from runall_harness.evidence.witness_job import NOTE
from runall_harness.rigs.base import CrashPoint

from ..cluster import PRIMARY
from .patience import Wait
from .scene import Scene

KINDS: dict[str, Literal["before", "after", "between"]] = {
    "before commit": "before",
    "after commit": "after",
    "amid step": "between",
}
POINT = rf"(?P<kind>{'|'.join(KINDS)}) (?P<count>\d+)"
FINALIZED = "finished"
ACCEPTED = "accepted"


@when(parsers.re(f"the primary is killed, comes back, and crashes {POINT} of its recovery"))
def _(scene: Scene, kind: str, count: str) -> None:
    expect(scene, scene.kill(PRIMARY))
    scene.cluster.site.arm(PRIMARY, point(kind, count))
    scene.cluster.restart(PRIMARY)
    await_crash(scene)


@when(
    parsers.re(
        f"its server is killed and stays away, and the primary crashes {POINT} of the recovery"
    )
)
def _(scene: Scene, kind: str, count: str) -> None:
    # Counted from the step that gives the job up: until then the primary only waits.
    scene.cluster.site.arm(PRIMARY, point(kind, count, first=FINALIZED))
    expect(scene, scene.kill(scene.victim))
    await_crash(scene)


@when("a run of it is accepted, and the primary is killed at once")
def _(scene: Scene) -> None:
    accept(scene)
    expect(scene, scene.kill(PRIMARY))


@when("the primary comes back")
def _(scene: Scene) -> None:
    scene.cluster.restart(PRIMARY)
    site = scene.cluster.site
    scene.cluster.await_online(PRIMARY)
    scene.await_return(*(node for node in scene.workers if site.alive(node)))


@then("the job is run again until it has ended well, once for each interruption")
def _(scene: Scene) -> None:
    ends_well(scene, "RA-12.1", scene.work.tag, scene.work.root, least=2)


@then("the accepted run has ended well, once")
def _(scene: Scene) -> None:
    ends_well(scene, "RA-12.2", ACCEPTED, scene.accepted, least=1)


def accept(scene: Scene, **params: str) -> str:
    """Create the planned event and run it by hand; nobody has seen it begin. The run's id."""
    fields = {k: v for k, v in scene.plan.items() if k != "target"}
    scene.cluster.create("report", scene.plan["target"], **fields)
    own = {"tag": ACCEPTED, "note": NOTE, **params}
    scene.accepted = scene.cluster.call("run", event="report", params=own, source="operator")
    scene.cluster.regard(scene.accepted, ACCEPTED)
    return scene.accepted


def expect(scene: Scene, proof: Proof) -> None:
    """A recovery is owed from that fault on; what a crash undid takes its whole time again."""
    scene.expect("RA-12.1", 2 * (scene.timings.notice + scene.timings.dead_job_timeout), proof)


def point(kind: str, count: str, first: str = "") -> CrashPoint:
    """The point that the words of a step name."""
    return CrashPoint(where=KINDS[kind], count=int(count), first=first)


def await_crash(scene: Scene) -> None:
    """The crash must come, and be the one that was asked for. Else the case proves nothing."""
    within = scene.timings.notice + scene.timings.dead_job_timeout + scene.timings.slack
    scene.cluster.hurt(lambda: scene.cluster.site.crashed(PRIMARY, within))


def ends_well(scene: Scene, clause: str, tag: str, root: str, least: int) -> None:
    """The last attempt runs, ends well, and is the only one that does; nothing follows it."""
    cluster = scene.cluster
    wait = Wait(scene, scene.deadline)
    if not wait.until(lambda: running(scene, tag, root, least)):
        cluster.waited = wait.most
        raise Violation(clause, f"an attempt of {root} runs", told(scene, root, tag))
    wait.require_timely(f"an attempt of {root}")
    cluster.site.release(tag)
    if not cluster.wait(lambda: over(scene, root, tag), scene.deadline):
        raise Inconclusive(f"no evidence that {root} came to its end: {told(scene, root, tag)}")
    scene.canary()
    states = [view.state for view in cluster.attempts(root, tag)]
    completed = [run.job for run in cluster.tagged(tag) if run.how == "completed"]
    if states != ["interrupted"] * (len(states) - 1) + ["succeeded"] or len(completed) != 1:
        seen = f"{told(scene, root, tag)}; completed: {', '.join(completed) or 'none'}"
        raise Violation(
            clause, "each interrupted attempt is replaced once, the last ends well", seen
        )


def running(scene: Scene, tag: str, root: str, least: int) -> bool:
    """Whether the last attempt is seen to run, by the system and by the job, after so many."""
    runs, views = scene.cluster.tagged(tag), scene.cluster.attempts(root, tag)
    alive = runs and runs[-1].how == "running" and runs[-1].job == views[-1].id if views else False
    return bool(alive) and len(views) >= least and views[-1].state == "running"


def over(scene: Scene, root: str, tag: str = "") -> JobView | None:
    """The last attempt, if it is over."""
    views = scene.cluster.attempts(root, tag)
    return views[-1] if views and views[-1].final else None


def told(scene: Scene, root: str, tag: str = "") -> str:
    """The attempts of a lineage as the system shows them, and its own reasons."""
    views = ", ".join(f"{view.id} {view.state}" for view in scene.cluster.attempts(root, tag))
    return f"{views or 'no attempt'}; {scene.cluster.api.reasons(root) or 'it gives no reason'}"
