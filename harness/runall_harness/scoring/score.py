"""The score of the kit: which case killed each mutant, by which clause, and how soon.

It prints one result for people, for programs, and for a page of the documentation.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from runall_harness.contract.cases import load_cases
from runall_harness.mutants.mutant import Mutant

from .trial import MutantKill, Trial

CANNOT_RUN, SURVIVED, ALL_KILLED = 3, 1, 0


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The trials of some mutants, in their order, and that of the unchanged reference."""

    reference: Trial
    mutants: tuple[Mutant, ...]
    trials: tuple[Trial, ...]

    def rows(self) -> Iterator[tuple[Mutant, Trial]]:
        return zip(self.mutants, self.trials, strict=True)

    @property
    def killed(self) -> int:
        return sum(trial.killed for trial in self.trials)

    @property
    def word(self) -> str:
        """The score, as `26/26`."""
        return f"{self.killed}/{len(self.trials)}"

    @property
    def troubles(self) -> list[str]:
        trials = (self.reference, *self.trials)
        return [f"{trial.name}: {line}" for trial in trials for line in trial.troubles]

    @property
    def reference_failures(self) -> list[str]:
        """The failures of the unchanged reference: bugs of the kit, or of the reference itself."""
        red = [f"{case}: {v}" for case, v in self.reference.verdicts.items() if v != "pass"]
        return red + [f"{kill.by}: {kill.clause}" for kill in self.reference.kills]

    @property
    def exit_code(self) -> int:
        if self.troubles:
            return CANNOT_RUN
        all_killed = bool(self.trials) and self.killed == len(self.trials)
        return ALL_KILLED if all_killed and self.reference.passed else SURVIVED


def as_json(score: Score) -> dict[str, Any]:
    """The score for programs. `seconds` is the time of the first kill, or that of the survival."""
    return {
        "mutants": [
            {
                "name": mutant.name,
                "source": mutant.source,
                "clause": mutant.clause,
                "killed": trial.killed,
                "killed_by": [kill.by for kill in trial.kills],
                "seconds": trial.kills[0].seconds if trial.kills else round(trial.seconds, 3),
            }
            for mutant, trial in score.rows()
        ],
        "green": green_cases(score),
        "score": score.word,
        "reference": "pass" if score.reference.passed else "fail",
    }


def green_cases(score: Score) -> dict[str, list[str]]:
    """The cases of each clause that stay green under all mutants that break it.

    Such a case has the name of a rule, and does not notice when the rule is taken out. A trial that
    ended at its first kill says nothing of the cases after it.
    """
    trials = {mutant.name: trial for mutant, trial in score.rows() if not trial.troubles}
    found: dict[str, list[str]] = {}
    for clause in dict.fromkeys(mutant.clause for mutant in score.mutants):
        tried = [trials[m.name] for m in score.mutants if m.clause == clause and m.name in trials]
        cases = [case.id for case in load_cases() if clause in case.clauses]
        green = [
            case
            for case in cases
            if tried and all(trial.verdicts.get(case) == "pass" for trial in tried)
        ]
        if green:
            found[clause] = green
    return found


def green_table(score: Score) -> Table:
    columns = ("clause", "cases of it that stay green under all its mutants")
    table = new_table("cases that do not bite", *columns)
    for clause, cases in sorted(green_cases(score).items()):
        table.add_row(clause, "\n".join(cases))
    return table


def first_kills(trial: Trial, *, explored: bool = False) -> list[MutantKill]:
    """The first kill by a case, or by the explorer; empty if there is none."""
    return [kill for kill in trial.kills if kill.explored == explored][:1]


def new_table(title: str, *columns: str, caption: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def kill_table(score: Score) -> Table:
    columns = ("mutant", "breaks", "killed by", "naming", "after", "red, but no kill")
    table = new_table("what killed each mutant", *columns)
    for mutant, trial in score.rows():
        first, *more = kill_cells(trial)
        others = ", ".join(f"{clause} x{count}" for clause, count in sorted(trial.others.items()))
        table.add_row(mutant.name, mutant.clause, *first, others)
        for cells in more:
            table.add_row("", "", *cells)
    return table


def kill_cells(trial: Trial) -> list[tuple[str | Text, ...]]:
    """What killed a mutant, by which clause, and how soon: first a case, then the explorer."""
    if trial.troubles:
        return [(Text("the kit could not judge", "bold magenta"), "", "")]
    kills = first_kills(trial) + first_kills(trial, explored=True)
    survived = (Text("nothing: it survived", "bold red"), "", "")
    return [(kill.by, kill.clause, kill.how_soon) for kill in kills] or [survived]


def matrix(score: Score) -> Table:
    """How many cases of each feature file every mutant turns red, by trigger."""
    features = list(dict.fromkeys(case.partition("/")[0] for case in score.reference.verdicts))
    columns = ("mutant", *(feature.replace("_", " ") for feature in features))
    caption = "m manual, s scheduled, e either; * by the mutant's own clause"
    table = new_table("failed cases by feature", *columns, caption=caption)
    for mutant, trial in score.rows():
        table.add_row(mutant.name, *(red_cases(mutant, trial, feature) for feature in features))
    return table


def red_cases(mutant: Mutant, trial: Trial, feature: str) -> str:
    """The failed cases of one feature as `2m1s`, counted by the first letter of their trigger."""
    red = {
        case: verdict
        for case, verdict in trial.verdicts.items()
        if case.startswith(f"{feature}/") and verdict.startswith("RA-")
    }
    triggers = Counter(case.rpartition("/")[2][0] for case in red)
    counts = "".join(f"{triggers[letter]}{letter}" for letter in "mse" if triggers[letter])
    return counts + "*" * any(verdict in mutant.clauses for verdict in red.values())


def releases_table(score: Score) -> Table:
    names = [mutant.name for mutant in score.mutants if mutant.policy != "reference"]
    table = new_table("releases compared", "case", *names)
    for row in differing_cases(score, names):
        table.add_row(*row)
    return table


def differing_cases(score: Score, names: Sequence[str]) -> list[tuple[str, ...]]:
    """The cases that one of these mutants fails: the id, then the verdict of each mutant."""
    trials = {trial.name: trial for trial in score.trials}
    chosen = [trials[name].verdicts for name in names if name in trials]
    rows = [(case, *(v.get(case, "") for v in chosen)) for case in score.reference.verdicts]
    return [row for row in rows if any(verdict.startswith("RA-") for verdict in row[1:])]
