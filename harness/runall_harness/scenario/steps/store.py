"""Steps about a store that is killed, stopped, frozen, cut off or locked, and is back later."""

from collections.abc import Generator
from contextlib import contextmanager

from pytest_bdd import given, parsers, then, when

from runall_harness.checks.records import BEAT
from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.views import Rejected, Unreachable
from runall_harness.evidence.witness_job import NOTE

from ..due_slots import DueSlots
from ..expectations import Scenario, listed, require
from ..nodes import PRIMARY
from ..setting import EVENT
from ..waits import Waits
from .events import COUNTS
from .given import BACKUP
from .recovery_crash import ACCEPTED, accept_run

CLAUSE = "RA-13.2"
KINDS = {
    "killed": "kill",
    "stopped cleanly": "stop",
    "frozen": "pause",
    "cut off": "cut",
    "locked": "lock",
}
FAULT = rf"(?P<fault>{'|'.join(KINDS)})"
# How long an outage lasts, as a part of the time in which a worker goes on alone: a server has to
# start again, and a lock has to outlast the patience of who waits for it.
LASTING = {"locked": 1 / 2}
SHORT = 1 / 4
# How long before its end, and after, the delay of a retry is without a store; seconds.
AROUND = 0.5


@given(parsers.re(rf"a primary and (?P<count>one|two) workers?, and a store that can be {FAULT}"))
def start_with_store(scenario: Scenario, count: str, fault: str) -> None:
    start(scenario, count, fault)


@given(parsers.re(rf"a primary, a backup and one worker, and a store that can be {FAULT}"))
def start_with_store_and_backup(scenario: Scenario, fault: str) -> None:
    start(scenario, "one", fault, (BACKUP,))


def start(scenario: Scenario, count: str, fault: str, backups: tuple[str, ...] = ()) -> None:
    scenario.workers = tuple(f"worker-{n}" for n in range(1, COUNTS[count] + 1))
    scenario.cluster.up(*scenario.workers, backups=backups, store=KINDS[fault])


# ------------------------------------------------------------------ the outage
@contextmanager
def outage(scenario: Scenario, fault: str) -> Generator[Proof]:
    """The store is away in the body; then it is back, and so are the primary and what lives.

    Raises `Violation` for one that does not find back, and `Inconclusive` when the outage was so
    long that a worker had to stop its jobs.
    """
    cluster = scenario.cluster
    there = [node for node in scenario.nodes.specs if scenario.site.alive(node)]
    proof, before = cluster.hurt_store(KINDS[fault]), len(cluster.faults)
    scenario.gone_at = proof.at
    yield proof
    killed = {hurt.node for hurt in cluster.faults[before:]}
    cluster.mend_store(KINDS[fault])
    scenario.expect_within(scenario.return_timeout)
    if PRIMARY in killed:
        scenario.nodes.restart(PRIMARY)
    scenario.await_return(*(n for n in there if n not in killed - {PRIMARY}), clause=CLAUSE)


def last(scenario: Scenario, fault: str, proof: Proof) -> None:
    """Let the outage last until somebody has tried to write, and no worker has lost patience."""
    least = min(scenario.timings.alone, scenario.timings.dead_job_timeout)
    until = proof.at + LASTING.get(fault, SHORT) * least
    scenario.cluster.await_time("the store was away for a while", until)


@when(parsers.re(f"the store is {FAULT} for a while"))
def take_store_away(scenario: Scenario, fault: str) -> None:
    with outage(scenario, fault) as proof:
        last(scenario, fault, proof)
    scenario.excuse_fence()


@when(
    parsers.re(
        f"the primary is asked to go down while the store is {FAULT}, and comes back after it"
    )
)
def stop_primary_without_store(scenario: Scenario, fault: str) -> None:
    site, expected = scenario.site, f"{PRIMARY} has ended"
    with outage(scenario, fault):
        scenario.cluster.hurt(lambda: site.begin_stop(PRIMARY))
        promised = scenario.timings.stop
        scenario.require_in_time("RA-2.16", expected, lambda: not site.alive(PRIMARY), promised)
    scenario.excuse_fence()


@when(parsers.re(f"the job ends while the store is {FAULT}"))
def end_job_without_store(scenario: Scenario, fault: str) -> None:
    with outage(scenario, fault) as proof:
        scenario.end_job()
        last(scenario, fault, proof)


@when(parsers.re(f"its server is killed while the store is {FAULT}, and stays away"))
def kill_server_without_store(scenario: Scenario, fault: str) -> None:
    with outage(scenario, fault) as proof:
        scenario.kill(scenario.victim)
        last(scenario, fault, proof)
    scenario.expect_within(scenario.loss_timeout)


@when(parsers.re(f"the store is {FAULT} for longer than a worker goes on alone"))
def outlast_workers(scenario: Scenario, fault: str) -> None:
    timings = scenario.timings
    least = min(timings.alone, timings.dead_job_timeout) + timings.grace + timings.lag
    with outage(scenario, fault) as proof:
        scenario.cluster.await_time("no worker goes on alone for so long", proof.at + least)
    scenario.expect_within(scenario.loss_timeout)


@when(parsers.re(f"its delay passes while the store is {FAULT}"))
def pass_delay_without_store(scenario: Scenario, waits: Waits, fault: str) -> None:
    waits.cluster.await_time("most of the delay is over", waits.due - AROUND)
    if scenario.site.now() >= waits.due:
        raise Inconclusive("the delay was over before the store was away")
    with outage(scenario, fault) as proof:
        waits.cluster.await_time("the delay is over", max(waits.due, proof.at) + AROUND)
    scenario.expect_within(scenario.timings.prompt)


@when(parsers.re(f"the store is {FAULT} until all have passed"))
def outlast_slots(scenario: Scenario, due: DueSlots, fault: str) -> None:
    with outage(scenario, fault):
        due.await_passed()
        due.note_return()
    scenario.expect_within(len(due.slots) * scenario.timings.prompt)


# ------------------------------------------------------------------ what users ask for
@when(parsers.re(f"a run of it is accepted, and the store is {FAULT} at once"))
def accept_before_outage(scenario: Scenario, fault: str) -> None:
    accept_run(scenario)
    with outage(scenario, fault) as proof:
        last(scenario, fault, proof)
    scenario.expect_within(2 * scenario.loss_timeout)


@when(parsers.re(f"a user aborts it, and the store is {FAULT} at once"))
def abort_before_outage(scenario: Scenario, waits: Waits, fault: str) -> None:
    waits.calls.call("abort", job=waits.root)
    with outage(scenario, fault) as proof:
        last(scenario, fault, proof)


@when(
    parsers.re(f"a run of it is asked for while the store is {FAULT}(?P<then>|, and the .+)"),
    target_fixture="asked",
)
def ask_without_store(scenario: Scenario, fault: str, then: str) -> str:
    """The answer: accepted, refused, or none."""
    scenario.calls.create(EVENT, **scenario.plan)
    with outage(scenario, fault) as proof:
        answer = ask(scenario)
        last(scenario, fault, proof)
        if then:
            scenario.kill(PRIMARY)
    return answer


def ask(scenario: Scenario) -> str:
    try:
        scenario.calls.run(EVENT, {"tag": ACCEPTED, "note": NOTE, "hold": "0"})
    except Rejected:
        return "refused"
    except Unreachable:
        return "none"
    return "accepted"


# ------------------------------------------------------------------ what must follow
@then("it runs once if it was accepted, never if it was refused, and else at most once")
def require_as_answered(scenario: Scenario, asked: str) -> None:
    if asked == "accepted":
        within = scenario.loss_timeout + scenario.timings.slack
        ended = scenario.cluster.ended
        scenario.await_run("RA-12.2", "the accepted run ends", lambda: ended(ACCEPTED), within)
    scenario.run_canaries()
    runs = scenario.cluster.tagged(ACCEPTED)
    most = 0 if asked == "refused" else 1
    expected = f"at most {most} execution(s), for the answer was: {asked}"
    require(len(runs) <= most, CLAUSE, expected, listed(runs))


@then("the job ends well, and was run again only if it had been stopped")
def require_as_after_absence(scenario: Scenario) -> None:
    work = scenario.work
    if scenario.runs()[0].how == "running":
        scenario.require_undisturbed(work, 1, CLAUSE)
        return
    rerun = scenario.await_rerun(work)
    require_alone(scenario.runs()[0], rerun)
    scenario.finish(work, 2, CLAUSE)


def require_alone(first: Execution, rerun: Execution) -> None:
    over = first.ended_at or first.beat_at
    beside = over - rerun.started_at
    require(beside <= BEAT, CLAUSE, f"{first.job} had ended before", f"{beside:.2f} s beside it")
