"""The lead of a crew: deals the cases of a run, hears how they end, and loses none.

The rig is chosen once, and its image made, before anybody starts. A case is dealt when a hand
asks for one, so that no case waits behind a long one. Unless the user said how many run at once,
the machine must have `room` for it too. A hand that dies takes no case with it: the case is an
error, what the hand had made is removed, and another takes its place.
"""

import signal
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from runall_harness.contract.cases import Case
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Verdict
from runall_harness.host.load import Room, cores
from runall_harness.rigs.choose import Choice, Say, fit, settle
from runall_harness.rigs.remains import remove_remains
from runall_harness.rigs.run_names import new_run_id, share_of
from runall_harness.systems.base import Timings

from ..case_result import Ended
from ..run import Display, Order, Run, carry_out, terminated_as_interrupted
from .messages import Began, Deal, Done, Finish, Over, Ready, Said, Stop, hear_over
from .worker_process import Gone, Heard, Hired, told_status

# No case waits for so long without a word, seconds: beside what its system takes its own time for,
# which it may have to wait for so many times.
PATIENCE, WAITS = 300.0, 10
# How soon it is looked again for room, seconds.
PAUSE = 0.1
# How many cases one core has work for, as the most of their time they wait.
AT_ONCE = {"processes": 3, "docker": 2}
MOST = 12


def run_cases(order: Order, display: Display, patience: float | None = None) -> Run:
    """Run the cases of an order, several at once where that is wanted and worth it."""
    alone = order.jobs is None and order.rig == "simulated"
    if alone or order.jobs == 1 or len(order.expected()) == 1:
        return carry_out(order, display)
    run = Run(order, order.rig)
    began = time.monotonic()
    try:
        with terminated_as_interrupted():
            choice = settle_for(order, display.say)
        system = order.wanted.find(choice.rig)
        patience = patience_with(system.timings) if patience is None else patience
        Lead(run, choice, display, patience, order.jobs or system.jobs).work()
    except KitCannotRun as error:
        run.troubles.append(str(error))
    except KeyboardInterrupt:
        run.interrupted = True
    run.duration = time.monotonic() - began
    return run


def settle_for(order: Order, say: Say) -> Choice:
    """The rig of an order, with the image that its system wants. Raises `KitCannotRun`."""
    rig = fit(order.rig, order.wanted.find, say)
    image = order.wanted.find("docker").image if rig in ("auto", "docker") else None
    return settle(rig, new_run_id(), image=image, base=order.base_image, say=say)


def patience_with(timings: Timings) -> float:
    """How long a case of a system with these timings may say nothing, in seconds."""
    return PATIENCE + WAITS * (timings.notice + timings.dead_job_timeout)


def jobs_for(rig: str) -> int:
    """How many cases run at once on that rig of this machine, if nobody says."""
    return min(MOST, AT_ONCE[rig] * cores()) if rig in AT_ONCE else 1


class Lead:
    """Deals the cases of one run.

    `patience` is how long a hand may say nothing, in seconds; `jobs` how many there are, if that is
    not for the machine to say.
    """

    def __init__(
        self, run: Run, choice: Choice, display: Display, patience: float, jobs: int | None = None
    ) -> None:
        self.run, self.choice, self.display, self.patience = run, choice, display, patience
        run.rig = choice.rig
        self.name = new_run_id()
        self.cases = {case.id: case for case in run.order.expected()}
        self.pending = deque(self.cases.values())
        self.hands: set[Hired] = set()
        self.hired = 0
        self.heard: SimpleQueue[Heard] = SimpleQueue()
        self.said: set[str] = set()
        self.idle: list[Hired] = []
        self.jobs = jobs or jobs_for(run.rig)
        self.room = Room()

    # ---------------------------------------------------------------- the crew
    def work(self) -> None:
        """Have all cases run; returns when every hand has left."""
        with signals_told(self.heard):
            try:
                for _ in range(min(self.jobs, len(self.cases))):
                    self.hire()
                while self.hands:
                    self.hear()
            finally:
                self.room.close()
                for hand in self.hands:
                    hand.silence()
        self.run.ended = {i: self.run.ended[i] for i in self.cases if i in self.run.ended}

    def hire(self) -> None:
        """Start another hand."""
        self.hired += 1
        own = ["--runall-run", self.name, "--runall-hand", str(self.hired)]
        own += ["--runall-image", self.choice.image] if self.choice.image else []
        arguments = [*self.run.order.arguments(self.choice.rig), *own]
        self.hands.add(Hired(share_of(self.name, self.hired), arguments, self.heard))

    def hear(self) -> None:
        """Wait for the next word of anybody, and act on it; or see to those who say nothing."""
        try:
            hand, word = self.heard.get(timeout=PAUSE if self.idle else self.calm())
        except Empty:
            self.end_the_silent()
        else:
            if hand is None:
                self.interrupt()
            else:
                hand.since = time.monotonic()
                self.act(hand, word)
        self.deal()

    def calm(self) -> float:
        """How long nobody needs to be looked after, in seconds."""
        soonest = min(hand.since for hand in self.hands) + self.patience
        return max(soonest - time.monotonic(), PAUSE)

    def end_the_silent(self) -> None:
        """End whoever has work and has not been heard of for too long."""
        for hand in self.hands - set(self.idle):
            if time.monotonic() - hand.since >= self.patience:
                hand.silence()

    def act(self, hand: Hired, word: object) -> None:
        """Act on what a hand said."""
        match word:
            case Ready():
                self.idle.append(hand)
            case Said(line):
                self.say(line)
            case Began(case):
                self.display.started(self.cases[case])
            case Over():
                self.take(hand, word)
            case Done():
                self.part(hand, word)
            case Gone(status):
                self.miss(hand, status)
            case _:
                raise TypeError(f"no hand says {word!r}")

    # ---------------------------------------------------------------- cases
    def deal(self) -> None:
        """Deal one case, if somebody is idle and there is room; or let all go, if none is left."""
        while self.idle and not self.pending:
            self.idle.pop().send(Finish())
        if self.idle and self.may_begin():
            hand = self.idle.pop(0)
            hand.since, hand.case = time.monotonic(), self.pending.popleft()
            after = self.pending[0].id if self.pending else ""
            hand.send(Deal(case=hand.case.id, next=after))

    def may_begin(self) -> bool:
        """Whether a case may begin now: always if the user wants so many, or if no other runs."""
        alone = all(hand.case is None for hand in self.hands)
        return alone or self.run.order.jobs is not None or self.room.left()

    def say(self, line: str) -> None:
        """What the rig of each hand says is said once."""
        if line not in self.said:
            self.said.add(line)
            self.display.say(line)

    def take(self, hand: Hired, over: Over) -> None:
        """A case is over."""
        self.run.rig = over.rig or self.run.rig
        self.run.system = over.system or self.run.system
        hand.case = None
        self.keep(hear_over(over, self.cases[over.case]))

    def keep(self, ended: Ended) -> None:
        """Remember how a case ended, and show it."""
        self.run.ended[ended.case.id] = ended
        self.display.ended(ended)

    # ---------------------------------------------------------------- ends
    def part(self, hand: Hired, done: Done) -> None:
        """A hand leaves in order. One that met trouble of the kit's own ends the run."""
        hand.dismiss()
        self.run.troubles += [t for t in done.troubles if t not in self.run.troubles]
        if done.troubles:
            self.pending.clear()
        if done.interrupted and not self.run.interrupted:
            self.interrupt()

    def miss(self, hand: Hired, status: int) -> None:
        """A hand is gone. If it did not say so, its case is an error, and another is hired."""
        self.hands.discard(hand)
        self.idle = [other for other in self.idle if other is not hand]
        if hand.done:
            return
        why = (
            f"it said nothing for {self.patience:g} s and was ended"
            if hand.silenced
            else (told_status(status))
        )
        left = self.remove_remains(hand)
        if hand.case is not None:
            message = f"the process that ran it died: {why}{left}"
            self.keep(self.lost(hand.case, message))
            if self.pending and not self.run.interrupted:
                self.hire()
        elif not self.run.interrupted:
            self.pending.clear()
            self.run.troubles.append(f"a process that was to run cases died: {why}{left}")

    def lost(self, case: Case, message: str) -> Ended:
        """A case whose process died."""
        skipped = self.run.interrupted
        verdict = Verdict.SKIPPED if skipped else Verdict.ERROR
        folder = self.run.order.out or Path("runall-out", self.name)
        return Ended(case=case, folder=folder, verdict=verdict, message=message)

    def remove_remains(self, hand: Hired) -> str:
        """Remove what a dead hand had made; what is left is told."""
        try:
            remove_remains(self.choice.rig, hand.share)
        except KitCannotRun as error:
            return f"; and what it had made is left: {error}"
        return ""

    def interrupt(self) -> None:
        """Let everybody leave what they do, and tidy up; who is asked twice is not waited for."""
        self.pending.clear()
        self.idle.clear()
        for hand in self.hands:
            if self.run.interrupted:
                hand.silence()
            else:
                hand.send(Stop())
        self.run.interrupted = True


@contextmanager
def signals_told(heard: "SimpleQueue[Heard]") -> Generator[None, None, None]:
    """Ctrl-C and SIGTERM become words among others, so that none of those is lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def tell(number: int, _: object) -> None:
        heard.put(Heard(None, Gone(-number)))

    before = {s: signal.signal(s, tell) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
