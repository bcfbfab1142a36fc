"""All mutants, tried on all cores: one task for each mutant, and one for the honest reference.

Each process plants one lie at a time, so the tasks share nothing but what was asked for.
"""

import multiprocessing
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from runall_harness.contract.cases import load_cases
from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.child_process import serve_parent
from runall_harness.host.load import cores
from runall_harness.mutants import by_name
from runall_harness.mutants.mutant import Mutant

from .explorer_trial import try_explorer
from .trial import REFERENCE, Trial, try_scenarios


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a mutant is tried with.

    `first` stops the scenarios at its death. `budget` is how long the explorer may look, in
    seconds, and `seed` where it begins. `out` keeps the traces of all cases, by mutant.
    """

    scenarios: bool = True
    explorer: bool = False
    first: bool = False
    budget: float = 30.0
    seed: int = 0
    out: Path | None = None


def try_one(
    mutant: Mutant | None, asked: Asked, heard: Callable[[Trial], None] = lambda _: None
) -> Trial:
    """Try one mutant, or the reference, with all that was asked for."""
    name = mutant.name if mutant else REFERENCE
    trial = Trial(name=name)
    if asked.scenarios:
        out = asked.out / name if asked.out else None
        trial = try_scenarios(mutant, load_cases(), first=asked.first, out=out)
    if asked.explorer and not trial.troubles:
        try_explorer(mutant, trial, budget=asked.budget, seed=asked.seed)
    heard(trial)
    return trial


def try_named(name: str, asked: Asked) -> Trial:
    """The same, in a process that was told only the name."""
    return try_one(None if name == REFERENCE else by_name(name), asked)


def try_all(
    mutants: Sequence[Mutant], asked: Asked, jobs: int | None, heard: Callable[[Trial], None]
) -> list[Trial]:
    """Try the reference and these mutants; the reference's trial comes first.

    `heard` is told of each trial as it ends. With one job all is done in this process.
    """
    number = min(jobs or cores(), len(mutants) + 1)
    # Made here, so that it is removed whatever becomes of the processes that write into it.
    with tempfile.TemporaryDirectory(prefix="runall-") as folder:
        asked = msgspec.structs.replace(asked, out=asked.out or Path(folder))
        if number > 1:
            trials = try_beside_each_other([m.name for m in mutants], asked, number, heard)
        else:
            trials = map(partial(try_one, asked=asked, heard=heard), (None, *mutants))
        order = [REFERENCE, *(mutant.name for mutant in mutants)]
        return sorted(trials, key=lambda trial: order.index(trial.name))


def try_beside_each_other(
    names: Sequence[str], asked: Asked, jobs: int, heard: Callable[[Trial], None]
) -> Iterator[Trial]:
    """Try several at once, each in a process of its own, as they end."""
    # Not forked: the parent has threads that show how far everything is.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, initializer=serve_parent) as pool, ended(pool):
        futures = [pool.submit(try_named, name, asked) for name in (REFERENCE, *names)]
        try:
            for future in as_completed(futures):
                heard(future.result())
                yield future.result()
        except BrokenProcessPool as error:
            cause = "a process that tried a mutant died"
            raise KitCannotRun(cause, "look for what ended it, then try --jobs 1") from error


@contextmanager
def ended(pool: ProcessPoolExecutor) -> Generator[None]:
    """Leave no process at work when this one is interrupted. They have nothing to clear away."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.kill()
        raise
