"""Finds the lineage to which a line of a history belongs, and unites lineages that are one.

A lineage is known by the id of its root and of every job in it. Lineages that serve the same slot
form a group. A lineage that is over is in the archive until a line refers to it again.
"""

from collections.abc import Iterable

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView

from .archive import Archive
from .records import Group, Judgement, Lineage


class LineageIndex:
    """The lineages in memory by every name. `total` has the findings about archived ones."""

    def __init__(self, total: Judgement) -> None:
        self.total = total
        self.lineages: dict[str, Lineage] = {}
        self.slots: dict[str, Group] = {}
        self.archive = Archive()

    def lineage(self, job: str, root: str = "", slot: str = "") -> Lineage:
        """The lineage of a job, by its own id and by that of its root; a new one if none is."""
        lineage = self.find(job)
        if root and root != job:
            known, lineage = lineage, self.find(root)
            if lineage is None:
                lineage = known or Lineage(root)
                lineage.root = root
            elif known is not None and known is not lineage:
                self.unite(lineage, known)
        elif lineage is None:
            lineage = Lineage(root or job)
        self.lineages[job] = self.lineages[lineage.root] = lineage
        if slot and lineage.slot != slot:
            self.serve(lineage, slot)
        return lineage

    def find(self, name: str) -> Lineage | None:
        """The lineage of that name, from the archive if need be."""
        if name not in self.lineages:
            self.restore(name)
        return self.lineages.get(name)

    def restore(self, name: str) -> None:
        """Take the group of that name out of the archive, and its judgement out of the total."""
        if not self.archive.held or (group := self.archive.take(name)) is None:
            return
        for lineage in group:
            self.lineages |= dict.fromkeys(lineage.names(), lineage)
        if group[0].judgement:
            group[0].judgement.take_from(self.total)
            group[0].judgement = None
        if group[0].slot:
            self.slots[group[0].slot] = group

    def unite(self, one: Lineage, other: Lineage) -> None:
        one.absorb(other)
        self.lineages |= dict.fromkeys(other.names(), one)
        self.leave_slot(other)

    def serve(self, lineage: Lineage, slot: str) -> None:
        if slot not in self.slots:
            self.restore(archived_name(slot))
        self.leave_slot(lineage)
        lineage.slot = slot
        self.slots.setdefault(slot, []).append(lineage)

    def leave_slot(self, lineage: Lineage) -> None:
        if slot := lineage.slot:
            self.slots[slot] = [one for one in self.slots[slot] if one is not lineage]
            if not self.slots[slot]:
                del self.slots[slot]
            lineage.slot = ""

    def groups(self) -> Iterable[Group]:
        """All groups in memory, each once."""
        seen: set[int] = set()
        for lineage in list(self.lineages.values()):
            group = self.slots[lineage.slot] if lineage.slot else [lineage]
            if id(group[0]) not in seen:
                seen.add(id(group[0]))
                yield group

    def remove(self, group: Group) -> tuple[set[str], Group]:
        """Take a group out of memory; return the names under which to archive it, and the group."""
        names = {name for lineage in group for name in lineage.names()}
        for name in names:
            del self.lineages[name]
        if slot := group[0].slot:
            del self.slots[slot]
            names.add(archived_name(slot))
        return names, group


def slot_of(job: JobView) -> str:
    """The slot that a job serves, by its event and logical time; empty for none."""
    return f"{job.event}@{job.now:.0f}" if job.cause == "schedule" else ""


def slot_of_execution(execution: Execution) -> str:
    """The slot that an execution serves, by what the scheduler gave the job; empty for none."""
    event = execution.claims.get("JOB_EVENT", "")
    if not event or execution.claims.get("JOB_SOURCE") != "":
        return ""
    try:
        return f"{event}@{float(execution.now):.0f}"
    except ValueError:
        return f"{event}@{execution.now}"


def archived_name(slot: str) -> str:
    """The name of a slot's group in the archive, which no job can have as its id."""
    return f"\0{slot}"
