"""Steps about faults that take a part of a server: its daemon, its job, or all of it by a signal.

The same scheduler does well under one of them and badly under another, so each is asked for by its
name, whatever a system says of how it is stopped. All parts of a server stand still before one is
hurt: a job must not be seen to die by a daemon that is about to.
"""

from pytest_bdd import parsers, then, when

from runall_harness.checks.records import BEAT, last_sign
from runall_harness.contract.verdicts import Violation
from runall_harness.rigs.base import StopTo

from ..cluster import PRIMARY
from .patience import Wait
from .scene import PROMISE, Scene


@when(
    parsers.re(
        r"the daemon of its server is killed, the job is not, and the daemon "
        r"(?P<then>stays away|comes back at once)"
    )
)
def _(scene: Scene, then: str) -> None:
    proof = scene.kill(scene.victim, "daemon")
    if then == "stays away":
        scene.expect("RA-2.1", scene.timings.notice + scene.timings.dead_job_timeout, proof)
    else:
        scene.expect("RA-2.3", scene.promise_after_return())
        return_to_work(scene)


@when("the process of the job alone is killed")
def _(scene: Scene) -> None:
    scene.expect("RA-2.7", scene.timings.prompt, scene.kill(scene.victim, "job"))


@when(
    parsers.re(
        r"(?P<whom>the daemon of its server gets SIGTERM"
        r"|all processes of its server get SIGTERM at once), "
        r"and (?:it )?(?P<then>stays away|comes back)"
    )
)
def _(scene: Scene, whom: str, then: str) -> None:
    to: StopTo = "group" if whom.startswith("all") else "daemon"
    proof = scene.stop(scene.victim, to)
    if then == "stays away":
        scene.expect("RA-2.8", scene.timings.stop + scene.promise_after_return(), proof)
    else:
        scene.expect("RA-2.8", scene.promise_after_return())
        return_to_work(scene)


@then("the job is taken up again, or has ended and is run again, once")
def _(scene: Scene) -> None:
    clause = PROMISE[scene.work.trigger]
    scene.cluster.deadline_s = scene.deadline
    wait = Wait(scene, scene.deadline)
    runs = wait.until(
        lambda: (found := scene.cluster.tagged(scene.work.tag))[1:] and found,
        hopeless=lambda: scene.cluster.tagged(scene.work.tag)[-1].how == "running",
    )
    if runs:
        scene.cluster.recovery_s = runs[1].started_at - scene.since
        wait.require_timely("the rerun")
        scene.require_faithful(scene.work)
        scene.finish(scene.work, executions=2)
        return
    scene.cluster.waited = wait.most
    view = scene.cluster.job(scene.work.root)
    if view is None or view.state != "running":
        raise Violation(clause, "the job is run again", scene.why(scene.work))
    scene.require_undisturbed(scene.work, executions=1)


@then("no two executions of the job ran at the same time")
def _(scene: Scene) -> None:
    first, *others = scene.cluster.tagged(scene.work.tag)
    ended = last_sign(first)
    for other in others:
        if ended > other.started_at + BEAT:
            raise Violation(
                "RA-2.4",
                "what still runs is not run again",
                f"{first.job} lived {ended - other.started_at:.2f} s beside {other.job}",
            )


def return_to_work(scene: Scene) -> None:
    """Start the server of the job again, and wait until all take work."""
    if scene.victim == PRIMARY:
        scene.come_back_with_all(PRIMARY)
    else:
        scene.come_back(scene.victim)
