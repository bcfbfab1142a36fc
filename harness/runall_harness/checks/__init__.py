"""The checks: what a history proves about each guarantee, and by which lines.

They run after every scenario on every rig, over what the case left behind, whatever its steps
looked at, and over the history of any scheduler that somebody exports (`runall check`). A history
in which nothing ran, or nothing was interrupted, proves nothing.
"""

from .examine import examine, judge
from .findings import Broken, ClauseVerdict, Findings
from .registry import CHECKS

__all__ = ["CHECKS", "Broken", "ClauseVerdict", "Findings", "examine", "judge"]
