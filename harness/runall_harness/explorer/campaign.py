"""A campaign: many seeds on all cores, and none is lost or counted twice.

A seed gives the same result wherever it is searched, and however often. So a seed that was lost
with its worker process is searched again, and a later campaign can go on with the next seed.
"""

import time
import traceback
from collections import Counter, deque
from collections.abc import Callable

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import CONFORMANT, INCONCLUSIVE, NOT_CONFORMANT
from runall_harness.host.worker_pool import (
    Event,
    WorkerGone,
    WorkerPool,
    WorkerReport,
    interruptions_as_events,
    serve,
)

from .budget import Budget
from .coverage import Pair
from .random_search import SeedPlan, SeedResult, search_seed
from .violations import Key, Violations, keys

# How long to wait for an event before looking at the clock, in seconds.
TICK = 0.5
# A seed at which workers died so often is taken for the cause.
LOSSES = 4
# How long a campaign waits for seeds that are under way when its time is up, in seconds.
LAST_WAIT = 30.0


class Totals(msgspec.Struct, kw_only=True):
    """The results of all seeds of a campaign, added up in whatever order they came.

    `broken` counts the seeds that broke something, by what they broke; of each, `violations` has
    the story with the fewest moves. `seconds` are those of the clock.
    """

    seeds: int = 0
    stories: int = 0
    acts: int = 0
    pairs: set[Pair] = msgspec.field(default_factory=set[Pair])
    exercised: Counter[str] = msgspec.field(default_factory=Counter[str])
    broken: Counter[Key] = msgspec.field(default_factory=Counter[Key])
    violations: Violations = msgspec.field(default_factory=Violations)
    seconds: float = 0.0

    def add(self, result: SeedResult) -> None:
        self.seeds += 1
        self.stories += result.stories
        self.acts += result.acts
        self.pairs.update(result.pairs)
        self.exercised.update(result.exercised)
        if result.found:
            self.broken.update(set(keys(result.found)))
            self.violations.note(result.found)

    @property
    def pace(self) -> float:
        """Stories a second, on all cores together."""
        return self.stories / self.seconds if self.seconds else 0.0

    @property
    def exit_code(self) -> int:
        """1 when something is broken, 2 when nothing was played or judged, else 0."""
        if self.broken:
            return NOT_CONFORMANT
        return CONFORMANT if self.stories and self.exercised.total() else INCONCLUSIVE


class Campaign:
    """Searches seeds, from the first one on, for as long as the budget and the user allow."""

    def __init__(self, plan: SeedPlan, budget: Budget, first: int = 1) -> None:
        self.plan, self.budget = plan, budget
        self.totals = Totals()
        self.interrupted = False
        self.next = first
        self.end = None if budget.seeds is None else first + budget.seeds
        self.queue: deque[int] = deque()
        self.under_way: set[int] = set()
        self.losses: Counter[int | None] = Counter()
        self.began = self.news = time.monotonic()

    def run(self, jobs: int, watch: Callable[[Totals], None] = lambda _: None) -> None:
        """Search, with so many workers. Raises `KitCannotRun` if a seed can't be searched.

        `watch` is called with the totals whenever there may be news.
        """
        self.began = self.news = time.monotonic()
        with (
            WorkerPool(jobs, serve, search_or_explain, self.plan) as pool,
            interruptions_as_events(pool),
        ):
            while (self.under_way or self.is_wanting()) and not self.is_over():
                while pool.idle and self.is_wanting():
                    self.give(pool)
                for event in pool.events(TICK):
                    self.take(event, pool)
                self.totals.seconds = time.monotonic() - self.began
                watch(self.totals)

    def give(self, pool: WorkerPool) -> None:
        seed = self.queue.popleft()
        self.under_way.add(seed)
        pool.give(seed)

    def is_wanting(self) -> bool:
        """Whether a seed is still to be begun; the next one is at the head of the queue then."""
        if not self.queue and (self.end is None or self.next < self.end):
            self.queue.append(self.next)
            self.next += 1
        return bool(self.queue) and not self.is_late()

    def is_late(self) -> bool:
        limit = self.budget.seconds
        return limit is not None and time.monotonic() - self.began >= limit

    def is_over(self) -> bool:
        """Whether the user wants an end, or the time is up and no result has come for long."""
        return self.interrupted or (self.is_late() and time.monotonic() - self.news >= LAST_WAIT)

    def take(self, event: Event, pool: WorkerPool) -> None:
        match event:
            case WorkerReport(_, KitCannotRun() as error):
                raise error
            case WorkerReport(_, SeedResult() as result):
                self.take_result(result)
            case WorkerGone():
                self.lose(event)
                pool.start()
            case _:
                self.interrupted = True

    def take_result(self, result: SeedResult) -> None:
        self.news = time.monotonic()
        self.under_way.remove(result.seed)
        self.totals.add(result)

    def lose(self, gone: WorkerGone) -> None:
        """Have the seed of a dead worker searched again. Raises `KitCannotRun` after `LOSSES`."""
        seed: int | None = gone.worker.task
        self.losses[seed] += 1
        if self.losses[seed] >= LOSSES:
            what = "the start of a worker" if seed is None else f"seed {seed}"
            raise KitCannotRun(
                f"{what} was lost {LOSSES} times; the last time, its process ended with {gone.why}",
                "see whether its processes run out of memory; to search one seed alone: "
                f"--from-seed {seed or 1} --budget 1-seed --jobs 1",
            )
        if seed in self.under_way:
            self.under_way.remove(seed)
            self.queue.append(seed)

    def first_left(self) -> int:
        """The first seed that has no result: where to go on after an interruption."""
        return min((*self.under_way, *self.queue, self.next))


# ------------------------------------------------------------------ in a worker process
def search_or_explain(plan: SeedPlan, seed: int) -> SeedResult:
    """Search a seed. Raises `KitCannotRun`, naming the seed, for whatever goes wrong."""
    try:
        return search_seed(seed, plan)
    except Exception as error:
        raise KitCannotRun(
            f"seed {seed} could not be searched: {traceback.format_exc()}",
            "this is a fault of the kit: report the seed and the lines above",
        ) from error
