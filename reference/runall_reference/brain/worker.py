"""The worker's brain: it starts and stops jobs by order, and reports all that it runs.

It has a disk of its own. A job is written there before its process starts, and its result before
it is reported. So a result that was reached survives the worker (RA-3.6), and what ran at the
moment of a crash is known to be gone when the next start's inventory lacks it.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from . import inputs
from .messages import Ack, Beat, Message, Refuse, Result, Start, Stop
from .record_set import RecordSet, Step
from .records import Record, Run
from .settings import Settings

PRIMARY = "primary"
# Why a stop was asked for, and how the run is then said to have ended.
HOW = {"shutdown": "shutdown", "fence": "fenced"}
# The exit status of a process that SIGTERM ended, as the kernel gives it and as a shell does.
TERMINATED = (-15, 143)
# How much later than a job this worker may get a signal that was sent to all of the node; seconds.
SIGNAL_DELAY = 0.1


class Worker:
    """One worker's brain. `records` is what its own store holds."""

    def __init__(self, node: str, settings: Settings, records: Iterable[Record] = ()) -> None:
        self.node, self.settings, self.records = node, settings.checked(), RecordSet(records)
        self.boot = ""
        self.home = ""
        self.epoch = 0
        self.now = 0.0
        self.linked = self.draining = self.halted = False
        self.sent = self.acked = self.heard = self.drained_at = 0.0
        self.killed: set[str] = set()
        # Jobs that ended by a SIGTERM of unknown origin, and when that is reported at the latest.
        self.unsure: dict[str, float] = {}
        self.actions: list[inputs.WorkerAction] = []

    def handle(self, given: inputs.WorkerInput, now: float) -> Step:
        self.now, self.actions = now, []
        self.answer(given)
        self.settle()
        return Step(self.records.take_change(), tuple(self.actions))

    def answer(self, given: inputs.WorkerInput) -> None:
        match given:
            case inputs.Boot(boot, home):
                self.home = home
                self.wake_up(boot)
            case inputs.Connected():
                self.linked, self.heard = True, self.now
                self.beat()
            case inputs.Disconnected():
                self.linked = False
            case inputs.MessageReceived(message):
                self.obey(message)
            case inputs.Exited(job, code):
                self.exited(job, code)
            case inputs.Drain():
                self.drain()
            case inputs.Tick():
                pass

    def runs(self) -> list[Run]:
        """Every run, until a primary has acknowledged its end."""
        return list(self.records.all(Run).values())

    def running(self) -> list[Run]:
        return [run for run in self.runs() if not run.how]

    def results(self) -> tuple[Result, ...]:
        """The ends that no primary has acknowledged yet."""
        return tuple(
            Result(job=run.key, code=run.code or 0, how=run.how, ended_at=run.ended_at)
            for run in self.runs()
            if run.how and run.key not in self.unsure
        )

    def beat(self) -> None:
        """Send the whole inventory, if there is a link; without one it is dropped."""
        self.sent = self.now
        beat = Beat(
            node=self.node,
            boot=self.boot,
            sent=self.now,
            running=tuple(r.key for r in self.runs() if not r.how or r.key in self.unsure),
            results=self.results(),
            draining=self.draining,
            outlives=self.settings.outlives(),
            home=self.home,
        )
        if self.linked:
            self.actions.append(inputs.Send(PRIMARY, beat))

    def wake_up(self, boot: str) -> None:
        """Begin a new start: forget what the last one ran, and keep what it has to report."""
        self.boot = boot
        for run in self.running():
            self.records.drop(run)

    def obey(self, message: Message) -> None:
        """Carry out a primary's message, unless a later primary has been heard (RA-7.2)."""
        if isinstance(message, Beat):
            return
        if message.epoch < self.epoch:
            self.leave("it is primary no more")
            return
        self.heard = self.now
        self.epoch = message.epoch
        match message:
            case Ack(sent=sent, done=done):
                self.acknowledged(sent, done)
            case Start():
                self.start(message)
            case Stop(job=job, reason=reason):
                self.stop(job, reason)
            case Refuse(why=why):
                self.leave(f"it refuses this worker: {why}", pause=self.settings.heartbeat)

    def leave(self, why: str, pause: float = 0.0) -> None:
        """Close the link; who was refused pauses before it asks again (RA-7.10)."""
        if self.linked:
            self.linked = False
            self.actions.append(inputs.Leave(why, pause))

    def acknowledged(self, sent: float, done: tuple[str, ...]) -> None:
        """Note the beat that the primary has, and forget the results that it has committed."""
        self.acked = max(self.acked, sent)
        for name in done:
            run = self.records.get(Run, name)
            if run is not None and run.how:
                self.records.drop(run)

    def start(self, order: Start) -> None:
        """Start a job, unless it is here already (RA-7.1) or the order is void."""
        if self.void(order) or self.records.get(Run, order.job.id) is not None:
            return
        self.acked = max(self.acked, order.sent)
        self.records.put(Run(job=order.job, started_at=self.now))
        self.actions.append(inputs.Spawn(order.job))
        self.beat()

    def void(self, order: Start) -> bool:
        """Whether a Start is for another start of this node, or older than the fence (RA-7.4).

        One that a later answer has overtaken is void too: its job may have ended meanwhile, and its
        end be told (RA-3.4). If that job is still wanted, the primary has ordered it anew.
        """
        late = self.now - order.sent >= self.fence() or order.sent < self.acked
        return self.draining or order.boot != self.boot or late

    def fence(self) -> float:
        """How long after its last acknowledged beat its jobs may go on, in seconds."""
        return self.settings.fence

    def stop(self, name: str, reason: str) -> None:
        """End a job: SIGTERM now, SIGKILL after the kill grace."""
        run = self.records.get(Run, name)
        if run is not None and not run.how and not run.stop:
            self.records.put(replace(run, stop=reason, stop_at=self.now))
            self.actions.append(inputs.Signal(name, "TERM"))

    def exited(self, name: str, code: int) -> None:
        """Write down how a process ended, also one that never began (RA-12.4), then report it.

        An end by a SIGTERM of unknown origin is reported a moment later: by then this node knows
        whether it goes down itself, and its job was only the first to obey (RA-2.8).
        """
        run = self.records.get(Run, name)
        if run is not None and not run.how:
            how = HOW.get(run.stop, "stopped") if run.stop else "exit"
            self.records.put(replace(run, how=how, code=code, ended_at=self.now))
            if how == "exit" and code in TERMINATED:
                self.unsure[name] = self.now + SIGNAL_DELAY
            else:
                self.beat()

    def drain(self) -> None:
        if not self.draining:
            self.draining = True
            for run in self.running():
                self.stop(run.key, "shutdown")
            for run in self.runs():
                if run.key in self.unsure:
                    self.records.put(replace(run, how="shutdown"))
            self.unsure.clear()
            self.drained_at = self.now
            self.beat()

    def settle(self) -> None:
        """Do all that is due. A cut network closes no link, so a silent one is given up."""
        if self.linked and self.now >= self.heard + self.settings.silence:
            self.leave(f"it said nothing for {self.settings.silence:g} s")
        if self.linked and self.now >= self.sent + self.settings.heartbeat:
            self.beat()
        self.stop_fenced()
        self.kill_stubborn()
        self.report_sure()
        self.halt_when_drained()

    def stop_fenced(self) -> None:
        """Stop all jobs a fence after the last answer (RA-7.3), also after a freeze (RA-7.6)."""
        if self.now >= self.acked + self.fence():
            for run in self.running():
                self.stop(run.key, "fence")

    def report_sure(self) -> None:
        """Report ends by SIGTERM when it is sure that no clean stop of this node caused them."""
        if sure := [name for name, until in self.unsure.items() if self.now >= until]:
            for name in sure:
                del self.unsure[name]
            self.beat()

    def kill_stubborn(self) -> None:
        """SIGKILL what has outlived its kill grace, once."""
        for run in self.running():
            late = run.stop and self.now >= run.stop_at + self.settings.kill_grace
            if late and run.key not in self.killed:
                self.killed.add(run.key)
                self.actions.append(inputs.Signal(run.key, "KILL"))

    def halt_when_drained(self) -> None:
        """Leave (RA-2.16) when nothing runs and all is delivered, or can't be for now (on disk)."""
        if not self.draining or self.halted or self.running():
            return
        waited = self.now >= self.drained_at + 2 * self.settings.kill_grace
        if not self.results() or not self.linked or waited:
            self.halted = True
            self.actions.append(inputs.Halt())

    def next_wake(self) -> float | None:
        return min(self.wakes(), default=None)

    def wakes(self) -> Iterator[float]:
        if self.linked:
            yield self.sent + self.settings.heartbeat
            yield self.heard + self.settings.silence
        for run in self.running():
            if not run.stop:
                yield self.acked + self.fence()
            elif run.key not in self.killed:
                yield run.stop_at + self.settings.kill_grace
        yield from self.unsure.values()
        if self.draining and not self.halted and not self.running():
            yield self.drained_at + 2 * self.settings.kill_grace
