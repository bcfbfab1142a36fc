"""The course of a campaign: seeds are handed out, their results stored, and lost ones redone."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import count, islice

from runall_harness.contract.errors import KitCannotRun

from .budget import Budget
from .searchers import Heard, Lost, Searchers
from .store import Store
from .totals import Totals
from .work import Reported

# How long to wait for news before looking at the clock, in seconds.
TICK = 0.5
# A process that dies over the same seed so often dies because of it.
LOSSES = 4
# After its time is up, a campaign waits so long for seeds that are under way, in seconds.
LAST_WAIT = 30.0


class Course:
    """One run of a campaign: from what is stored to what the budget asks for."""

    def __init__(
        self,
        store: Store,
        budget: Budget,
        first: int,
        watch: Callable[[Totals], None] = lambda _: None,
    ) -> None:
        """Take up what is stored. `watch` is called whenever there may be news.

        Raises:
            KitCannotRun: a stored result is not what was written.
        """
        self.store, self.budget, self.watch = store, budget, watch
        self.totals = Totals()
        self.stopped = False
        for result in store.results():
            self.totals.add(result, new=False)
        self.coming = self.seeds(store.seeds(), first)
        self.queue: deque[int] = deque()
        self.losses: Counter[int] = Counter()
        self.under_way: set[int] = set()
        self.began = self.news = time.monotonic()

    def seeds(self, stored: set[int], first: int) -> Iterator[int]:
        """The seeds to search: what is stored is not, but for the last one.

        A campaign that goes on holds itself to what it said before: that seed must have the same
        result again.
        """
        wanted = (
            count(first) if self.budget.seeds is None else range(first, first + self.budget.seeds)
        )
        new = (seed for seed in wanted if seed not in stored)
        seed = next(new, None)
        if seed is not None:
            again = [max(stored)] if stored else []
            yield from (*again, seed)
            yield from new

    def run(self, searchers: Searchers) -> Totals:
        """Search until the budget is used up. The searchers are closed then, also after an error.

        Raises:
            KitCannotRun: a seed can't be searched, has two results, or nobody searches any more.
        """
        self.began = self.news = time.monotonic()
        try:
            self.hand_out(searchers)
            while (self.under_way or self.is_wanting()) and not self.is_given_up():
                self.take(searchers.heard(TICK))
                self.hand_out(searchers)
        finally:
            searchers.close()
        return self.totals

    def stop(self) -> None:
        """End it soon, without waiting for what is under way; from a signal, for example."""
        self.stopped = True

    def hand_out(self, searchers: Searchers) -> None:
        """Begin as many seeds as there is room for."""
        for _ in range(searchers.room()):
            if not self.is_wanting():
                return
            seed = self.queue.popleft()
            self.under_way.add(seed)
            searchers.begin(seed)

    def is_wanting(self) -> bool:
        """Whether a seed is still to be begun; the next one is at the head of the queue then."""
        if not self.queue:
            self.queue.extend(islice(self.coming, 1))
        return bool(self.queue) and not self.is_over()

    def is_over(self) -> bool:
        """Whether the time that was given is used up."""
        limit = self.budget.seconds
        return limit is not None and time.monotonic() - self.began >= limit

    def is_given_up(self) -> bool:
        """Whether somebody stopped it, or its time is up and nothing has been heard for long."""
        return self.stopped or (self.is_over() and time.monotonic() - self.news >= LAST_WAIT)

    def take(self, heard: list[Heard]) -> None:
        """Store what was heard, and plan anew what was lost."""
        told = [each for each in heard if isinstance(each, Reported)]
        for result in self.store.put(each for each in told if not each.trouble):
            self.totals.add(result, new=True)
        self.under_way.difference_update(each.seed for each in heard)
        for each in heard:
            self.news = time.monotonic()
            if isinstance(each, Lost):
                self.lose(each)
            elif each.trouble:
                raise cannot_search(each)
        self.totals.seconds = time.monotonic() - self.began
        self.watch(self.totals)

    def lose(self, lost: Lost) -> None:
        """Have a lost seed searched again. Raises `KitCannotRun` after too many losses."""
        self.losses[lost.seed] += 1
        if self.losses[lost.seed] >= LOSSES:
            raise KitCannotRun(
                f"seed {lost.seed} was lost {LOSSES} times; the last time, {lost.why}",
                "see whether its processes run out of memory, or workers lack the kit; to search "
                f"it alone, in another folder: --from-seed {lost.seed} --budget 1-seeds --jobs 1",
            )
        self.queue.append(lost.seed)


def cannot_search(told: Reported) -> KitCannotRun:
    """The error for a seed that could not be searched."""
    return KitCannotRun(
        f"seed {told.seed} could not be searched, by {told.by}: {told.trouble}",
        told.hint or "this is a fault of the kit: report the seed and the lines above",
    )
