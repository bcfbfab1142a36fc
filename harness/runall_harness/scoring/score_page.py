"""Tells the score of the kit as a page: each bug, and the case that caught it, as a time line."""

from pathlib import Path
from typing import Any

from runall_harness.checks import examine
from runall_harness.contract.words import say
from runall_harness.evidence.history import BadHistory, load
from runall_harness.mutants.mutant import Mutant
from runall_harness.reports.page import Entry, Page, entry_of

from .score import Score
from .trial import MutantKill, Trial


def page_of_score(score: Score, folder: Path) -> Page:
    """The page of a score; the folder has the traces of all cases, by mutant."""
    well = score.exit_code == 0
    return Page(
        title=say("{} bugs were caught", score.word),
        about=say("Each is the reference scheduler with one bug that schedulers of the field had."),
        verdict="killed" if well else "survived",
        notes=[*score.troubles, *score.reference_failures],
        entries=[entry(mutant, trial, folder) for mutant, trial in score.rows()],
        entry_word=("bug", "bugs"),
    )


def entry(mutant: Mutant, trial: Trial, folder: Path) -> Entry:
    kill = next((kill for kill in trial.kills if not kill.explored), None)
    by = kill or next(iter(trial.kills), None)
    fields: dict[str, Any] = {
        "id": mutant.name,
        "title": mutant.name.replace("_", " "),
        "verdict": "killed" if trial.killed else "survived",
        "group": mutant.clause,
        "how": mutant.source,
        "note": note(by),
        "message": "\n".join([mutant.story, *trial.troubles]),
        "clauses": sorted(mutant.clauses),
    }
    return shown(kill, folder / mutant.name, fields) if kill else Entry(**fields)


def note(by: MutantKill | None) -> str:
    if by is None:
        return say("nothing caught it")
    return say("{} by {}, after {}", by.clause, by.by, by.how_soon)


def shown(kill: MutantKill, folder: Path, fields: dict[str, Any]) -> Entry:
    """The bug with the history of the case that caught it, if that was saved."""
    try:
        lines = load(folder.joinpath("histories", *f"{kill.by}.jsonl".split("/")))
    except (OSError, BadHistory):
        return Entry(**fields)
    return entry_of(lines, examine(lines).violations, **fields)
