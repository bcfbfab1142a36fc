"""The pages of the cases: one for each feature file, with what was last seen of each case."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path

from runall_harness.contract.cases import Case
from runall_harness.contract.words import say, translated
from runall_harness.reports.case_progress import MARKS
from runall_harness.reports.comparison import Cell
from runall_harness.reports.generated_section import table
from runall_harness.reports.run_page import told_apart

from .objects import cases
from .standing import Entrant, entrants

FOLDER = "cases"
INTRODUCTION = """\
# {title}

{words}

| {file} | {about} | {cases} |
|---|---|---|
"""
WORDS = (
    "A case is one scenario with one row of its examples: a run that a person or the clock starts, "
    "a fault, and what must be seen then. Each case names the clauses that it shows. The marks in "
    "the tables say what was seen last of each scheduler; [the results](/docs/results/README.md) "
    "say how to read them."
)


def case_pages() -> dict[str, str]:
    """The text of each page, by its path."""
    by_file = {path: list(own) for path, own in groupby(cases().values(), lambda case: case.file)}
    features = {Path(path).stem: feature_page(Path(path), own) for path, own in by_file.items()}
    rows = [
        f"| [{Path(path).stem}]({Path(path).stem}.md) | {title_of(Path(path))} | {len(own)} |"
        for path, own in by_file.items()
    ]
    listed = "\n".join(features)
    index = f"{introduction()}{chr(10).join(rows)}\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    pages = {f"{FOLDER}/{name}.md": text for name, text in features.items()}
    return {f"{FOLDER}/index.md": index} | pages


def introduction() -> str:
    return INTRODUCTION.format(
        title=say("The cases"),
        words=translated(WORDS),
        file=say("file"),
        about=say("what it is about"),
        cases=say("cases"),
    )


def title_of(path: Path) -> str:
    lines = path.read_text("utf-8").splitlines()
    return lines[title_line(lines)].partition(": ")[2]


def title_line(lines: Sequence[str]) -> int:
    """Where the feature begins, behind its language and its tags."""
    return next(n for n, line in enumerate(lines) if line[:1] not in ("#", "@", ""))


def feature_page(path: Path, shown: Sequence[Case]) -> str:
    lines = path.read_text("utf-8").splitlines()
    first = min(case.scenario_line for case in shown)
    parts = [f"# {title_of(path)}", *description(lines[: first - 1]), f"`features/{path.name}`"]
    by_scenario = {line: list(own) for line, own in groupby(shown, lambda c: c.scenario_line)}
    starts = [*sorted(by_scenario), len(lines) + 1]
    for start, end in pairwise(starts):
        parts += scenario(lines[start - 1 : end - 1], by_scenario[start])
    return "\n\n".join(parts) + "\n"


def description(lines: Sequence[str]) -> Iterator[str]:
    """The prose between the title of a feature and its first scenario."""
    prose = [line.strip() for line in lines[title_line(lines) + 1 :]]
    kept = [line for line in prose if line and not line.startswith(("@", "#"))]
    if kept:
        yield "\n".join(kept)


def scenario(lines: Sequence[str], own: Sequence[Case]) -> Iterator[str]:
    """A scenario: its clauses, its steps as they are written, its cases with their results."""
    yield f"## {lines[0].partition(': ')[2]}"
    clauses = dict.fromkeys(clause for case in own for clause in case.clauses)
    named = ", ".join(clauses)
    yield say("Shows {}.", named) if named else say("Shows no clause by itself.")
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
    head = (say("case"), *(entrant.title for entrant in entrants()))
    return table(head, [result_row(case) for case in own])


def result_row(case: Case) -> list[str]:
    return [told_apart(case.id), *(mark(entrant, case) for entrant in entrants())]


def mark(entrant: Entrant, case: Case) -> str:
    cell: Cell | None = entrant.of_case(case.id)
    return f"{MARKS[cell.verdict][0]} {say(cell.verdict)}" if cell else "–"
