"""A row of minutes at which an event is due, and what became of each of them.

A scenario about the schedule must know exactly which minutes there are. So its event is due at a
few minutes of all time, all within one local hour, and each execution tells by its logical time
which of them it served.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.witness_job import LEAD_SLOTS, SCRIPT

from .patience import Wait
from .scene import Scene

EVENT, TAG = "report", "slot"
# Their hours begin half an hour apart, and neither ever changes its clocks: what crosses the hour
# in one of them does not in the other.
ZONES = ("UTC", "Asia/Kolkata")


def local(slot: int, zone: str) -> datetime:
    """The local time at which a slot begins."""
    return datetime.fromtimestamp(slot * 60, UTC).astimezone(ZoneInfo(zone))


def timing_of(slots: Sequence[int]) -> dict[str, Any]:
    """The fields of an event that is due at these slots, within half an hour, and never again."""
    zone = next(z for z in ZONES if local(slots[0], z).hour == local(slots[-1], z).hour)
    moments = [local(slot, zone) for slot in slots]
    return {
        "timezone": zone,
        "timing": {
            "minutes": [moment.minute for moment in moments],
            **{
                f"{part}s": [getattr(moments[0], part)] for part in ("hour", "day", "month", "year")
            },
        },
    }


def slot_of(run: Execution) -> int:
    """The slot that an execution stands for."""
    return int(float(run.now)) // 60


class Row:
    """The minutes of one scenario."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.cluster = scene, scene.cluster
        self.slots: list[int] = []
        self.asked_at, self.asked = 0.0, 0
        self.returned_at, self.returned = 0.0, 0
        self.cursor: int | None = None
        self.clause = "RA-5.1"

    # ---------------------------------------------------------------- making it
    def params(self, tag: str = TAG) -> dict[str, str]:
        """What the slots run: a job that ends at once."""
        return {"script": SCRIPT, "tag": tag, "hold": "0"}

    def lay(self, count: int, apart: int = 1) -> None:
        """Choose minutes that are about to come."""
        self.asked_at, self.asked = self.cluster.site.now(), self.cluster.api.present_slot()
        first = self.asked + LEAD_SLOTS
        self.slots = [first + number * apart for number in range(count)]

    def schedule(self, **fields: Any) -> None:
        """Make the planned event due; create it, unless it is there already."""
        fields = {"params": self.params(), **fields}
        if any(work.event == EVENT for work in self.scene.works.values()):
            self.cluster.edit(EVENT, **fields)
        else:
            plan = {k: v for k, v in self.scene.plan.items() if k != "target"}
            self.scene.cluster.create(EVENT, self.scene.plan["target"], **{**plan, **fields})

    # ---------------------------------------------------------------- time
    def least_slot(self) -> int:
        """The earliest slot that can be running now, by the rig's clock."""
        passed = self.cluster.site.now() - self.asked_at
        return self.asked + int(passed / self.scene.timings.minute)

    def await_passed(self) -> None:
        """Wait until the last of the minutes has surely passed; the clock alone can tell."""
        left = (self.slots[-1] + 2 - self.least_slot()) * self.scene.timings.minute
        self.cluster.await_evidence(
            "all of its minutes have passed",
            lambda: self.least_slot() > self.slots[-1],
            left + self.scene.timings.slack,
        )

    def note_return(self) -> None:
        """From now on whatever starts was served late."""
        self.returned_at, self.returned = self.cluster.site.now(), self.least_slot()

    # ---------------------------------------------------------------- seeing
    def runs(self, tag: str = TAG) -> dict[int, list[Execution]]:
        """The executions of each slot, oldest first."""
        found: dict[int, list[Execution]] = defaultdict(list)
        for run in self.cluster.tagged(tag):
            found[slot_of(run)].append(run)
        return found

    def served(self, tag: str = TAG) -> dict[int, int]:
        """How often each slot was served to its end."""
        return {
            slot: sum(run.how == "completed" for run in runs)
            for slot, runs in self.runs(tag).items()
        }

    def served_late(self) -> list[int]:
        """The slots of the row that were served after the return."""
        return sorted(
            slot for slot, runs in self.runs().items() if runs[-1].started_at > self.returned_at
        )

    def missed(self) -> list[int]:
        """The slots that nobody had served until the return. Without two there is no case."""
        early = {s for s, runs in self.runs().items() if runs[0].started_at <= self.returned_at}
        missed = [slot for slot in self.slots if slot not in early]
        if len(missed) < 2:
            raise Inconclusive(f"the outage swallowed only {len(missed)} of the minutes")
        return missed

    # ---------------------------------------------------------------- judging
    def require_served(self, clause: str, slots: Sequence[int], tag: str = TAG) -> None:
        """Each of these slots is served to its end."""

        def lacking() -> list[int]:
            served = self.served(tag)
            return [slot for slot in slots if not served.get(slot)]

        self.cluster.deadline_s = self.scene.deadline
        for run in self.cluster.executions()[:1]:
            self.cluster.learn(self.cluster.lineage_of(run))
        wait = Wait(self.scene, self.scene.deadline)
        if not wait.until(lambda: not lacking()):
            seen = f"{lacking()} not within {wait.most:g} s"
            raise Violation(clause, f"{list(slots)} are served", seen)
        wait.require_timely(f"the last of {list(slots)}")

    def require_once(self, tag: str = TAG) -> None:
        """No slot is served twice, and enough has happened since to know."""
        self.scene.canary()
        twice = {slot: count for slot, count in self.served(tag).items() if count > 1}
        if twice:
            raise Violation(self.clause, "each minute is served once", f"times: {twice}")

    def require_order(self) -> None:
        """Earlier slots have started earlier."""
        starts = {slot: runs[-1].started_at for slot, runs in self.runs().items()}
        order = sorted(starts, key=lambda slot: starts[slot])
        if order != sorted(order):
            raise Violation("RA-5.2", f"{sorted(order)}", f"{order}")


@pytest.fixture
def row(scene: Scene) -> Row:
    """The minutes of the running scenario."""
    return Row(scene)
