"""The names of runs: whatever a run makes carries its name."""

import secrets
from datetime import UTC, datetime


def share_of(run: str, hand: object) -> str:
    """The name under which one of the processes that share a run makes its nodes."""
    return f"{run}.{hand}"


def new_run_id() -> str:
    """A name for a run: when it began, and something of its own."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
