"""The job that reports to the witness, and the events that start it."""

from datetime import UTC, datetime

SCRIPT = 'exec sh "$RUNALL_WITNESS/witness.sh"'


def script(word: str) -> str:
    """The script of a job that shows this word; without one, as in virtual time, the plain one."""
    return f"{SCRIPT} {word}" if word else SCRIPT


# This text arrives unchanged only if parameters are passed on without quoting or re-encoding.
NOTE = 'it\'s "quoted", on\ntwo lines, $HOME & 100 % – ä'

# An event is scheduled this many minutes ahead, so that it is known before it is due.
LEAD_SLOTS = 2
UNITS = ("minute", "hour", "day", "month", "year")


def exactly(slot: int) -> dict[str, list[int]]:
    """A timing that is due in one minute only; `slot` is minutes since the epoch."""
    moment = datetime.fromtimestamp(slot * 60, UTC)
    return {f"{unit}s": [getattr(moment, unit)] for unit in UNITS}
