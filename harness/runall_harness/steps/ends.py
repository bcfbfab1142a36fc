"""Ends that meet: a wish to stop a job, its own end, and the end of its server."""

from pytest_bdd import parsers, then, when

from ..cluster import PRIMARY
from ..verdicts import Violation
from .crashes import ACCEPTED, accept, expect, over, told
from .scene import Scene

ENDS = {"was aborted": ("aborted", "RA-3.3"), "has failed": ("failed", "RA-2.7")}


@when("a run of it is accepted, and a user aborts it at once")
def _(scene: Scene) -> None:
    scene.cluster.call("abort", job=accept(scene))


@when("the worker is killed and comes back at once")
def _(scene: Scene) -> None:
    expect(scene, scene.kill(scene.workers[0]))
    scene.come_back(scene.workers[0])


@when("a run of it that is going to fail is accepted, and the primary is killed at once")
def _(scene: Scene) -> None:
    accept(scene, ends="7")
    expect(scene, scene.kill(PRIMARY))
    scene.cluster.site.release(ACCEPTED)
    # Where the order to start had left already, the run fails now; else after the return.
    scene.cluster.wait(lambda: failed(scene), scene.timings.prompt)


@when("its server is cut off until it is missed, and the job ends")
def _(scene: Scene) -> None:
    scene.cut_until_missed(scene.victim)
    scene.end_job()


@when("its server is cut off until it is missed, is stopped cleanly, and comes back in reach")
def _(scene: Scene) -> None:
    scene.cut_until_missed(scene.victim)
    scene.expect("RA-2.8", scene.timings.dead_job_timeout)
    stop_unheard(scene)


@when("its server is stopped cleanly, and comes back in reach")
def _(scene: Scene) -> None:
    stop_unheard(scene)


@then(parsers.re(f"the accepted run (?P<end>{'|'.join(ENDS)}), and is not run again"))
def _(scene: Scene, end: str) -> None:
    state, clause = ENDS[end]
    view = scene.cluster.wait(lambda: over(scene, scene.accepted), scene.deadline)
    if view is None or view.state != state:
        raise Violation(clause, f"{scene.accepted} ends as {state}", told(scene, scene.accepted))
    runs = len(scene.cluster.tagged(ACCEPTED))
    scene.canary()
    if len(scene.cluster.tagged(ACCEPTED)) != runs:
        raise Violation(clause, "it is not run again", told(scene, scene.accepted))


def stop_unheard(scene: Scene) -> None:
    """Stop the server of the job while it is cut off, start it again, and mend the cut."""
    scene.stop(scene.victim)
    scene.cluster.restart(scene.victim)
    scene.join(scene.victim)


def failed(scene: Scene) -> bool:
    """Whether the accepted run has begun and failed, as it tells itself."""
    return any(run.how == "failed" for run in scene.cluster.tagged(ACCEPTED))
