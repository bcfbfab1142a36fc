"""Evidence in Greek letters: whatever is left in Latin ones on a page is a word of the page."""

import re
from html.parser import HTMLParser
from typing import Any, cast

import msgspec
from runall_harness.contract.verdicts import Verdict
from runall_harness.evidence.facts import Proof
from runall_harness.evidence.history import AnyLine, Exit, Fault, Judged, Lead, Step, read

from support.example_history import example

LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
GREEK = "αβψδεφγηιξκλμνοπϑρστθωςχυζΑΒΨΔΕΦΓΗΙΞΚΛΜΝΟΠϴΡΣΤΘΩϷΧΥΖ"
LETTERS = str.maketrans(LATIN, GREEK)
# What is a word of the kit, wherever it stands in a history.
WORDS = {
    "kind",
    "how",
    "state",
    "schema",
    "capabilities",
    "clause",
    "clauses",
    "verdict",
    "verb",
    "outcome",
    "what",
    "cause",
    "role",
    "tag",
}
# Names that no language translates.
NAMES = {
    "RA",
    "Run",
    "All",
    "runall",
    "kit",
    "index",
    "html",
    "JavaScript",
    "JOB",
    "EVENT",
    "SOURCE",
}
# What each fault of this history is, and what ends it.
FAULTS = ("pause", "unpause", "cut", "join", "kill daemon", "kill job", "stop signal", "lock")


def greek(text: str) -> str:
    return text.translate(LETTERS)


def in_greek(value: Any, key: str = "") -> Any:
    """Decoded JSON with Greek letters in all strings but words of the kit."""
    if key in WORDS:
        return value
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        named = key == "params"
        return {greek(k) if named else k: in_greek(v, k) for k, v in fields.items()}
    if isinstance(value, list):
        inner = cast(list[Any], value)
        return [in_greek(each) for each in inner]
    return greek(value) if isinstance(value, str) else value


def greek_history() -> list[AnyLine]:
    """A history with a broken clause, all kinds of faults, and a step that found something."""
    lines = example(month_of_the_rerun="June")
    faults = [
        Fault(
            at=30.0 + n, proof=Proof(kind=kind, node="w1", at=30.0 + n, proven=n > 1, evidence="e")
        )
        for n, kind in enumerate(FAULTS)
    ]
    peers = Proof(kind="cut", node="p1", at=40.0, proven=True, evidence="e", peers=("w1",))
    more: list[AnyLine] = [
        Lead(at=0.5, node="p1"),
        *faults,
        Fault(at=40.0, proof=peers),
        Exit(at=41.0, node="w1"),
    ]
    steps: list[AnyLine] = [
        Step(at=1.0, number=1, text="Given so"),
        Step(at=9.0, number=2, text="When so"),
        Step(at=12.0, number=3, text="Then so"),
    ]
    judged = Judged(at=50.0, verdict=Verdict.FAIL, clause="RA-1.1", expected="e", seen="s", step=3)
    lines = sorted([*lines, *more, *steps, judged], key=lambda line: line.at)
    raws = [msgspec.json.encode(with_keyword(line)) for line in lines]
    return list(read(raws))


def with_keyword(line: AnyLine) -> Any:
    """A line with Greek letters; a step keeps its keyword, which is a word of the kit."""
    made = in_greek(msgspec.to_builtins(line))
    if isinstance(line, Step):
        keyword, _, text = line.text.partition(" ")
        made["text"] = f"{keyword} {greek(text)}"
    return made


class LatinWords(HTMLParser):
    """The Latin words of a page: in its text, and in what is read aloud or shown at a pointer.

    Code and whatever stands on a key of a keyboard are left out.
    """

    silent = frozenset({"code", "pre", "kbd", "script", "style"})
    spoken = frozenset({"aria-label", "title", "placeholder", "alt"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside += [tag] * (tag in self.silent)
        for name, value in attrs:
            self.take((value or "") if name in self.spoken else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.silent:
            self.inside.remove(tag)

    def handle_data(self, data: str) -> None:
        self.take("" if self.inside else data)

    def take(self, text: str) -> None:
        self.found += [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in NAMES]
