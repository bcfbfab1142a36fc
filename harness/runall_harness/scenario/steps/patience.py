"""How long a scene waits for what a system owes, and what it makes of one that is slow.

"Not within so many seconds" is one thing, "given up for good" another. A system that can say that
it has given up is believed. One that can't say may only be slow, on a machine that is busy: for it
a deadline is followed by an overtime. What comes in overtime proves neither that the promise was
kept in time nor that it was broken, so the case is inconclusive; what does not come even then is
a promise broken.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView

if TYPE_CHECKING:
    from .scene import Scene
    from .stage import Work

T = TypeVar("T")
SETTLE_MINUTES = 2
FAILED = ("failed", "timed_out")


class Wait:
    """One wait for something that a system owes, `within` so many seconds.

    `most` is all the time that may be waited, overtime included; seconds. `late` is by how much
    what came has missed the deadline; 0 for what came in time.
    """

    def __init__(self, scene: "Scene", within: float) -> None:
        self.cluster, self.within, self.late = scene.cluster, within, 0.0
        overtime = 0.0 if self.cluster.tells else max(within, scene.timings.slack)
        self.most = within + overtime

    def until(
        self, condition: Callable[[], T | None], *, hopeless: Callable[[], bool] = lambda: False
    ) -> T | None:
        """The condition's first true value; None if it does not come, not in overtime either.

        `hopeless` says at the deadline that nothing will come, so that nobody need wait on.
        """
        now = self.cluster.site.now
        due = now() + self.within
        value = self.cluster.wait(condition, self.within)
        if value or self.most <= self.within or hopeless():
            return value
        value = self.cluster.wait(condition, self.most - self.within)
        self.late = now() - due
        return value

    def require_timely(self, what: str) -> None:
        """What came proves nothing if it came in overtime. Raises `Inconclusive`."""
        if self.late:
            raise Inconclusive(
                f"{what} came {self.late:.1f} s late, after {self.within:g} s: slower than the "
                "system's own stated timings; the machine may be busy"
            )


def in_time(
    scene: "Scene", what: str, condition: Callable[[], T | None], within: float | None = None
) -> T | None:
    """What a system owes within so many seconds, by default the scene's deadline; or None.

    Raises `Inconclusive` for what comes in overtime.
    """
    wait = Wait(scene, scene.deadline if within is None else within)
    if value := wait.until(condition):
        wait.require_timely(what)
    return value


class Patience:
    """Looks for a rerun, and knows when the system itself has given up.

    Giving up is believed only when it is still so after some minutes of the schedule, because
    what is shown and what is owed are two answers, given at two moments.
    """

    def __init__(self, scene: "Scene", work: "Work") -> None:
        self.scene, self.work = scene, work
        self.since: float | None = None

    def look(self) -> list[Execution] | None:
        """The executions, once there are two, or once no second will come."""
        runs = self.scene.cluster.tagged(self.work.tag)
        return runs if len(runs) > 1 or self.given_up() else None

    def hopeless(self) -> bool:
        """Whether the system says now that no second will come, for however short a time."""
        return self.since is not None

    def given_up(self) -> bool:
        """Whether the first attempt is over and nothing is owed, for long enough."""
        now = self.scene.cluster.site.now()
        view = self.scene.over(self.work)
        if view is None or not self.denied(view):
            self.since = None
            return False
        self.since = now if self.since is None else self.since
        return now - self.since > SETTLE_MINUTES * self.scene.timings.minute

    def denied(self, view: JobView) -> bool:
        """Whether the system denies that it owes anything; where it can't say, a failure does."""
        owes = self.scene.cluster.api.owes(self.work.root)
        return owes is False or (owes is None and view.state in FAILED)
