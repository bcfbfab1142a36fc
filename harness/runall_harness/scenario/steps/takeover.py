"""Steps about what a takeover carries on: the schedule, all that waits, and all that binds.

The lead passes from whoever has it to whoever takes it, because of several backups any may be the
first. What is required then is the same after one takeover, after two, and when the first server
leads again.
"""

from collections.abc import Callable

import pytest
from pytest_bdd import given, parsers, then, when

from runall_harness.evidence.views import LedgerView

from ..due_slots import TAG, DueSlots, local
from ..expectations import Scenario, require
from ..nodes import PRIMARY
from ..setting import EVENT
from .retries import TOLERANCE
from .then import slots_began
from .when import FAULTS

# Not the zone of any store, and half an hour away from most others.
ZONE = "Asia/Kolkata"
# For so many hours an event is due every minute. Their minutes are no minutes of it by UTC.
HOURS = 5


class LeadPassing:
    """The takeovers of a scenario: the ledger just before the first, and when the last was over."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.calls = scenario, scenario.calls
        self.ledger: list[LedgerView] | None = None
        self.led_at = 0.0

    def pass_on(self, fault: str = "killed") -> str:
        """Take the leader down, and wait until another server leads; the name of the old one."""
        old = self.scenario.cluster.await_evidence("a server leads", self.calls.leader)
        if self.ledger is None:
            self.ledger = self.lines()
        proof = FAULTS[fault](self.scenario, old)
        self.scenario.expect_within(self.within(), proof)
        self.await_leader(old)
        return old

    def within(self) -> float:
        """How soon a takeover and the recovery of what was lost by it are owed, in seconds."""
        return self.scenario.timings.takeover + self.scenario.loss_timeout

    def await_leader(self, old: str) -> None:
        """Wait until another server leads, and all that live are with it."""
        scenario, leader = self.scenario, self.calls.leader
        expected, within = f"another server leads than {old}", scenario.timings.takeover
        scenario.require_in_time("RA-9.2", expected, lambda: leader() not in ("", old), within)
        self.led_at = scenario.site.now()
        reached = [node for node in scenario.nodes.specs if scenario.site.alive(node)]
        reached = [node for node in reached if node not in scenario.cut_off]
        scenario.await_return(*reached, clause="RA-9.4")
        scenario.excuse_fence()

    def lines(self) -> list[LedgerView]:
        return self.calls.ask(lambda api: api.ledger(), list[LedgerView]())

    def require_told(self, clause: str) -> None:
        """Require one line of the ledger about each interruption of the job, and no other."""
        lines, root = self.lines(), self.scenario.work.root
        for view in self.scenario.cluster.attempts(root):
            told = [line for line in lines if line.job == view.id]
            good = [line for line in told if line.decision and line.clause and line.event == EVENT]
            expected = int(view.state == "interrupted")
            kept = len(told) == len(good) == expected
            require(kept, clause, f"{expected} line(s) about {view.id}", f"{told}")

    def there_and_back(self) -> None:
        self.scenario.restart(self.pass_on())
        self.pass_on()

    def twice(self) -> None:
        self.pass_on()
        self.pass_on()

    def by_clean_stop(self) -> None:
        self.pass_on("stopped cleanly")

    def by_freeze(self) -> None:
        old = self.pass_on("frozen")
        self.scenario.wake(old)
        self.scenario.await_return(old, clause="RA-9.6")

    def by_freeze_and_back(self) -> None:
        self.by_freeze()
        self.pass_on()


WAYS: dict[str, Callable[[LeadPassing], object]] = {
    "once": LeadPassing.pass_on,
    "once by a clean stop": LeadPassing.by_clean_stop,
    "once by a freeze, and the frozen primary wakes": LeadPassing.by_freeze,
    "by a freeze, and back to the one that woke": LeadPassing.by_freeze_and_back,
    "twice": LeadPassing.twice,
    "there and back": LeadPassing.there_and_back,
}


@pytest.fixture
def takeover(scenario: Scenario) -> LeadPassing:
    return LeadPassing(scenario)


# ------------------------------------------------------------------ what is there before
@given("it is due every minute, by the clock of another time zone")
def schedule_by_another_zone(scenario: Scenario, due: DueSlots) -> None:
    hour = local(scenario.calls.present_slot(), ZONE).hour
    hours = [(hour + later) % 24 for later in range(HOURS)]
    due.schedule(timezone=ZONE, timing={"hours": sorted(hours)})
    scenario.await_minutes(4, "two minutes are served", lambda: len(due.served()) > 1)
    due.slots = sorted(due.runs())


# ------------------------------------------------------------------ takeovers
@when(parsers.re(f"the lead passes (?P<way>{'|'.join(WAYS)})"))
def pass_lead(takeover: LeadPassing, way: str) -> None:
    WAYS[way](takeover)


@when("another server leads")
def await_other_leader(takeover: LeadPassing) -> None:
    takeover.await_leader(PRIMARY)


@when("the primary is killed, the job ends, and another server leads")
def end_job_while_nobody_leads(scenario: Scenario, takeover: LeadPassing) -> None:
    scenario.expect_within(takeover.within(), scenario.kill(PRIMARY))
    scenario.end_job()
    takeover.await_leader(PRIMARY)


# ------------------------------------------------------------------ what must follow
@then("every minute is served, once, oldest first, those without a primary too")
def require_every_minute(scenario: Scenario, due: DueSlots) -> None:
    slots = range(due.slots[0], scenario.cluster.api.present_slot() + 2)
    scenario.expect_within(len(slots) * scenario.timings.prompt)
    due.require_served("RA-9.8", slots)
    due.require_once("RA-9.8")
    others = [slot for slot in due.runs() if slot < slots[0]]
    require(not others, "RA-9.8", "only minutes in which it is due are served", f"{others}")
    due.require_order()


@then("no minute is served late, and the minutes to come are served")
def require_minutes_in_time(scenario: Scenario, takeover: LeadPassing) -> None:
    def served_since() -> bool:
        runs = scenario.cluster.tagged(TAG)
        return any(run.started_at > takeover.led_at for run in runs[-1:])

    minute, slack = scenario.timings.minute, scenario.timings.slack
    scenario.require_in_time("RA-9.8", "the schedule goes on", served_since, 2 * minute)
    scenario.run_canaries()
    began = slots_began(scenario, TAG)
    late = [
        r.now for r in scenario.cluster.tagged(TAG) if r.started_at - began[r.id] > minute + slack
    ]
    require(not late, "RA-9.8", "each is served in its own minute or not at all", f"late: {late}")


@then("the job is tried again when its delay is over, and no sooner")
def require_retry_when_due(scenario: Scenario) -> None:
    failed = scenario.cluster.await_evidence(
        f"the system shows how {scenario.work.root} ended", lambda: scenario.over(scenario.work)
    )
    now, clause = scenario.site.now(), scenario.clause
    due = scenario.ended_at(failed, scenario.runs()[0].id) + scenario.plan["retry_delay"]
    within = max(due - now, 0.0) + scenario.timings.prompt + scenario.timings.slack
    tried = clause("RA-9.9", "RA-11.1")
    scenario.await_run(tried, "it is tried again", lambda: scenario.runs()[1:], within)
    early, waits = due - scenario.runs()[1].started_at, clause("RA-9.9", "RA-11.5")
    require(early <= TOLERANCE, waits, "it waits for its delay", f"{early:.2f} s too soon")
    scenario.require_nothing_follows(scenario.work, 2, tried)


@then("the job is ended when its own time is over, and no sooner")
def require_end_by_time_limit(scenario: Scenario) -> None:
    timings, now = scenario.timings, scenario.site.now()
    limit = scenario.work.first.started_at + scenario.plan["timeout"]
    scenario.expect_within(max(limit - now, 0.0) + timings.prompt + timings.grace)
    state = scenario.await_end(scenario.work, "RA-9.10").state
    require(state == "timed_out", "RA-9.10", "it ends for being over its time", f"it is {state}")
    ended = scenario.runs()[0].ended_at or limit
    early = limit - ended
    require(early <= TOLERANCE, "RA-9.10", "it has its whole time", f"{early:.2f} s too soon")
    scenario.require_nothing_follows(scenario.work, 1, "RA-9.10")


@then("a manual run of it is refused, for there is no room")
def require_refusal_for_limit(scenario: Scenario) -> None:
    refused, expected = scenario.refuses_to_run("extra"), "a manual run is refused, for the limit"
    require(refused, "RA-9.10", expected, "it was accepted")


@then("the ledger is what it was, line for line, and tells of each interruption once")
def require_ledger(takeover: LeadPassing) -> None:
    before, lines = takeover.ledger or [], takeover.lines()
    kept, expected = lines[: len(before)] == before, f"it begins with {before}"
    require(kept and before, "RA-9.10", expected, f"{lines[: len(before)]}")
    numbers = [line.number for line in lines]
    once = numbers == sorted(set(numbers))
    require(once, "RA-9.10", "each line has a number of its own", f"{numbers}")
    takeover.require_told("RA-9.10")


@then("each rerun names its root, its predecessor, its number and its cause")
def require_links(scenario: Scenario) -> None:
    first, *reruns = scenario.cluster.attempts(scenario.work.root)
    for before, view in zip([first, *reruns], reruns, strict=False):
        named = (view.root, view.predecessor, view.attempt, view.cause)
        owed = (first.id, before.id, before.attempt + 1, "interrupted")
        require(named == owed, "RA-4.5", f"{owed}", f"{named}")
