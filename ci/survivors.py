"""Compares the mutation tool's survivors with their explanations; see `ci/mutation`.

The tool itself, mutmut, makes the mutants, runs the tests that reach each of them, and tells which
survived. What is here lays out a copy in the way that it wants, and compares the survivors with
tests/brain/survivors.toml: a change that no test notices has a reason there, in a sentence,
or is a gap.
A mutant is known by its function and by the lines before and after, so that an explanation ends
with the line that it is about.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, NoReturn

import click
import msgspec
from brain_mutants import Sample, judged_by_cases

ROOT = Path(__file__).resolve().parent.parent
EXPLANATIONS = ROOT / "tests" / "brain" / "survivors.toml"
# What the cases need not see: an implementation's own business.
OF_CASES = EXPLANATIONS.with_name("survivors_of_cases.toml")
PACKAGE = "runall_reference.brain"
PLACE = PACKAGE.replace(".", "/")
FOLDER = f"reference/{PLACE}"
# The tool knows a package by its place in `src`.
COPIED = {
    "reference": "src",
    "harness": "src",
    "tests": "tests",
    "pyproject.toml": "pyproject.toml",
}
ENDS = (".py", "/*")  # of the file of a module, and of those of a package
TESTS, TIMING_TESTS = "brain/*.py", "brain/timing/*.py"
KILLED = {"killed", "timeout", "segfault"}  # the last is a timeout that ignored its first signal
SURVIVED = {"survived", "no tests"}
NAME = re.compile(rf"{PACKAGE}\.([\w.]+)\.x(?:ǁ([^ǁ]+)ǁ|_)([^ǁ]+)__mutmut_\d+")
RESULT = re.compile(r"^ +(\S+__mutmut_\d+): (.+)$", re.MULTILINE)


class Change(NamedTuple):
    """One mutant for people: its function, and its lines before and after, each in one line."""

    function: str
    was: str
    now: str


Survivors = dict[str, Change]


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """The count of one module: killed by a test, explained, neither, and without a result."""

    name: str
    mutants: int
    killed: int
    explained: int
    unexplained: int
    unknown: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run says. `stale` are explanations of what is gone, or is killed by now."""

    modules: list[Module]
    score: str
    unexplained: list[Change]
    stale: list[Change]


# -------------------------------------------------------------------- what is explained
def read_explanations(text: str) -> dict[Change, str]:
    """Each explained mutant with its reason."""
    entries: list[dict[str, Any]] = tomllib.loads(text).get("explained", [])
    return {
        Change(entry["function"], was, now): entry["why"]
        for entry in entries
        for was, now in entry["mutants"]
    }


def explanations(page: Path) -> dict[Change, str]:
    return read_explanations(page.read_text("utf-8"))


def written(change: Change) -> str:
    """A mutant as an entry of the page, to be completed with a reason."""
    was, now = (msgspec.json.encode(line).decode() for line in (change.was, change.now))
    return (
        f'[[explained]]\nfunction = "{change.function}"\nwhy = ""\nmutants = [\n'
        f"    [{was}, {now}],\n]"
    )


# -------------------------------------------------------------------- what the tool says
def function_of(mutant: str) -> str:
    """The function of a mutant, as module.Class.name."""
    found = NAME.fullmatch(mutant)
    assert found, f"a mutant of an unknown form: {mutant}"
    return ".".join(part for part in found.groups() if part)


def change_of(mutant: str, shown: str) -> Change:
    """The mutant whose difference was shown, as `mutmut show` does."""
    lines = shown.split("\n@@", 1)[-1].splitlines()[1:]
    was, now = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return Change(function_of(mutant), was, now)


def judged(
    results: dict[str, str],
    survivors: Survivors,
    explained: Iterable[Change],
    also: Iterable[Change] = (),
) -> Outcome:
    """Compare what survived with what is explained, in the modules that were tried.

    What is explained `also` is explained to another judge, and is never stale here.
    """
    needed, found = set(explained), set(survivors.values())
    known = needed.union(also)
    counts: dict[str, Counter[str]] = {}
    for mutant, status in results.items():
        kind = "killed" if status in KILLED else "unknown"
        if status in SURVIVED:
            kind = "explained" if survivors[mutant] in known else "unexplained"
        counts.setdefault(module_of(mutant), Counter())[kind] += 1
    modules = [
        Module(
            name=name,
            mutants=count.total(),
            killed=count["killed"],
            explained=count["explained"],
            unexplained=count["unexplained"],
            unknown=count["unknown"],
        )
        for name, count in sorted(counts.items())
    ]
    tried = tuple(f"{module.name}." for module in modules)
    stale = [change for change in needed - found if change.function.startswith(tried)]
    killed, mutants = (sum(getattr(m, what) for m in modules) for what in ("killed", "mutants"))
    return Outcome(
        modules=modules,
        score=f"{killed}/{mutants}",
        unexplained=sorted(found - known),
        stale=sorted(stale),
    )


def module_of(mutant: str) -> str:
    """The module of a mutant, without the package."""
    found = NAME.fullmatch(mutant)
    assert found, f"a mutant of an unknown form: {mutant}"
    return found[1]


def exit_code(outcome: Outcome) -> int:
    """The code of the worst: nothing tried, a gap or a stale reason, a mutant without a result."""
    if not outcome.modules:
        return 3
    if outcome.unexplained or outcome.stale:
        return 1
    return 2 if any(module.unknown for module in outcome.modules) else 0


# -------------------------------------------------------------------- running it
def brains() -> list[str]:
    """The modules and packages of the brain, as they are called inside it."""
    room = ROOT / FOLDER
    names = {path.stem for path in room.iterdir() if path.suffix == ".py" or path.name == "primary"}
    return sorted(names - {"__init__"})


def git(*arguments: str) -> list[str]:
    """The lines that git prints about this checkout."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up(f"git says: {done.stderr.strip()}", "call this in a checkout, with a known commit")
    return done.stdout.splitlines()


def changed_since(commit: str) -> list[str]:
    """The brain's modules whose file differs from that commit."""
    paths = git("diff", "--name-only", "--diff-filter=d", commit, "--", FOLDER)
    names = [path[len(FOLDER) + 1 :].removesuffix(".py").replace("/", ".") for path in paths]
    return [name for name in names if any(f"{name}.".startswith(f"{b}.") for b in brains())]


def lay_out(folder: Path, modules: Sequence[str], tests: str) -> None:
    """Copy what the tool needs, in the layout that it wants, and say what it is to do."""
    for name in git("ls-files", "--cached", "--others", "--exclude-standard", "--", *COPIED):
        top, _, rest = name.partition("/")
        place = folder / COPIED[top] / rest
        if (ROOT / name).is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place)
    files = [f"src/{PLACE}/{name.replace('.', '/')}{end}" for name in modules for end in ENDS]
    asked = sorted(str(path.relative_to(folder)) for path in (folder / "tests").glob(tests))
    page = folder / "pyproject.toml"
    options = f"only_mutate = {files}\npytest_add_cli_args_test_selection = {asked}\n"
    table = "[tool.mutmut]\n"
    page.write_text(page.read_text("utf-8").replace(table, table + options), "utf-8")


def mutmut(folder: Path, *arguments: str) -> str:
    """What a command of the tool prints. Whatever ends this ends all the tool's processes too."""
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    tool = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said = tool.communicate()[0]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(tool.pid, signal.SIGKILL)
        tool.wait()
    if tool.returncode:
        click.echo("\n".join(said.replace("\r", "\n").splitlines()[-40:]), err=True)
        give_up("the mutation tool could not run", "read its lines above; do the tests pass?")
    return said


def tried(modules: Sequence[str], tests: str, jobs: int) -> tuple[dict[str, str], Survivors]:
    """The result of each mutant of some modules, and what the survivors change."""
    with TemporaryDirectory(prefix="runall-mutation-") as name:
        folder = Path(name)
        lay_out(folder, modules, tests)
        mutmut(folder, "run", "--max-children", str(jobs))
        results = dict(RESULT.findall(mutmut(folder, "results", "--all", "true")))
        survivors = {
            name: change_of(name, mutmut(folder, "show", name))
            for name, status in results.items()
            if status in SURVIVED
        }
    return results, survivors


def all_tried(modules: Sequence[str], jobs: int) -> tuple[dict[str, str], Survivors]:
    """The results of all modules, each tried with the tests that are about it."""
    results: dict[str, str] = {}
    survivors: Survivors = {}
    for asked in groups(modules):
        click.echo(f"Running the mutants of {', '.join(asked)}; a while", err=True)
        more = tried(asked, tests_of(asked[0]), jobs)
        results.update(more[0])
        survivors.update(more[1])
    return results, survivors


def outcome_by_cases(
    modules: Sequence[str], jobs: int, explore: float, sample: Sample | None
) -> Outcome:
    """Judge the mutants of some modules, or a sample of them, as a user of the kit would."""
    click.echo(f"Judging {', '.join(modules)} by the cases; a while", err=True)
    results, changes = judged_by_cases(modules, jobs, explore, sample)
    tried = {name: Change(function_of(name), *lines) for name, lines in changes.items()}
    alive = {name: tried[name] for name, status in results.items() if status in SURVIVED}
    # A sample leaves changes out, and their explanations are not stale for that.
    needed = set(explanations(OF_CASES))
    needed = needed.intersection(tried.values()) if sample else needed
    return judged(results, alive, needed, explanations(EXPLANATIONS))


def groups(modules: Sequence[str]) -> list[list[str]]:
    """The modules that are tried together; a module of the timing, which is slow, goes alone."""
    timed = [module for module in modules if tests_of(module) == TIMING_TESTS]
    rest = [module for module in modules if module not in timed]
    return [*([rest] if rest else []), *([module] for module in timed)]


def tests_of(module: str) -> str:
    """The tests about a module: quick ones, since thousands of mutants are tried."""
    return TIMING_TESTS if module in ("jumps", "timing") else TESTS


def give_up(cause: str, next_step: str) -> NoReturn:
    """Print why there is no result, and what to do; end with exit code 3."""
    click.echo(f"ci/mutation: {cause}\nWhat to do: {next_step}", err=True)
    sys.exit(3)


def check(modules: Sequence[str]) -> None:
    """Raise a usage error for what is no module of the brain."""
    for module in modules:
        place = ROOT / FOLDER / module.replace(".", "/")
        known = place.is_dir() or place.with_suffix(".py").is_file()
        if not known or not any(f"{module}.".startswith(f"{brain}.") for brain in brains()):
            raise click.UsageError(f"{module!r} is no module of the brain: {', '.join(brains())}")


def print_outcome(outcome: Outcome) -> None:
    """Print the outcome for people."""
    from rich.console import Console
    from rich.table import Table

    columns = ("mutants", "killed", "explained", "unexplained", "unknown")
    table = Table(title=f"killed: {outcome.score}", title_justify="left")
    table.add_column("module")
    for column in columns:
        table.add_column(column, justify="right")
    for module in outcome.modules:
        table.add_row(module.name, *(str(getattr(module, column)) for column in columns))
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    for change in outcome.unexplained:
        click.echo(f"\nNo test notices this. Kill it, or explain it:\n{written(change)}")
    for change in outcome.stale:
        click.echo(f"\nNothing needs this explanation any more, remove it:\n{written(change)}")


@click.command()
@click.argument("modules", nargs=-1)
@click.option("--since", metavar="COMMIT", help="The modules that differ from that commit.")
@click.option("--jobs", type=click.IntRange(1), help="How many processes; default: one a core.")
@click.option(
    "--judge",
    type=click.Choice(["tests", "cases"]),
    default="tests",
    help="Who is to notice: the tests of the brains, or the cases and the explorer.",
)
@click.option(
    "--explore",
    type=click.FloatRange(0),
    default=5.0,
    metavar="S",
    help="Seconds for the explorer, after the cases, with each change that they let live.",
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="With --judge cases: N of the changes, drawn at random.",
)
@click.option("--seed", type=int, default=0, help="The seed of that sample; default: 0.")
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty")
def main(
    modules: tuple[str, ...],
    since: str | None,
    jobs: int | None,
    judge: str,
    explore: float,
    sample: int | None,
    seed: int,
    form: str,
) -> None:
    """Run the tool, and compare the survivors with their explanations."""
    check(modules)
    if sample and judge != "cases":
        raise click.UsageError("--sample goes with --judge cases")
    chosen = [*modules, *(changed_since(since) if since else ())]
    if since and not chosen:
        click.echo(f"ci/mutation: no module of the brain differs from {since}", err=True)
        sys.exit(2)
    asked, processes = chosen or brains(), jobs or os.cpu_count() or 1
    if judge == "cases":
        drawn = Sample(sample, seed) if sample else None
        outcome = outcome_by_cases(asked, processes, explore, drawn)
    else:
        results, survivors = all_tried(asked, processes)
        outcome = judged(results, survivors, explanations(EXPLANATIONS))
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(outcome), indent=2))
    else:
        print_outcome(outcome)
    sys.exit(exit_code(outcome))


if __name__ == "__main__":
    # An end from outside is an interruption too: the copy goes, and the tool with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main.main(prog_name="ci/mutation", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(64)
    except click.Abort:
        sys.exit(130)
