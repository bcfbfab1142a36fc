"""The time line of a history: who ran what, when, what failed, and what it came to.

`timeline_of` makes it from the lines of any history, and nothing else. The page draws it.
"""

from .accused import accused
from .make import timeline_of
from .model import HistoryTimeline, Measured

__all__ = ["HistoryTimeline", "Measured", "accused", "timeline_of"]
