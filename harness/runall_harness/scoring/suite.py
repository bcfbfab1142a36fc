"""Somebody else's tests, scored: one test command, run against each mutant as real daemons.

The command is first run against the unchanged reference. A suite that fails there, or hangs, says
nothing by failing elsewhere, so it is not scored at all. After that a non-zero exit status is a
kill, whatever the reason: unlike a case of the kit, a foreign suite names no clause.
"""

import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from rich.table import Table

from runall_harness.contract.errors import KitCannotRun
from runall_harness.mutants.mutant import Mutant
from runall_harness.rigs.processes import process_tree
from runall_harness.rigs.run_names import new_run_id, share_of

from .mutant_cluster import Stage, cluster
from .trial import REFERENCE

# Whatever carries it is the suite's, and ends with it.
SUITE_MARKER = "RUNALL_SUITE"
KILLED, SURVIVED, HUNG, ERROR = "killed", "survived", "hung", "error"
ALL_KILLED, NOT_ALL, UNFIT, CANNOT_RUN = 0, 1, 2, 3


class Showing(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the suite against one mutant, or the reference.

    `outcome`: killed (it failed), survived (it passed), hung, or error (the cluster did not come
    up, so nothing is known). `code` is the suite's exit status, negative for a signal. `folder`
    has what the suite and the nodes printed.
    """

    name: str
    outcome: str
    code: int | None = None
    seconds: float = 0.0
    folder: str = ""
    why: str = ""


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What a suite is worth: how it did on the reference, and on each of the mutants."""

    suite: str
    reference: Showing
    mutants: tuple[Mutant, ...]
    showings: tuple[Showing, ...] = ()

    @property
    def fit(self) -> bool:
        """Whether it passes on the honest reference: only then its failures mean something."""
        return self.reference.outcome == SURVIVED

    @property
    def word(self) -> str:
        """The score, as `7/26`."""
        dead = sum(showing.outcome == KILLED for showing in self.showings)
        return f"{dead}/{len(self.mutants)}"

    @property
    def exit_code(self) -> int:
        """0 if it killed all of them; 2 if it is not fit to be scored."""
        outcomes = [self.reference.outcome, *(showing.outcome for showing in self.showings)]
        if ERROR in outcomes:
            return CANNOT_RUN
        if not self.fit:
            return UNFIT
        return ALL_KILLED if outcomes.count(KILLED) == len(self.mutants) > 0 else NOT_ALL


class Scoring:
    """Runs one suite again and again. `timeout` is seconds; `out` is where all output is kept."""

    def __init__(self, command: str, *, timeout: float, out: Path | None) -> None:
        self.command, self.timeout = command, timeout
        self.words = split(command)
        self.run = new_run_id()
        self.out = (out or Path("runall-out", self.run)).resolve()
        self.numbers = count(1)
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def score(
        self, mutants: Sequence[Mutant], jobs: int, heard: Callable[[Showing], None]
    ) -> Worth:
        """Run the suite against the reference and, if that passes, against each mutant."""
        reference = self.play(REFERENCE)
        heard(reference)
        worth = Worth(suite=self.command, reference=reference, mutants=tuple(mutants))
        if not worth.fit:
            return worth

        def play(mutant: Mutant) -> Showing:
            showing = self.play(mutant.name)
            if not self.stopped.is_set():
                heard(showing)
            return showing

        with ThreadPoolExecutor(jobs) as pool:
            try:
                showings = tuple(pool.map(play, mutants))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.stop()
                raise
        return msgspec.structs.replace(worth, showings=showings)

    def stop(self) -> None:
        """End every suite that runs; its cluster is then cleared away."""
        self.stopped.set()
        with self.lock:
            for process in self.running.values():
                process.kill()

    def play(self, bug: str) -> Showing:
        """Bring up a cluster with that bug, run the suite, and clear everything away."""
        folder = self.out / bug
        folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        # No name that would tell a suite what it is run against.
        share = share_of(self.run, next(self.numbers))
        try:
            with cluster(bug, share) as stage:
                try:
                    code = self.call(share, stage, folder / "output.txt")
                finally:
                    stage.save_logs(folder)
        except KitCannotRun as error:
            return Showing(name=bug, outcome=ERROR, folder=str(folder), why=str(error))
        outcome = HUNG if code is None else KILLED if code else SURVIVED
        seconds = round(time.monotonic() - began, 3)
        return Showing(name=bug, outcome=outcome, code=code, seconds=seconds, folder=str(folder))

    def call(self, share: str, stage: Stage, output: Path) -> int | None:
        """Run the command; its exit status, or None if it did not end in time."""
        family = process_tree.ProcessTree({SUITE_MARKER: share})
        # An interruption may come while the command is being started: its marks tell it then.
        with output.open("wb") as file:
            try:
                process = self.begin(share, stage, file)
                family.add_session(process.pid)
                return process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                return None
            finally:
                with self.lock:
                    begun = self.running.pop(share, None)
                end(family)
                if begun is not None:
                    begun.wait()

    def begin(self, share: str, stage: Stage, output: Any) -> subprocess.Popen[bytes]:
        """Start the command, in a session of its own. Raises `KitCannotRun` if there is none."""
        env = {**stage.environment, SUITE_MARKER: share}
        with self.lock:
            if self.stopped.is_set():
                raise KitCannotRun("interrupted", "run it again")
            try:
                self.running[share] = subprocess.Popen(
                    self.words,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                hint = "name a program, with its options; for a shell line take sh -c '...'"
                raise KitCannotRun(f"the suite cannot be started: {error}", hint) from error
            return self.running[share]


def end(family: process_tree.ProcessTree) -> None:
    """End the suite, and whatever it has started and left. Raises `KitCannotRun` if it can't."""
    if alive := process_tree.kill(family.freeze().all):
        pids = ", ".join(str(process.pid) for process in alive)
        raise KitCannotRun(f"SIGKILL did not end {pids} of the suite", "see what ps says of them")


def split(command: str) -> list[str]:
    """The words of a command line; no shell reads it. Raises `KitCannotRun`."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise KitCannotRun(f"--suite {command!r}: {error}", "see to its quotation marks") from error
    if not words:
        raise KitCannotRun("--suite is empty", "name the command that runs your tests")
    return words


# ------------------------------------------------------------------ what is told
def as_json(worth: Worth) -> dict[str, Any]:
    """The score of a suite, for programs."""
    mutants = {mutant.name: mutant for mutant in worth.mutants}
    return {
        "suite": worth.suite,
        "mutants": [
            {
                "name": showing.name,
                "source": mutants[showing.name].source,
                "clause": mutants[showing.name].clause,
                "killed": showing.outcome == KILLED,
                "outcome": showing.outcome,
                "exit_status": showing.code,
                "seconds": showing.seconds,
                "output": showing.folder,
            }
            for showing in worth.showings
        ],
        "score": worth.word,
        "reference": "pass" if worth.fit else worth.reference.outcome.replace(KILLED, "fail"),
    }


def told(showing: Showing) -> str:
    """A showing in a line."""
    passed = "passed" if showing.name == REFERENCE else "survived: the suite passed"
    words = {
        SURVIVED: passed,
        KILLED: f"{'FAILED' if showing.name == REFERENCE else 'killed'}, exit {showing.code}",
        HUNG: "the suite hung, which is no kill",
        ERROR: f"the cluster could not be had: {showing.why}",
    }
    return f"{showing.name}: {words[showing.outcome]} ({showing.seconds:.1f} s)"


def table(worth: Worth) -> Table:
    """What became of each mutant."""
    stories = {mutant.name: mutant.story for mutant in worth.mutants}
    table = Table(title=f"what {worth.suite!r} kills", title_justify="left")
    for column in ("mutant", "outcome", "seconds", "its bug"):
        table.add_column(column, overflow="fold")
    for showing in worth.showings:
        seconds = f"{showing.seconds:.1f}"
        table.add_row(showing.name, showing.outcome, seconds, stories[showing.name])
    return table
