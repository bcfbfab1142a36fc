"""The five messages between primary and workers.

A worker sends its whole inventory, on every change and every few seconds; the primary compares
it with its records and answers with what is missing or wrong. Reconciliation is level-triggered,
not edge-triggered, so a message that is lost, late or doubled is mended by the next one. No link is
trusted to keep messages in order: each says by `sent` which report it answers.
"""

import msgspec

from .records import Job


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a job's process, as its worker saw and committed it.

    `how` is exit, stopped, shutdown or fenced (see `records.Run`); `code` is the exit status,
    negative for a signal.
    """

    job: str
    code: int
    how: str
    ended_at: float


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag="beat"):
    """Worker to primary: all that this start of the worker runs, and what it could not deliver.

    `boot` names one start of the worker: a name that changes between two beats is the only proof
    that everything the earlier start ran is gone. `home` names its data folder, which has one
    daemon at a time. `sent` is the worker's own clock, seconds, and `outlives` how many seconds
    its jobs may go on after its last contact with a primary.
    """

    node: str
    boot: str
    sent: float
    running: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()
    draining: bool = False
    outlives: float = 0.0
    home: str = ""


class Ack(msgspec.Struct, frozen=True, kw_only=True, tag="ack"):
    """Primary to worker: your beat of `sent` arrived; the results in `done` are on my disk."""

    epoch: int
    sent: float
    done: tuple[str, ...] = ()


class Start(msgspec.Struct, frozen=True, kw_only=True, tag="start"):
    """Primary to worker: run this job. Void for another boot, or when `sent` is past the fence.

    `sent` echoes the last beat that the primary has, so that a Start which a cut link held up
    cannot begin a job that was declared dead meanwhile.
    """

    epoch: int
    boot: str
    sent: float
    job: Job


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag="stop"):
    """Primary to worker: end this job; it was aborted, is over its time, or is not mine."""

    epoch: int
    job: str
    reason: str


class Refuse(msgspec.Struct, frozen=True, kw_only=True, tag="refuse"):
    """Primary to worker: you get no work here, for this reason; ask again in a while."""

    epoch: int
    why: str


ToWorker = Ack | Start | Stop | Refuse
Message = Beat | Ack | Start | Stop | Refuse

encode = msgspec.json.Encoder().encode
decode_beat = msgspec.json.Decoder(Beat).decode
decode_order = msgspec.json.Decoder(Ack | Start | Stop | Refuse).decode
