"""The job that tells the witness what it does."""

from datetime import UTC, datetime

SCRIPT = 'exec sh "$RUNALL_WITNESS/witness.sh"'


# What no quoting, splitting or re-encoding survives unless parameters are carried verbatim.
NOTE = 'it\'s "quoted", on\ntwo lines, $HOME & 100 % – ä'


LEAD_SLOTS = 2


def exactly(slot: int) -> dict[str, list[int]]:
    """A timing object that is due in one minute of all time. Weekdays follow from the rest."""
    moment = datetime.fromtimestamp(slot * 60, UTC)
    return {
        "minutes": [moment.minute],
        "hours": [moment.hour],
        "days": [moment.day],
        "months": [moment.month],
        "years": [moment.year],
    }
