"""Celery behind the adapter protocol: its control commands, its messages, its results.

Celery has no events: they lie in Redis, where beat reads them, and become messages when somebody
runs them. A task keeps its id when it runs again, so the number of the attempt is written behind
it: from the tries that Celery counts, and from its flag for a message that came a second time. The
kit starts it with

    RUNALL_URLS    the address of the primary, http://HOST:PORT
    RUNALL_SECRET  the password of Redis
    RUNALL_MINUTE  how long a minute of the schedule lasts, in seconds
    CELERY_SETTINGS  Celery's own settings, as JSON
"""

import json
import os
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit

try:
    import celery
    from kombu.exceptions import OperationalError
    from redis import Redis
    from redis.exceptions import RedisError
except ImportError as error:
    sys.exit(f"Celery's adapter needs {error.name}: pip install 'runall-kit[celery]'")

from runall_harness.adapter import Adapter, JobView, Rejected, Unreachable

from orders import EVENTS, attempt_id, options_of, order_of, queue_of, task_of
from records import ShownAttempt, shown_attempts

# Why Celery can't honour a field of an event, by the name of the field.
FIELDS = {
    "max_children": "Celery limits how often a task starts on a worker, not how many run in all",
    "queue_max": "a queue of Celery takes any number of messages",
    "missed": "beat sends an entry that it missed once, whatever an entry would want",
    "missed_age": "beat_cron_starting_deadline is one for all entries",
    "rerun_age": "a message expires before its first start or not at all",
    "max_reruns": "a message that was not acknowledged is delivered again without end",
}
# How long an answer of Redis or of a worker may take, in seconds.
PATIENCE = 1.0
LOWEST = 1


class CeleryAdapter(Adapter):
    """A Celery application with Redis, answering questions."""

    name, version = "celery", celery.__version__
    cannot: ClassVar[Mapping[str, str]] = {
        "leader": "no node of Celery leads: beat runs where it was started",
        "event": "beat keeps when an entry ran last to itself",
        "owes": "Celery does not say what it would deliver again",
        "ledger": "it keeps none",
        **{f"event.{name}": reason for name, reason in FIELDS.items()},
    }

    def __init__(self, app: Any, redis: "Redis") -> None:
        super().__init__()
        self.app, self.redis = app, redis
        self.workers: set[str] = set()
        # What was seen of each task so far. A message is nowhere for a moment while it is taken.
        self.latest: dict[str, ShownAttempt] = {}
        self.ended: dict[str, ShownAttempt] = {}

    # ---------------------------------------------------------------- nodes
    def ready(self) -> list[str]:
        """The workers that answer; waiting ends when all that ever did have answered."""
        known = max(LOWEST, len(self.workers))
        with asking(self.app) as connection:
            said = self.app.control.ping(timeout=PATIENCE, limit=known, connection=connection)
        names = {name.partition("@")[0] for answer in said for name in answer}
        self.workers |= names
        return sorted(names)

    # ---------------------------------------------------------------- events
    def create_event(self, event: dict[str, Any]) -> None:
        """Write the event where beat reads it."""
        check(event)
        with answered():
            self.redis.hset(EVENTS, event["id"], json.dumps(event))

    def update_event(self, event: str, fields: dict[str, Any]) -> None:
        """Create the event anew, with these fields over its own."""
        self.create_event({**self.known(event), **fields})

    def delete_event(self, event: str) -> None:
        """Remove the event from beat; messages that were sent stay in their queues."""
        self.known(event)
        with answered():
            self.redis.hdel(EVENTS, event)

    def known(self, event: str) -> dict[str, Any]:
        """The event as it is now. Raises `Rejected` for one that is not there."""
        with answered():
            text: Any = self.redis.hget(EVENTS, event)
        if text is None:
            raise Rejected("unknown-event", f"there is no event {event}")
        return json.loads(text)

    # ---------------------------------------------------------------- jobs
    def run(self, event: str, params: dict[str, Any], source: str) -> str:
        """Send the event's message and return the task's id."""
        from clock import seconds

        found = self.known(event)
        with asking(self.app) as connection:
            order = order_of(found, params, cause="manual", source=source, now=seconds())
            sent = self.app.send_task(
                task_of(found),
                kwargs=dict(order),
                connection=connection,
                retry=False,
                **options_of(found),
            )
        self.latest.setdefault(sent.id, ShownAttempt(sent.id, order, (), "waiting"))
        return sent.id

    def abort(self, job: str) -> None:
        """Revoke the task, and end it where it runs. Workers remember that; Redis does not."""
        with asking(self.app) as connection:
            heard = self.app.control.revoke(
                job.partition("#")[0],
                terminate=True,
                signal="SIGTERM",
                reply=True,
                timeout=PATIENCE,
                limit=max(LOWEST, len(self.workers)),
                connection=connection,
            )
        if not heard:
            raise Unreachable("no worker said that it heard the revocation")

    def jobs(self) -> list[JobView]:
        """All attempts of all tasks."""
        with answered():
            known = {root: sight.order for root, sight in self.latest.items()}
            for seen in list(shown_attempts(self.redis, known)):
                self.see(seen)
        return [view for root in self.latest for view in self.attempts(root)]

    def see(self, seen: ShownAttempt) -> None:
        """Keep the most that was seen of a task: its latest attempt, and how earlier ones ended."""
        before = self.latest.get(seen.root)
        if before is None or seen.attempt >= before.attempt:
            self.latest[seen.root] = seen
        if seen.at:
            self.ended[attempt_id(seen.root, seen.attempt)] = seen

    def attempts(self, root: str) -> Iterator[JobView]:
        """The attempts of a task, the latest as Celery shows it."""
        latest = self.latest[root]
        for number, state in enumerate(latest.before, 1):
            past = self.ended.get(attempt_id(root, number))
            yield view_of(
                past
                or latest._replace(
                    before=latest.before[: number - 1], state=state, node="", at=0.0, words=""
                )
            )
        yield view_of(latest)

    def present_slot(self) -> int:
        """The running minute of beat's clock."""
        from clock import seconds

        with answered():
            return int(seconds() // 60)

    def reasons(self, root: str) -> str:
        """The state that Celery stored last, in its own words."""
        latest = self.latest.get(root)
        return latest.words if latest else ""

    def close(self) -> None:
        """Close the connections to Redis and the broker."""
        self.redis.close()


def check(event: Mapping[str, Any]) -> None:
    """Refuse an event that Celery can't serve. Raises `Rejected`."""
    if queue_of(event.get("target", "*")) is None:
        raise Rejected("bad-event", f"no worker takes from a queue for {event['target']}")


def view_of(seen: ShownAttempt) -> JobView:
    """An attempt in the kit's words."""
    order, number = seen.order, seen.attempt
    cause = {"failed": "retry"}.get(seen.before[-1], "interrupted") if seen.before else ""
    return JobView(
        id=attempt_id(seen.root, number),
        event=order["event"],
        root=seen.root,
        attempt=number,
        state=seen.state,
        node=seen.node,
        cause=cause or order["cause"],
        predecessor=attempt_id(seen.root, number - 1) if number > 1 else "",
        source=order["source"],
        now=order["now"],
        params=order["params"],
        finalized_at=seen.at,
        description=seen.words,
    )


# ------------------------------------------------------------------ connections
@contextmanager
def answered() -> Generator[None]:
    """Redis did not answer: what was asked for may have happened."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise Unreachable(f"Redis: {error}") from error


@contextmanager
def asking(app: Any) -> Generator[Any]:
    """A new connection to the broker, for one question: an old one may lead to a dead Redis."""
    try:
        with app.connection_for_write() as connection:
            yield connection
    except (OSError, RedisError, OperationalError, *app.connection().connection_errors) as error:
        raise Unreachable(f"the broker: {error}") from error


def main() -> None:
    """Answer questions about the cluster that the environment names."""
    names = ("RUNALL_URLS", "RUNALL_SECRET")
    if missing := [name for name in names if not os.environ.get(name)]:
        sys.exit(f"set {' and '.join(missing)}: see {__file__}")
    place = urlsplit(os.environ["RUNALL_URLS"].split()[0]).netloc
    os.environ["RUNALL_REDIS"] = url = f"redis://:{os.environ['RUNALL_SECRET']}@{place}/0"
    from jobs import app

    limits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    # Left alone, it tries for many seconds to connect; the kit asks again anyhow.
    once = {**limits, "max_retries": 0}
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, **once}
    CeleryAdapter(app, Redis.from_url(url, **limits)).serve()


if __name__ == "__main__":
    main()
