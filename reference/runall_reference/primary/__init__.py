"""The primary's brain: input in; one atomic change of records, then actions, out."""

from .brain import Primary

__all__ = ["Primary"]
