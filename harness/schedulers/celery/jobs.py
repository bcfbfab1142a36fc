"""The Celery application: one task, which runs the script of a job with `sh`.

It is written as the author of such a task would: it ends its script when Celery wants the task to
end, hands retries to Celery, and reports nothing but what Celery asks for. Which promises are kept
when a server dies is decided by Celery's settings, which come from the file of the system.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from celery import Celery, Task
from celery.backends.redis import RedisBackend
from celery.exceptions import SoftTimeLimitExceeded

from orders import AGAIN, GRACE, ONCE, Order, attempt_id, ended_before

# States that Celery has no name for.
STOPPING = "STOPPING"
ENDED_AT = "runall_ended_at"
# Variables that a job must not get: the password of Redis above all.
OWN = ("RUNALL_REDIS", "RUNALL_MINUTE", "CELERY_SETTINGS", "PYTHONPATH")


class Results(RedisBackend):
    """Celery's results in Redis, with two fields that `result_extended` leaves out.

    Whether the message had been delivered before, and when the script had ended.
    """

    def _get_result_meta(  # the method that Celery extends results in; there is no public one
        self, result: Any, state: Any, traceback: Any, request: Any, *how: Any, **more: Any
    ) -> dict[str, Any]:
        meta = super()._get_result_meta(result, state, traceback, request, *how, **more)
        delivered = getattr(request, "delivery_info", None) or {}
        ended_at = getattr(request, ENDED_AT, None) or time.time()
        return meta | {"redelivered": bool(delivered.get("redelivered")), "at": ended_at}


URL = os.environ["RUNALL_REDIS"]
app = Celery("runall", broker=URL, backend=f"jobs:Results+{URL}")
app.conf.update(
    # Without these three nobody could tell which jobs run, where, and with what.
    task_track_started=True,
    result_extended=True,
    result_expires=None,
    # A worker may be there before Redis is.
    broker_connection_retry_on_startup=True,
    # How soon beat sees an event that was edited.
    beat_max_loop_interval=0.1,
    **json.loads(os.environ.get("CELERY_SETTINGS", "{}")),
)


class JobFailed(Exception):
    """The script ended with another exit status than 0."""


class Terminated(BaseException):
    """Celery ended the process of this task: a user revoked it, or a cold shutdown."""


@app.task(bind=True, name=AGAIN, max_retries=None)
def job(task: Task, **order: Any) -> None:
    """Run a job that is wanted again: it is acknowledged as the settings say."""
    perform(task, Order(**order))


@app.task(bind=True, name=ONCE, max_retries=None, acks_late=False)
def job_once(task: Task, **order: Any) -> None:
    """Run a job that is not wanted again: it is acknowledged before it starts."""
    perform(task, Order(**order))


def perform(task: Task, order: Order) -> None:
    """Run the script; where it fails, leave the next try to Celery."""
    request: Any = task.request
    before = ended_before(order, bool((request.delivery_info or {}).get("redelivered")))

    def stopping() -> None:
        """Store, as a state of our own, that the script is being stopped."""
        task.update_state(state=STOPPING, meta={})

    code = run(order["params"], job_variables(request.id, order, len(before) + 1), stopping)
    setattr(request, ENDED_AT, time.time())
    if code == 0:
        return
    failure = JobFailed(f"exit status {code}")
    if request.retries >= order["retries"]:
        raise failure
    again = {**order, "before": [*before, "failed"]}
    raise task.retry(kwargs=again, countdown=order["retry_delay"], exc=failure)


def job_variables(root: str, order: Order, attempt: int) -> dict[str, str]:
    """What a job knows about itself: its JOB_ variables."""
    return {
        "JOB_ID": attempt_id(root, attempt),
        "JOB_ROOT": root,
        "JOB_ATTEMPT": str(attempt),
        "JOB_EVENT": order["event"],
        "JOB_SOURCE": order["source"],
        "JOB_NOW": f"{order['now']:.6f}".rstrip("0").rstrip("."),
    }


def run(params: Mapping[str, Any], words: Mapping[str, str], stopping: Callable[[], None]) -> int:
    """Run a script to its end; its exit status, negative for a signal.

    Raises `SoftTimeLimitExceeded` after its time, once it has ended. On SIGTERM it ends
    the script, and then this process unless the script ended with success.
    """
    inherited = {name: text for name, text in os.environ.items() if name not in OWN}
    given = {name.upper(): str(value) for name, value in params.items() if name != "script"}
    command = ["sh", "-c", str(params.get("script", ""))]
    with heeding_sigterm():
        script = subprocess.Popen(
            command, env={**inherited, **given, **words}, stdin=subprocess.DEVNULL
        )
        try:
            return wait(script, stopping)
        except Terminated:
            # A script that ends with success in spite of SIGTERM has done its work.
            return end(script) and die()


def wait(script: subprocess.Popen[bytes], stopping: Callable[[], None]) -> int:
    """Wait for its end. Raises `SoftTimeLimitExceeded` when it had to be ended for its time."""
    try:
        return script.wait()
    except SoftTimeLimitExceeded:
        stopping()
        end(script)
        raise


@contextmanager
def heeding_sigterm() -> Generator[None]:
    """SIGTERM raises `Terminated` here, and is what it was before afterwards."""

    def heed(_number: int, _frame: object) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, heed)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end(script: subprocess.Popen[bytes]) -> int:
    """SIGTERM, and after the grace SIGKILL; its exit status, negative for a signal."""
    script.terminate()
    try:
        return script.wait(GRACE)
    except subprocess.TimeoutExpired:
        script.kill()
        return script.wait()


def die() -> NoReturn:
    """End this process of Celery's pool as the signal would have ended it at once."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
    raise SystemExit
