"""What a page says, in the order in which it says it, without a word of how it looks."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from runall_harness.contract.verdicts import Verdict
from runall_harness.reports.timeline import HistoryTimeline

# Entries with these verdicts are told in full and come first to a reader's eye.
TROUBLE = ("fail", "error", "not conformant", "unexpected-pass", "violation", "survived")
DOUBT = ("inconclusive", "skipped")
MARKS = {
    "pass": "✓",
    "conformant": "✓",
    "killed": "✓",
    "known-failure": "✓",
    "unsupported": "–",
    "inconclusive": "?",
    "skipped": "–",
    "error": "!",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A broken clause in its own words, and the lines of the history that prove it, quoted."""

    clause: str
    text: str
    expected: str
    seen: str
    by: str = ""
    quoted: Sequence[tuple[int, str]] = ()


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a case; `state` is `ok`, `bad` or `not` for one that was not reached."""

    keyword: str
    text: str
    at: str = ""
    took: str = ""
    state: str = "ok"


class GivenValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a job was given, and whether its rerun got the same; `other` is what it got."""

    name: str
    value: str
    same: bool
    other: str = ""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """The log of a node: where it is, and its last lines where they are worth the space."""

    node: str
    href: str = ""
    tail: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A case, or whatever else has a history: a story of the explorer, a log of one's own.

    `id` is its address in the page, `group` the heading above it, `column` its place in the row of
    its title. `how` tells it from others in that place; `note` is its measure, in a few words.
    """

    id: str
    title: str
    verdict: str
    group: str = ""
    column: str = ""
    how: str = ""
    note: str = ""
    message: str = ""
    findings: Sequence[Finding] = ()
    clauses: Sequence[str] = ()
    steps: Sequence[StepView] = ()
    proofs: Sequence[tuple[str, str, bool]] = ()
    kept: Sequence[GivenValue] = ()
    history: str = ""
    place: str = ""
    again: str = ""
    logs: Sequence[Log] = ()
    timeline: HistoryTimeline | None = None

    @property
    def mark(self) -> str:
        return MARKS.get(self.verdict, "✗")

    @property
    def tone(self) -> str:
        """The colour of its verdict, by name."""
        return tone_of(self.verdict)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page. `tested` and `settings` are named values; `files` are names and relative addresses.

    `again` is the command that makes all of it again; `command` begins those that make one entry
    again. `entry_word` says what an entry is, and what several are.
    """

    title: str
    verdict: str
    entries: Sequence[Entry]
    about: str = ""
    tested: Sequence[tuple[str, str]] = ()
    settings: Sequence[tuple[str, str]] = ()
    again: str = ""
    notes: Sequence[str] = ()
    files: Sequence[tuple[str, str]] = ()
    command: str = ""
    entry_word: tuple[str, str] = ("case", "cases")

    @property
    def tone(self) -> str:
        return tone_of(self.verdict)

    @property
    def mark(self) -> str:
        return MARKS.get(self.verdict, "✗")

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many entries have each verdict: those of trouble first."""
        counted = Counter(entry.verdict for entry in self.entries)
        return sorted(counted.items(), key=lambda pair: (rank(pair[0]), -pair[1]))

    @property
    def first_trouble(self) -> Entry | None:
        troubled = [entry for entry in self.entries if rank(entry.verdict) < 2]
        return min(troubled, key=lambda entry: rank(entry.verdict), default=None)

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(entry.column for entry in self.entries if entry.column))

    @property
    def groups(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.group, []).append(entry)
        return found

    def rows(self, entries: Sequence[Entry]) -> dict[str, dict[str, list[Entry]]]:
        """The entries by title, and then by column."""
        found: dict[str, dict[str, list[Entry]]] = {}
        for entry in entries:
            found.setdefault(entry.title, {}).setdefault(entry.column, []).append(entry)
        return found


def rank(verdict: str) -> int:
    if verdict in TROUBLE:
        return 0
    return 1 if verdict in DOUBT else 2


def tone_of(verdict: str) -> str:
    if rank(verdict) < 2:
        return ("bad", "doubt")[rank(verdict)]
    return "dim" if verdict in (Verdict.UNSUPPORTED, Verdict.KNOWN_FAILURE) else "good"
