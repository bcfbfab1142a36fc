"""The dispatcher of a run: hands out its cases, hears how they end, and loses none.

The rig is chosen once, and its image made, before any worker starts. A worker gets a case when it
asks for one, so that no case waits behind a long one. Unless the user said how many run at once,
the machine's load must allow it too. A worker that dies takes no case with it: the case is an
error, what the worker had made is removed, and another takes its place.
"""

import time
from collections import deque
from dataclasses import replace
from pathlib import Path

from runall_harness.contract.cases import Case
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Verdict
from runall_harness.host.interruptions import terminated_as_interrupted
from runall_harness.host.load import Load, cores
from runall_harness.host.worker_pool import (
    Event,
    Interrupted,
    Worker,
    WorkerGone,
    WorkerPool,
    WorkerReport,
    interruptions_as_events,
)
from runall_harness.rigs.choose import Choice, Say, fit, settle
from runall_harness.rigs.remains import remove_remains
from runall_harness.rigs.run_names import new_run_id, share_of
from runall_harness.systems.base import Timings

from ..pytest_run import carry_out
from ..run import Display, Order, Run
from ..run_report import CaseResult, report_case
from .worker import Ended, Finished, NextCase, Said, Started, run_worker

# A case may be silent for PATIENCE seconds, and for its system's own timings WAITS times over,
# because it may have to wait for them as often.
PATIENCE, WAITS = 300.0, 10
# How soon the load is looked at again, in seconds.
PAUSE = 0.1
# How many cases one core has work for: on real nodes they wait most of their time.
AT_ONCE = {"processes": 3, "docker": 2}
MOST = 12
# So many cases in virtual time take longer than it takes to start a worker.
MANY = 100


def run_cases(order: Order, display: Display, patience: float | None = None) -> Run:
    """Run the cases of an order, several at once where that is wanted and worth it."""
    if order.jobs is None and order.rig == "simulated":
        # Virtual time is never late, however busy the cores are.
        order = replace(order, jobs=cores() if len(order.expected()) >= MANY else 1)
    if order.jobs == 1 or len(order.expected()) == 1:
        return carry_out(order, display)
    run = Run(order, order.rig)
    began = time.monotonic()
    try:
        with terminated_as_interrupted():
            choice = settle_for(order, display.say)
        system = order.find(choice.rig)
        patience = patience_with(system.timings) if patience is None else patience
        Dispatcher(run, choice, display, patience, order.jobs or system.jobs).work()
    except KitCannotRun as error:
        run.troubles.append(str(error))
    except KeyboardInterrupt:
        run.interrupted = True
    run.duration = time.monotonic() - began
    return run


def settle_for(order: Order, say: Say) -> Choice:
    rig = fit(order.rig, order.find, say)
    image = order.find("docker").image if rig in ("auto", "docker") else None
    return settle(rig, new_run_id(), image=image, base=order.base_image, say=say)


def patience_with(timings: Timings) -> float:
    """How long a case of a system with these timings may be silent, in seconds."""
    return PATIENCE + WAITS * (timings.notice + timings.dead_job_timeout)


def jobs_for(rig: str) -> int:
    """How many cases run at once on that rig of this machine, if nobody says."""
    return min(MOST, AT_ONCE[rig] * cores()) if rig in AT_ONCE else 1


class Dispatcher:
    """Hands out the cases of one run.

    `patience` is how long a worker may be silent, in seconds; `jobs` is how many workers there
    are, if that is not for the machine to say.
    """

    def __init__(
        self, run: Run, choice: Choice, display: Display, patience: float, jobs: int | None
    ) -> None:
        self.run, self.choice, self.display, self.patience = run, choice, display, patience
        run.rig = choice.rig
        self.name = new_run_id()
        self.cases = {case.id: case for case in run.order.expected()}
        self.pending = deque(self.cases)
        self.jobs = min(jobs or jobs_for(run.rig), len(self.cases))
        order = replace(run.order, rig=choice.rig, image=choice.image or run.order.image)
        self.pool = WorkerPool(0, run_worker, order, self.name)
        self.said: set[str] = set()
        self.finished: set[Worker] = set()
        self.load = Load()

    def work(self) -> None:
        with self.load, self.pool, interruptions_as_events(self.pool):
            for _ in range(self.jobs):
                self.pool.start()
            while self.pool.workers:
                events = self.pool.events(PAUSE if self.pool.idle else self.calm())
                for event in events:
                    self.act(event)
                self.end_the_silent()
                self.hand_out()
        results = self.run.results
        self.run.results = {name: results[name] for name in self.cases if name in results}

    def calm(self) -> float:
        """The seconds until a worker can have been silent for too long at the earliest."""
        soonest = min(worker.since for worker in self.pool.workers) + self.patience
        return max(soonest - time.monotonic(), PAUSE)

    def end_the_silent(self) -> None:
        for worker in self.pool.workers.difference(self.pool.idle):
            if time.monotonic() - worker.since >= self.patience:
                worker.kill()

    def act(self, event: Event) -> None:
        match event:
            case Interrupted():
                self.interrupt()
            case WorkerGone():
                self.bury(event)
            case WorkerReport(_, Said(line)):
                self.say(line)
            case WorkerReport(_, Started(case)):
                self.display.started(self.cases[case])
            case WorkerReport(worker, Ended(result, rig, system)):
                self.run.rig = rig or self.run.rig
                self.run.system = system or self.run.system
                worker.task = None
                self.keep(result)
            case WorkerReport(worker, Finished() as message):
                self.finish(worker, message)
            case WorkerReport(_, message):
                raise TypeError(f"no worker sends {message!r}")

    def say(self, line: str) -> None:
        if line not in self.said:
            self.said.add(line)
            self.display.say(line)

    def keep(self, result: CaseResult) -> None:
        self.run.results[result.report.id] = result
        self.display.ended(result)

    def hand_out(self) -> None:
        """Give a case to an idle worker, if the load allows it; dismiss all when none is left."""
        if not self.pending:
            self.pool.dismiss()
        elif self.pool.idle and self.may_begin():
            case = self.pending.popleft()
            self.pool.give(NextCase(case, self.pending[0] if self.pending else ""))

    def may_begin(self) -> bool:
        """Whether a case may begin now: always if the user wants so many, or if no other runs."""
        alone = all(worker.task is None for worker in self.pool.workers)
        return alone or self.run.order.jobs is not None or self.load.allows_more()

    def finish(self, worker: Worker, message: Finished) -> None:
        """A worker ends in order. One that met trouble of the kit's own ends the run."""
        self.finished.add(worker)
        self.run.troubles += [t for t in message.troubles if t not in self.run.troubles]
        if message.troubles:
            self.pending.clear()
        if message.interrupted and not self.run.interrupted:
            self.interrupt()

    def bury(self, gone: WorkerGone) -> None:
        """A worker has ended. If it did not say so, its case is an error, and another starts."""
        worker = gone.worker
        if worker in self.finished:
            return
        silent = f"it said nothing for {self.patience:g} s and was ended"
        why = f"{silent if worker.killed else gone.why}{self.remove_remains(worker)}"
        if worker.task is not None:
            case = self.cases[worker.task.case]
            self.keep(self.lost(case, f"the process that ran it died: {why}"))
            if self.pending and not self.run.interrupted:
                self.pool.start()
        elif not self.run.interrupted:
            self.pending.clear()
            self.run.troubles.append(f"a process that was to run cases died: {why}")

    def lost(self, case: Case, message: str) -> CaseResult:
        verdict = Verdict.SKIPPED if self.run.interrupted else Verdict.ERROR
        folder = self.run.order.out or Path("runall-out", self.name)
        return CaseResult(report=report_case(case, verdict, message), folder=folder)

    def remove_remains(self, worker: Worker) -> str:
        try:
            remove_remains(self.choice.rig, share_of(self.name, worker.number))
        except KitCannotRun as error:
            return f"; and what it had made is left: {error}"
        return ""

    def interrupt(self) -> None:
        """Let each worker leave its case and tidy up; a second interrupt kills the workers."""
        self.pending.clear()
        for worker in self.pool.workers:
            if self.run.interrupted:
                worker.kill()
            else:
                worker.process.terminate()
        self.run.interrupted = True
