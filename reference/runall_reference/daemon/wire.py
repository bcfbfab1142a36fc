"""Which formats of the wire a daemon speaks, and how two releases agree on one (RA-13.1).

Each end names its formats when a link is made, and both take the newest that they have in common.
From format 2 on, a reader passes over fields that it does not know: one more field with a default
is no new format. A new format is what an earlier reader would misunderstand or can't read at all.
Format 1 was spoken before formats were named: its reader takes no field that it does not know in a
job, and no refusal. Whoever sends to it leaves these out.
"""

import re
from typing import NamedTuple

import msgspec

from runall_reference.brain.messages import Message, Refuse, Start, encode

HEADER = "Runall-Wire"
# The fields of a job in format 1.
FORMAT_1_JOB = (
    "id event root attempt cause now state predecessor reruns lost_at source slot catch_up params "
    "max_children retries retry_delay timeout target stop_reason created_at not_before node boot "
    "placed_at started_at finalized_at code description"
)
# In bytes: enough for a job whose parameters are as large as the API takes them.
LARGEST_MESSAGE = 4 * 1024 * 1024

# How a link is refused: by an HTTP status before it is open, else by a code as it is closed. The
# last is of the WebSocket protocol itself.
WRONG_SECRET, BACKUP, NO_COMMON_FORMAT = 403, 503, 426
MALFORMED, REFUSED, REPLACED, RESTART, TOO_LARGE = 4400, 4403, 4409, 1012, 1009
# The reason in a WebSocket's close has at most so many bytes.
LONGEST_REASON = 123


class Formats(NamedTuple):
    """The formats that one end speaks: these two, and all between them."""

    oldest: int
    newest: int

    def __str__(self) -> str:
        return str(self.newest) if self.oldest == self.newest else f"{self.oldest} to {self.newest}"

    def header(self) -> str:
        return f"{self.oldest}-{self.newest}"


SPOKEN = Formats(1, 2)
UNNAMED = Formats(1, 1)


class NoCommonFormat(Exception):
    """Two ends have no format in common. Its text has the cause and the next step."""


def named(header: str | None) -> Formats:
    """The formats that the other end names; one that names none is older than the names."""
    if header is None:
        return UNNAMED
    found = re.match(r"(\d{1,9})-(\d{1,9})", header)
    if not found:
        raise NoCommonFormat(f"the wire formats {header[:40]!r} can't be read; upgrade this end")
    return Formats(int(found[1]), int(found[2]))


def agreed(worker: Formats, primary: Formats) -> int:
    """The newest format that both ends speak. Raises `NoCommonFormat` if there is none."""
    newest = min(worker.newest, primary.newest)
    if newest >= max(worker.oldest, primary.oldest):
        return newest
    older = "worker" if worker.newest < primary.oldest else "primary"
    raise NoCommonFormat(
        f"no wire format in common: the worker speaks {worker}, the primary {primary}; "
        f"upgrade the {older}"
    )


def encoded(message: Message, spoken: int) -> bytes | None:
    """A message in that format; None where the format has none such."""
    if spoken > UNNAMED.newest or not isinstance(message, Start | Refuse):
        return encode(message)
    if isinstance(message, Refuse):
        return None
    order = msgspec.to_builtins(message)
    order["job"] = {name: order["job"][name] for name in FORMAT_1_JOB.split()}
    return msgspec.json.encode(order)


def short(reason: str) -> str:
    """A reason as the close of a WebSocket can hold it."""
    return reason.encode()[:LONGEST_REASON].decode(errors="ignore")
