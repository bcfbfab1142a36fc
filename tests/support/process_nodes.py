"""A small daemon as a process, for the tests of the processes rig."""

import json
import sys
from pathlib import Path
from typing import Any

import psutil
from runall_harness.evidence.facts import Execution
from runall_harness.rigs.base import NodeSpec, Site

LONG = 20.0


# Starts the jobs of JOBS, each an environment, and prints what it sees: a job that ends, SIGTERM.
DAEMON = """
import json, os, signal, subprocess, sys, threading
def say(*words): print(*words, flush=True)
def leave(*_): say("leaving"); os._exit(int(os.environ.get("LEAVES", "0")))
if os.environ.get("LEAVES") != "never": signal.signal(signal.SIGTERM, leave)
else: signal.signal(signal.SIGTERM, signal.SIG_IGN)
script = os.environ["RUNALL_WITNESS"] + "/witness.sh"
def run(job):
    command = job.pop("COMMAND", ["sh", script])
    group = {"process_group": 0} if job.pop("GROUP", "") else {"start_new_session": True}
    say("ended", subprocess.Popen(command, env={**os.environ, **job}, **group).wait())
for job in json.loads(os.environ["JOBS"]): threading.Thread(target=run, args=(job,)).start()
say("ready")
signal.pause()
"""


# A job that records how it notices its daemon's death: by the signal that it asked for in that
# event, or by the SIGHUP that the kernel sends to an orphaned process group.
OBSERVER = """
import ctypes, signal, sys
def note(what): open(sys.argv[1] + "." + what, "w").close()
signal.signal(signal.SIGHUP, lambda *_: note("hangup"))
signal.signal(signal.SIGUSR1, lambda *_: note("orphan"))
ctypes.CDLL(None).prctl(1, signal.SIGUSR1)  # PR_SET_PDEATHSIG
note("ready")
while True: signal.pause()
"""


def daemon(name: str = "alpha", *jobs: dict[str, Any], **env: str) -> NodeSpec:
    """A node that runs those jobs; without any, the witness job with the tag `t1`."""
    given = {"JOBS": json.dumps(jobs or [{"TAG": "t1"}]), **env}
    return NodeSpec(name=name, role="worker", command=(sys.executable, "-c", DAEMON), env=given)


def running(site: Site, count: int = 1) -> list[Execution]:
    """That many executions that run, awaited."""

    def enough() -> list[Execution] | None:
        found = [e for e in site.executions() if e.how == "running"]
        return found if len(found) >= count else None

    found = site.wait(enough, LONG)
    assert found is not None, [site.executions(), site.logs("alpha")]
    return found


def appears(site: Site, path: Path) -> None:
    assert site.wait(path.exists, LONG), f"{path.name} never came: {site.logs('alpha')}"


def marked(**markers: str) -> list[int]:
    """An independent look for live processes by variables of their environment."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if markers.items() <= process.environ().items() and process.status() != "zombie":
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found
