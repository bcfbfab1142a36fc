"""The checks: what a history proves about each clause, and which lines prove it.

They run over the history of every case on every rig, and over the exported history of any
scheduler (`runall check`). A history in which nothing ran, or nothing was interrupted, proves
nothing.
"""

from .examine import ClauseVerdict, Findings, examine, judge
from .registry import CHECKS

__all__ = ["CHECKS", "ClauseVerdict", "Findings", "examine", "judge"]
