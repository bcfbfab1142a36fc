"""Whens: the faults, each proven, and what a user does meanwhile."""

from pytest_bdd import when

from runall_harness.contract.verdicts import Unsupported, Violation
from runall_harness.evidence.views import Rejected

from ..cluster import PRIMARY
from .scene import Scene


@when("its server is killed and stays away")
def _(scene: Scene) -> None:
    proof = scene.kill(scene.victim)
    scene.expect("RA-2.1", scene.timings.notice + scene.timings.dead_job_timeout, proof)


@when("the dead-job timeout has passed for every job that was there")
def _(scene: Scene) -> None:
    timings = scene.timings
    patience = timings.notice + timings.dead_job_timeout
    over = scene.since + patience
    scene.cluster.await_evidence(
        "the dead-job timeout has passed",
        lambda: scene.cluster.site.now() > over,
        patience + timings.slack,
    )


@when("its server is cut off and stays away")
def _(scene: Scene) -> None:
    proof = scene.cut(scene.victim)
    scene.expect("RA-2.1", scene.timings.notice + scene.timings.dead_job_timeout, proof)


@when("its server is killed and comes back at once")
def _(scene: Scene) -> None:
    scene.kill(scene.victim)
    scene.expect("RA-2.3", scene.promise_after_return())
    scene.come_back(scene.victim)
    scene.away = scene.cluster.site.now() - scene.since


@when("its server comes back")
def _(scene: Scene) -> None:
    scene.expect("RA-4.6", scene.promise_after_return())
    scene.come_back(scene.victim)


@when("its server is cut off until it is missed, and is in reach again")
def _(scene: Scene) -> None:
    scene.clause = "RA-2.4"
    scene.cut_until_missed(scene.victim)
    scene.join(scene.victim)


@when("its server is cut off until it is missed, the job ends, and it is in reach again")
def _(scene: Scene) -> None:
    scene.clause = "RA-2.4"
    scene.cut_until_missed(scene.victim)
    scene.end_job()
    scene.join(scene.victim)


@when("the primary is killed and comes back")
def _(scene: Scene) -> None:
    scene.kill(PRIMARY)
    scene.expect(scene.clause_after_primary("RA-2.5"), scene.promise_after_return())
    scene.come_back_with_all(PRIMARY)


@when("the primary is killed, the job ends, and the primary comes back")
def _(scene: Scene) -> None:
    scene.kill(PRIMARY)
    scene.end_job()
    scene.expect("RA-2.11", scene.promise_after_return())
    scene.come_back_with_all(PRIMARY)


@when("the primary is stopped cleanly and comes back")
def _(scene: Scene) -> None:
    scene.stop(PRIMARY)
    scene.expect(scene.clause_after_primary("RA-2.8"), scene.promise_after_return())
    scene.come_back_with_all(PRIMARY)


@when("its server is stopped cleanly and stays away")
def _(scene: Scene) -> None:
    proof = scene.stop(scene.victim)
    scene.expect("RA-2.8", scene.timings.stop + scene.promise_after_return(), proof)


@when("its server is stopped cleanly and comes back")
def _(scene: Scene) -> None:
    scene.stop(scene.victim)
    scene.expect("RA-2.8", scene.promise_after_return())
    scene.come_back(scene.victim)


@when("the job ends")
def _(scene: Scene) -> None:
    scene.clause = "RA-2.7"
    scene.end_job()
    scene.await_state(scene.work, "an end", "succeeded", "failed")


@when("the job is over its time limit")
def _(scene: Scene) -> None:
    scene.expect("RA-2.6", scene.plan["timeout"] + scene.timings.grace + scene.timings.prompt)
    scene.await_state(scene.work, "its end for being over its time", "timed_out")


@when("a user aborts the job")
def _(scene: Scene) -> None:
    scene.clause = "RA-3.3"
    ask_for_the_end(scene)
    scene.await_state(scene.work, "its end by the user", "aborted")


@when("a user asks for the end of the job")
def _(scene: Scene) -> None:
    ask_for_the_end(scene)


def ask_for_the_end(scene: Scene) -> None:
    """Abort the job; a system that takes it for ended already has broken its promise before.

    Raises `Unsupported` where it is in limbo, and the system doesn't say that it can be aborted
    there: RA-10.2 is extended.
    """
    try:
        scene.cluster.call("abort", job=scene.work.root)
    except Rejected as refusal:
        if scene.victim in scene.cut_off and "limbo" not in scene.cluster.system.capabilities:
            raise Unsupported(f"no abort of a job whose server is away: {refusal}") from None
        raise Violation("RA-3.3", "the abort is accepted", str(refusal)) from None
