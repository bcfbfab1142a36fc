"""Tells a history as an entry of a page: steps, proofs, what the rerun kept, and findings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from runall_harness.contract.verdicts import BrokenClause
from runall_harness.contract.words import say, say_sentence, translated
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import AnyLine, Judged
from runall_harness.reports.timeline import HistoryTimeline, Measured, accused, timeline_of
from runall_harness.reports.timeline.gathered import CANARY, HistoryParts
from runall_harness.reports.timeline.model import Incident
from runall_harness.reports.timeline.words import seconds

from .model import Entry, Finding, GivenValue, StepView

# A line of a history is quoted up to this length, and so many of one finding are.
QUOTED, LINES = 600, 8
# So many reruns that got something else are told in the page.
COMPARED = 3
# What the scheduler gave a job about itself and a rerun must repeat.
REPEATED = ("JOB_EVENT", "JOB_SOURCE")


def entry_of(
    lines: Sequence[AnyLine],
    broken: Iterable[BrokenClause[int]] = (),
    measured: Measured | None = None,
    **fields: Any,
) -> Entry:
    """The entry of a history, or of none. `fields` are those of `Entry` that no history can say."""
    found = list(broken)
    if not lines:
        return Entry(**fields)
    timeline = timeline_of(lines, accused(lines, found), measured)
    made: dict[str, Any] = {
        "findings": [finding_of(one, lines) for one in found],
        "steps": list(steps_of(timeline, lines)),
        "proofs": [(fault_name(f), f.proof, f.proven) for f in timeline.faults],
        "kept": list(kept_of(lines)),
        "timeline": timeline,
    }
    return Entry(**(made | fields))


def fault_name(fault: Incident) -> str:
    return say("{kind} of {node}", kind=translated(fault.kind), node=fault.node)


def finding_of(broken: BrokenClause[int], lines: Sequence[AnyLine]) -> Finding:
    quoted = [(number, quote(lines[number - 1])) for number in broken.lines[:LINES]]
    return Finding(
        clause=broken.clause,
        text=say_sentence(broken.text),
        expected=broken.expected,
        seen=broken.seen,
        by=broken.check,
        quoted=quoted,
    )


def quote(line: AnyLine) -> str:
    text = msgspec.json.encode(line).decode()
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"


def steps_of(timeline: HistoryTimeline, lines: Sequence[AnyLine]) -> Iterator[StepView]:
    judged = next((line for line in lines if isinstance(line, Judged)), None)
    decided = judged.step if judged else 0
    for step in timeline.steps:
        keyword, _, text = step.text.partition(" ")
        bad = bool(decided) and step.number == decided
        took = step.until - step.since
        yield StepView(
            keyword=keyword,
            text=text,
            at=seconds(step.since),
            took=seconds(took) if took > 0 else "",
            state="bad" if bad else "ok",
        )


def kept_of(lines: Iterable[AnyLine]) -> Iterator[GivenValue]:
    """What reruns got, beside what the first executions of their jobs had got.

    Those that got something else are told; if there are none, one stands for all.
    """
    gathered = HistoryParts(lines)
    runs = [run for run in gathered.executions.values() if gathered.roles[run.id] != CANARY]
    first: dict[str, Execution] = {}
    reruns: dict[str, Execution] = {}
    for run in sorted(runs, key=lambda run: run.started_at):
        root = gathered.root_of(run)
        if root in first:
            reruns.setdefault(root, run)
        first.setdefault(root, run)
    compared = [list(differences(given(first[root]), given(run))) for root, run in reruns.items()]
    changed = [pairs for pairs in compared if not all(kept.same for kept in pairs)]
    yield from chain.from_iterable((changed or compared)[: COMPARED if changed else 1])


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[GivenValue]:
    for name in dict.fromkeys((*before, *after)):
        had, got = before.get(name, ""), after.get(name, "")
        yield GivenValue(name=name, value=had, same=had == got, other="" if had == got else got)


def given(run: Execution) -> dict[str, str]:
    """What an execution was given, by name."""
    claims = {name: run.claims[name] for name in REPEATED if name in run.claims}
    return {**run.params, **claims, say("logical time"): run.now}
