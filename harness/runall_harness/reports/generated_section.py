"""A page of the documentation of which a part is generated, between two marks.

Handwritten claims become wrong in time. So a part of the page is made from what the kit runs or
finds, a command brings it up to date, and a test fails if it differs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from runall_harness.contract.errors import KitCannotRun

END = "<!-- end of the generated part -->"


class GeneratedPart(NamedTuple):
    """A part: the name of its page, the mark that begins it, and what it holds, for messages."""

    page: str
    begin: str
    holds: str

    def renewed(self, text: str, part: str) -> str:
        """The page's text with that part in it, marks included. Raises `KitCannotRun` without."""
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(END)
        if not begin or not end:
            hint = f"put the lines {self.begin} and {END} where the {self.holds} belong"
            raise KitCannotRun(f"{self.page} has no place for its {self.holds}", hint)
        return f"{before}{part}{after}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; what would break it is replaced in its cells."""
    return "\n".join([line(head), f"|{'|'.join('---' for _ in head)}|", *map(line, rows)])


def line(cells: Sequence[str]) -> str:
    whole = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(whole)} |"


def write_anew(path: Path, new: str) -> bool:
    """Write a page if its text has changed, or is new; return whether it was written."""
    changed = not path.exists() or path.read_text("utf-8") != new
    if changed:
        path.write_text(new, "utf-8")
    return changed
