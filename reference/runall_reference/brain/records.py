"""The records: everything the reference scheduler remembers, and nothing else.

A brain never edits a record: it puts a new version of it, and all versions of one step are
committed together. What is not written here is forgotten when a process dies, and must therefore be
something that can be learned again.

Times are seconds since the epoch (float). A *slot* is a minute of the schedule, counted since the
epoch on the schedule's clock (int): slot 29 000 000 begins in second 1 740 000 000.
"""

from typing import Any, ClassVar, Literal

import msgspec

from .timing import Timing

Params = dict[str, Any]
Missed = Literal["all", "last", "none"]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all records share: a table for each kind, and a key in it, a format of the record."""

    table: ClassVar[str]
    key_form: ClassVar[str] = "{0.id}"

    @property
    def key(self) -> str:
        return self.key_form.format(self)


class Event(Record, frozen=True, kw_only=True):
    """What a user schedules: when it runs, where, and what becomes of it when a server dies.

    `target` is a node name or a shell-style pattern of node names (`worker-*`). `catch_up` is
    Run All. `timing` is None for an event that is only ever run by hand. `retry_delay` and
    `timeout` are seconds; a timeout of 0 means none, a `max_children` of 0 means no limit.
    `missed` is what becomes of slots that nobody served in their minute: all of them, the last
    one, or none are served later; unset, it is all with Run All on and none with it off.
    `missed_age` and `rerun_age` are the seconds after which a missed slot, or an interrupted job,
    is no longer worth running; `max_reruns` is how often servers may take one lineage down.
    0 means no bound. `queue_max` manual runs wait when the limit is reached; 0 refuses them.
    """

    id: str
    title: str = ""
    enabled: bool = True
    target: str = "*"
    timing: Timing | None = None
    timezone: str = "UTC"
    catch_up: bool = False
    params: Params = {}
    max_children: int = 1
    retries: int = 0
    retry_delay: float = 0.0
    timeout: float = 0.0
    missed: Missed | None = None
    missed_age: float = 0.0
    rerun_age: float = 86_400.0
    max_reruns: int = 5
    queue_max: int = 0

    table: ClassVar[str] = "events"


class Cursor(Record, frozen=True, kw_only=True):
    """How far the schedule of one event has been served: every due slot up to `slot`.

    A record of its own, because an edit of the event must not move it (RA-5.3).
    """

    table: ClassVar[str] = "cursors"
    key_form: ClassVar[str] = "{0.event}"

    event: str
    slot: int


class PastTiming(Record, frozen=True, kw_only=True):
    """The timing that an event had up to `until`, kept while a slot of it may be owed (RA-5.14)."""

    table: ClassVar[str] = "timings"
    key_form: ClassVar[str] = "{0.event}@{0.until}"

    event: str
    until: int
    timing: Timing | None
    timezone: str


class Job(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One execution of an event: an attempt of a lineage.

    `state` is a state of `machines.JOB`. `root` is the first attempt's id, shared by all
    attempts; `predecessor` the attempt that this one replaces; `cause` why it exists (manual,
    schedule, interrupted, retry). `now` is the logical time in seconds that the execution stands
    for: its slot for a scheduled job, the time of the call for a manual one. `source` is who
    asked, empty for the clock. `reruns` counts the interruptions of the lineage so far, and
    `lost_at` is when the attempt that this one replaces was last known to be alive (0: it
    replaces none). `stop_reason` is why a stop was asked for: abort or timeout.
    `not_before` is the earliest start of a waiting job. `finalized_at` is set exactly once. Its id
    is the root's, with the attempt's number from the second on. `orphaned` says that its event was
    deleted: one that is made again under the same id is another event.
    """

    table: ClassVar[str] = "live"

    id: str
    event: str
    root: str
    attempt: int
    cause: str
    now: float
    state: str = "waiting"
    predecessor: str = ""
    reruns: int = 0
    lost_at: float = 0.0
    source: str = ""
    slot: int | None = None
    catch_up: bool = False
    params: Params = {}
    max_children: int = 1
    retries: int = 0
    retry_delay: float = 0.0
    timeout: float = 0.0
    target: str = "*"
    stop_reason: str = ""
    created_at: float = 0.0
    not_before: float = 0.0
    node: str = ""
    boot: str = ""
    placed_at: float = 0.0
    started_at: float = 0.0
    finalized_at: float = 0.0
    code: int | None = None
    description: str = ""
    orphaned: bool = False


class Finished(Record, frozen=True, kw_only=True):
    """A finalized job. Its own table, so that finalizing is one move that can happen only once.

    `late_code` is the exit status of a result that came after the attempt had been given up: it
    is recorded against this attempt and changes nothing else.
    """

    table: ClassVar[str] = "finished"
    key_form: ClassVar[str] = "{0.job.id}"

    job: Job
    late_code: int | None = None


class Reopened(Record, frozen=True, kw_only=True):
    """A slot at or below the cursor that was interrupted and is owed again.

    The slot ledger holds only these: a slot at or below the cursor without an entry is served.
    So the ledger is bounded by the jobs that servers took down, not by the years it runs.
    """

    table: ClassVar[str] = "slots"
    key_form: ClassVar[str] = "{0.event}@{0.slot}"

    event: str
    slot: int
    job: Job
    lost_at: float
    not_before: float


class Abort(Record, frozen=True, kw_only=True):
    """A user's abort of a lineage, kept by the root's id, so that it holds for reruns too."""

    table: ClassVar[str] = "aborts"
    key_form: ClassVar[str] = "{0.root}"

    root: str
    at: float
    by: str = ""


class Server(Record, frozen=True, kw_only=True):
    """A node that has joined at least once, and its last start: its boot, and its data folder.

    While it is out of reach, `alive_at` is when it was last known to live and `missed_at` when
    the count of its silence began, on the clock of whoever leads; both are seconds, else 0. The
    next primary must know them: a loss gets no younger because a primary dies as well (RA-8.2).
    """

    table: ClassVar[str] = "servers"
    key_form: ClassVar[str] = "{0.name}"

    name: str
    boot: str
    joined_at: float
    alive_at: float = 0.0
    missed_at: float = 0.0
    home: str = ""


class Lease(Record, frozen=True, kw_only=True):
    """Who is primary. Every commit is guarded by `epoch`; a lower one can write nothing.

    `renewals` counts the renewals of this epoch, the last one at `renewed_at`; a backup takes
    over when it stops growing. An empty `holder` says that the lease was given up.
    `origin` is the instant (seconds) at which the schedule's clock agreed with the wall clock:
    it gives a time-scaled schedule the same minutes after a restart as before.
    """

    table: ClassVar[str] = "lease"
    key_form: ClassVar[str] = "primary"

    holder: str
    epoch: int
    since: float
    origin: float = 0.0
    renewals: int = 0
    renewed_at: float = 0.0


class Entry(Record, frozen=True, kw_only=True):
    """A line of the operator's ledger, numbered without gaps: what was decided, and why."""

    table: ClassVar[str] = "ledger"
    key_form: ClassVar[str] = "{0.number:09d}"

    number: int
    at: float
    event: str
    job: str
    root: str
    what: str
    decision: str
    clause: str
    detail: str = ""


class Counter(Record, frozen=True, kw_only=True):
    """The next number of a series: job ids and ledger lines are counted, not random."""

    table: ClassVar[str] = "counters"
    key_form: ClassVar[str] = "{0.name}"

    name: str
    next: int


class Run(Record, frozen=True, kw_only=True):
    """A worker's own record of one job: written before the process starts, kept until delivered.

    `stop` is why a stop was asked for, at `stop_at`: abort, timeout, stale, shutdown or fence.
    `how` is empty while the process runs, then `exit` (it ended by itself), `stopped` (the
    primary asked), `shutdown` (this node was going down) or `fenced` (no primary was in reach).
    """

    table: ClassVar[str] = "runs"
    key_form: ClassVar[str] = "{0.job.id}"

    job: Job
    started_at: float
    stop: str = ""
    stop_at: float = 0.0
    how: str = ""
    code: int | None = None
    ended_at: float = 0.0


WORKER_RECORDS: tuple[type[Record], ...] = (Run,)
PRIMARY_RECORDS = tuple(kind for kind in Record.__subclasses__() if kind is not Run)
