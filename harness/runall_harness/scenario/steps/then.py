"""Thens: what must be seen, told by the jobs themselves wherever they can tell it."""

from pytest_bdd import parsers, then

from runall_harness.checks.records import last_sign
from runall_harness.contract.verdicts import Violation

from .scene import PROMISE, Scene
from .stage import Work

STATES = {
    "has ended well": ("succeeded", "RA-3.4"),
    "has failed": ("failed", "RA-2.7"),
    "has timed out": ("timed_out", "RA-2.6"),
    "was aborted": ("aborted", "RA-3.3"),
    "was interrupted": ("interrupted", "RA-1.3"),
}


@then("the job ends as interrupted")
def _(scene: Scene) -> None:
    view = scene.finalized(scene.work)
    if view.state != "interrupted":
        raise Violation(scene.clause, "it ends as interrupted", f"it ends as {view.state}")


@then("the job ends as interrupted before the dead-job timeout has passed")
def _(scene: Scene) -> None:
    scene.clause = "RA-2.2"
    view = scene.finalized(scene.work)
    took = view.finalized_at - scene.since
    if view.state != "interrupted" or took >= scene.timings.dead_job_timeout:
        limit = f"interrupted within {scene.timings.dead_job_timeout:g} s of the return"
        raise Violation("RA-2.2", limit, f"{view.state} after {took:.2f} s")


@then("the job starts again on another server")
def _(scene: Scene) -> None:
    require_place(scene, scene.work, "another server")


@then(parsers.re("the job is run again, once(?:, on (?P<where>another server|the same server))?"))
def _(scene: Scene, where: str | None) -> None:
    require_place(scene, scene.work, where)
    scene.finish(scene.work, executions=2)


def require_place(scene: Scene, work: Work, where: str | None) -> None:
    """Wait for the rerun, and see that it came to the right server."""
    rerun = scene.rerun(work)
    if where is not None and (rerun.node == work.node) != (where == "the same server"):
        raise Violation(PROMISE[work.trigger], f"it runs on {where}", f"it ran on {rerun.node}")


@then("the rerun is faithful to the job")
def _(scene: Scene) -> None:
    scene.require_faithful(scene.work)


@then("the rerun names its root, its predecessor, its number and its cause")
def _(scene: Scene) -> None:
    named = [
        (view.root, view.predecessor, view.attempt, view.cause)
        for view in scene.cluster.attempts(scene.work.root)
    ][1:]
    owed = [(scene.work.root, scene.work.first.job, 2, "interrupted")]
    if named != owed:
        raise Violation("RA-4.5", f"{owed}", f"{named}")


@then("the rerun goes on undisturbed, and ends well")
def _(scene: Scene) -> None:
    scene.require_undisturbed(scene.work, executions=2)


@then("the job goes on undisturbed, and ends well")
def _(scene: Scene) -> None:
    scene.require_undisturbed(scene.work, executions=1)


@then("the job on the second worker goes on undisturbed, and ends well")
def _(scene: Scene) -> None:
    scene.clause = "RA-2.10"
    scene.require_undisturbed(scene.works["other"], executions=1)


@then("its first execution had ended before")
def _(scene: Scene) -> None:
    first, second = scene.cluster.tagged(scene.work.tag)
    ended = last_sign(first)
    if ended > second.started_at:
        raise Violation(
            "RA-7.3",
            "the first had ended when the second began",
            f"it lived {ended - second.started_at:.2f} s longer",
        )


@then("the system says that it still owes the job")
def _(scene: Scene) -> None:
    if not scene.cluster.api.owes(scene.work.root):
        raise Violation("RA-4.6", "the rerun waits", scene.why(scene.work))


@then("the job runs nowhere")
def _(scene: Scene) -> None:
    scene.nothing_follows(scene.work, executions=1)


@then(parsers.re(f"the job (?P<end>{'|'.join(STATES)}), and is not run again"))
def _(scene: Scene, end: str) -> None:
    state, clause = STATES[end]
    scene.clause = clause
    scene.await_state(scene.work, end, state)
    scene.nothing_follows(scene.work, executions=1)


@then("nothing was launched while the primary was going down")
def _(scene: Scene) -> None:
    scene.require_no_launch_in_drain()


@then("no served slot has been run again")
def _(scene: Scene) -> None:
    scene.finalized(scene.work)
    scene.canary()
    scene.require_slots_once()


@then("each of the three is run again, once, with its own parameters")
def _(scene: Scene) -> None:
    for work in scene.works.values():
        require_place(scene, work, "the same server")
        scene.require_faithful(work)
    for work in scene.works.values():
        scene.finish(work, executions=2)
