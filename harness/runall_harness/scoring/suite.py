"""Scores a foreign test suite: one test command, run against each mutant as real daemons.

The command is run against the unchanged reference first and last. A suite that fails there, or
hangs, says nothing by failing elsewhere, so it is not scored at all. In between a non-zero exit
status is a kill, whatever the reason: unlike a case of the kit, a foreign suite names no clause.
"""

import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from rich.table import Table

from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.interruptions import terminated_as_interrupted
from runall_harness.host.worker_pool import Channel, serve
from runall_harness.mutants.mutant import Mutant
from runall_harness.rigs.processes import process_tree
from runall_harness.rigs.run_names import new_run_id, share_of

from .mutant_cluster import mutant_cluster
from .score import new_table
from .trial import REFERENCE
from .trials import in_workers

# All processes of a suite carry this variable, and are ended with the suite.
SUITE_MARKER = "RUNALL_SUITE"
KILLED, SURVIVED, HUNG, ERROR = "killed", "survived", "hung", "error"
ALL_KILLED, NOT_ALL, UNFIT, CANNOT_RUN = 0, 1, 2, 3


class Suite(msgspec.Struct, frozen=True):
    """A test command and its words, the seconds it may take, the folder of all output, its run."""

    command: str
    words: list[str]
    timeout: float
    out: Path
    run: str


class SuiteResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the suite against one mutant, or the reference.

    `outcome`: killed (it failed), survived (it passed), hung, or error (the cluster did not start,
    so nothing is known). `code` is the suite's exit status, negative for a signal. `folder` has
    what the suite and the nodes printed.
    """

    name: str
    outcome: str
    code: int | None = None
    seconds: float = 0.0
    folder: str = ""
    why: str = ""

    @property
    def line(self) -> str:
        reference = self.name == REFERENCE
        words = {
            SURVIVED: "passed" if reference else "survived: the suite passed",
            KILLED: f"{'FAILED' if reference else 'killed'}, exit {self.code}",
            HUNG: "the suite hung, which is no kill",
            ERROR: f"the cluster did not start: {self.why}",
        }
        return f"{self.name}: {words[self.outcome]} ({self.seconds:.1f} s)"


class SuiteScore(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a suite: against the reference, and against each of the mutants."""

    suite: str
    reference: SuiteResult
    mutants: tuple[Mutant, ...]
    results: tuple[SuiteResult, ...] = ()

    @property
    def fit(self) -> bool:
        """Whether it passes on the unchanged reference; otherwise its failures mean nothing."""
        return self.reference.outcome == SURVIVED

    @property
    def word(self) -> str:
        """The score, as `7/26`."""
        killed = sum(result.outcome == KILLED for result in self.results)
        return f"{killed}/{len(self.mutants)}"

    @property
    def exit_code(self) -> int:
        """0 if it killed all of them; 2 if it is not fit to be scored."""
        outcomes = [self.reference.outcome, *(result.outcome for result in self.results)]
        if ERROR in outcomes:
            return CANNOT_RUN
        if not self.fit:
            return UNFIT
        return ALL_KILLED if outcomes.count(KILLED) == len(self.mutants) > 0 else NOT_ALL


def read_suite(command: str, timeout: float, out: Path | None) -> Suite:
    """Parse the command of a suite, without a shell. Raises `KitCannotRun` if it is empty."""
    try:
        words = shlex.split(command)
        if not words:
            raise ValueError("it is empty")
    except ValueError as error:
        hint = "name the command that runs your tests"
        raise KitCannotRun(f"--suite {command!r}: {error}", hint) from error
    run = new_run_id()
    return Suite(command, words, timeout, (out or Path("runall-out", run)).resolve(), run)


def score_suite(
    suite: Suite, mutants: Sequence[Mutant], jobs: int, on_result: Callable[[SuiteResult], None]
) -> SuiteScore:
    """Run the suite against the reference, if that passes against each mutant, and once again.

    A suite that fails on the reference after all was only lucky before, and what it killed says
    nothing.

    `jobs` clusters run at once; `on_result` is called with each result as it comes.
    """
    names = [REFERENCE, *(mutant.name for mutant in mutants)]
    results: dict[str, SuiteResult] = {}
    for tasks in (names[:1], names[1:], names[:1]):
        for result in in_workers(tasks, min(jobs, len(tasks)), serve_suite, suite):
            results[result.name] = result
            on_result(result)
        if results[REFERENCE].outcome != SURVIVED:
            break
    return SuiteScore(
        suite=suite.command,
        reference=results.pop(REFERENCE),
        mutants=tuple(mutants),
        results=tuple(results[name] for name in names if name in results),
    )


# ------------------------------------------------------------------ in the worker process
def serve_suite(channel: Channel, suite: Suite) -> None:
    # The environment of the suite holds this name, which does not show the mutant.
    run = share_of(suite.run, channel.number)
    with suppress(KeyboardInterrupt), terminated_as_interrupted():
        serve(channel, run_suite, suite, run)


def run_suite(suite: Suite, run: str, bug: str) -> SuiteResult:
    folder = suite.out / bug
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        with mutant_cluster(bug, run) as (control, environment):
            try:
                code = call(suite, {**environment, SUITE_MARKER: run}, folder / "output.txt")
            finally:
                for node in control.specs:
                    (folder / f"{node}.log").write_text(control.site.logs(node), "utf-8")
    except KitCannotRun as error:
        return SuiteResult(name=bug, outcome=ERROR, folder=str(folder), why=str(error))
    outcome = HUNG if code is None else KILLED if code else SURVIVED
    seconds = round(time.monotonic() - began, 3)
    return SuiteResult(name=bug, outcome=outcome, code=code, seconds=seconds, folder=str(folder))


def call(suite: Suite, environment: dict[str, str], output: Path) -> int | None:
    """Run the command; its exit status, or None if it did not end in time."""
    tree = process_tree.ProcessTree({SUITE_MARKER: environment[SUITE_MARKER]})
    with output.open("wb") as file:
        try:
            process = subprocess.Popen(
                suite.words,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            tree.add_session(process.pid)
            return process.wait(suite.timeout)
        except subprocess.TimeoutExpired:
            return None
        except OSError as error:
            hint = "name a program, with its options; for a shell line take sh -c '...'"
            raise KitCannotRun(f"the suite cannot be started: {error}", hint) from error
        finally:
            end(tree)


def end(tree: process_tree.ProcessTree) -> None:
    """End the suite and all that it started. Raises `KitCannotRun` if SIGKILL does not end it."""
    if alive := process_tree.kill(tree.freeze().all):
        pids = ", ".join(str(process.pid) for process in alive)
        raise KitCannotRun(f"SIGKILL did not end {pids} of the suite", "see what ps says of them")


def as_json(score: SuiteScore) -> dict[str, Any]:
    return {
        "suite": score.suite,
        "mutants": [
            {
                "name": result.name,
                "source": mutant.source,
                "clause": mutant.clause,
                "killed": result.outcome == KILLED,
                "outcome": result.outcome,
                "exit_status": result.code,
                "seconds": result.seconds,
                "output": result.folder,
            }
            for mutant, result in zip(score.mutants, score.results, strict=False)
        ],
        "score": score.word,
        "reference": "pass" if score.fit else score.reference.outcome.replace(KILLED, "fail"),
    }


def result_table(score: SuiteScore) -> Table:
    table = new_table(f"what {score.suite!r} kills", "mutant", "outcome", "seconds", "its bug")
    for mutant, result in zip(score.mutants, score.results, strict=True):
        table.add_row(result.name, result.outcome, f"{result.seconds:.1f}", mutant.story)
    return table
