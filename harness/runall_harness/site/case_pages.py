"""The pages of the cases: one for each feature file, with what was last seen of each case."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path

from runall_harness.contract.cases import Case
from runall_harness.reports.case_progress import MARKS
from runall_harness.reports.comparison import Cell
from runall_harness.reports.generated_section import table

from .objects import cases
from .standing import Entrant, entrants

FOLDER = "cases"
INTRODUCTION = """\
# The cases

A case is one scenario with one row of its examples: a run that a person or the clock starts, a
fault, and what must be seen then. Each case names the clauses that it shows. The marks in the
tables say what was seen last of each scheduler; [the results](/docs/results/README.md) say how to
read them.

| file | what it is about | cases |
|---|---|---|
"""


def case_pages() -> dict[str, str]:
    """The text of each page, by its path."""
    by_file = {path: list(own) for path, own in groupby(cases().values(), lambda case: case.file)}
    features = {Path(path).stem: feature_page(Path(path), own) for path, own in by_file.items()}
    rows = [
        f"| [{Path(path).stem}]({Path(path).stem}.md) | {title_of(Path(path))} | {len(own)} |"
        for path, own in by_file.items()
    ]
    listed = "\n".join(features)
    index = f"{INTRODUCTION}{chr(10).join(rows)}\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    pages = {f"{FOLDER}/{name}.md": text for name, text in features.items()}
    return {f"{FOLDER}/index.md": index} | pages


def title_of(path: Path) -> str:
    lines = path.read_text("utf-8").splitlines()
    return next(line.partition(": ")[2] for line in lines if line.startswith("Feature: "))


def feature_page(path: Path, shown: Sequence[Case]) -> str:
    lines = path.read_text("utf-8").splitlines()
    first = min(case.scenario_line for case in shown)
    parts = [f"# {title_of(path)}", *description(lines[:first]), f"`features/{path.name}`"]
    by_scenario = {line: list(own) for line, own in groupby(shown, lambda c: c.scenario_line)}
    starts = [*sorted(by_scenario), len(lines) + 1]
    for start, end in pairwise(starts):
        parts += scenario(lines[start - 1 : end - 1], by_scenario[start])
    return "\n\n".join(parts) + "\n"


def description(lines: Sequence[str]) -> Iterator[str]:
    """The prose between the title of a feature and its first scenario."""
    start = next(n for n, line in enumerate(lines) if line.startswith("Feature: ")) + 1
    prose = [line.strip() for line in lines[start:]]
    kept = [line for line in prose if line and not line.startswith(("@", "#", "Scenario"))]
    if kept:
        yield "\n".join(kept)


def scenario(lines: Sequence[str], own: Sequence[Case]) -> Iterator[str]:
    """A scenario: its clauses, its steps as they are written, its cases with their results."""
    yield f"## {lines[0].partition(': ')[2]}"
    clauses = dict.fromkeys(clause for case in own for clause in case.clauses)
    yield f"Shows {', '.join(clauses)}." if clauses else "Shows no clause by itself."
    yield f"```gherkin\n{steps(lines)}\n```"
    for case in own:
        yield f":::{{runall:case}} {case.id}\n:::"
    yield results(own)


def steps(lines: Sequence[str]) -> str:
    """The lines of a scenario, without what belongs to the next one, moved to the left."""
    kept = list(lines)
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(("@", "#", "Rule:"))):
        kept.pop()
    return "\n".join(line.removeprefix("  ").rstrip() for line in kept)


def results(own: Sequence[Case]) -> str:
    head = ("case", *(entrant.title for entrant in entrants()))
    return table(head, [result_row(case) for case in own])


def result_row(case: Case) -> list[str]:
    name = case.id.rpartition("/")[2].replace("-", " ")
    return [name, *(mark(entrant, case) for entrant in entrants())]


def mark(entrant: Entrant, case: Case) -> str:
    cell: Cell | None = entrant.of_case(case.id)
    return f"{MARKS[cell.verdict][0]} {cell.verdict}" if cell else "–"
