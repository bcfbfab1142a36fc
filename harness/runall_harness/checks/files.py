"""Judges the history in a file or a stream without holding all of it in memory.

A file is read once to judge it, and again, if a clause is broken, to quote the lines that prove
it. A stream cannot be read twice, so it is copied to a temporary file.
"""

import gc
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from runall_harness.evidence.history import BadHistory, Meta, read

from .evaluation import Evaluation
from .examine import findings_of
from .report import HistoryReport, MalformedLine, report_history

# Only this many malformed lines are listed; the others are only counted.
NAMED = 100
# A stream is kept in memory up to this size, in bytes.
SPOOLED = 1 << 20


class Reading:
    """One history while it is read: its evaluation, and its malformed lines."""

    def __init__(self) -> None:
        self.evaluation = Evaluation()
        self.about: Meta | None = None
        self.malformed: list[MalformedLine] = []
        self.count = 0

    def skip(self, trouble: BadHistory) -> None:
        """Note a malformed line; the numbers of later lines count it."""
        self.evaluation.number += 1
        self.note(trouble)

    def note(self, trouble: BadHistory) -> None:
        self.count += 1
        if len(self.malformed) < NAMED:
            self.malformed.append(MalformedLine(line=trouble.number, why=trouble.why))

    def read(self, raws: Iterable[bytes]) -> None:
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
    """The verdict on a file that can be read twice. `watch` passes its lines on."""
    reading = Reading()
    with without_collector():
        reading.read(watch(file))
    found = findings_of(reading.evaluation)
    wanted = {n for one in (*found.violations, *found.questions) for n in one.lines}
    file.seek(0)
    texts = dict(quote(file, wanted)) if wanted else {}
    samples, malformed = reading.evaluation.samples(), (reading.count, reading.malformed)
    return report_history(name, reading.about, found, malformed, texts, samples)


@contextmanager
def without_collector() -> Generator[None]:
    """Suspend the garbage collector: lines make no cycles, and it would take a fifth more time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def judge_stream(name: str, stream: IO[bytes]) -> HistoryReport:
    """The verdict on a stream that can be read only once."""
    with tempfile.SpooledTemporaryFile(SPOOLED, prefix="runall-check-") as kept:
        shutil.copyfileobj(stream, kept)
        kept.seek(0)
        return judge_file(name, kept)


def quote(file: Iterable[bytes], wanted: set[int]) -> Iterator[tuple[int, str]]:
    last = max(wanted)
    for number, raw in enumerate(file, start=1):
        if number in wanted:
            yield number, raw.decode("utf-8", "replace").rstrip("\r\n")
        if number == last:
            return
