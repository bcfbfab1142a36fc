"""Known failures: what a system's maintainer declares as failing, each with a reason.

A declaration is a promise too: a case that was declared and passes fails the run, until it is
taken out of the file. So a file of known failures can never hide that something became better,
and, since it is the file that changes, nobody forgets why.

A race is declared apart: what two messages that cross decide, or the ground under a node, is broken
in one run and kept in the next, and a run that was lucky has shown nothing.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple, cast

from runall_harness.contract.cases import base_id
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Verdict
from runall_harness.systems.description_file import EXAMPLE, RACES, TABLE, check_table, read_toml

from .run_report import CaseReport, unsteady

# The tables above the one that is meant, and its own name.
Keys = tuple[str, ...]
OWN: Keys = (TABLE,)
# What must stand before any wildcard: a feature, and of a race the beginning of a scenario too. A
# race is green however its cases end, so a glob over many would excuse what nobody has looked at.
NAMED = {TABLE: ("feature", r"[^*?\[/]+/"), RACES: ("scenario", r"[^*?\[/]+/[^*?\[/]")}


class Declared(NamedTuple):
    """What was declared of a case: the entry that covers it, and its reason."""

    pattern: str
    reason: str

    def turn(self, verdict: Verdict) -> Verdict:
        turned = {Verdict.FAIL: Verdict.KNOWN_FAILURE, Verdict.PASS: Verdict.UNEXPECTED_PASS}
        return turned.get(verdict, verdict)

    def message(self, verdict: Verdict, found: str) -> str:
        """The message of a case that ended so, after `turn`; `found` is what there was to say."""
        if verdict == Verdict.KNOWN_FAILURE:
            return f"{self.reason}\n{found}".strip()
        if verdict == Verdict.UNEXPECTED_PASS:
            cause = f"{self.pattern!r} is declared as failing ({self.reason}), and it passes"
            return f"{cause}: take it out, or run with --update-known-failures"
        return found


class Race(Declared):
    """The entry of a case that fails in some runs only: it counts as a known failure in all."""

    __slots__ = ()

    def turn(self, verdict: Verdict) -> Verdict:
        return Verdict.KNOWN_FAILURE if verdict in (Verdict.FAIL, Verdict.PASS) else verdict

    def message(self, verdict: Verdict, found: str) -> str:
        return super().message(verdict, found or "a race: this time the promise was kept")


def covers(pattern: str, case: str) -> bool:
    return case == pattern or fnmatchcase(case, pattern)


def declared(
    entries: Mapping[str, str], case: str, kind: type[Declared] = Declared
) -> Declared | None:
    """What covers a case: the entry of its id, else the first whose glob matches it."""
    found = [case] if case in entries else [p for p in entries if covers(p, case)]
    return kind(found[0], entries[found[0]]) if found else None


class Known(NamedTuple):
    """All that a file declares, as reasons by the id or glob of cases."""

    failures: Mapping[str, str]
    races: Mapping[str, str]

    def of(self, case: str) -> Declared | None:
        return declared(self.failures, case) or declared(self.races, case, Race)


class Declarations(NamedTuple):
    """Where the known failures of a run are declared: a file, and the table in it.

    `required`: the file is of use for them only, so that it must have the table.
    """

    path: Path
    keys: Keys = OWN
    required: bool = True

    def known(self, cases: Collection[str]) -> Known:
        """What is declared: failures, and races in a table beside. Raises what `load` does."""
        beside = (*self.keys[:-1], RACES)
        return Known(
            load(self.path, cases, required=self.required, keys=self.keys),
            load(self.path, cases, required=False, keys=beside),
        )

    def update(self, cases: Collection[str], reports: Iterable[CaseReport]) -> bool:
        """Bring the file up to date with a run over these cases; whether anything changed.

        From its first difference on, a policy has a table of its own. Raises `KitCannotRun` for
        what `load` does, and if the file cannot be written.
        """
        path, keys = self.path, self.keys
        entries = load(path, cases, required=False, keys=keys) if path.exists() else {}
        found = agreed(reports)
        why = {name: f"unexplained: {c.message.partition(chr(10))[0]}" for name, c in found.items()}
        seen = {name: case.verdict for name, case in found.items()}
        now = updated(entries, cases, seen, why)
        try:
            return now != entries and save(path, now, keys)
        except OSError as error:
            cause = f"{path} cannot be written: {error.strerror}"
            raise KitCannotRun(cause, "see who may write there") from error


def declarations(named: Path | None, system: Path | None, policy: str) -> Declarations | None:
    """Where they are: in the file that was named, else in the system's own, which may be none.

    A policy of a system's file may have a table of its own.
    """
    if named is not None:
        return Declarations(named)
    if system is None:
        return None
    return Declarations(system, ("policies", policy, TABLE) if policy else OWN, required=False)


def load(
    path: Path, cases: Collection[str], *, required: bool = True, keys: Keys = OWN
) -> dict[str, str]:
    """The known failures of a file, by the id or glob of cases, in the file's order.

    A policy that has no table under `keys` shares the file's own. `required` says that the file is
    of use for them only, so that it must have the table.

    Raises:
        KitCannotRun: the file cannot be read, or an entry has no reason, covers no case, or names
            nothing before its wildcard.
    """
    document = read_toml(path)
    table = table_at(document, keys)
    if table is None:
        table = table_at(document, keys[-1:])
    if table is None and required:
        raise KitCannotRun(
            f"{path} has no table [{TABLE}]", f"write one, with lines like {EXAMPLE}"
        )
    entries = check_table(path, {} if table is None else table, keys[-1])
    for pattern in entries:
        if not any(covers(pattern, case) for case in cases):
            cause = f"{path}: {keys[-1]}.{pattern!r} names no case"
            raise KitCannotRun(cause, "take it out; `runall conform --list` shows all ids")
        what, beginning = NAMED[keys[-1]]
        if not re.match(beginning, pattern):
            cause = f"{path}: {keys[-1]}.{pattern!r} names no {what}"
            raise KitCannotRun(cause, f"begin with a whole one, as in {EXAMPLE}")
    return entries


def table_at(document: object, keys: Keys) -> object:
    for key in keys:
        document = (
            cast(dict[str, object], document).get(key) if isinstance(document, dict) else None
        )
    return document


def updated(
    entries: Mapping[str, str],
    cases: Collection[str],
    seen: Mapping[str, Verdict],
    why: Mapping[str, str],
) -> dict[str, str]:
    """The entries with which the same run would have no failure and no unexpected pass.

    `cases` are all ids there are; `seen` has the verdict of each that ran, under these entries;
    `why` the reason for each that failed. A glob that covers a case which passes becomes the ids
    of all others that it covers.
    """
    passing = {case for case, verdict in seen.items() if verdict == Verdict.UNEXPECTED_PASS}
    kept: dict[str, str] = {}
    for pattern, reason in entries.items():
        covered = [case for case in cases if covers(pattern, case)]
        if passing.isdisjoint(covered):
            kept[pattern] = reason
            continue
        for case in covered:
            if case not in passing and (known := declared(entries, case)):
                kept[case] = known.reason
    return kept | {case: why[case] for case, v in seen.items() if v == Verdict.FAIL}


def agreed(cases: Iterable[CaseReport]) -> dict[str, CaseReport]:
    """Each case that ran, by its id; one whose repeats differ proves neither, and is left out."""
    listed = list(cases)
    differing = unsteady(listed)
    return {base_id(c.id): c for c in listed if base_id(c.id) not in differing}


def save(path: Path, entries: Mapping[str, str], keys: Keys = OWN) -> bool:
    """Write the entries into the file, whose comments and order stay; whether anything changed.

    The file is replaced as a whole, or not at all.
    """
    import tomlkit

    text = path.read_text("utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    found: Any = document
    for key in keys:
        if key not in found:
            found[key] = tomlkit.table()
        found = found[key]
    table = cast(dict[str, str], found)
    for gone in [pattern for pattern in table if pattern not in entries]:
        del table[gone]
    for pattern, reason in entries.items():
        if table.get(pattern) != reason:
            table[pattern] = reason
    written = tomlkit.dumps(document)
    if written == text:
        return False
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(written, "utf-8")
    draft.replace(path)
    return True
