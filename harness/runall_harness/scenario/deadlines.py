"""How long a scenario waits for what a system owes, and how it judges a late arrival.

A system that says that it has given up a job is believed. A system that can't say so may only be
slow, on a busy machine, so its deadline is followed by overtime. What comes in overtime proves
neither that the promise was kept in time nor that it was broken, so the case is inconclusive. If it
does not come in overtime either, the promise is broken.
"""

from collections.abc import Callable
from typing import TypeVar

from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.views import JobView

from .cluster import Cluster, Condition

T = TypeVar("T")
# For how many minutes of the schedule a system must deny that it owes anything.
SETTLE_MINUTES = 2
FAILED = ("failed", "timed_out")


class Wait:
    """One wait for something that a system owes within `within` seconds.

    `most` is all the time that may be waited, overtime included; seconds. `late` is by how many
    seconds what came has missed the deadline; 0 for what came in time.
    """

    def __init__(self, cluster: Cluster, within: float) -> None:
        self.cluster, self.within, self.late = cluster, within, 0.0
        overtime = max(within, cluster.system.timings.slack)
        self.most = within + (0.0 if cluster.says_what_it_owes else overtime)

    def until(
        self, condition: Condition[T], *, hopeless: Callable[[], bool] = lambda: False
    ) -> T | None:
        """The condition's first true value; None if it does not come, not in overtime either.

        `hopeless` returns True at the deadline if nothing will come; then there is no overtime.
        """
        now = self.cluster.site.now
        due = now() + self.within
        value = self.cluster.site.wait(condition, self.within)
        if value or self.most <= self.within or hopeless():
            return value
        value = self.cluster.site.wait(condition, self.most - self.within)
        self.late = now() - due
        return value

    def timely(self, what: str, condition: Condition[T]) -> T | None:
        """The condition's first true value, or None. Raises `Inconclusive` if it comes late."""
        if value := self.until(condition):
            self.require_timely(what)
        return value

    def require_timely(self, what: str) -> None:
        """Raise `Inconclusive` if what came has come in overtime."""
        if self.late:
            raise Inconclusive(
                f"{what} came {self.late:.1f} s late, after {self.within:g} s: slower than the "
                "system's own stated timings; the machine may be busy"
            )


class GivingUp:
    """Whether the system has given up a job for good, by its own word.

    That is believed only if it is still so after some minutes of the schedule, because the shown
    state and the debt are two answers, given at two moments.
    """

    def __init__(self, cluster: Cluster, root: str) -> None:
        self.cluster, self.root = cluster, root
        self.since: float | None = None

    def look(self) -> bool:
        """Whether the first attempt is over and nothing is owed, for long enough."""
        now = self.cluster.site.now()
        if not self.denied(self.cluster.calls.job(self.root)):
            self.since = None
            return False
        self.since = now if self.since is None else self.since
        return now - self.since > SETTLE_MINUTES * self.cluster.system.timings.minute

    def begun(self) -> bool:
        """Whether the system denied at the last look that it owes anything."""
        return self.since is not None

    def denied(self, first: JobView | None) -> bool:
        """Whether the system denies a debt; if it can't say, a failed end counts as a denial."""
        if first is None or not first.final:
            return False
        owes = self.cluster.calls.ask(lambda api: api.owes(self.root), True)
        return owes is False or (owes is None and first.state in FAILED)
