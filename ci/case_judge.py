"""Judges the changes of the brains by the cases, and what they leave alive by the explorer.

    python ci/case_judge.py FOLDER [--jobs N] [--explore SECONDS]

FOLDER has the copy that `ci/brain_mutants.py` made, and its list. The cases are collected once;
then each change is judged in a fork of this process, which has run nothing yet. One trace of the
unchanged brains is kept in FOLDER and tells which case runs which lines. A case that does not
come by the changed statement can't see the change and is left out; the one that killed changes
nearby comes first; the first kill is the last case. Each result is a line of JSON.
"""

import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from brain_mutants import BRAIN, BrainMutant, Judged

# The change that is made before the brains are imported, for what runs while they are.
EARLY = "RUNALL_EARLY_CHANGE"
UNCHANGED = "_mutmut_orig"
# A case may take this many times what it takes unchanged, and this many seconds more.
PATIENCE, MORE = 10.0, 3.0
# After so many changes it says how far it is.
TELL = 50
Tables = dict[str, dict[str, Callable[..., Any]]]
TABLES: Tables = {}
AT_IMPORT: set[str] = set()
Line = tuple[str, int]


class Traced(msgspec.Struct, kw_only=True):
    """The unchanged brains in each case: the lines that it came by, its seconds, and failures."""

    lines: dict[str, set[Line]] = {}
    seconds: dict[str, float] = {}
    red: dict[str, str] = {}


# ------------------------------------------------------------ which variant of a function is called
def choosing(
    table: dict[str, Callable[..., Any]], is_classmethod: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Stands in for the tool's own decorator, whose look into the environment is slow."""
    assert not is_classmethod, "no brain has a class method"

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        early = os.environ.get(EARLY, "").rpartition(".")

        @wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            chosen = UNCHANGED
            if early[0] == function.__module__ and early[2] in table:
                chosen = early[2]
            return table[chosen](*given, **named)

        @wraps(function)
        def first_call(*given: Any, **named: Any) -> Any:
            return table[UNCHANGED](*given, **named)

        TABLES[key_of(function)] = table
        return call if early[0] else first_call

    return decorate


def key_of(function: Callable[..., Any]) -> str:
    """The name of a function as the tool mangles it, with its module."""
    owner, _, name = function.__qualname__.rpartition(".")
    return f"{function.__module__}.x{f'ǁ{owner}ǁ' if owner else '_'}{name}"


def import_brains(folder: Path) -> None:
    """Import the copied brains, and note which functions ran while they were imported."""
    # Only ci/mutation installs the tool.
    trampoline: Any = import_module("mutmut.mutation.trampoline")
    trampoline.wrap_in_trampoline = choosing
    sys.path.insert(0, str(folder))
    ran: set[str] = set()

    def note(frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_name.endswith(UNCHANGED):
            ran.add(f"{frame.f_globals['__name__']}.{code.co_name.removesuffix('_' + UNCHANGED)}")

    sys.setprofile(note)
    import runall_reference.brain.primary
    import runall_reference.brain.worker

    sys.setprofile(None)
    assert Path(runall_reference.brain.primary.__file__ or "").is_relative_to(folder)
    assert runall_reference.brain.worker.__name__.startswith(BRAIN)
    AT_IMPORT.update(ran)


# ----------------------------------------------------------------------- running cases in a fork
class CaseJudge:
    """The plugin that runs the collected cases once for each change."""

    def __init__(
        self, mutants: Sequence[BrainMutant], jobs: int, explore: float, kept: Path
    ) -> None:
        self.mutants, self.jobs, self.explore, self.kept = mutants, jobs, explore, kept
        self.ended: Any = None
        self.judged = 0
        self.items: dict[str, pytest.Item] = {}
        self.kills: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.traced = Traced()

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_case_ended(self, result: Any) -> None:
        self.ended = result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from runall_harness.conformance.pytest_session import SESSION

        by_node = session.config.stash[SESSION].by_node
        self.items = {by_node[item].id: item for item in session.items}
        if not self.items:
            raise pytest.UsageError("no case was collected, so none can see a change")
        self.traced = self.read_trace()
        if self.traced.red:
            raise pytest.UsageError(f"the unchanged reference fails: {self.traced.red}")
        if EARLY in os.environ:
            [mutant] = [each for each in self.mutants if each.name == os.environ[EARLY]]
            report(self.judge(mutant))
            return True
        self.judge_all()
        return True

    def read_trace(self) -> Traced:
        """Trace the unchanged brains, once: a process for an early change reads what is there."""
        if not self.kept.exists():
            self.kept.write_bytes(in_fork(self.trace).result())
        return msgspec.msgpack.decode(self.kept.read_bytes(), type=Traced)

    def judge_all(self) -> None:
        """Judge all changes, several at once, and print each result as it comes."""
        running: dict[int, tuple[Fork, BrainMutant]] = {}
        try:
            self.deal_out(list(reversed(self.mutants)), running)
        finally:
            for fork, _ in running.values():
                os.kill(fork.process, signal.SIGKILL)

    def deal_out(
        self, waiting: list[BrainMutant], running: dict[int, tuple["Fork", BrainMutant]]
    ) -> None:
        """Keep as many forks at work as there may be, until all changes are judged."""
        while waiting or running:
            while waiting and len(running) < self.jobs:
                mutant = waiting.pop()
                run = partial(
                    self.judge_early if mutant.function in AT_IMPORT else self.judge, mutant
                )
                fork = in_fork(lambda run=run: msgspec.json.encode(run()))
                running[fork.pipe] = fork, mutant
            for pipe in select.select([*running], [], [])[0]:
                fork, mutant = running[pipe]
                if fork.read_more():
                    continue
                del running[pipe]
                self.take_in(mutant, fork.result())

    def take_in(self, mutant: BrainMutant, said: bytes) -> None:
        """Report a result, and remember the case that killed: it is likely to kill the next one."""
        # Without a word it did not end by a verdict: a defect of this judge, or a lack of memory.
        mute = Judged(name=mutant.name, status="suspicious")
        judged = msgspec.json.decode(said, type=Judged) if said else mute
        if judged.by in self.items:
            self.kills[mutant.function][judged.by] += 1
            self.kills[mutant.module][judged.by] += 1
            self.kills[""][judged.by] += 1
        report(judged)
        self.judged += 1
        if self.judged % TELL == 0:
            os.write(
                PLACES["progress"],
                f"{self.judged} of {len(self.mutants)} changes are judged\n".encode(),
            )

    # ------------------------------------------------------------------------------ in the fork
    def trace(self) -> bytes:
        """Run all cases with the unchanged brains, and see which lines each comes by."""
        files = {mutant.file for mutant in self.mutants}
        for case in self.items:
            lines: set[Line] = set()

            def note_line(frame: Any, event: str, _: Any, lines: set[Line] = lines) -> Any:
                if event == "line":
                    lines.add((frame.f_code.co_filename, frame.f_lineno))
                return note_line

            def note_call(frame: Any, _: str, __: Any, note: Any = note_line) -> Any:
                return note if frame.f_code.co_filename in files else None

            began = time.process_time()
            sys.settrace(note_call)
            self.run(case)
            sys.settrace(None)
            self.traced.lines[case] = lines
            self.traced.seconds[case] = time.process_time() - began
            if (verdict := self.ended.report.verdict.value) != "pass":
                self.traced.red[case] = f"{verdict}: {self.ended.report.message}"
        return msgspec.msgpack.encode(self.traced)

    def judge_early(self, mutant: BrainMutant) -> Judged:
        """Judge a change of what runs at the import of the brains, in a new process."""
        command = [sys.executable, *sys.argv]
        done = subprocess.run(
            command, env={**os.environ, EARLY: mutant.name}, capture_output=True, check=False
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith(b"{")]
        if not lines:  # the brains, or all cases, did not get as far as a verdict
            return Judged(name=mutant.name, status="killed", by="import")
        return msgspec.json.decode(lines[-1], type=Judged)

    def judge(self, mutant: BrainMutant) -> Judged:
        """Run the cases that come by the change, the likeliest first, up to the first kill."""
        table = TABLES[mutant.function]
        table[UNCHANGED] = table[mutant.variant]
        began, cases = time.process_time(), self.likeliest(mutant)
        said = partial(Judged, name=mutant.name)

        def seconds() -> float:
            return round(time.process_time() - began, 3)

        if not cases and not self.explore:
            return said(status="no tests")
        for number, case in enumerate(cases, 1):
            limit_time(self.traced.seconds[case] * PATIENCE + MORE, said(status="timeout", by=case))
            self.run(case)
            verdict = self.ended.report.verdict.value
            if verdict in ("fail", "error"):
                broken = self.ended.violation
                clause = broken.clause if broken else verdict
                return said(
                    status="killed", by=case, clause=clause, cases=number, seconds=seconds()
                )
        limit_time(600, said(status="timeout", by="explorer"))
        found = self.explored()
        return said(
            status="killed" if found else "survived",
            by="explorer" if found else "",
            clause=found,
            cases=len(cases),
            seconds=seconds(),
        )

    def likeliest(self, mutant: BrainMutant) -> list[str]:
        """The cases that come by the change, those that killed changes nearby first."""
        changed = {(mutant.file, line) for line in range(mutant.first, mutant.last + 1)}
        all_cases = mutant.function in AT_IMPORT
        reaching = [c for c in self.items if all_cases or changed & self.traced.lines[c]]
        places = (mutant.function, mutant.module, "")

        def unlikely(case: str) -> tuple[float, ...]:
            return (*(-self.kills[place][case] for place in places), self.traced.seconds[case])

        return sorted(reaching, key=unlikely)

    def run(self, case: str) -> None:
        """Run one case. A next one is named, so that the rig stays, which all of them share."""
        item = self.items[case]
        other = next(each for each in self.items.values() if each is not item)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=other)

    def explored(self) -> str:
        """The clause that the explorer finds broken, if it may look; empty if it finds none."""
        if not self.explore:
            return ""
        from runall_harness.explorer.hunt import hunt

        try:
            found = hunt(budget_s=self.explore)
        except Exception:  # noqa: BLE001  whatever a changed brain raises, it has crashed
            return "error"
        return found.clause if found else ""


class Fork:
    """A copy of this process that computes bytes, and the pipe on which they come."""

    def __init__(self, process: int, pipe: int) -> None:
        self.process, self.pipe, self.read = process, pipe, b""

    def read_more(self) -> bool:
        more = os.read(self.pipe, 1 << 20)
        self.read += more
        return bool(more)

    def result(self) -> bytes:
        while self.read_more():
            pass
        os.close(self.pipe)
        os.waitpid(self.process, 0)
        return self.read


# Where the verdict of a fork goes, and where results are printed. Whatever else is printed, by
# pytest or by a brain, is no result.
PLACES = {"answer": -1, "results": 1, "progress": 2}


def in_fork(compute: Callable[[], bytes]) -> Fork:
    """Compute something in a copy of this process."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return Fork(process, reading)
    PLACES["answer"] = writing
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(compute())
    except BaseException:  # noqa: BLE001  a fork must not go on as if it were its parent
        traceback.print_exc()
    finally:
        os._exit(0)


def limit_time(seconds: float, verdict: Judged) -> None:
    """Give that verdict and end, unless this is called again within that time of this process."""

    def give_up(*_: object) -> None:
        if PLACES["answer"] < 0:
            report(verdict)
        else:
            os.write(PLACES["answer"], msgspec.json.encode(verdict))
        os._exit(0)

    signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def report(judged: Judged) -> None:
    os.write(PLACES["results"], msgspec.json.encode(judged) + b"\n")


def call_pytest(judge: CaseJudge) -> int:
    from runall_harness.conformance.pytest_run import clean_environment, command_line
    from runall_harness.conformance.run import Order
    from runall_harness.contract.cases import load_cases

    words = command_line(Order(cases=load_cases(), rig="simulated"))
    with clean_environment():
        return int(pytest.main(words, plugins=[judge]))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--jobs", type=int, default=1)
@click.option("--explore", type=float, default=0.0)
def main(folder: Path, jobs: int, explore: float) -> None:
    """Judge all changes of that folder."""
    PLACES["results"], PLACES["progress"] = os.dup(1), os.dup(2)
    os.dup2(2, 1)
    mutants = msgspec.json.decode((folder / "mutants.json").read_bytes(), type=list[BrainMutant])
    import_brains(folder / "src")
    sys.exit(call_pytest(CaseJudge(mutants, jobs, explore, folder / "trace")))


if __name__ == "__main__":
    main()
