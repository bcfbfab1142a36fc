"""What a picture of a history needs. All times are seconds, counted from its zero.

`guilty` marks what the lines speak of that prove a broken clause. Fields with their usual value
are left out of the JSON, because a page holds hundreds of time lines.
"""

from typing import Literal

import msgspec

SpanKind = Literal["down", "daemon down", "frozen", "cut", "leads"]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all parts of a time line have."""

    guilty: bool = False


class Lane(Record, frozen=True, kw_only=True):
    """A node, in the order in which the history names them."""

    node: str
    role: str = ""


class Bar(Record, frozen=True, kw_only=True):
    """An execution on its node. `open`: the history ends while it runs.

    `again` says that it is not the first of its lineage.
    """

    id: str
    node: str
    job: str
    root: str
    since: float
    until: float
    how: str
    role: str = ""
    open: bool = False
    again: bool = False


class Span(Record, frozen=True, kw_only=True):
    """A state of a node for a while; `words` say how it came about."""

    node: str
    kind: SpanKind
    since: float
    until: float
    words: str = ""


class Shown(Record, frozen=True, kw_only=True):
    """A job for a while as the scheduler shows it; `state` is `limbo` while that is so.

    `latest` is when a limbo must have ended, if the system says how long one lasts.
    """

    root: str
    job: str
    state: str
    since: float
    until: float
    role: str = ""
    words: str = ""
    latest: float | None = None


class Incident(Record, frozen=True, kw_only=True):
    """A fault, or its end, with its proof."""

    kind: str
    node: str
    at: float
    proven: bool
    proof: str


class StepSpan(Record, frozen=True, kw_only=True):
    """A step of the case: its sentence, and from when to when it ran."""

    number: int
    text: str
    since: float
    until: float
    verdict: str = ""


class Due(Record, frozen=True, kw_only=True):
    """What the system owes, and by when."""

    what: str
    job: str
    since: float
    until: float
    clause: str = ""


class Recovery(Record, frozen=True, kw_only=True):
    """From the fault to the rerun: when it came, if it did, and by when it must have come."""

    since: float
    at: float | None = None
    until: float | None = None


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a report adds to a history: how long the recovery took, and may take, in seconds."""

    recovery_s: float | None = None
    deadline_s: float | None = None


class Knot(msgspec.Struct, frozen=True, array_like=True):
    """A point of the axis: a time, and its place from 0 to 1. `cut`: what follows is shortened."""

    at: float
    place: float
    cut: bool = False


class HistoryTimeline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The picture of one history. `zero` is its first fault, in seconds of the history's clock."""

    zero: float
    until: float
    sentence: str
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...] = ()
    spans: tuple[Span, ...] = ()
    shown: tuple[Shown, ...] = ()
    faults: tuple[Incident, ...] = ()
    steps: tuple[StepSpan, ...] = ()
    due: tuple[Due, ...] = ()
    recovery: Recovery | None = None
    axis: tuple[Knot, ...] = ()
