"""The slots at which an event is due, and what became of each of them.

A scenario about the schedule must know exactly which slots there are. So its event is due at a few
given minutes only, all within one local hour, and each execution carries the logical time of the
slot that it serves. A slot is a minute since the epoch.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from runall_harness.checks.job_traces import root_of
from runall_harness.contract.verdicts import Inconclusive, Unsupported
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.witness_job import LEAD_SLOTS, SCRIPT

from .deadlines import Wait
from .expectations import Scenario, require
from .setting import EVENT

TAG = "slot"
# Their hours begin half an hour apart, and neither changes its clocks: slots that cross the hour in
# one zone do not cross it in the other.
ZONES = ("UTC", "Asia/Kolkata")


def local(slot: int, zone: str) -> datetime:
    """The local time at which a slot begins."""
    return datetime.fromtimestamp(slot * 60, UTC).astimezone(ZoneInfo(zone))


def timing_of(slots: Sequence[int]) -> dict[str, Any]:
    """The fields of an event that is due at these slots, within half an hour, and never again."""
    zone = next(z for z in ZONES if local(slots[0], z).hour == local(slots[-1], z).hour)
    moments = [local(slot, zone) for slot in slots]
    parts = {f"{part}s": [getattr(moments[0], part)] for part in ("hour", "day", "month", "year")}
    return {"timezone": zone, "timing": {"minutes": [m.minute for m in moments], **parts}}


def moment_of(run: Execution) -> float:
    """The logical time of an execution, in seconds. Raises `Unsupported` if it was given none."""
    if not run.now:
        raise Unsupported(f"{run.job} got no JOB_NOW, so nobody can say which slot it serves")
    return float(run.now)


def slot_of(run: Execution) -> int:
    """The slot that an execution serves. Raises `Unsupported` if its job was not given that."""
    return int(moment_of(run)) // 60


def slot_params(tag: str = TAG) -> dict[str, str]:
    """The parameters of a slot's job: a short job with that tag."""
    return {"script": SCRIPT, "tag": tag, "hold": "0"}


def two_slots_served(scenario: Scenario) -> bool:
    """Whether two slots have been served to their end, as the system sees it too.

    A job that has completed counts only when its result has been taken in: until then its server
    may die with it.
    """
    states = {view.id: view.state for view in scenario.calls.jobs()}
    ended = [states.get(run.job) for run in scenario.cluster.tagged(TAG)]
    return ended == ["succeeded", "succeeded"]


class DueSlots:
    """The slots of one scenario.

    chosen and chosen_at: the present slot when they were chosen, and that moment on the rig's
    clock; returned and returned_at: likewise when the primary came back. `cursor` is that of the
    event before an edit or a run by hand.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.cluster = scenario, scenario.cluster
        self.slots: list[int] = []
        self.chosen_at, self.chosen = 0.0, 0
        self.returned_at, self.returned = 0.0, 0
        self.cursor: int | None = None

    # ---------------------------------------------------------------- choosing
    def choose(self, count: int, apart: int = 1) -> None:
        """Choose so many slots that are about to come, so many minutes apart."""
        self.chosen_at, self.chosen = self.cluster.site.now(), self.cluster.calls.present_slot()
        first = self.chosen + LEAD_SLOTS
        self.slots = [first + number * apart for number in range(count)]

    def schedule(self, **fields: Any) -> None:
        """Make the planned event due; create it, unless it is there already."""
        scenario, fields = self.scenario, {"params": slot_params(), **fields}
        if any(work.event == EVENT for work in scenario.works.values()):
            scenario.calls.edit(EVENT, **fields)
        else:
            scenario.calls.create(EVENT, **{**scenario.plan, **fields})

    def schedule_anew(self, fields: dict[str, Any]) -> None:
        """Create the planned event once more, after it was deleted."""
        plan: dict[str, Any] = {**self.scenario.plan, "params": slot_params(), **fields}
        self.scenario.calls.create(EVENT, **plan)

    def schedule_slots(self, count: int, apart: int = 1, **fields: Any) -> None:
        """Choose so many slots, and make the planned event due at them."""
        self.choose(count, apart)
        self.schedule(**timing_of(self.slots), **fields)

    # ---------------------------------------------------------------- time
    def least_slot(self) -> int:
        """The earliest slot that can be running now, by the rig's clock."""
        passed = self.cluster.site.now() - self.chosen_at
        return self.chosen + int(passed / self.scenario.timings.minute)

    def await_passed(self) -> None:
        """Wait until the last of the slots has surely passed, by the clock alone."""
        left = (self.slots[-1] + 2 - self.least_slot()) * self.scenario.timings.minute
        self.cluster.await_evidence(
            "all of its minutes have passed",
            lambda: self.least_slot() > self.slots[-1],
            left + self.scenario.timings.slack,
        )

    def note_return(self) -> None:
        """Note the return of the primary: slots that are served from now on are late."""
        self.returned_at, self.returned = self.cluster.site.now(), self.least_slot()

    # ---------------------------------------------------------------- seeing
    def runs(self, tag: str = TAG) -> dict[int, list[Execution]]:
        """The executions of each slot, oldest first."""
        found: dict[int, list[Execution]] = defaultdict(list)
        for run in self.cluster.tagged(tag):
            found[slot_of(run)].append(run)
        return found

    def served(self, tag: str = TAG) -> dict[int, int]:
        """How often each slot was served to its end, of those that were."""
        runs = self.runs(tag).items()
        counts = {slot: sum(run.how == "completed" for run in each) for slot, each in runs}
        return {slot: count for slot, count in counts.items() if count}

    def served_late(self) -> list[int]:
        """The slots that were first served after the return; other clauses judge a rerun."""
        runs = self.runs().items()
        return sorted(slot for slot, each in runs if each[0].started_at > self.returned_at)

    def missed(self) -> list[int]:
        """The slots not served before the return. Raises `Inconclusive` if fewer than two."""
        early = {s for s, runs in self.runs().items() if runs[0].started_at <= self.returned_at}
        missed = [slot for slot in self.slots if slot not in early]
        if len(missed) < 2:
            raise Inconclusive(f"the outage swallowed only {len(missed)} of the minutes")
        return missed

    # ---------------------------------------------------------------- judging
    def require_served(self, clause: str, slots: Sequence[int], tag: str = TAG) -> None:
        """Require that each of these slots is served to its end."""

        def lacking() -> list[int]:
            served = self.served(tag)
            return [slot for slot in slots if not served.get(slot)]

        self.cluster.deadline_s = self.scenario.deadline
        for run in self.cluster.executions()[:1]:
            self.cluster.learn_what_it_says(root_of(run))
        wait = Wait(self.cluster, self.scenario.deadline)
        if tag == TAG:
            self.cluster.owe(wait.most, what="slots", event=EVENT, clause=clause)
        served = wait.until(lambda: not lacking())
        expected = f"{list(slots)} are served"
        require(served, clause, expected, lambda: f"{lacking()} not within {wait.most:g} s")
        wait.require_timely(f"the last of {list(slots)}")

    def require_once(self, clause: str, tag: str = TAG) -> None:
        """Require that no slot is served twice, after enough time to know it."""
        self.scenario.run_canaries()
        twice = {slot: count for slot, count in self.served(tag).items() if count > 1}
        require(not twice, clause, "each minute is served once", f"times: {twice}")

    def require_order(self) -> None:
        """Require that earlier slots have started earlier."""
        starts = {slot: runs[-1].started_at for slot, runs in self.runs().items()}
        order = sorted(starts, key=lambda slot: starts[slot])
        require(order == sorted(order), "RA-5.2", f"{sorted(order)}", f"{order}")
