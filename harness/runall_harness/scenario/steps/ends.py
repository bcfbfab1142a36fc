"""Ends that meet: a wish to stop a job, its own end, and the end of its server."""

from pytest_bdd import parsers, then, when

from runall_harness.contract.verdicts import Violation

from ..cluster import PRIMARY
from .patience import Wait
from .recovery_crash import ACCEPTED, accept, expect, over, told
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


@when("its server is cut off and stopped cleanly, and is back in reach once it is missed")
def _(scene: Scene) -> None:
    cut_and_stop(scene, "RA-2.8")
    within = scene.timings.notice + scene.timings.slack
    scene.cluster.await_evidence(
        f"{scene.victim} is missed", lambda: scene.victim not in scene.cluster.online(), within
    )
    come_in_reach(scene)


@when("the cut is mended")
def _(scene: Scene) -> None:
    scene.expect("RA-3.6", scene.promise_after_return())
    scene.join(scene.victim)


@when("its server is cut off and stopped cleanly")
def _(scene: Scene) -> None:
    cut_and_stop(scene, "RA-2.1")


@when("its server is back in reach")
def _(scene: Scene) -> None:
    come_in_reach(scene)


@then(parsers.re(f"the accepted run (?P<end>{'|'.join(ENDS)}), and is not run again"))
def _(scene: Scene, end: str) -> None:
    state, clause = ENDS[end]
    wait = Wait(scene, scene.deadline)
    view = wait.until(lambda: over(scene, scene.accepted))
    if view is None or view.state != state:
        raise Violation(clause, f"{scene.accepted} ends as {state}", told(scene, scene.accepted))
    wait.require_timely(f"the end of {scene.accepted}")
    runs = len(scene.cluster.tagged(ACCEPTED))
    scene.canary()
    if len(scene.cluster.tagged(ACCEPTED)) != runs:
        raise Violation(clause, "it is not run again", told(scene, scene.accepted))


def cut_and_stop(scene: Scene, clause: str) -> None:
    """Stop the server of the job while nobody can hear what it says about that."""
    proof = scene.cut(scene.victim)
    scene.expect(clause, scene.timings.notice + scene.timings.dead_job_timeout, proof)
    scene.stop(scene.victim)


def come_in_reach(scene: Scene) -> None:
    """Start the server again, and mend the cut: what was held up arrives first."""
    scene.cluster.restart(scene.victim)
    scene.join(scene.victim)


def failed(scene: Scene) -> bool:
    """Whether the accepted run has begun and failed, as it tells itself."""
    return any(run.how == "failed" for run in scene.cluster.tagged(ACCEPTED))
