"""What waits to start: each kind of it, how it comes to wait, and what it waits for.

All kinds wait for the same event, at the first worker, with room for one job. Where the limit is
reached, a manual run waits behind them: whatever becomes of them, its turn comes.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView
from runall_harness.evidence.witness_job import NOTE

from .expectations import Scenario, listed, require
from .setting import EVENT

FIRST, SECOND = "worker-1", "worker-2"
BESIDE, QUEUED, BEHIND, NEXT, OTHER = "second", "queued", "behind", "next", "other"
# Seconds until a retry: long enough for a primary to be restarted before it is due.
DELAY = 6.0
# The clocks of a witness and of a scheduler are read at different moments; seconds.
TOLERANCE = 0.05
PLAN: dict[str, Any] = {"target": FIRST, "catch_up": True, "max_children": 1, "queue_max": 3}


class Waits:
    """What waits in one scenario.

    `before` are the executions of it so far. `lost_at` is when its server was lost, `due` when a
    retry is due; on the rig's clock, 0 for others. `free`: nothing holds it any more. `deleted`:
    its event is gone. `crashed`: the primary died right after an abort. `behind`: a manual run
    waits behind it. `refusals` are the answers to more runs; empty for one that was accepted.
    """

    kind: "Kind"
    refusals: list[str]
    tag, root = "job", ""
    before = 1
    lost_at = due = 0.0
    free = deleted = crashed = behind = False

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.cluster, self.calls = scenario, scenario.cluster, scenario.calls

    def begin(self, kind: "Kind", trigger: str, **terms: Any) -> None:
        """Run a job of the planned event, and bring what follows it to wait."""
        self.kind, scenario = kind, self.scenario
        scenario.plan = {**PLAN, **kind.terms, **terms}
        self.root = scenario.launch(trigger).root
        kind.hold(self)

    def runs(self) -> list[Execution]:
        return self.cluster.tagged(self.tag)

    def queue_behind(self) -> None:
        self.scenario.queue(EVENT, tag=BEHIND, hold="0", ends="0")
        self.behind = True

    @property
    def room(self) -> int:
        """How many more runs the queue of the event has room for."""
        queue: int = PLAN["queue_max"]
        return queue - self.behind - (self.tag == QUEUED)

    def lose_server(self) -> None:
        proof = self.scenario.kill(FIRST)
        self.lost_at = proof.at
        self.scenario.expect_within(self.scenario.loss_timeout, proof)

    def require_lost(self) -> None:
        """Require that the job is over as interrupted, and is to be run again."""
        clause = self.scenario.interruption_clause()
        state = self.scenario.await_end(self.scenario.work, clause).state
        require(state == "interrupted", clause, "it ends as interrupted", f"it ends as {state}")
        self.require_owed()

    def require_owed(self) -> None:
        self.scenario.require_debt("RA-4.6", self.root)

    def come(self) -> None:
        """Let come what it waits for; until now it has not started."""
        if not self.free:
            started = self.runs()[self.before :]
            require(not started, self.kind.early, "it waits", lambda: f"started: {listed(started)}")
        self.kind.release(self)

    @property
    def owed(self) -> str:
        """The clause by which it must start."""
        return self.kind.owed or self.scenario.work.rerun_clause

    def await_start(self) -> Execution:
        """The execution that was waited for."""
        # A retry that comes later than it must is another fault than one that never comes.
        within = self.scenario.deadline + (DELAY if self.due else 0.0)
        self.scenario.await_run(self.owed, "it starts", lambda: self.runs()[self.before :], within)
        return self.runs()[self.before]

    def finish(self, run: Execution) -> None:
        """Let it end, and require that it ends well and that nothing follows."""
        within = self.scenario.deadline
        work = self.scenario.adopt(self.scenario.work.trigger, EVENT, run, within)
        self.scenario.finish(work, self.before + 1, self.owed)

    def require_none(self, clause: str, tag: str = "", most: int = 0) -> None:
        """Require that nothing of it runs, after enough time to know it."""
        self.scenario.run_canaries()
        runs, most = (self.cluster.tagged(tag), most) if tag else (self.runs(), self.before)
        require(len(runs) == most, clause, f"{most} execution(s)", lambda: listed(runs))
        self.scenario.require_no_debt(clause, self.root)

    def require_turn(self) -> None:
        """Require that the place is free: what waited behind and one more run come to their end."""
        refused = self.scenario.refuses_to_run(NEXT)
        require(not refused, "RA-6.8", "the next run is accepted", refused)
        self.require_end("RA-6.8", NEXT)
        if self.behind and not self.deleted:
            self.require_end("RA-6.10", BEHIND)

    def require_end(self, clause: str, tag: str) -> None:
        expected = f"{tag} runs, for the place is free"
        ended = self.cluster.ended
        self.scenario.require_in_time(clause, expected, lambda: ended(tag), self.prompt)

    @property
    def prompt(self) -> float:
        return self.scenario.timings.prompt


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of what waits.

    `hold` brings it to wait, `shown` requires that it is shown as such, and `release` lets come
    what it waits for. The others are clauses: by which it must start (empty: as an interrupted job
    of its trigger is run again), and not earlier; by which an abort, a deletion and a disabled
    event reach it, by which it goes where its event may run now, and by which it keeps what it was
    asked for.
    """

    hold: Callable[[Waits], None]
    shown: Callable[[Waits], None]
    release: Callable[[Waits], None]
    early: str
    owed: str = ""
    aborted: str = "RA-3.3"
    deleted: str = "RA-6.9"
    held: str = "RA-6.4"
    moved: str = "RA-6.5"
    kept: str = "RA-4.3"
    terms: dict[str, Any] = {}


def fail(waits: Waits) -> None:
    """Kill the process of the job alone, as a system that is out of memory does."""
    scenario = waits.scenario
    scenario.cluster.hurt(lambda: scenario.site.kill(FIRST, scope="job"))

    def failed() -> JobView | None:
        view = scenario.calls.job(waits.root)
        return view if view and view.state == "failed" else None

    prompt = scenario.timings.prompt
    end = scenario.require_in_time("RA-2.7", f"{waits.root} has failed", failed, prompt)
    waits.due = scenario.ended_at(end, waits.runs()[-1].id) + DELAY


def fail_and_lose_place(waits: Waits) -> None:
    """Another job has taken the place when the delay is over."""
    fail(waits)
    waits.scenario.launch("manual", tag=BESIDE)
    waits.queue_behind()
    await_due(waits)
    waits.scenario.run_canaries()


def await_due(waits: Waits) -> None:
    waits.cluster.await_time("the delay of the retry is over", waits.due)
    waits.scenario.expect_within(waits.prompt)


def lose(waits: Waits) -> None:
    waits.lose_server()
    waits.require_lost()


def lose_and_disable(waits: Waits) -> None:
    waits.lose_server()
    waits.calls.edit(EVENT, enabled=False)
    waits.scenario.bring_back(FIRST)
    waits.require_lost()


def lose_place(waits: Waits) -> None:
    """Another job of the event runs elsewhere when its limit is lowered."""
    scenario = waits.scenario
    waits.calls.edit(EVENT, target=SECOND)
    scenario.launch("manual", tag=BESIDE)
    waits.lose_server()
    waits.calls.edit(EVENT, target=FIRST, max_children=1)
    waits.queue_behind()
    scenario.bring_back(FIRST)
    waits.require_lost()


def queue(waits: Waits) -> None:
    waits.root = waits.scenario.queue(EVENT, tag=QUEUED, note=NOTE)
    waits.queue_behind()
    waits.tag, waits.before = QUEUED, 0


def get_into_limbo(waits: Waits) -> None:
    waits.lose_server()
    require_limbo(waits)
    waits.queue_behind()


def require_limbo(waits: Waits) -> None:
    timings = waits.scenario.timings

    def in_limbo() -> bool:
        view = waits.calls.job(waits.root)
        return view is not None and view.limbo

    within = timings.notice + timings.slack
    waits.scenario.require_in_time("RA-10.1", "it is shown in limbo", in_limbo, within)


def require_debt(waits: Waits) -> None:
    waits.require_owed()


def require_queued(waits: Waits) -> None:
    state = waits.calls.state(waits.root)
    require(state == "waiting", "RA-6.10", f"{waits.root} waits for its turn", f"it is {state}")


def bring_server_back(waits: Waits) -> None:
    waits.scenario.bring_back(FIRST)


def enable(waits: Waits) -> None:
    waits.scenario.expect_within(waits.prompt)
    if not waits.deleted:
        waits.calls.edit(EVENT, enabled=True)


def end(tag: str) -> Callable[[Waits], None]:
    def release(waits: Waits) -> None:
        waits.scenario.expect_within(waits.prompt)
        waits.scenario.site.release(tag)

    return release


RETRY: dict[str, Any] = {"retries": 1, "retry_delay": DELAY}
KINDS: dict[str, Kind] = {
    "a retry without a place": Kind(
        hold=fail_and_lose_place,
        shown=require_debt,
        release=end(BESIDE),
        early="RA-6.1",
        owed="RA-11.1",
        kept="RA-11.6",
        terms=RETRY,
    ),
    "a retry": Kind(
        hold=fail,
        shown=require_debt,
        release=await_due,
        early="RA-11.5",
        owed="RA-11.1",
        aborted="RA-11.6",
        deleted="RA-11.6",
        held="RA-11.6",
        moved="RA-11.6",
        kept="RA-11.6",
        terms=RETRY,
    ),
    "a rerun without its server": Kind(
        hold=lose, shown=require_debt, release=bring_server_back, early="RA-2.1"
    ),
    "a rerun of a disabled event": Kind(
        hold=lose_and_disable, shown=require_debt, release=enable, early="RA-6.4"
    ),
    "a rerun without a place": Kind(
        hold=lose_place,
        shown=require_debt,
        release=end(BESIDE),
        early="RA-6.1",
        terms={"max_children": 2},
    ),
    "a run in the queue": Kind(
        hold=queue,
        shown=require_queued,
        release=end("job"),
        early="RA-6.10",
        owed="RA-6.10",
        aborted="RA-3.8",
        held="RA-6.10",
        moved="RA-6.10",
        kept="RA-6.10",
    ),
    "a job in limbo": Kind(
        hold=get_into_limbo,
        shown=require_limbo,
        release=bring_server_back,
        early="RA-2.1",
        aborted="RA-10.2",
        deleted="RA-6.3",
    ),
}
