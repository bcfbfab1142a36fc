"""An exploration: the exhaustive search of many bounded worlds, on all cores of this machine.

A world is the unit of work, for plays of one world are merged with each other and with no others.
Each process plants the bug by itself, if there is one, and tells how far it is.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.child_process import serve_parent

from .search import Found, Search, Tally
from .shrink import shrink
from .story import Script, Story, script_of, tell_story
from .worlds import Outline

# How often the one who waits is told how far it is, in seconds.
OFTEN = 0.2


# A check, and the clause that it found broken.
Key = tuple[str, str]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to explore. `kinds` are those of `moves.KINDS`, `depth` is how many moves a story has.

    `merge` plays only once what has become the same. `mutant` names the bug to plant, if any.
    `first` ends the exploration with the first violation.
    """

    outlines: tuple[Outline, ...]
    kinds: tuple[str, ...] = ("crash",)
    depth: int = 1
    merge: bool = True
    mutant: str = ""
    first: bool = False
    jobs: int = 1


class Explored(msgspec.Struct, kw_only=True):
    """What came of it: the sum of all worlds, and what broke each clause first, by its check.

    `worlds` are those that were searched to their end. `seconds` are those of the clock, while
    the tally's are those that a core spent on the searches, added up.
    """

    tally: Tally = msgspec.field(default_factory=Tally)
    worlds: list[str] = []
    found: dict[Key, Found] = {}
    seconds: float = 0.0

    @property
    def clauses(self) -> set[Key]:
        """The checks that found something, and the clauses that they name."""
        return set(self.found)

    def rates(self) -> tuple[float, float]:
        """Schedules and distinct states for each second of one core."""
        seconds = self.tally.seconds or 1.0
        return self.tally.schedules / seconds, self.tally.states / seconds

    def add(self, other: "Explored") -> None:
        """Take in what was found in another world; of two stories the one with fewer moves."""
        self.tally.add(other.tally)
        self.worlds += other.worlds
        for key, found in other.found.items():
            known = self.found.get(key)
            if known is None or len(found.moves) < len(known.moves):
                self.found[key] = found

    def note(self, found: Found) -> list[Key]:
        """Take in a story, unless what it breaks is known; what is new of that."""
        new = [
            key
            for broken in found.broken
            if (key := (broken.check, broken.clause)) not in self.found
        ]
        self.found.update(dict.fromkeys(new, found))
        return new

    def stories(self, mutant: str) -> list[Story]:
        """The shortest stories of all that was found, each told once."""
        scripts: dict[str, Script] = {}
        told = list[Story]()
        for key in sorted(self.found, key=lambda key: len(self.found[key].moves)):
            if any(key in {(b.check, b.clause) for b in story.broken} for story in told):
                continue
            found = self.found[key]
            named = next(b for b in found.broken if (b.check, b.clause) == key)
            with script_of(found, mutant).planted():
                script = script_of(shrink(found, named), mutant)
            if scripts.setdefault(repr(script), script) is script:
                told.append(tell_story(script))
        return told


def unheard(*_: object) -> None:
    """Nobody wants to know."""


class Stopped(Exception):
    """Nobody waits for this search any more."""


# ------------------------------------------------------------------ in a process of the pool
class Desk:
    """What a process of the pool knows of the one that it works for."""

    def __init__(self, progress: Any, stop: Any) -> None:
        self.progress, self.stop = progress, stop
        self.told = 0.0

    def hear(self, name: str, tally: Tally) -> None:
        """Say now and then how far a search is. Raises `Stopped`."""
        now = time.monotonic()
        if now - self.told < OFTEN:
            return
        self.told = now
        if self.stop.is_set():
            raise Stopped
        self.progress.put((name, tally.schedules, None))

    def tell(self, name: str, tally: Tally, key: Key) -> None:
        """Say at once that a clause is broken."""
        self.progress.put((name, tally.schedules, key))


desk: Desk | None = None


def take_seat(progress: Any, stop: Any) -> None:
    """Begin to work in a process of the pool."""
    global desk
    serve_parent()
    desk = Desk(progress, stop)


def search_world(order: Order, outline: Outline) -> Explored:
    """Search one world to its end, or to the first violation if that is enough."""
    explored, began, name = Explored(), time.process_time(), outline.name
    hear = partial(desk.hear, name) if desk else unheard
    search = Search(outline, order.kinds, depth=order.depth, merge=order.merge, progress=hear)
    try:
        with Script(outline=outline, mutant=order.mutant).planted():
            for found in search.run():
                for key in explored.note(found):
                    if desk:
                        desk.tell(name, search.tally, key)
                if order.first:
                    break
            else:
                explored.worlds.append(outline.name)
    except Stopped:
        pass
    explored.tally = search.tally
    explored.tally.states = len(search.seen)
    explored.tally.seconds = time.process_time() - began
    return explored


# ------------------------------------------------------------------ in the one who waits
class Running(msgspec.Struct):
    """What is heard of searches that go on: schedules by world, and where each clause broke."""

    schedules: Counter[str] = msgspec.field(default_factory=Counter[str])
    broken: dict[Key, str] = {}

    def hear(self, name: str, schedules: int, key: Key | None) -> None:
        """Take in what one of them says."""
        self.schedules[name] = schedules
        if key is not None:
            self.broken.setdefault(key, name)


Progress = Callable[[Explored, Running], None]


def explore(order: Order, progress: Progress = unheard) -> Explored:
    """Search all worlds of an order.

    `progress` is told of what is done, and of what is heard of the searches that go on.
    Raises `KitCannotRun` when a process of the pool dies.
    """
    began, explored = time.monotonic(), Explored()
    for each, running in searched(order):
        if each is not None:
            explored.add(each)
        explored.seconds = time.monotonic() - began
        progress(explored, running)
    explored.worlds.sort(key=[outline.name for outline in order.outlines].index)
    return explored


def searched(order: Order) -> Iterator[tuple[Explored | None, Running]]:
    """Each world as its search ends, and in between how far the others are."""
    context = multiprocessing.get_context("spawn")
    heard, stop = context.Queue(), context.Event()
    jobs = min(order.jobs, len(order.outlines))
    pool = ProcessPoolExecutor(jobs, context, initializer=take_seat, initargs=(heard, stop))
    try:
        left = {pool.submit(search_world, order, outline) for outline in order.outlines}
        yield from gathered(order, left, heard, stop)
    except BrokenProcessPool as error:
        hint = "look for what killed it (is there memory enough?), or try with fewer --jobs"
        raise KitCannotRun(f"a process of the exploration died: {error}", hint) from error
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def gathered(
    order: Order, left: set[Future[Explored]], heard: Any, stop: Any
) -> Iterator[tuple[Explored | None, Running]]:
    """The results as they come; with `first`, none after that of a violation."""
    running = Running()
    while left:
        done, left = wait(left, OFTEN, FIRST_COMPLETED)
        while not heard.empty():
            running.hear(*heard.get())
        for future in done:
            explored = future.result()
            for name in explored.worlds:
                running.schedules.pop(name, None)
            yield explored, running
            if order.first and explored.found:
                stop.set()
                for other in left:
                    other.cancel()
                left = {other for other in left if not other.cancelled()}
        if not done:
            yield None, running
