"""What a play owes after the return of a worker: its lost jobs end at once (RA-2.2).

A bug that only makes recovery late can't be seen at the end of a play. But when a worker is back,
all others are well, and nothing else happens to anybody, then the primary knows at once what that
worker no longer runs, and the jobs that it ran have ended a moment later.
"""

from collections.abc import Iterable, Iterator

from runall_reference.brain.machines import ACTIVE

from runall_harness.evidence.history import Answer, AnyLine, Call, Fault, Owed, Seen, Start

from .worlds import HELD

# Within how many seconds of a return the loss is on record: more than two messages take.
PROMPT = 1.0
MENDED = {"join": "cut", "unpause": "pause"}
DISTURBANCES = (Fault, Start, Call, Answer)


class Troubles:
    """The faults that are not mended by now: each with its kind, its node and its second."""

    def __init__(self, lines: Iterable[AnyLine] = ()) -> None:
        self.since: dict[tuple[str, str], float] = {}
        for line in lines:
            self.take(line)

    def take(self, line: AnyLine) -> None:
        if isinstance(line, Fault):
            kind, node = line.proof.kind, line.proof.node
            if kind in MENDED:
                self.since.pop((MENDED[kind], node), None)
            else:
                self.since[kind, node] = line.at
        elif isinstance(line, Start):
            # A start mends the faults of the node, but not those of its network.
            # The end of a link is a message, too: while it is lost, the old start has the name.
            for kind, node in [*self.since]:
                if node == line.node and kind not in ("cut", "message"):
                    del self.since[kind, node]

    def standing(self, at: float) -> tuple[tuple[str, str], ...]:
        """The troubles that matter at that second; one of a message ends after `HELD` seconds."""
        kept = (
            one for one, since in self.since.items() if one[0] != "message" or at <= since + HELD
        )
        return tuple(sorted(kept))


def returns_are_prompt(lines: Iterable[AnyLine]) -> Iterator[Owed]:
    """What is owed after each return of a worker into a world in which all is well."""
    troubles, active = Troubles(), dict[str, str]()
    owed: list[Owed] = []
    for line in lines:
        troubles.take(line)
        if isinstance(line, DISTURBANCES):
            yield from (each for each in owed if each.until < line.at)
            owed = []
        if isinstance(line, Seen):
            active[line.job.id] = line.job.node if line.job.state in ACTIVE else ""
        elif isinstance(line, Start) and line.role == "worker" and not troubles.standing(line.at):
            owed = [debt(job, line.at) for job, node in active.items() if node == line.node]
    yield from owed


def debt(job: str, since: float) -> Owed:
    """What is owed for a job of the worker that is back: its end, by RA-2.2."""
    until = since + PROMPT
    return Owed(at=until, what="end", job=job, since=since, until=until, clause="RA-2.2")
