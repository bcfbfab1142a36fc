"""A foreign test suite, as short as possible: it knows the API and its environment only.

It runs a job by hand with a parameter of its own, kills the job's server, starts it again, and
expects the job to be run again with that parameter. `python minimal_suite.py broken` expects what
no scheduler does, and `hangs` never ends.
"""

import json
import os
import subprocess
import sys
import threading
import time
from typing import Any

import httpx

API = httpx.Client(
    base_url=f"{os.environ['RUNALL_URL']}/v1/",
    headers={"Authorization": f"Bearer {os.environ['RUNALL_TOKEN']}"},
)
# A rerun is owed after two beats; the rest is for a busy machine.
PATIENCE = 2 * json.loads(os.environ["RUNALL_SETTINGS"])["heartbeat"] + 6.0
WAIT = f"echo $WHO >> {os.environ['RUNALL_FOLDER']}/told; sleep 60"


def call(path: str, body: Any = None) -> Any:
    """Ask the API: a GET, or a POST where there is a body."""
    answer = API.get(path) if body is None else API.post(path, json=body)
    return answer.raise_for_status().json()


def control(*words: str) -> None:
    """Have something done to a node."""
    subprocess.run([os.environ["RUNALL_CONTROL"], *words], check=True)


def running(attempt: int) -> dict[str, Any]:
    """The job, once that attempt of it runs. Fails when it does not for too long."""
    version, until = -1, time.monotonic() + PATIENCE
    while (left := until - time.monotonic()) > 0:
        for job in call("jobs"):
            if job["attempt"] == attempt and job["state"] == "running":
                return job
        version = call(f"changes?after={version}&wait={left}")["version"]
    raise AssertionError(f"attempt {attempt} never ran: {call('jobs')}")


def main(what: str) -> None:
    """Kill a worker and expect one rerun; `what` names another end of the suite."""
    if what == "hangs":
        threading.Event().wait()
    event = {
        "id": "e",
        "target": "worker-1",
        "catch_up": True,
        "params": {"script": WAIT, "who": "all"},
    }
    call("events", event)
    call("events/e/run", {"params": {"who": "me"}})
    first = running(attempt=1)
    control("kill", "worker-1")
    control("start", "worker-1")
    control("ready")
    again = running(attempt=2)
    assert again["params"]["who"] == "me", again
    assert again["predecessor"] == first["id"]
    assert what != "broken", "no scheduler is good enough"


main(*sys.argv[1:] or [""])
