"""What each node went through: down, frozen, cut off, and who led from when to when."""

from collections.abc import Collection, Iterator

from runall_harness.contract.words import say, translated
from runall_harness.evidence.facts import Proof
from runall_harness.evidence.history import Exit, Fault, Lead, Start

from .gathered import HistoryParts
from .model import Incident, Lane, Span, SpanKind

# What each fault begins, and the kinds of faults that end it. A start of the node ends all of them.
BEGINS: dict[str, SpanKind] = {
    "kill": "down",
    "crash": "down",
    "stop": "down",
    "kill daemon": "daemon down",
    "pause": "frozen",
    "cut": "cut",
}
ENDS: dict[str, SpanKind] = {"unpause": "frozen", "join": "cut"}
SILENT = ("down", "daemon down")


class NodeStates:
    """The spans of all nodes. Those that are open end with the history."""

    def __init__(self, gathered: HistoryParts, guilty: Collection[int]) -> None:
        self.zero, self.guilty = gathered.zero, guilty
        self.spans: list[Span] = []
        self.open: dict[tuple[str, SpanKind], tuple[float, str, bool]] = {}
        for number, line in gathered.node_lines:
            if isinstance(line, Lead):
                self.lead(line, lit=number in guilty)
            elif isinstance(line, Start):
                self.start(line)
            elif isinstance(line, Fault):
                self.fault(line.proof, lit=number in guilty)
            else:
                self.exit(line)
        for node, kind in list(self.open):
            self.close(node, kind, gathered.end)

    def start(self, line: Start) -> None:
        for kind in ("down", "daemon down", "frozen"):
            self.close(line.node, kind, line.at)

    def lead(self, line: Lead, *, lit: bool) -> None:
        for node, kind in list(self.open):
            if kind == "leads":
                self.close(node, kind, line.at)
        self.begin(line.node, "leads", line.at, say("leads"), lit=lit)

    def fault(self, proof: Proof, *, lit: bool) -> None:
        if ended := ENDS.get(proof.kind):
            self.close(proof.node, ended, proof.at)
        if kind := BEGINS.get(proof.kind):
            words = translated(proof.kind)
            if proof.peers:
                words = say("{kind} from {peers}", kind=words, peers=", ".join(proof.peers))
            self.begin(proof.node, kind, proof.at, words, lit=lit)
            if kind in SILENT:
                self.close(proof.node, "frozen", proof.at)
                self.close(proof.node, "leads", proof.at)

    def exit(self, line: Exit) -> None:
        """A clean stop is over: the node was going down, and is down from now on."""
        if (line.node, "down") in self.open:
            self.close(line.node, "down", line.at)
        self.begin(line.node, "down", line.at, say("stopped"), lit=False)

    def begin(self, node: str, kind: SpanKind, at: float, words: str, *, lit: bool) -> None:
        self.open.setdefault((node, kind), (at, words, lit))

    def close(self, node: str, kind: SpanKind, at: float) -> None:
        if (opened := self.open.pop((node, kind), None)) is None:
            return
        since, words, lit = opened
        self.spans.append(
            Span(
                node=node,
                kind=kind,
                since=round(since - self.zero, 6),
                until=round(max(at, since) - self.zero, 6),
                words=words,
                guilty=lit,
            )
        )


def lanes_of(gathered: HistoryParts) -> tuple[Lane, ...]:
    return tuple(Lane(node=node, role=role) for node, role in gathered.nodes.items())


def incidents(gathered: HistoryParts, guilty: Collection[int]) -> Iterator[Incident]:
    for number, proof in gathered.faults:
        yield Incident(
            kind=proof.kind,
            node=proof.node,
            at=round(proof.at - gathered.zero, 6),
            proven=proof.proven,
            proof=proof.evidence,
            guilty=number in guilty,
        )
