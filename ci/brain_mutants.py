"""Makes a copy of the reference whose brains hold all the mutation tool's changes at once.

In the copy each function stands once as it is and once for each change. Which of them is called is
chosen in the process that judges, `ci/case_judge.py`. A change is known by its function and its
lines, and has the lines of its statement, so that only cases which come by there need to be run.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from difflib import ndiff
from importlib import import_module
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "runall_reference"
BRAIN = f"{PACKAGE}.brain"
SIMPLE = (ast.If, ast.For, ast.While, ast.With, ast.FunctionDef)


class BrainMutant(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `first` and `last` are the lines of its statement in the copied file."""

    name: str
    was: str
    now: str
    file: str
    first: int
    last: int

    @property
    def change(self) -> tuple[str, str]:
        return self.was, self.now

    @property
    def module(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def variant(self) -> str:
        """The name of the changed function in the copied module."""
        return self.name.rpartition(".")[2]

    @property
    def function(self) -> str:
        """The name of the unchanged function, as the copy mangles it, with its module."""
        return self.name.partition("__mutmut_")[0]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one change: `by` is the case that saw it, `clause` what that one named.

    `status` is a word of the mutation tool: killed, survived, no tests, timeout or suspicious.
    """

    name: str
    status: str
    by: str = ""
    clause: str = ""
    cases: int = 0
    seconds: float = 0.0


class Sample(NamedTuple):
    """So many of the changes, drawn by this seed; all of them if there are no more."""

    size: int
    seed: int

    def of(self, mutants: list[BrainMutant]) -> list[BrainMutant]:
        random = Random(self.seed)  # noqa: S311  no secret: the same draw each time
        drawn = random.sample(mutants, min(self.size, len(mutants)))
        return sorted(drawn, key=mutants.index)


def judged_by_cases(
    modules: Sequence[str], jobs: int, explore: float, sample: Sample | None = None
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """What the cases, and after them the explorer, say of each change of these modules.

    The second value has the lines of each change, before and after.
    """
    with TemporaryDirectory(prefix="runall-mutation-") as name:
        folder = Path(name)
        mutants = make_copy(folder / "src", modules)
        mutants = sample.of(mutants) if sample else mutants
        (folder / "mutants.json").write_bytes(msgspec.json.encode(mutants))
        judge = str(ROOT / "ci" / "case_judge.py")
        options = ["--jobs", str(jobs), "--explore", str(explore)]
        done = subprocess.run(
            [sys.executable, judge, name, *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src")},
            stdout=subprocess.PIPE,
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith(b"{")]
        judged = [msgspec.json.decode(line, type=Judged) for line in lines]
    found = {each.name: each for each in judged}
    results = {each.name: found[each.name].status for each in mutants if each.name in found}
    lost = {each.name: "not checked" for each in mutants if each.name not in found}
    return {**results, **lost}, {each.name: each.change for each in mutants}


def make_copy(folder: Path, modules: Iterable[str]) -> list[BrainMutant]:
    """Copy the kit into a folder as a wheel has it, with the changes of these modules."""
    copied, kit = folder / PACKAGE, folder / "runall_harness"
    shutil.copytree(ROOT / "reference" / PACKAGE, copied)
    shutil.copytree(ROOT / "harness" / "runall_harness", kit)
    shutil.copy2(ROOT / "reference" / "SPEC.md", copied)
    shutil.copytree(ROOT / "features", kit / "features")
    wanted = tuple(modules)
    mutants: list[BrainMutant] = []
    for path in sorted((copied / "brain").rglob("*.py")):
        name = ".".join(path.relative_to(copied / "brain").with_suffix("").parts)
        if any(f"{name}.".startswith(f"{module}.") for module in wanted):
            mutants += mutate(path, f"{BRAIN}.{name}")
    return mutants


def mutate(path: Path, module: str) -> list[BrainMutant]:
    """Write the changes of one module into its file."""
    tool = import_module("mutmut.mutation.file_mutation")  # only ci/mutation installs it
    made: Any = tool.mutate_file_contents(str(path), path.read_text("utf-8"))
    path.write_text(made.code, "utf-8")
    lines: list[str] = made.code.splitlines()
    spans: dict[str, Any] = made.line_span_by_function_name
    functions = {
        node.name: node for node in ast.walk(ast.parse(made.code)) if isinstance(node, SIMPLE[-1:])
    }
    found: list[BrainMutant] = []
    names: list[str] = made.mutant_names
    for name in names:
        variant = name.rpartition(".")[2]
        original = re.sub(r"_\d+$", "_orig", variant)
        before, after = (
            [line.replace(each, "f") for line in lines[spans[each].start - 1 : spans[each].end]]
            for each in (original, variant)
        )
        was, now, where = difference(before, after)
        begins: int = spans[original].start
        first, last = statement(functions[original], begins + where.start, begins + where.stop - 1)
        found.append(
            BrainMutant(
                name=f"{module}.{variant}", was=was, now=now, file=str(path), first=first, last=last
            )
        )
    return found


def difference(before: list[str], after: list[str]) -> tuple[str, str, range]:
    """The lines that differ, each side in one line, and which of those before it they were."""
    was: list[str] = []
    now: list[str] = []
    places: list[int] = []
    number = 0
    for line in ndiff(before, after):
        if line.startswith("+ "):
            now.append(line[2:].strip())
        elif line.startswith("- "):
            was.append(line[2:].strip())
            places.append(number)
        number += line[:2] in ("  ", "- ")
    where = range(min(places, default=0), max(places, default=0) + 1)
    return " ".join(was), " ".join(now), where


def statement(function: ast.AST, first: int, last: int) -> tuple[int, int]:
    """The lines of the smallest statement of a function that holds these lines."""
    assert isinstance(function, ast.FunctionDef)
    holding = [each for each in statements(function) if each[0] <= first and last <= each[1]]
    return min(holding, key=lambda lines: lines[1] - lines[0])


def statements(function: ast.FunctionDef) -> Iterator[tuple[int, int]]:
    """The lines of each statement in a function; of one with a body, those of its head."""
    for node in ast.walk(function):
        if isinstance(node, ast.stmt):
            end = node.end_lineno or node.lineno
            yield node.lineno, end
            if isinstance(node, SIMPLE) and node is not function:
                yield node.lineno, max(node.lineno, node.body[0].lineno - 1)
