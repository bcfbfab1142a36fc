"""The environment of a job's process: its parameters and identity, and none of our secrets."""

import os
import re
from pathlib import Path

from runall_reference.brain.records import Job

SECRETS = ("RUNALL_SECRET", "RUNALL_TOKEN", "PGPASSWORD")  # the last opens a PostgreSQL store
# By this variable a later start of the worker finds the processes of this one (see `orphans`).
MARKER = "RUNALL_RUN_OF"
RESERVED = ("JOB_", "RUNALL_")


def environment(job: Job, data: Path) -> dict[str, str]:
    """The daemon's environment without its secrets, plus the job's parameters and identity."""
    inherited = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return {**inherited, **variables(job), **identity(job), MARKER: marker(data, job.id)}


def marker(data: Path, job: str) -> str:
    return f"{data.resolve()}#{job}"


def identity(job: Job) -> dict[str, str]:
    """The job's identity as variables; JOB_NOW is in seconds since 1970."""
    return {
        "JOB_ID": job.id,
        "JOB_EVENT": job.event,
        "JOB_NOW": f"{job.now:.6f}".rstrip("0").rstrip("."),
        "JOB_SOURCE": job.source,
        "JOB_ATTEMPT": str(job.attempt),
        "JOB_ROOT": job.root,
        "JOB_PREDECESSOR": job.predecessor,
        "JOB_SLOT": "" if job.slot is None else str(job.slot),
    }


def variables(job: Job) -> dict[str, str]:
    """Each scalar parameter as a variable: `max-size` becomes MAX_SIZE, true becomes 1.

    The script itself is left out, and so are names that could pass for the job's identity.
    """
    scalars = {
        variable(name): str(int(value) if isinstance(value, bool) else value)
        for name, value in job.params.items()
        if isinstance(value, str | int | float) and name != "script"
    }
    return {name: value for name, value in scalars.items() if not name.startswith(RESERVED)}


def variable(name: str) -> str:
    plain = re.sub(r"[^A-Z0-9_]", "_", name.upper()) or "_"
    return f"_{plain}" if plain[0].isdigit() else plain
