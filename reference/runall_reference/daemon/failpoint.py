"""A failpoint: the point of a step at which a test lets a node crash.

The daemon reads one from a file and kills itself there; the simulated rig lets a node of virtual
time die there. Both count the points alike.
"""

import msgspec

from runall_reference.brain.record_set import Put, Step

from .turn import Where


class Failpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One point: the `count`-th time that a step gets there, from when the point was set.

    where: before a step's commit, after it and before its first action, or between its actions
    (and its reply): after `act` of them. A step that commits nothing has only points between
    actions.
    first: the counting begins with the first step that writes to that table; empty: at once.
    """

    where: Where
    count: int = 1
    act: int = 1
    first: str = ""


class Trigger:
    """Counts how often the point is reached, and fires once."""

    def __init__(self, point: Failpoint) -> None:
        self.point, self.left, self.counting = point, point.count, not point.first

    def fires(self, where: Where, step: Step, act: int = 0) -> bool:
        """Whether the node crashes here. To be called at every point of every step, in order."""
        point = self.point
        self.counting = self.counting or any(
            isinstance(write, Put) and write.record.table == point.first for write in step.change
        )
        here = act == point.act if where == "between" else bool(step.change)
        if self.counting and where == point.where and here:
            self.left -= 1
            return self.left == 0
        return False
