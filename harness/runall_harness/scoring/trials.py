"""Tries all mutants on all cores: one task for each mutant, and one for the unchanged reference.

Each process plants one bug at a time, so the tasks share nothing but their options.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from runall_harness.contract.cases import load_cases
from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.load import cores
from runall_harness.host.worker_pool import (
    Channel,
    Interrupted,
    WorkerGone,
    WorkerPool,
    interruptions_as_events,
    serve,
)
from runall_harness.mutants import by_name
from runall_harness.mutants.mutant import Mutant

from .collected_cases import CollectedCases, collect
from .trial import REFERENCE, Trial, try_collected, try_explorer, try_scenarios


class TrialOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a trial.

    `first` stops the scenarios at the first kill; without `every`, a dead mutant is tried by the
    cases of its own clauses only. `budget` is how long the explorer may look, in seconds, and
    `seed` where it begins. `out` keeps the traces of all cases, by mutant.
    """

    scenarios: bool = True
    explorer: bool = False
    first: bool = False
    every: bool = False
    budget: float = 30.0
    seed: int = 0
    out: Path | None = None


def try_mutant(
    mutant: Mutant | None, options: TrialOptions, collected: CollectedCases | None
) -> Trial:
    """Try one mutant; with `collected`, by the cases too."""
    name = mutant.name if mutant else REFERENCE
    trial = Trial(name=name)
    out = options.out / name if options.out else None
    real = mutant is not None and mutant.real
    if collected is not None and real:
        trial = try_scenarios(mutant, load_cases(), out=out)
    elif collected is not None:
        trial = try_collected(
            mutant,
            load_cases(),
            collected,
            first=options.first,
            every=options.every or mutant is None,
            out=out,
        )
    if options.explorer and not real:
        try_explorer(mutant, trial, budget=options.budget, seed=options.seed)
    return trial


def with_cases(options: TrialOptions, play: Callable[[CollectedCases | None], None]) -> None:
    """Play with the collected cases, if the options want any. Raises `KitCannotRun`."""
    if options.scenarios:
        collect(play)
    else:
        play(None)


def try_all(
    mutants: Sequence[Mutant],
    options: TrialOptions,
    jobs: int | None,
    on_trial: Callable[[Trial], None],
) -> list[Trial]:
    """Try the reference and these mutants; the reference's trial comes first.

    `on_trial` is called with each trial as it ends. With one job all is done in this process.
    """
    names = [REFERENCE, *(mutant.name for mutant in mutants)]
    size = min(jobs or cores(), len(names))
    trials: dict[str, Trial] = {}
    # Made here, so that it is removed even if the processes that write into it are killed.
    with tempfile.TemporaryDirectory(prefix="runall-") as folder:
        options = msgspec.structs.replace(options, out=options.out or Path(folder))

        def take_in(trial: Trial) -> None:
            trials[trial.name] = trial
            on_trial(trial)

        def try_here(collected: CollectedCases | None) -> None:
            for mutant in (None, *mutants):
                take_in(try_mutant(mutant, options, collected))

        if size == 1:
            with_cases(options, try_here)
        else:
            for trial in in_workers(names, size, serve_trials, options):
                take_in(trial)
    return [trials[name] for name in names]


def in_workers(
    names: Sequence[str], size: int, run: Callable[..., None], *arguments: Any
) -> Iterator[Any]:
    """The results for these mutants as they come, from worker processes that `run` a server.

    An interruption lets the workers remove what they made; a second one kills them.
    """
    with WorkerPool(size, run, *arguments) as pool, interruptions_as_events(pool):
        for events in pool.carry_out(names):
            for event in events:
                if isinstance(event, Interrupted):
                    end_workers(pool)
                    raise KeyboardInterrupt
                if isinstance(event, WorkerGone):
                    cause = f"the process that tried {event.worker.task} died: {event.why}"
                    raise KitCannotRun(cause, "look for what ended it, then try --jobs 1")
                yield event.message


def end_workers(pool: WorkerPool) -> None:
    """Send SIGTERM to all workers and wait until they end, or until another interruption."""
    for worker in pool.workers:
        worker.process.terminate()
    while pool.workers and not any(isinstance(event, Interrupted) for event in pool.events()):
        # A worker that ended its task by the signal asks for another one.
        pool.dismiss()


def serve_trials(channel: Channel, options: TrialOptions) -> None:
    """Try one mutant after the other, in a worker process that collects the cases once."""

    def play(collected: CollectedCases | None) -> None:
        def try_named(name: str) -> Trial:
            mutant = None if name == REFERENCE else by_name(name)
            return try_mutant(mutant, options, collected)

        serve(channel, try_named)

    with_cases(options, play)
