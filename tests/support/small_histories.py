"""Small histories, line by line, for the tests of the checks."""

import re
from typing import Any, cast

import msgspec
from runall_harness.checks import CHECKS
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import (
    Answer,
    AnyLine,
    Call,
    Fault,
    Ledger,
    Meta,
    Owed,
    Seen,
    Start,
    Witnessed,
)
from runall_harness.evidence.views import JobView, LedgerView

ALL = frozenset(capability for check in CHECKS for capability in check.needs)


def meta(*capabilities: str, grace: float = 1.0) -> Meta:
    """The first line, of a system that declares these; all of them without any."""
    claimed = tuple(capabilities or sorted(ALL))
    return Meta(at=0, system="s", capabilities=claimed, grace=grace, timings={"prompt": 1.0})


def asked(number: int, at: float, verb: str, value: Any = None, **args: Any) -> list[AnyLine]:
    """A call, and a tenth of a second later its answer."""
    return [
        Call(at=at, number=number, verb=verb, args=args),
        Answer(at=at + 0.1, number=number, outcome="done", value=value),
    ]


def created(**fields: Any) -> list[AnyLine]:
    """The event `e`, with Run All on and no limit unless these fields say otherwise."""
    event = {"id": "e", "catch_up": True, "max_children": 0, **fields}
    return asked(1, 0, "create_event", event=event)


def ran(
    job: str, began: float, ended: float | None = None, how: str = "completed", **more: Any
) -> Witnessed:
    """An execution of a job of `e`, observed when it began, with its end if that is known."""
    claims = {"JOB_EVENT": "e", "JOB_ROOT": job.partition(".")[0], **more.pop("claims", {})}
    own: dict[str, Any] = {"id": f"x-{job}-{began:g}", "node": "w1", "claims": claims, **more}
    run = Execution(
        job=job,
        started_at=began,
        beat_at=ended or began,
        ended_at=ended,
        how=how if ended else "running",
        **own,
    )
    return Witnessed(at=began, execution=run)


def shown(at: float, job: str, state: str, **more: Any) -> Seen:
    """A job of `e` as the system shows it; with an end if its state is one, of that moment."""
    root, _, number = job.partition(".")
    again = int(number or 1)
    before = root if again == 2 else f"{root}.{again - 1}"
    own: dict[str, Any] = {"event": "e", "root": root, "attempt": again, "source": "somebody"}
    if again > 1:
        own |= {"cause": "interrupted", "predecessor": before}
    view = JobView(id=job, state=state, **{**own, **more})
    return Seen(at=at, job=ended(view, at) if view.final and not view.finalized_at else view)


def ended(view: JobView, at: float) -> JobView:
    """The same job, finalized then."""
    from msgspec.structs import replace

    return replace(view, finalized_at=at)


def fault(kind: str, at: float, node: str = "w1", *, proven: bool = True) -> Fault:
    """Something was broken or mended."""
    return Fault(at=at, proof=Proof(kind=kind, node=node, at=at, proven=proven, evidence="seen"))


def leads(node: str, at: float = 0) -> Start:
    """A primary was started."""
    return Start(at=at, node=node, role="primary")


def noted(at: float, job: str, decision: str = "rerun", **more: str) -> Ledger:
    """A line of the ledger, and why it is there."""
    fields = {"clause": "RA-8.1", "detail": "too often", **more}
    entry = LedgerView(
        number=1, at=at, event="e", job=job, root=job, what="restart", decision=decision, **fields
    )
    return Ledger(at=at, entries=(entry,))


def owed(what: Any, until: float, job: str = "", **more: Any) -> Owed:
    """What the system owes until then, from the first second on."""
    return Owed(at=1, what=what, until=until, job=job, **more)


# The times in a line, wherever they are.
TIMES = frozenset(
    {"at", "started_at", "beat_at", "ended_at", "finalized_at", "placed_at", "until", "since"}
)


def moved(lines: list[AnyLine], number: int, by: float) -> list[AnyLine]:
    """The same lines, so many seconds later, about jobs, events and servers of another name."""

    def name(word: str) -> str:
        return re.sub(r"^(x-)?([jew])(\d.*|$)", rf"\g<1>\g<2>{number}-\g<3>", word)

    def move(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            mapping = cast(dict[str, Any], value)
            return {word: move(one, word) for word, one in mapping.items()}
        if isinstance(value, list | tuple):
            return [move(one) for one in cast(list[Any], value)]
        if isinstance(value, str):
            return name(value)
        if key == "number" and isinstance(value, int):
            return value + 100 * number
        return value + by if key == "at" or (key in TIMES and value) else value

    return msgspec.convert([move(msgspec.to_builtins(line)) for line in lines], list[AnyLine])
