"""What `explore` and its campaigns share: the progress display, and where stories are kept."""

import hashlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from runall_harness.explorer.story import Story
    from runall_harness.explorer.violations import Key
    from runall_harness.reports.progress import Progress, Screen


def keep(story: "Story", folder: Path) -> Path:
    """Save a story under a name that says what it breaks; the same one always has the same name."""
    import msgspec

    from runall_harness.contract.cases import slug

    digest = hashlib.sha256(msgspec.json.encode(story.script)).hexdigest()[:6]
    clause = story.broken[0].clause
    path = folder / f"{clause}-{slug(story.script.outline.name)}-{digest}.jsonl"
    story.save(path)
    return path


def screen_of(output: TextIO) -> "Screen":
    """A screen for people: as wide as the terminal, and wide enough for a log."""
    from runall_harness.reports.progress import Screen

    return Screen(file=output, highlight=False, width=None if output.isatty() else 160)


class SearchDisplay:
    """Shows on standard error how far a search is, and says at once what it breaks."""

    def __init__(self, progress: "Progress") -> None:
        self.progress = progress
        self.known: set[Key] = set()

    def show(self, done: float, words: str, broken: "dict[Key, str]") -> None:
        """So much is done; `broken` says for each violation where it was found first."""
        for key in sorted(broken.keys() - self.known):
            self.progress.say(f"{broken[key]} breaks {key[1]} ({key[0]})")
        self.known |= broken.keys()
        self.progress.show(done, words)


@contextmanager
def search_display(total: float) -> Generator[SearchDisplay]:
    """The display of a search, in whatever unit the total is."""
    from runall_harness.reports.progress import Progress, Screen

    with Progress(Screen(file=sys.stderr, highlight=False), total) as progress:
        yield SearchDisplay(progress)
