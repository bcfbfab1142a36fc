"""An exploration: the exhaustive search of many bounded worlds, on all cores of this machine.

A world is the unit of work, for plays of one world are merged with each other and with no others.
Each worker process plants the bug, if there is one, and reports how far it is.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.worker_pool import (
    Channel,
    Event,
    WorkerGone,
    WorkerPool,
    WorkerReport,
    serve,
)
from runall_harness.mutants import with_bug

from .search import Counts, Search
from .violations import Key, Violations
from .worlds import UNDER_NEMESIS, Outline

# How often a worker reports how far it is, in seconds.
OFTEN = 0.2


class Exploration(msgspec.Struct, frozen=True, kw_only=True):
    """What to explore: these worlds, with up to `depth` moves of these kinds in each play.

    `kinds` are those of `moves.KINDS`; without `everywhere`, the nemesis is only in those worlds in
    which it shows most for its time. `merge` plays only once what has become the same. `mutant`
    names the bug to plant, if any. `first` ends the exploration with the first violation.
    """

    outlines: tuple[Outline, ...]
    kinds: tuple[str, ...] = ("crash",)
    everywhere: bool = True
    depth: int = 1
    merge: bool = True
    mutant: str = ""
    first: bool = False
    jobs: int = 1

    def kinds_in(self, outline: Outline) -> tuple[str, ...]:
        hit = self.everywhere or outline.name in UNDER_NEMESIS
        return tuple(kind for kind in self.kinds if hit or kind != "nemesis")


class Explored(msgspec.Struct, kw_only=True):
    """The result of an exploration, or of one world of it.

    `worlds` are those that were searched to their end. `seconds` are those of the clock, while the
    seconds of `counts` are those that cores spent on the searches, added up.
    """

    counts: Counts = msgspec.field(default_factory=Counts)
    worlds: list[str] = []
    violations: Violations = msgspec.field(default_factory=Violations)
    seconds: float = 0.0

    def add(self, other: "Explored") -> None:
        self.counts.add(other.counts)
        self.worlds += other.worlds
        self.violations.merge(other.violations)


class SearchProgress(NamedTuple):
    """A worker reports how many schedules of a world were begun, or what it has just broken."""

    world: str
    schedules: int
    broken: Key | None = None


class Running(msgspec.Struct):
    """What workers have reported: schedules of worlds under way, and which world broke a clause."""

    schedules: Counter[str] = msgspec.field(default_factory=Counter[str])
    broken: dict[Key, str] = {}


Watch = Callable[[Explored, Running], None]


def explore(exploration: Exploration, watch: Watch = lambda _, __: None) -> Explored:
    """Search all its worlds; `watch` is called often, with what is done and what is under way.

    Raises `KitCannotRun` when a worker process dies.
    """
    began, total, running = time.monotonic(), Explored(), Running()
    size = min(exploration.jobs, len(exploration.outlines))
    with WorkerPool(size, search_worlds, exploration) as pool:
        for events in pool.carry_out(exploration.outlines, OFTEN):
            for event in events:
                take(event, total, running)
            total.seconds = time.monotonic() - began
            watch(total, running)
            if exploration.first and total.violations.found:
                break
    total.worlds.sort(key=[outline.name for outline in exploration.outlines].index)
    return total


def take(event: Event, total: Explored, running: Running) -> None:
    """Take in what happened to one worker. Raises `KitCannotRun` if it died."""
    match event:
        case WorkerReport(_, SearchProgress(world, schedules, broken)):
            running.schedules[world] = schedules
            if broken is not None:
                running.broken.setdefault(broken, world)
        case WorkerReport(_, Explored() as explored):
            total.add(explored)
            for world in explored.worlds:
                running.schedules.pop(world, None)
        case WorkerGone():
            cause = f"a process of the exploration died: {event.why}"
            hint = "look for what killed it (is there memory enough?), or try with fewer --jobs"
            raise KitCannotRun(cause, hint)
        case _:
            pass


# ------------------------------------------------------------------ in a worker process
def search_worlds(channel: Channel, exploration: Exploration) -> None:
    serve(channel, search_world, exploration, channel.send)


def search_world(
    exploration: Exploration, report: Callable[[SearchProgress], None], outline: Outline
) -> Explored:
    explored, began, reported = Explored(), time.process_time(), 0.0

    def now_and_then(counts: Counts) -> None:
        nonlocal reported
        if time.monotonic() - reported >= OFTEN:
            reported = time.monotonic()
            report(SearchProgress(outline.name, counts.schedules))

    search = Search(
        outline,
        exploration.kinds_in(outline),
        depth=exploration.depth,
        merge=exploration.merge,
        progress=now_and_then,
    )
    with with_bug(exploration.mutant):
        for found in search.run():
            for key in explored.violations.note(found):
                report(SearchProgress(outline.name, search.counts.schedules, key))
            if exploration.first:
                break
        else:
            explored.worlds.append(outline.name)
    explored.counts = search.counts
    explored.counts.seconds = time.process_time() - began
    return explored
