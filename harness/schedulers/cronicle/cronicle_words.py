"""What Cronicle and the kit call the same thing: ids, parameters, refusals, and how a job ended.

Nothing here asks anybody: records come in, the kit's words go out, and the other way round.
"""

import re
from collections.abc import Mapping
from typing import Any

from runall_harness.adapter import JobView

SHEBANG = "#!/bin/sh\n"
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
REFUSALS = {
    "limit": r"already running|queue reached max",
    "no-server": r"find any servers|Server or Server Group not found|Target server is not",
    "unknown-event": r"locate event|Event not found",
}


def refusal(said: str) -> str:
    """The kit's word for a refusal that it knows; empty for others."""
    return next((code for code, words in REFUSALS.items() if re.search(words, said)), "")


def takes_work(shown: Mapping[str, Any]) -> bool:
    """Whether a server takes work: a worker has an uptime once it has reported to the primary."""
    return bool(shown.get("master") or (not shown.get("disabled") and shown.get("uptime")))


def encoded(event: str) -> str:
    """An event's id as Cronicle takes it: lower-case letters and digits, and `_` before a code."""
    return "".join(c if c in PLAIN else "_" + c.encode().hex() + "_" for c in event)


def decoded(event: str) -> str:
    """The id as the kit gave it."""
    return re.sub(r"_([0-9a-f]+)_", lambda found: bytes.fromhex(found[1]).decode(), event)


def parameter(name: str) -> dict[str, Any]:
    """A parameter as a plugin defines it. Where none is given, the job is given nothing."""
    return {"id": name, "title": name, "type": "text", "size": 20, "value": ""}


def written(name: str, value: str) -> str:
    """A parameter as Cronicle is to be given it, so that the job gets it to the letter.

    A script is a file that is run, so it says by what. In all others `$WORD` would be replaced;
    a backslash before it keeps it.
    """
    if name == "script":
        return value if value.startswith("#!") else SHEBANG + value
    return re.sub(r"\$(?=\w)", r"\\$", value, flags=re.ASCII)


def read(name: str, value: str) -> str:
    """The same parameter as the kit gave it."""
    if name == "script":
        return value.removeprefix(SHEBANG)
    return re.sub(r"\\\$(?=\w)", "$", value, flags=re.ASCII)


def view_of(job: Mapping[str, Any], *, over: bool = False, limbo: bool = False) -> JobView:
    """A job's record, live or stored, in the kit's words."""
    source = str(job.get("source") or "")
    params = {k: read(k, str(v)) for k, v in job.get("params", {}).items()}
    return JobView(
        id=job["id"],
        event=decoded(job["event"]),
        root=job["id"],
        attempt=1,
        state=end_of(job) if over else stage_of(job),
        node=job.get("hostname", ""),
        cause="manual" if source else "schedule",
        source=source,
        now=float(job.get("now") or 0),
        params={k: v for k, v in params.items() if v},
        limbo=limbo,
        placed_at=float(job.get("time_start") or 0),
        finalized_at=float(job.get("time_end") or 0) if over else 0.0,
        description=str(job.get("description") or ""),
    )


def stage_of(job: Mapping[str, Any]) -> str:
    """How far a job is that has not ended: its worker reports a process once there is one."""
    if job.get("abort_reason"):
        return "stopping"
    return "running" if job.get("pid") else "starting"


def end_of(job: Mapping[str, Any]) -> str:
    """How a job ended, by what is recorded of it."""
    if job["code"] == 0:
        return "succeeded"
    lost = str(job.get("description") or "").endswith("shut down unexpectedly.")
    reason = str(job.get("abort_reason") or "")
    if lost or reason == "Shutting down server":
        return "interrupted"
    if reason.startswith("Exceeded maximum run time"):
        return "timed_out"
    return "aborted" if reason.startswith("Manually aborted") else "failed"
