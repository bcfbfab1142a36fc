"""What the histories that cases saved say by themselves, beside what the cases said."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from runall_harness.checks.files import judge_file
from runall_harness.checks.report import HistoryReport
from runall_harness.contract.verdicts import EXIT_CODES, WORDS, Verdict


def checked(path: Path) -> HistoryReport:
    with path.open("rb") as file:
        return judge_file(str(path), file)


def word_of(verdict: str) -> str:
    """What a history says by itself of a case that ended so."""
    # A case that no rig or system could show proves nothing, and one alone never ends a run well.
    proves_nothing = verdict in (Verdict.UNSUPPORTED, Verdict.SKIPPED)
    return WORDS[EXIT_CODES[Verdict.INCONCLUSIVE if proves_nothing else Verdict(verdict)]]


def differing(folder: Path, said: Mapping[str, str]) -> Iterator[str]:
    """The cases whose histories say another thing. `said` is a verdict or the broken clause."""
    for case, verdict in said.items():
        found = checked(folder.joinpath("histories", *f"{case}.jsonl".split("/")))
        clause = verdict if verdict.startswith("RA-") else ""
        first = found.violations[0].clause if found.violations else ""
        if found.verdict != word_of("fail" if clause else verdict) or clause not in ("", first):
            yield f"{case}: {verdict}; its history: {found.verdict} {first} {found.reason}"
