"""The names of runs: everything that a run makes carries the run's name."""

import secrets
from datetime import UTC, datetime


def share_of(run: str, worker: object) -> str:
    """The name for the nodes of one worker process of a run."""
    return f"{run}.{worker}"


def new_run_id() -> str:
    """A name for a run: when it began (UTC), and a random suffix."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
