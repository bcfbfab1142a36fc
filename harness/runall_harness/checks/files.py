"""Judges the history in a file, or in a stream, without ever holding it whole.

It is read once to judge it, and once more, where a clause was broken, to quote the lines that
prove it. A stream can't be read twice, so it is kept in a temporary file meanwhile.
"""

import gc
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from runall_harness.evidence.history import BadHistory, Meta, read

from .evaluation import Evaluation
from .examine import findings_of
from .report import HistoryReport, MalformedLine, report_history

# So many malformed lines are named; the others are counted.
NAMED = 100
# A stream is kept in memory up to this size, in bytes.
SPOOLED = 1 << 20


class Reading:
    """One history while it is read: its evaluation, and what of it could not be understood."""

    def __init__(self) -> None:
        self.evaluation = Evaluation()
        self.about: Meta | None = None
        self.malformed: list[MalformedLine] = []
        self.count = 0

    def skip(self, trouble: BadHistory) -> None:
        """Remember a malformed line; the numbers go on behind it."""
        self.evaluation.number += 1
        self.note(trouble)

    def note(self, trouble: BadHistory) -> None:
        """Name a malformed line, or count it where too many were named."""
        self.count += 1
        if len(self.malformed) < NAMED:
            self.malformed.append(MalformedLine(line=trouble.number, why=trouble.why))

    def read(self, raws: Iterable[bytes]) -> None:
        """Take in all lines."""
        for line in read(raws, bad=self.skip):
            try:
                self.evaluation.take(line)
            except BadHistory as trouble:
                self.note(trouble)
            if isinstance(line, Meta):
                self.about = self.about or line
        self.evaluation.finish()


def judge_file(
    name: str, file: IO[bytes], watch: Callable[[Iterable[bytes]], Iterable[bytes]] = iter
) -> HistoryReport:
    """The verdict on a file that can be read twice. `watch` sees the lines go by."""
    reading = Reading()
    with without_collector():
        reading.read(watch(file))
    found = findings_of(reading.evaluation)
    wanted = {number for broken in found.violations for number in broken.lines}
    file.seek(0)
    texts = dict(quote(file, wanted)) if wanted else {}
    return report_history(name, reading.about, found, reading.malformed, reading.count, texts)


@contextmanager
def without_collector() -> Generator[None]:
    """No search for garbage in cycles: lines make none, and it costs a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def judge_stream(
    name: str, stream: IO[bytes], watch: Callable[[Iterable[bytes]], Iterable[bytes]] = iter
) -> HistoryReport:
    """The verdict on a stream that can be read once."""
    with tempfile.SpooledTemporaryFile(SPOOLED, prefix="runall-check-") as kept:
        for raw in stream:
            kept.write(raw)
        kept.seek(0)
        return judge_file(name, kept, watch)


def quote(file: Iterable[bytes], wanted: set[int]) -> Iterator[tuple[int, str]]:
    """These lines of a file, by number."""
    last = max(wanted)
    for number, raw in enumerate(file, start=1):
        if number in wanted:
            yield number, raw.decode("utf-8", "replace").rstrip("\r\n")
        if number == last:
            return
