"""Bounds: what is not run again any more, and the ledger that says why."""

from pytest_bdd import parsers, then, when

from runall_harness.contract.clauses import clauses
from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.views import LedgerView

from ..cluster import PRIMARY
from .patience import in_time
from .scene import PROMISE, Scene

REASONS = {
    "its event was deleted": "RA-6.3",
    "a user aborted it": "RA-3.3",
    "servers took it down too often": "RA-8.1",
    "it was lost too long ago": "RA-8.2",
    "Run All is off": "RA-1.3",
}
# So far beyond a limit of age that no rounding of a clock can matter.
BEYOND = 0.5


@when("its server is killed and comes back, each time that the job starts")
def _(scene: Scene) -> None:
    most: int = scene.plan["max_reruns"]
    for executions in range(1, most + 3):
        scene.kill(scene.victim)
        scene.expect("RA-8.1", scene.promise_after_return())
        scene.come_back(scene.victim)
        scene.cluster.wait(lambda known=executions: decided(scene, known), scene.deadline)
        if len(scene.cluster.tagged(scene.work.tag)) == executions:
            return


def decided(scene: Scene, executions: int) -> bool:
    """Whether the job has started once more, or will not."""
    more = len(scene.cluster.tagged(scene.work.tag)) > executions
    return more or bool(refusals(scene))


def refusals(scene: Scene) -> list[LedgerView]:
    """The ledger's lines that say that nothing follows."""
    return [entry for entry in scene.cluster.ledger_of(scene.work.root) if entry.refused]


def await_worthless(scene: Scene) -> None:
    """Wait until the job was lost longer ago than its event's limit."""
    until = scene.since + scene.plan["rerun_age"] + BEYOND
    scene.cluster.await_time("the limit has passed", until)


@when("its server comes back after the job has lost its worth")
def _(scene: Scene) -> None:
    await_worthless(scene)
    scene.expect("RA-8.2", scene.promise_after_return())
    scene.come_back(scene.victim)


@when("all servers are killed, and come back after the job has lost its worth")
def _(scene: Scene) -> None:
    scene.kill(scene.victim)
    proof = scene.kill(PRIMARY)
    scene.expect("RA-8.2", scene.promise_after_return(), proof)
    await_worthless(scene)
    scene.cluster.restart(scene.victim)
    scene.expect("RA-8.2", scene.promise_after_return())
    scene.come_back_with_all(PRIMARY)


@then(
    parsers.re(rf"the job is not run again, and the ledger says that (?P<why>{'|'.join(REASONS)})")
)
def _(scene: Scene, why: str) -> None:
    scene.clause = REASONS[why]
    allowed = 1 + scene.plan.get("max_reruns", 0)
    told = in_time(scene, "the refusal", lambda: decided(scene, allowed))
    require_no_more(scene, allowed)
    require_refusal(scene, scene.clause, bool(told))


def require_no_more(scene: Scene, executions: int) -> None:
    """The job has run as often as it may, and other work goes on without it."""
    scene.canary()
    runs = scene.cluster.tagged(scene.work.tag)
    if len(runs) != executions:
        clause = scene.clause if len(runs) > executions else PROMISE[scene.work.trigger]
        seen = ", ".join(f"{run.job} ({run.how})" for run in runs)
        raise Violation(clause, f"{executions} execution(s) of {scene.work.tag}", seen)


def require_refusal(scene: Scene, clause: str, told: bool) -> None:
    """The ledger has a line that says that nothing follows, by which clause, and why."""
    lines = refusals(scene)
    good = [line for line in lines if line.clause == clause and line.detail]
    if not told or not good:
        raise Violation(
            "RA-8.3",
            f"a line of the ledger that gives {clause} as the reason",
            f"{lines or scene.why(scene.work)}",
        )
    if scene.cluster.api.owes(scene.work.root):
        raise Violation(clause, "nothing is owed any more", scene.why(scene.work))


@then("its server takes other work")
def _(scene: Scene) -> None:
    scene.canary()


@then("the ledger tells of the interruption, what was done, and by which clause")
def _(scene: Scene) -> None:
    lines = [e for e in scene.cluster.ledger_of(scene.work.root) if e.job == scene.work.first.job]
    good = [e for e in lines if e.clause in clauses() and e.decision and e.what and not e.refused]
    if len(good) != 1 or good[0].event != scene.work.event:
        raise Violation("RA-8.4", "one line with what was done and its clause", f"{lines}")
