"""What Celery and Redis themselves say about jobs: their messages, and the results of tasks.

Celery has no list of its jobs. But a message lies in a queue until a worker takes it, then in the
hash `unacked` until that worker acknowledges it, and a task's state lies under a key of its own
from its start on. Nothing here is the adapter's own record.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from redis import Redis

from orders import AGAIN, ONCE, Order, ended_before

RESULTS = "celery-task-meta-"
UNACKED = "unacked"
# What Celery calls the states of a task, and the kit calls those of a job.
FINAL = {"SUCCESS": "succeeded", "FAILURE": "failed", "REVOKED": "aborted", "RETRY": "failed"}
LIVE = {"STARTED": "running", "STOPPING": "stopping"}
TIMED_OUT = {"SoftTimeLimitExceeded", "TimeLimitExceeded"}
LOST = {"WorkerLostError"}


class ShownAttempt(NamedTuple):
    """One attempt of a task, as a message or a result shows it.

    `before` says how the earlier ones ended, `at` when the state was stored (0: unknown), `words`
    what Celery itself says of it.
    """

    root: str
    order: Order
    before: tuple[str, ...]
    state: str
    node: str = ""
    at: float = 0.0
    words: str = ""

    @property
    def attempt(self) -> int:
        """The number of this attempt in its lineage, from 1."""
        return len(self.before) + 1


def shown_attempts(redis: "Redis", known: Mapping[str, Order]) -> Iterator[ShownAttempt]:
    """All that is to be seen now, messages first: a job leaves them for the results.

    `known` are the orders of tasks that were seen before, by their ids.
    """
    yield from messages(redis)
    names = list(redis.scan_iter(match=f"{RESULTS}*", count=1000))
    for text in cast("list[bytes | None]", redis.mget(names)) if names else ():
        if text is not None and (seen := result(json.loads(text), known)):
            yield seen


# ------------------------------------------------------------------ messages
def messages(redis: "Redis") -> Iterator[ShownAttempt]:
    """The jobs that wait in queues, and those that a worker has taken and not acknowledged."""
    for name in redis.scan_iter(_type="list"):
        for text in cast("list[bytes]", redis.lrange(name, 0, -1)):
            if seen := message(json.loads(text)):
                yield seen
    for text in cast("list[bytes]", redis.hvals(UNACKED)):
        raw, *_ = json.loads(text)
        if seen := message(raw, taken=True):
            yield seen


def message(raw: dict[str, Any], *, taken: bool = False) -> ShownAttempt | None:
    """The attempt that a message asks for; None for a message of another kind."""
    headers = raw.get("headers", {})
    if headers.get("task") not in (AGAIN, ONCE):
        return None
    _, order, _ = json.loads(base64.b64decode(raw["body"]))
    # A retry copies the flag of the headers; a worker goes by that of the delivery.
    redelivered = raw.get("properties", {}).get("delivery_info", {}).get("redelivered")
    before = ended_before(order, bool(redelivered))
    # One that is to be run later is taken early, and waits in the worker's memory.
    state = "starting" if taken and not headers.get("eta") else "waiting"
    return ShownAttempt(headers["id"], order, tuple(before), state)


# ------------------------------------------------------------------ results
def result(meta: dict[str, Any], known: Mapping[str, Order]) -> ShownAttempt | None:
    """The attempt that stored its state last; None for a result that belongs to no job.

    A worker that does not have a task which is revoked stores that, and knows only its id.
    """
    order = meta.get("kwargs") or known.get(meta["task_id"])
    if meta.get("name", AGAIN) not in (AGAIN, ONCE) or not order:
        return None
    state, words = state_of(meta)
    return ShownAttempt(
        root=meta["task_id"],
        order=order,
        before=tuple(ended_before(order, bool(meta.get("redelivered")))),
        state=state,
        node=(meta.get("worker") or "").partition("@")[0],
        at=meta.get("at", 0.0) if meta["status"] in FINAL else 0.0,
        words=words,
    )


def state_of(meta: dict[str, Any]) -> tuple[str, str]:
    """The state of a job, and Celery's own words for it."""
    status, stored = meta["status"], meta.get("result")
    if status in LIVE:
        return LIVE[status], status
    kind = stored.get("exc_type", "") if isinstance(stored, dict) else ""
    state = "timed_out" if kind in TIMED_OUT else "interrupted" if kind in LOST else FINAL[status]
    message = stored.get("exc_message", "") if isinstance(stored, dict) else ""
    return state, f"{status} {kind} {message}".strip()
