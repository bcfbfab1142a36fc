"""What the commands of the explorer share: display, reports, and where stories are kept."""

import hashlib
import sys
from collections.abc import Callable, Generator
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


def write_result(
    report: object, form: str, output: TextIO, print_for_people: "Callable[[Screen], None]"
) -> None:
    """Write a report as JSON, or have it printed: as wide as the terminal, or 160 columns."""
    from runall_harness.conformance.run_report import encode
    from runall_harness.reports.progress import Screen

    if form == "json":
        output.write(encode(report) + "\n")
    else:
        width = None if output.isatty() else 160
        print_for_people(Screen(file=output, highlight=False, width=width))


class SearchDisplay:
    """Shows on standard error how far a search is, and says at once what it breaks."""

    def __init__(self, progress: "Progress") -> None:
        self.progress = progress
        self.known: set[Key] = set()

    def show(self, done: float, words: str, broken: "dict[Key, str]") -> None:
        """Show how much is done; `broken` says for each violation where it was found first."""
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
