"""The kill table: what killed each mutant, by which clause, and how soon.

One table in three forms: for people, for programs, and for the page that is kept with the kit.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.table import Table
from rich.text import Text

from runall_harness.mutants.mutant import Mutant

from .trial import Kill, Trial

CANNOT_RUN, SURVIVED, ALL_KILLED = 3, 1, 0


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The trials of some mutants, in their order, and that of the honest reference."""

    reference: Trial
    mutants: tuple[Mutant, ...]
    trials: tuple[Trial, ...]

    def rows(self) -> Iterator[tuple[Mutant, Trial]]:
        """Each mutant with its trial."""
        return zip(self.mutants, self.trials, strict=True)

    @property
    def killed(self) -> int:
        """How many are dead."""
        return sum(trial.killed for trial in self.trials)

    @property
    def word(self) -> str:
        """The score, as `26/26`."""
        return f"{self.killed}/{len(self.trials)}"

    @property
    def troubles(self) -> list[str]:
        """What kept the kit itself from judging, with whose trial it was."""
        trials = (self.reference, *self.trials)
        return [f"{trial.name}: {line}" for trial in trials for line in trial.troubles]

    @property
    def accused(self) -> list[str]:
        """What went wrong with the reference, which is honest: a bug of the kit, or its own."""
        red = [f"{case}: {v}" for case, v in self.reference.verdicts.items() if v != "pass"]
        return red + [f"{kill.by}: {kill.clause}" for kill in self.reference.kills]

    @property
    def exit_code(self) -> int:
        """0 if all are dead and the reference passed everything."""
        if self.troubles:
            return CANNOT_RUN
        dead = bool(self.trials) and self.killed == len(self.trials)
        return ALL_KILLED if dead and self.reference.passed else SURVIVED


def as_json(score: Score) -> dict[str, Any]:
    """The score for programs. `seconds` is how soon a mutant was dead, or how long it survived."""
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
        "score": score.word,
        "reference": "pass" if score.reference.passed else "fail",
    }


# ------------------------------------------------------------------ for people
def kill_table(score: Score) -> Table:
    """What killed each mutant, and how soon."""
    table = Table(title="what killed each mutant", title_justify="left", show_lines=False)
    for column in ("mutant", "breaks", "killed by", "naming", "after", "red, but no kill"):
        table.add_column(column, overflow="fold")
    for mutant, trial in score.rows():
        first, *more = deaths(trial)
        others = ", ".join(f"{clause} x{count}" for clause, count in sorted(trial.others.items()))
        table.add_row(mutant.name, mutant.clause, *first, others)
        for death in more:
            table.add_row("", "", *death)
    return table


def deaths(trial: Trial) -> list[tuple[str | Text, ...]]:
    """What killed it, the clause that was named, and how soon: by a case, and by the explorer."""
    if trial.troubles:
        return [(Text("the kit could not judge", "bold magenta"), "", "")]
    ways = [kill for kill in (scenario(trial), explored(trial)) if kill]
    nothing = (Text("nothing: it survived", "bold red"), "", "")
    return [(kill.by, kill.clause, how_soon(kill)) for kill in ways] or [nothing]


def scenario(trial: Trial) -> Kill | None:
    """The first case that killed it."""
    return next((kill for kill in trial.kills if not is_explorer(kill)), None)


def explored(trial: Trial) -> Kill | None:
    """How the explorer killed it."""
    return next((kill for kill in trial.kills if is_explorer(kill)), None)


def is_explorer(kill: Kill) -> bool:
    """Whether the explorer found it, and no case."""
    return kill.by.startswith("explorer")


def how_soon(kill: Kill) -> str:
    """Cases or steps, and seconds."""
    unit = "step" if is_explorer(kill) else "case"
    return f"{kill.after} {unit}{'s' * (kill.after != 1)}, {kill.seconds:.2f} s"


# ------------------------------------------------------------------ mutants against features
def matrix(score: Score) -> Table:
    """How many cases of each feature file every mutant turns red, by what starts their job."""
    features = list(dict.fromkeys(case.partition("/")[0] for case in score.reference.verdicts))
    table = Table(
        title="red cases by feature",
        title_justify="left",
        caption="m manual, s scheduled, e either; * by the mutant's own clause",
        caption_justify="left",
    )
    for column in ("mutant", *features):
        table.add_column(column.replace("_", " "), justify="left")
    for mutant, trial in score.rows():
        table.add_row(mutant.name, *(cell(mutant, trial, feature) for feature in features))
    return table


def cell(mutant: Mutant, trial: Trial, feature: str) -> str:
    """The red cases of one feature, counted by trigger."""
    red = {
        case: verdict
        for case, verdict in trial.verdicts.items()
        if case.startswith(f"{feature}/") and verdict.startswith("RA-")
    }
    triggers = Counter(trigger_of(case) for case in red)
    counts = "".join(f"{triggers[letter]}{letter}" for letter in "mse" if triggers[letter])
    return counts + "*" * any(verdict in mutant.clauses for verdict in red.values())


def trigger_of(case: str) -> str:
    """The first letter of what starts the job of a case, from its id."""
    return case.rpartition("/")[2][0]


def releases_table(score: Score) -> Table:
    """The releases of history, case by case, where one of them breaks a clause."""
    names = [mutant.name for mutant in score.mutants if mutant.policy != "reference"]
    table = Table(title="releases told apart", title_justify="left")
    for column in ("case", *names):
        table.add_column(column, overflow="fold")
    for row in apart(score, names):
        table.add_row(*row)
    return table


def apart(score: Score, names: Sequence[str]) -> list[tuple[str, ...]]:
    """The cases that one of these mutants fails: the id, then what each of them ended with."""
    trials = {trial.name: trial for trial in score.trials}
    chosen = [trials[name].verdicts for name in names if name in trials]
    rows = [(case, *(v.get(case, "") for v in chosen)) for case in score.reference.verdicts]
    return [row for row in rows if any(verdict.startswith("RA-") for verdict in row[1:])]
