"""Limbo: what is shown and owed while nobody can know whether a job still runs."""

from pytest_bdd import then, when

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.views import JobView, Rejected
from runall_harness.evidence.witness_job import LEAD_SLOTS, exactly

from .patience import Wait, in_time
from .scene import Scene

SLOT = "slot"


@when("its server is cut off in silence")
def _(scene: Scene) -> None:
    proof = scene.cut(scene.victim)
    scene.expect("RA-2.12", scene.timings.notice + scene.timings.dead_job_timeout, proof)


@when("its server is in reach again")
def _(scene: Scene) -> None:
    scene.expect("RA-2.4", scene.promise_after_return())
    scene.join(scene.victim)
    run, mended = scene.cluster.tagged(scene.work.tag)[0], scene.cluster.faults[-1].at
    if run.ended_at is not None and run.ended_at < mended:
        raise Inconclusive("the job had ended before its server was in reach again")


@when("two slots of its event become due")
def _(scene: Scene) -> None:
    cluster = scene.cluster
    first = cluster.api.present_slot() + LEAD_SLOTS
    first += first % 60 == 59  # both in one hour, so that one timing object names them
    timing = {**exactly(first), "minutes": [first % 60, first % 60 + 1]}
    fields = {"timing": timing, "params": {**scene.slot_params(), "tag": SLOT}}
    cluster.edit(scene.work.event, **fields)
    within = (LEAD_SLOTS + 2) * scene.timings.minute + scene.timings.slack
    passed = first + 2
    cluster.await_evidence(
        "both slots are due", lambda: cluster.api.present_slot() >= passed, within
    )


def in_limbo(scene: Scene) -> JobView:
    """The job, which must still be in limbo for the scenario to prove anything."""
    view = scene.cluster.job(scene.work.root)
    if view is None or view.final:
        raise Inconclusive("the job was given up before anything could be tried in its limbo")
    return view


@then("the job is shown in limbo")
def _(scene: Scene) -> None:
    within = scene.timings.notice + scene.timings.slack
    seen: list[JobView | None] = [None]

    def shown() -> bool:
        seen[0] = scene.cluster.job(scene.work.root)
        return seen[0] is not None and (seen[0].limbo or seen[0].final)

    wait = Wait(scene, within)
    wait.until(shown)
    if seen[0] is None or not seen[0].limbo:
        told = f"it is {seen[0].state}, not in limbo" if seen[0] else "it is not shown"
        raise Violation("RA-10.1", f"{scene.work.root} is shown in limbo", told)
    wait.require_timely("limbo")


@then("the job is shown as running")
def _(scene: Scene) -> None:
    if not in_time(scene, "its return", lambda: shown_running(scene)):
        raise Violation(
            "RA-2.4",
            "it is shown as running, and not in limbo",
            f"{scene.cluster.job(scene.work.root)}",
        )


def shown_running(scene: Scene) -> bool:
    """Whether the system shows that the job runs, and no doubt about it."""
    view = scene.cluster.job(scene.work.root)
    return view is not None and view.state == "running" and not view.limbo


@then("its loss is noticed")
def _(scene: Scene) -> None:
    scene.require_missed()


@then("a manual run of its event is refused, for the limit is reached")
def _(scene: Scene) -> None:
    in_limbo(scene)
    told = try_to_run(scene)
    in_limbo(scene)
    if told != "limit":
        raise Violation("RA-6.2", "a manual run is refused, for the limit is reached", told)


def try_to_run(scene: Scene, tag: str = "extra") -> str:
    """Run the event by hand: the code of the refusal, or that there was none."""
    params = {"tag": tag, "hold": "0"}
    try:
        job = scene.cluster.call("run", event=scene.work.event, params=params, source="operator")
    except Rejected as refusal:
        return refusal.code
    return f"it was accepted as {job}"


@then("they wait, for the job in limbo takes up the only place")
def _(scene: Scene) -> None:
    runs = scene.cluster.tagged(SLOT)
    in_limbo(scene)
    if runs:
        raise Violation(
            "RA-6.2",
            "no slot is served while the job is in limbo",
            f"{runs[0].job} on {runs[0].node}",
        )


@then("the two slots are served after it, in their order, once each")
def _(scene: Scene) -> None:
    within = scene.deadline + scene.timings.minute
    if not in_time(scene, "the last of two slots", scene.two_slots, within):
        raise Violation("RA-5.4", "two slots are served", f"{scene.cluster.tagged(SLOT)}")
    scene.canary()
    runs = scene.cluster.tagged(SLOT)
    slots = [float(run.now) for run in runs]
    if len(set(slots)) != 2 or len(slots) != 2:
        raise Violation("RA-5.1", "each of two slots is served once", f"served: {slots}")
    rerun = scene.cluster.tagged(scene.work.tag)[-1]
    if slots != sorted(slots) or runs[0].started_at < rerun.started_at:
        raise Violation("RA-5.2", "the job, then the slots, oldest first", f"served: {slots}")


@then("the abort in limbo is final")
def _(scene: Scene) -> None:
    scene.clause = "RA-10.2"
    scene.await_state(scene.work, "its end by the user", "aborted")
    if scene.cluster.api.owes(scene.work.root):
        raise Violation("RA-10.2", "nothing is owed any more", scene.why(scene.work))
    scene.nothing_follows(scene.work, executions=1)


@then("the execution is ended")
def _(scene: Scene) -> None:
    within = scene.timings.prompt + scene.timings.grace + scene.timings.slack
    runs = scene.cluster.tagged(scene.work.tag)
    if not in_time(
        scene, "its end", lambda: scene.cluster.tagged(scene.work.tag)[0].how != "running", within
    ):
        raise Violation("RA-10.2", "the job ends", f"{runs[0].job} goes on on {runs[0].node}")
