"""What one process of a campaign does: it searches a seed, and tells what came of it.

Everything goes in and out as plain text and numbers, so that it makes no difference whether the
process is a child of ours or one on another machine. What goes wrong is told too, not raised: an
exception would have to be understood by a process that may not have its class.
"""

import os
import socket
import threading
import time
import traceback

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.kit_fingerprint import this_kit

from ..seeds import SeedPlan, SeedResult, search_seed

# A search plants bugs in classes and listens to machines of the whole process, and a process of a
# cluster may have several threads.
ALONE = threading.Lock()


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a seed: its result, or why there is none.

    `result` is the canonical JSON of a `SeedResult`; empty where there is `trouble`, in words and
    with the next step. `by` names the process as host:pid, `seconds` is how long it took.
    """

    seed: int
    by: str
    seconds: float = 0.0
    result: str = ""
    trouble: str = ""
    hint: str = ""


def canonical(result: SeedResult) -> str:
    """A result as text that is the same for the same seed, always: without how long it took."""
    found = result.found and msgspec.structs.replace(result.found, seconds=0.0)
    bare = msgspec.structs.replace(result, seconds=0.0, found=found)
    return msgspec.json.encode(bare, order="deterministic").decode()


def this_process() -> str:
    """Which process this is, for people: host:pid."""
    return f"{socket.gethostname()}:{os.getpid()}"


def search_here(seed: int, plan: str, kit: str) -> bytes:
    """Search a seed; a `Reported` as JSON.

    `plan` is a `SeedPlan` as JSON. Another kit than `kit` refuses to search: its results could not
    be put beside those of the others.
    """
    began = time.monotonic()
    try:
        refuse_other(kit)
        with ALONE:
            result = search_seed(seed, msgspec.json.decode(plan, type=SeedPlan))
        told = Reported(seed=seed, by=this_process(), result=canonical(result))
    except KitCannotRun as error:
        told = Reported(seed=seed, by=this_process(), trouble=error.cause, hint=error.hint)
    except Exception:  # noqa: BLE001 - whatever it is, the campaign must hear of it, with the seed
        told = Reported(seed=seed, by=this_process(), trouble=traceback.format_exc())
    spent = time.monotonic() - began
    return msgspec.json.encode(msgspec.structs.replace(told, seconds=round(spent, 3)))


def refuse_other(kit: str) -> None:
    """Raises `KitCannotRun` if this process runs another kit than the campaign."""
    if (here := this_kit()) != kit:
        raise KitCannotRun(
            f"{this_process()} runs another kit: {here}; the campaign's is {kit}",
            "install the same kit and the same Python on every machine, and start its workers anew",
        )
