"""The primary's brain: input in; one atomic change of records, then actions, out."""

from .brain import Primary
from .standby import Standby

__all__ = ["Primary", "Standby"]
