"""Tells several runs side by side: what each scenario came to, how soon, and what has changed.

The last run is compared with the one before it. Recovery times are drawn as parts of their
deadlines, because cases have different ones.
"""

from collections.abc import Iterator, Sequence
from statistics import median

import msgspec

from runall_harness.conformance.run_report import CaseReport, Report
from runall_harness.contract.verdicts import Verdict
from runall_harness.contract.words import say, say_scenario

from .case_progress import recovery
from .comparison import WORST, Row, compare
from .comparison_markdown import remarks
from .page.model import MARKS, tone_of
from .page.render import assets, environment
from .run_page import told_apart

# A recovery is told as slower or faster from this part of its deadline on.
NOTABLE = 0.15


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The recovery times of a run: as parts of their deadlines, and in words."""

    name: str
    parts: Sequence[float]
    words: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is different in the last run: of which case, in words, and whether for the worse."""

    case: str
    words: str
    worse: bool


def render_runs(reports: Sequence[tuple[str, Report]]) -> str:
    """The page of several runs, each with the name by which it is shown."""
    compared = compare(reports, "scenario")
    (_, before), (_, after) = reports[-2:]
    changes = list(changes_between(before, after))
    return (
        environment()
        .get_template("runs.html")
        .render(
            names=[name for name, _ in reports],
            runs=[report for _, report in reports],
            rows=compared.rows,
            spreads=[spread_of(name, report) for name, report in reports],
            changes=sorted(changes, key=lambda change: (not change.worse, change.words)),
            columns=("run", "verdict", "system", "policy", "rig", "began", "kit"),
            remarks=remarks,
            title=title,
            marks=MARKS,
            tone=tone_of,
            style=assets()["style"],
        )
    )


def title(row: Row) -> str:
    """A scenario, and what tells the case from others of it."""
    scenario = row.text.rpartition(" (")[0]
    return f"{say_scenario(scenario)} ({told_apart(row.id)})"


def spread_of(name: str, report: Report) -> Spread:
    took = [case for case in report.cases if case.recovery_s is not None and case.deadline_s]
    seconds = [case.recovery_s or 0.0 for case in took]
    parts = [(case.recovery_s or 0.0) / (case.deadline_s or 1.0) for case in took]
    words = say("no recovery was measured")
    if seconds:
        low, middle, high = min(seconds), median(seconds), max(seconds)
        told = (f"{one:.2f}" for one in (low, middle, high))
        words = say("{} s at least, {} s in the middle, {} s at most", *told)
    return Spread(name=name, parts=sorted(round(part, 3) for part in parts), words=words)


def changes_between(before: Report, after: Report) -> Iterator[Change]:
    old = {case.id: case for case in before.cases}
    new = {case.id: case for case in after.cases}
    for name in dict.fromkeys((*old, *new)):
        if name not in old:
            yield Change(case=name, words=say("new: {}", say(new[name].verdict)), worse=False)
        elif name not in new:
            words = say("not run: was {}", say(old[name].verdict))
            yield Change(case=name, words=words, worse=True)
        else:
            yield from change_of(old[name], new[name])


def change_of(old: CaseReport, new: CaseReport) -> Iterator[Change]:
    if old.verdict != new.verdict:
        worse = WORST.index(new.verdict) > WORST.index(old.verdict)
        worse = worse or (old.verdict == Verdict.PASS and new.verdict != Verdict.PASS)
        words = say("{} became {}", say(old.verdict), say(new.verdict))
        yield Change(case=new.id, words=words, worse=worse)
    elif old.recovery_s is not None and new.recovery_s is not None and new.deadline_s:
        longer = new.recovery_s - old.recovery_s
        if abs(longer) >= NOTABLE * new.deadline_s:
            was, now = (recovery(case.recovery_s, case.deadline_s) for case in (old, new))
            words = say("recovered in {}, now {}", was, now)
            yield Change(case=new.id, words=words, worse=longer > 0)
