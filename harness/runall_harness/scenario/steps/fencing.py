"""Steps about what comes late: jobs that wake, results and orders that were held up.

A server that is frozen or cut off is still trusted for a moment. In this moment a job can be
handed to it, and nobody knows whether it began.
"""

from pytest_bdd import parsers, then, when

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Proof
from runall_harness.evidence.views import JobView, Rejected
from runall_harness.evidence.witness_job import LEAD_SLOTS

from .patience import Wait, in_time
from .scene import PROMISE, Scene
from .stage import Work

TAG, EVENT = "job", "report"
FIRST, SECOND = "worker-1", "worker-2"


# ------------------------------------------------------------------ frozen servers
def freeze(scene: Scene, node: str) -> Proof:
    """Freeze every process of a node."""
    scene.cut_off.add(node)
    return scene.cluster.hurt(lambda: scene.cluster.site.pause(node))


def wake(scene: Scene, node: str) -> Proof:
    """Let a frozen node go on."""
    scene.cut_off.discard(node)
    return scene.cluster.hurt(lambda: scene.cluster.site.unpause(node))


@when("its server is frozen")
def _(scene: Scene) -> None:
    proof = freeze(scene, scene.victim)
    scene.expect("RA-2.12", scene.timings.notice + scene.timings.dead_job_timeout, proof)


@when("its server wakes", target_fixture="woken")
def _(scene: Scene) -> Proof:
    return wake(scene, scene.victim)


@when("its server is frozen until it is missed, and wakes")
def _(scene: Scene) -> None:
    freeze(scene, scene.victim)
    scene.expect("RA-2.12", scene.timings.notice)
    scene.require_missed()
    scene.clause = "RA-2.4"
    wake(scene, scene.victim)
    scene.await_return(scene.victim)


@then("the first execution is stopped within the kill grace")
def _(scene: Scene, woken: Proof) -> None:
    within = scene.timings.grace + scene.timings.slack
    first = scene.work.first.id

    def over() -> bool:
        return any(r.id == first and r.how != "running" for r in scene.cluster.executions())

    if not in_time(scene, "its end", over, within):
        seen = f"it still runs {scene.cluster.site.now() - woken.at:.2f} s after the waking"
        raise Violation("RA-7.6", f"its end within {within:g} s", seen)


# ------------------------------------------------------------------ late results
@when("its server can be reached again")
def _(scene: Scene) -> None:
    scene.join(scene.victim)


@then("its late result is recorded against the first attempt only")
def _(scene: Scene) -> None:
    root, within = scene.work.root, scene.timings.prompt + scene.timings.slack

    def told() -> JobView | None:
        view = scene.cluster.job(root)
        return view if view and view.late_code is not None else None

    if not in_time(scene, "the late result", told, within):
        raise Violation("RA-3.5", f"a late result of {root}", f"none within {within:g} s")
    for view in scene.cluster.attempts(root)[1:]:
        if view.final or view.late_code is not None:
            raise Violation("RA-3.5", f"{view.id} goes on", f"{view.state}, {view.late_code}")


@then("the result has been taken in", target_fixture="taken_in")
def _(scene: Scene) -> JobView:
    scene.clause = "RA-3.6"
    scene.await_state(scene.work, "its own end", "succeeded")
    return scene.finalized(scene.work)


@then("the result was taken in once")
def _(scene: Scene, taken_in: JobView) -> None:
    scene.clause = "RA-3.1"
    scene.nothing_follows(scene.work, executions=1)
    shown = scene.cluster.job(scene.work.root)
    if shown != taken_in:
        raise Violation("RA-3.1", f"{taken_in}", f"{shown}")


@when("its server is cut off, the job ends, and its server is restarted and in reach again")
def _(scene: Scene) -> None:
    node, site = scene.victim, scene.cluster.site
    cut = scene.cut(node)
    scene.end_job()
    # Stopped and not killed: a clean end is the proof that the result is on the worker's disk.
    scene.stop(node)
    scene.cluster.hurt(lambda: site.join(node))
    scene.cut_off.discard(node)
    scene.expect("RA-3.6", scene.promise_after_return())
    scene.come_back(node)
    late, view = site.now() - cut.at >= scene.timings.dead_job_timeout, scene.over(scene.work)
    if late and view and view.state == "interrupted":
        raise Inconclusive("its server was away for longer than the dead-job timeout")


# ------------------------------------------------------------------ orders on their way
@when(
    parsers.re(
        r"the first worker is (?P<how>frozen|cut off), and a (?P<trigger>\w+) job is handed to it"
    ),
    target_fixture="handed",
)
def _(scene: Scene, how: str, trigger: str) -> JobView:
    scene.create_planned(EVENT, trigger, {"tag": TAG})
    if trigger == "scheduled":
        await_eve(scene)
    freeze(scene, FIRST) if how == "frozen" else scene.cut(FIRST)
    try:
        return hand_over(scene, trigger)
    except Rejected as refusal:
        raise Inconclusive(f"{FIRST} was missed too soon to be given a job: {refusal}") from None


def await_eve(scene: Scene) -> None:
    """Wait until the slot is so near that a server which is lost now is not missed before it."""
    minute, notice = scene.timings.minute, scene.timings.notice
    if LEAD_SLOTS * minute <= notice:
        return
    # A ping that is about to be due may tell of a loss much sooner than at the latest.
    cluster, within = scene.cluster, LEAD_SLOTS * minute + scene.timings.slack
    cluster.await_evidence(
        "the minute before the slot begins",
        lambda: cluster.api.present_slot() >= scene.due - 1,
        within,
    )
    cluster.await_time("the slot is near", cluster.site.now() + minute - notice / 4)


def hand_over(scene: Scene, trigger: str) -> JobView:
    """Start a job on a server that cannot begin it, and see that it was given to it."""
    if trigger == "manual":
        scene.cluster.call("run", event=EVENT, params={"tag": TAG}, source="operator")
    within = (LEAD_SLOTS + 1) * scene.timings.minute + scene.timings.notice
    handed = scene.cluster.await_evidence(
        f"a job is handed to {FIRST}", lambda: given_to(scene, FIRST), within
    )
    scene.cluster.regard(handed.root, TAG)
    return handed


def given_to(scene: Scene, node: str) -> JobView | None:
    """The job that was placed on a node, and has not begun there."""
    jobs = [job for job in scene.cluster.jobs() if job.event == EVENT and job.node == node]
    return next((job for job in jobs if job.state == "starting"), None)


@when("the first worker is killed and comes back at once")
def _(scene: Scene) -> None:
    scene.kill(FIRST)
    scene.cut_off.discard(FIRST)
    scene.expect("RA-2.13", scene.promise_after_return())
    scene.come_back(FIRST)


@when("the job is given up")
def _(scene: Scene, handed: JobView) -> None:
    scene.expect("RA-2.13", scene.timings.notice + scene.timings.dead_job_timeout)
    over = f"the end of {handed.id}"
    if not in_time(scene, over, lambda: state(scene, handed) == "interrupted"):
        raise Violation("RA-2.13", "it counts as interrupted", f"it is {state(scene, handed)}")


def state(scene: Scene, handed: JobView) -> str:
    """What became of the attempt that was handed over."""
    view = scene.cluster.job(handed.id)
    return view.state if view else "unknown"


@when("its event is opened to any worker")
def _(scene: Scene) -> None:
    scene.cluster.edit(EVENT, target="worker-*")


@then("the job runs on the second worker")
def _(scene: Scene, handed: JobView) -> None:
    meet_rerun(scene, handed, SECOND)


def meet_rerun(scene: Scene, handed: JobView, node: str) -> None:
    """Wait for the one execution of a job that was handed over in vain."""
    trigger = "manual" if handed.source else "scheduled"
    wait = Wait(scene, scene.deadline)
    runs = wait.until(lambda: scene.cluster.tagged(TAG))
    if not runs:
        scene.cluster.waited = wait.most
        clause = PROMISE[trigger] if state(scene, handed) == "interrupted" else "RA-2.13"
        why = scene.cluster.api.reasons(handed.root) or "it gives no reason"
        raise Violation(clause, "the job runs", f"nothing within {wait.most:g} s: {why}")
    wait.require_timely("the job")
    if runs[0].node != node:
        raise Violation("RA-2.13", f"it runs on {node}", f"it ran on {runs[0].node}")
    scene.works[TAG] = Work(tag=TAG, trigger=trigger, event=EVENT, first=runs[0], root=handed.root)


@when("the first worker is in reach again")
def _(scene: Scene) -> None:
    scene.join(FIRST)


@then("the order that was held up starts nothing")
def _(scene: Scene) -> None:
    scene.canary()
    strays = [run for run in scene.cluster.tagged(TAG) if run.node == FIRST]
    if strays:
        raise Violation("RA-7.4", f"{FIRST} starts nothing", f"it started {strays[0].job}")


@then("the job that never began is run, once")
def _(scene: Scene, handed: JobView) -> None:
    if TAG not in scene.works:
        meet_rerun(scene, handed, FIRST)
    if state(scene, handed) != "interrupted":
        raise Violation("RA-2.13", "the first attempt was interrupted", state(scene, handed))
    scene.clause = "RA-1.4"
    scene.finish(scene.work, executions=1)


# ------------------------------------------------------------------ aborts
@then("the abort has won, and the job is not run again")
def _(scene: Scene) -> None:
    scene.clause = "RA-3.7"
    scene.await_state(scene.work, "its end by the user", "aborted")
    scene.nothing_follows(scene.work, executions=1)
