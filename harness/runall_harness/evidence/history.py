"""The history of a case: what was asked, what was broken, what ran, and what was shown.

It has one JSON line for each, in the order in which the harness learned of it. The checks read
nothing else, so anybody can judge a saved history again. docs/history.md explains how to write
one from a log; `schema` says the same for programs.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.verdicts import Verdict

from .facts import Execution, Proof
from .views import JobView, LedgerView

SCHEMA = "runall-history/2"
AnswerOutcome = Literal["done", "refused", "maybe"]
Role = Literal["", "subject", "other", "canary"]


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What all lines have: the time, in seconds on the rig's clock."""

    at: float


class Meta(Line, frozen=True, kw_only=True, tag="meta"):
    """The first line: what was judged, and where.

    `capabilities` are the extended ones that the system declares. `grace` is how long, in
    seconds, a job may live on after it was ordered to end: the system's kill grace and what a busy
    machine adds to it. `lag` is how long (seconds) a server may take to receive a signal to stop.
    `clauses` are those that the case is about. `timings` are what the system states of its own
    speed, in seconds, by their names in a system file; one without a limit is left out.
    """

    schema: Literal["runall-history/2", "runall-history/1"] = SCHEMA
    case: str = ""
    system: str
    version: str = ""
    policy: str = ""
    rig: str = ""
    capabilities: tuple[str, ...] = ()
    grace: float = 0.0
    lag: float = 1.0
    clauses: tuple[str, ...] = ()
    timings: dict[str, float] = {}


class Step(Line, frozen=True, kw_only=True, tag="step"):
    """A step of the case begins, and the one before it has ended. `text` is its sentence."""

    number: int
    text: str


class Call(Line, frozen=True, kw_only=True, tag="call"):
    """A call to the system. Its `answer` has the same `number`; a call may stay unanswered.

    The checks know the verbs create_event (args: event), update_event (event, fields),
    delete_event (event), run (event) and abort (job). `ignored` are settings of events that the
    system says it can't honour: what depends on them is not judged.
    """

    number: int
    verb: str
    args: dict[str, Any]
    ignored: tuple[str, ...] = ()


class Answer(Line, frozen=True, kw_only=True, tag="answer"):
    """The answer to a call. `outcome`: done, refused (nothing happened) or maybe.

    The `value` of a run that was accepted is the id of its job.
    """

    number: int
    outcome: AnswerOutcome
    value: Any = None


class Fault(Line, frozen=True, kw_only=True, tag="fault"):
    """A fault was injected or mended, and whether that is proven."""

    proof: Proof


class Start(Line, frozen=True, kw_only=True, tag="start"):
    """A node was started, or started again. `role`: primary, worker or store, where it is known."""

    node: str
    role: str = ""


class Exit(Line, frozen=True, kw_only=True, tag="exit"):
    """A node that was stopped has exited: its clean stop is over."""

    node: str


class Lead(Line, frozen=True, kw_only=True, tag="lead"):
    """A node says that it leads: from now on, until another `lead` line names another node."""

    node: str


class Clock(Line, frozen=True, kw_only=True, tag="clock"):
    """The wall clock of a node was set ahead by so many seconds; back, if negative."""

    node: str
    ahead: float


class Minute(Line, frozen=True, kw_only=True, tag="minute"):
    """The system says which minute of its schedule runs, and perhaps when that began (seconds).

    `slot` counts minutes since the epoch on the clock of the schedule.
    """

    slot: int
    began: float | None = None


class Witnessed(Line, frozen=True, kw_only=True, tag="witness"):
    """An execution: written when it is first known, and whenever it has changed.

    If it still runs at the end of the case, it is written again with its last sign of life. `role`:
    subject (the case is about that job), other (what runs beside it) or canary (the harness started
    it to see whether a server takes work); empty where nobody says.
    """

    execution: Execution
    role: Role = ""


class Seen(Line, frozen=True, kw_only=True, tag="job"):
    """A job as the system shows it: written again whenever that has changed."""

    job: JobView


class Gone(Line, frozen=True, kw_only=True, tag="gone"):
    """The system no longer shows a job that it had shown before."""

    job: str


class Ledger(Line, frozen=True, kw_only=True, tag="ledger"):
    """Lines of the operator's ledger as the system shows them: all of them, or the new ones.

    No lines mean that the ledger was read and had nothing new.
    """

    entries: tuple[LedgerView, ...]


class Owed(Line, frozen=True, kw_only=True, tag="owed"):
    """The system owes something until a time (seconds), by that clause.

    what: `end` (the system shows the job as over), `rerun` (an execution of the job's lineage
    starts after `since`), `slots` (what the event was due for before `since` is served), or `rest`
    (nothing is left to do: what was accepted has run, what was due is served, and what was
    interrupted was run again or refused). Without a job, rest is owed for all jobs; without a
    clause, that of the promise which is broken is named. `since` is the line's own time unless
    given. `tag` is that of the job's executions: a system that declares no lineage may show no link
    between a job and its rerun, which is then known by its tag. A history that ends before `until`
    does not decide whether that was done.

    `due` is the promised instant, where that is earlier than `until`: what comes between the two is
    late, and decides nothing.
    """

    what: Literal["end", "rerun", "rest", "slots"]
    until: float
    clause: str = ""
    job: str = ""
    since: float | None = None
    tag: str = ""
    due: float | None = None
    event: str = ""


class Judged(Line, frozen=True, kw_only=True, tag="judged"):
    """What the steps of the case, or the harness, came to; the checks judge besides.

    A failure has its `clause`, what was `expected` and what was `seen`; other trouble has a
    `reason`. A pass has the clauses that the steps found kept. `step` is the number of the step
    that decided; 0 for none.
    """

    verdict: Verdict
    clauses: tuple[str, ...] = ()
    clause: str = ""
    expected: str = ""
    seen: str = ""
    reason: str = ""
    step: int = 0


class End(Line, frozen=True, kw_only=True, tag="end"):
    """The end of the case: every change until then is in the history."""


class Reproduction(Line, frozen=True, kw_only=True, tag="story"):
    """How the explorer made this history, so that it can be reproduced.

    `outline` is the bounded cluster, `moves` are the steps taken, as the explorer writes them;
    `mutant` is the bug that was planted, if any. No check reads it, and only the explorer writes
    it.
    """

    outline: dict[str, Any]
    moves: tuple[dict[str, Any], ...] = ()
    mutant: str = ""


AnyLine = (
    Meta
    | Call
    | Answer
    | Fault
    | Start
    | Exit
    | Lead
    | Step
    | Judged
    | Clock
    | Minute
    | Witnessed
    | Seen
    | Gone
    | Ledger
    | Owed
    | End
    | Reproduction
)


class BadHistory(ValueError):
    """A line breaks the format of a history. `number` counts from 1; `why` says what is wrong."""

    def __init__(self, number: int, why: str, source: str = "") -> None:
        self.number, self.why = number, why
        super().__init__(f"{source}{', ' if source else ''}line {number}: {why}")


class History:
    """The history of one case, to which the harness appends lines while the case runs."""

    def __init__(self, lines: Iterable[AnyLine] = ()) -> None:
        self.lines: list[AnyLine] = list(lines)
        self._listeners: list[Callable[[AnyLine], None]] = []
        self._jobs: dict[str, JobView] = {}
        self._executions: dict[str, tuple[str, float | None]] = {}
        self._leader = ""
        self.steps = 0
        self._roles: dict[str, Role] = {}

    def add(self, line: AnyLine) -> None:
        self.lines.append(line)
        for tell in self._listeners:
            tell(line)

    def listen(self, tell: Callable[[AnyLine], None]) -> None:
        """Be told of each line from now on, before whatever follows it is done."""
        self._listeners.append(tell)

    def see_jobs(self, at: float, jobs: list[JobView]) -> None:
        """Append the jobs that the system shows differently than before."""
        for job in jobs:
            if self._jobs.get(job.id) != job:
                self._jobs[job.id] = job
                self.add(Seen(at=at, job=job))

    def miss_jobs(self, at: float, jobs: list[JobView]) -> None:
        """Append a `gone` line for each job shown before and missing in `jobs`, all shown now."""
        for name in sorted(self._jobs.keys() - {job.id for job in jobs}):
            del self._jobs[name]
            self.add(Gone(at=at, job=name))

    def see_executions(self, at: float, executions: list[Execution]) -> None:
        """Append the executions that started or ended; a sign of life alone is no change."""
        for execution in executions:
            state = (execution.how, execution.ended_at)
            if self._executions.get(execution.id) != state:
                self._executions[execution.id] = state
                self.add(self.witnessed(at, execution))

    def see_last(self, at: float, executions: Iterable[Execution]) -> None:
        """Append the last signs of life of what runs, or shows them after its recorded death."""
        for execution in executions:
            if execution.how == "running" or execution.beat_at > (execution.ended_at or 0.0):
                self.add(self.witnessed(at, execution))

    def witnessed(self, at: float, execution: Execution) -> Witnessed:
        """The line about an execution as it is now, with the role that its tag was given."""
        role = self._roles.get(execution.tag, "")
        return Witnessed(at=at, execution=msgspec.structs.replace(execution), role=role)

    def cast(self, tag: str, role: Role) -> None:
        """Say what the executions of a tag are; what was said first stands."""
        self._roles.setdefault(tag, role)

    def see_leader(self, at: float, node: str) -> None:
        """Append the node that leads, if it is another than before; empty means that none says."""
        if node and node != self._leader:
            self._leader = node
            self.add(Lead(at=at, node=node))

    def begin_step(self, at: float, text: str) -> None:
        self.steps += 1
        self.add(Step(at=at, number=self.steps, text=text))

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in self.lines))


def read(
    raws: Iterable[bytes], source: str = "", bad: Callable[[BadHistory], None] | None = None
) -> Iterator[AnyLine]:
    """The lines of a history, one by one, from lines of text.

    A malformed line is passed to `bad` and left out; without `bad`, `BadHistory` is raised.
    """
    decode = msgspec.json.Decoder(AnyLine).decode
    for number, raw in enumerate(raws, start=1):
        try:
            line = decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            trouble = BadHistory(number, str(error), source)
            if bad is None:
                raise trouble from error
            bad(trouble)
        else:
            yield line


def load(path: Path) -> list[AnyLine]:
    """The lines of a saved history. Raises `BadHistory`, which names the malformed line."""
    with path.open("rb") as file:
        return list(read(file, str(path)))


def schema() -> dict[str, Any]:
    return schema_of(AnyLine, SCHEMA)
