"""What an event becomes in Celery: a message to a queue, with all that its job needs to know.

Both who sends jobs (the adapter by hand, beat by the clock) and who runs them (the task) speak of
the same message, so its shape is here, without any of Celery's own code.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, TypedDict

# Events that beat serves and that the adapter runs, as JSON by their ids; a hash in Redis.
EVENTS = "runall:events"
# When the schedule began, in real seconds; set by whoever asks first.
ORIGIN = "runall:origin"
# One program under two names: Celery's acknowledgement is a setting of a task, and an event with
# Run All off does not want its job again.
AGAIN, ONCE = "runall.job", "runall.job_once"
# A worker takes from the queue of its own name and from those of the patterns that it matches.
PATTERNS = {"*": "any-server", "worker-*": "any-worker"}
# From SIGTERM to SIGKILL for a job that is to end, in seconds.
GRACE = 3.0


class Order(TypedDict):
    """The arguments of the task: what to run, why, and how the attempts before it ended.

    `now` is the logical time in seconds, `before` one word for each attempt that has ended; a retry
    hands it on. `retries` and `retry_delay` are the event's, as they were when it was sent.
    """

    event: str
    params: dict[str, Any]
    source: str
    cause: str
    now: float
    retries: int
    retry_delay: float
    before: list[str]


def queue_of(target: str) -> str | None:
    """The queue for a target; None for a pattern that no worker takes from."""
    if target in PATTERNS:
        return PATTERNS[target]
    return target if target and not set(target) & set("*?[]") else None


def queues_of(node: str) -> list[str]:
    """The queues that a node takes from."""
    return [node, *(queue for pattern, queue in PATTERNS.items() if fnmatchcase(node, pattern))]


def order_of(event: Mapping[str, Any], params: Mapping[str, Any], **why: Any) -> Order:
    """The arguments of the task for an event as it is now."""
    return Order(
        event=event["id"],
        params={**event.get("params", {}), **params},
        source=why.get("source", ""),
        cause=why["cause"],
        now=why.get("now", 0.0),
        retries=event.get("retries", 0),
        retry_delay=event.get("retry_delay", 0.0),
        before=[],
    )


def options_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Celery's own options of a message: its queue, and the limits of its time in seconds.

    The soft limit ends the job; the hard one, which kills the process under it, is for a task that
    does not obey.
    """
    queue = queue_of(event.get("target", "*"))
    limit = event.get("timeout", 0.0)
    limits = {"soft_time_limit": limit, "time_limit": limit + 2 * GRACE} if limit else {}
    return {"queue": queue, **limits}


def task_of(event: Mapping[str, Any]) -> str:
    """The name of the task: with Run All off, the one that acknowledges before it starts."""
    return AGAIN if event.get("catch_up", False) else ONCE


def ended_before(order: Order, redelivered: bool) -> list[str]:
    """How each attempt before this delivery ended.

    Celery numbers the tries after a failure, and for a message that a worker did not acknowledge it
    has a flag: how often that happened it does not know.
    """
    return [*order["before"], *(["interrupted"] if redelivered else [])]


def attempt_id(root: str, number: int) -> str:
    """The kit's id of an attempt of a task, whose own id stays the same."""
    return root if number == 1 else f"{root}#{number}"
