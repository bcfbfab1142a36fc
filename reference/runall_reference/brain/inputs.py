"""All that goes into a brain or comes out of it: inputs, and the actions that it asks for."""

from typing import Literal, NamedTuple

from .messages import Beat, Message, ToWorker
from .records import Event, Job, Params


class Boot(NamedTuple):
    """The node started. `boot` names this start and differs from that of every other.

    `home` names the data folder of a worker, which has one daemon at a time.
    """

    boot: str
    home: str = ""


class Tick(NamedTuple):
    """Time passed: the wake that the brain asked for is due."""


class Drain(NamedTuple):
    """The node got SIGTERM and has to end cleanly."""


class BeatReceived(NamedTuple):
    """A worker's inventory arrived."""

    beat: Beat


class WorkerDisconnected(NamedTuple):
    """The link to a worker closed. `boot` is the start of the worker that had opened it."""

    node: str
    boot: str


class ClockSet(NamedTuple):
    """The wall clock was set: it is now `skew` seconds ahead of the steady time of the inputs."""

    skew: float


class CreateEvent(NamedTuple):
    """A user creates an event."""

    event: Event


class UpdateEvent(NamedTuple):
    """A user edits an event: the named fields change, all others stay."""

    event: str
    fields: Params


class DeleteEvent(NamedTuple):
    """A user deletes an event."""

    event: str


class RunEvent(NamedTuple):
    """A person starts an event by hand; `params` override those of the event."""

    event: str
    params: Params
    source: str


class AbortJob(NamedTuple):
    """A user aborts a job and everything that would replace it."""

    job: str
    by: str


class Refused(Exception):
    """An order was refused, and nothing was changed. `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


Order = CreateEvent | UpdateEvent | DeleteEvent | RunEvent | AbortJob
PrimaryInput = Boot | Tick | Drain | BeatReceived | WorkerDisconnected | ClockSet | Order


class Connected(NamedTuple):
    """The link to a primary is open."""


class Disconnected(NamedTuple):
    """The link to the primary closed."""


class MessageReceived(NamedTuple):
    """A message of the primary arrived."""

    message: ToWorker


class Exited(NamedTuple):
    """A job's process ended; `code` is its exit status, negative for a signal."""

    job: str
    code: int


WorkerInput = Boot | Tick | Drain | Connected | Disconnected | MessageReceived | Exited


class Send(NamedTuple):
    """Send a message to a start of a node. Without a link it is lost, which does no harm."""

    node: str
    message: Message
    boot: str = ""


class Retire(NamedTuple):
    """The primary has drained: free the lease and end the daemon."""


class Spawn(NamedTuple):
    """Start this job's process, in a process group of its own."""

    job: Job


class Signal(NamedTuple):
    """Send a signal to a job's whole process group."""

    job: str
    signal: Literal["TERM", "KILL"]


class Leave(NamedTuple):
    """Close this link, for the reason given, and dial the next primary after `pause` seconds."""

    why: str
    pause: float = 0.0


class Halt(NamedTuple):
    """The worker has drained: end the daemon."""


WorkerAction = Send | Spawn | Signal | Leave | Halt
