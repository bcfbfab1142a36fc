"""The job that reports to the witness, and the events that start it."""

from datetime import UTC, datetime

SCRIPT = 'exec sh "$RUNALL_WITNESS/witness.sh"'


# A text that arrives only if parameters are passed on verbatim: no quoting or re-encoding keeps it.
NOTE = 'it\'s "quoted", on\ntwo lines, $HOME & 100 % – ä'

# So many minutes ahead an event is scheduled, so that it is known before it is due.
LEAD_SLOTS = 2
UNITS = ("minute", "hour", "day", "month", "year")


def exactly(slot: int) -> dict[str, list[int]]:
    """A timing that is due in one minute only; `slot` is minutes since the epoch."""
    moment = datetime.fromtimestamp(slot * 60, UTC)
    return {f"{unit}s": [getattr(moment, unit)] for unit in UNITS}
