"""A worker runs the jobs it is given, reports all that it runs, and stops what it must in time."""

import pytest
from msgspec.structs import replace
from runall_reference.brain.inputs import (
    Boot,
    Connected,
    Disconnected,
    Drain,
    Exited,
    Halt,
    Leave,
    MessageReceived,
    Send,
    Signal,
    Spawn,
    Tick,
    WorkerInput,
)
from runall_reference.brain.messages import Ack, Beat, Result, Start, Stop
from runall_reference.brain.record_set import Put, Step
from runall_reference.brain.records import Job, Run
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import SIGNAL_DELAY, Worker

SETTINGS = Settings(heartbeat=5.0, silence=15.0, fence=90.0, kill_grace=10.0)
JOB = Job(id="j1", event="e", root="j1", attempt=1, cause="manual", now=100.0)
OTHER = replace(JOB, id="j2", root="j2")


class WorkerDriver:
    """A worker `w` that woke up at 0; `linked` opens its link at 0 too. Times are seconds."""

    def __init__(self, records: tuple[Run, ...] = (), *, linked: bool = True) -> None:
        self.worker = Worker("w", SETTINGS, records)
        self.step = self.handle(Boot("w#1"), 0.0)
        if linked:
            self.handle(Connected(), 0.0)

    def handle(self, message: WorkerInput, at: float) -> Step:
        self.step = self.worker.handle(message, at)
        return self.step

    def start(self, job: Job = JOB, at: float = 0.0, sent: float | None = None) -> Step:
        order = Start(epoch=1, boot="w#1", sent=at if sent is None else sent, job=job)
        return self.handle(MessageReceived(order), at)

    def ack(self, sent: float, at: float, *done: str) -> Step:
        return self.handle(MessageReceived(Ack(epoch=1, sent=sent, done=done)), at)

    def stop(self, at: float, reason: str = "abort", name: str = "j1") -> Step:
        return self.handle(MessageReceived(Stop(epoch=1, job=name, reason=reason)), at)

    def beats(self) -> list[Beat]:
        """The inventories of the last step."""
        said = [act.message for act in self.step.actions if isinstance(act, Send)]
        return [message for message in said if isinstance(message, Beat)]

    def others(self) -> list[object]:
        """Whatever else the last step does."""
        return [act for act in self.step.actions if not isinstance(act, Send)]

    def run(self, name: str = "j1") -> Run:
        return self.worker.records.all(Run)[name]


def beat(at: float, *running: str, **more: object) -> Beat:
    """An inventory of this worker."""
    inventory = Beat(node="w", boot="w#1", sent=at, running=running, outlives=SETTINGS.outlives())
    return replace(inventory, **more)


# ------------------------------------------------------------------ what it reports
def test_a_new_link_begins_with_the_whole_inventory() -> None:
    driver = WorkerDriver(linked=False)
    driver.handle(Connected(), 3.0)
    assert driver.step.actions == (Send("primary", beat(3.0)),)


def test_it_reports_at_each_start_and_end_and_every_heartbeat() -> None:
    driver = WorkerDriver()
    driver.start()
    assert driver.step.actions == (Spawn(JOB), Send("primary", beat(0.0, "j1")))
    driver.handle(Tick(), 4.9)
    assert driver.step.actions == ()
    driver.handle(Tick(), 5.0)
    assert driver.beats() == [beat(5.0, "j1")]
    driver.handle(Exited("j1", 3), 6.0)
    result = Result(job="j1", code=3, how="exit", ended_at=6.0)
    assert driver.beats() == [beat(6.0, results=(result,))]
    driver.handle(Tick(), 10.9)
    assert driver.step.actions == ()
    driver.handle(Tick(), 11.0)
    assert driver.beats() == [beat(11.0, results=(result,))]


def test_without_a_link_it_reports_nothing_and_keeps_the_result() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Disconnected(), 1.0)
    driver.handle(Exited("j1", 0), 2.0)
    assert driver.step.actions == ()
    driver.handle(Tick(), 60.0)
    assert driver.step.actions == ()
    driver.handle(Connected(), 61.0)
    (inventory,) = driver.beats()
    assert inventory.results == (Result(job="j1", code=0, how="exit", ended_at=2.0),)


def test_a_result_is_reported_until_the_primary_has_it_on_its_disk() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.start(OTHER)
    driver.handle(Exited("j1", 0), 1.0)
    driver.ack(1.0, 1.5)
    assert driver.run().how == "exit"
    driver.ack(1.0, 1.6, "j1", "j2", "unheard-of")
    assert list(driver.worker.records.all(Run)) == ["j2"], "what still runs is not forgotten"


# ------------------------------------------------------------------ an end by SIGTERM
@pytest.mark.parametrize("code", [-15, 143])
def test_an_end_by_a_sigterm_that_was_not_its_own_is_reported_a_moment_later(code: int) -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Exited("j1", code), 1.0)
    assert driver.step.actions == ()
    assert driver.run().how == "exit", "it is on disk at once"
    assert driver.worker.next_wake() == 1.0 + SIGNAL_DELAY
    driver.handle(Tick(), 1.05)
    assert driver.step.actions == ()
    driver.handle(Tick(), 1.0 + SIGNAL_DELAY)
    result = Result(job="j1", code=code, how="exit", ended_at=1.0)
    assert driver.beats() == [beat(1.0 + SIGNAL_DELAY, results=(result,))]
    driver.handle(Tick(), 1.2)
    assert driver.step.actions == ()
    assert driver.worker.next_wake() == 1.0 + SIGNAL_DELAY + SETTINGS.heartbeat


@pytest.mark.parametrize("code", [0, 1, 15, -9, 137, 128])
def test_any_other_end_is_reported_at_once(code: int) -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Exited("j1", code), 1.0)
    assert [result.code for inventory in driver.beats() for result in inventory.results] == [code]


def test_an_end_by_the_sigterm_that_it_sent_is_reported_at_once() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.stop(1.0)
    driver.handle(Exited("j1", -15), 2.0)
    assert [result.how for inventory in driver.beats() for result in inventory.results] == [
        "stopped"
    ]


def test_meanwhile_its_inventory_has_the_job_as_one_that_runs() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.start(OTHER)
    driver.handle(Exited("j1", 143), 4.95)
    driver.handle(Tick(), 5.0)
    assert driver.beats() == [beat(5.0, "j1", "j2")]


def test_a_clean_stop_that_is_heard_of_after_the_job_had_obeyed_has_ended_it() -> None:
    driver = WorkerDriver()
    for job in (JOB, OTHER, replace(JOB, id="j3", root="j3")):
        driver.start(job)
    driver.handle(Exited("j2", 143), 1.0)
    driver.handle(Tick(), 1.5)
    driver.handle(Exited("j1", 143), 2.0)
    driver.handle(Drain(), 2.05)
    ends = {result.job: result.how for result in driver.beats()[-1].results}
    assert ends == {"j1": "shutdown", "j2": "exit"}, "what was reported stays as it was"
    assert driver.beats()[-1].running == ("j3",)
    assert driver.others() == [Signal("j3", "TERM")]
    driver.handle(Tick(), 2.2)
    assert driver.step.actions == (), "there is nothing more to be sure of"


def test_several_ends_by_sigterm_are_each_reported_in_their_time() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.start(OTHER)
    driver.handle(Exited("j1", 143), 1.0)
    driver.handle(Exited("j2", 143), 1.06)
    driver.handle(Tick(), 1.0 + SIGNAL_DELAY)
    assert [result.job for result in driver.beats()[0].results] == ["j1"]
    assert driver.beats()[0].running == ("j2",)
    assert driver.worker.next_wake() == 1.06 + SIGNAL_DELAY
    driver.handle(Tick(), 1.06 + SIGNAL_DELAY)
    assert [result.job for result in driver.beats()[0].results] == ["j1", "j2"]


def test_a_worker_that_lost_its_link_meanwhile_reports_the_end_over_the_next() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Exited("j1", 143), 1.0)
    driver.handle(Disconnected(), 1.01)
    driver.handle(Tick(), 1.0 + SIGNAL_DELAY)
    assert driver.step.actions == ()
    driver.handle(Connected(), 3.0)
    assert [result.how for inventory in driver.beats() for result in inventory.results] == ["exit"]


# ------------------------------------------------------------------ starts
def test_a_job_is_written_down_before_its_process_starts() -> None:
    driver = WorkerDriver()
    step = driver.start(at=2.0)
    assert step.change == (Put(Run(job=JOB, started_at=2.0)),)


def test_a_start_that_is_repeated_starts_nothing() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.start(at=1.0)
    assert driver.step == Step()
    driver.handle(Exited("j1", 0), 2.0)
    driver.start(at=3.0)
    assert driver.others() == []


def test_a_start_for_another_start_of_this_worker_is_void() -> None:
    driver = WorkerDriver()
    driver.handle(MessageReceived(Start(epoch=1, boot="w#0", sent=0.0, job=JOB)), 1.0)
    assert driver.step == Step()


def test_a_start_that_answers_a_report_as_old_as_the_fence_is_void() -> None:
    driver = WorkerDriver()
    driver.start(at=90.0, sent=0.0)
    assert driver.others() == []
    driver.start(at=90.0, sent=0.5)
    assert driver.others() == [Spawn(JOB)]


def test_a_start_that_a_later_answer_has_overtaken_is_void() -> None:
    driver = WorkerDriver()
    driver.start(at=2.0, sent=1.0)
    driver.handle(Exited("j1", 0), 3.0)
    driver.ack(3.0, 3.5, "j1")
    driver.start(at=4.0, sent=1.0)
    assert driver.others() == []
    assert driver.worker.records.get(Run, "j1") is None


def test_a_start_that_answers_the_report_that_was_answered_last_is_obeyed() -> None:
    driver = WorkerDriver()
    driver.ack(3.0, 3.5)
    driver.start(at=4.0, sent=3.0)
    assert driver.others() == [Spawn(JOB)]


def test_a_start_proves_contact_as_an_acknowledgement_does() -> None:
    driver = WorkerDriver()
    driver.start(at=30.0, sent=29.0)
    assert driver.worker.acked == 29.0
    driver.start(OTHER, at=31.0, sent=20.0)
    assert driver.worker.acked == 29.0, "an older report proves nothing new"


def test_a_worker_that_goes_down_takes_no_more_work() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Drain(), 1.0)
    driver.start(OTHER, at=1.0)
    assert driver.step == Step()


# ------------------------------------------------------------------ a later primary
def test_an_earlier_primary_is_left_and_not_obeyed() -> None:
    driver = WorkerDriver()
    driver.handle(MessageReceived(Ack(epoch=2, sent=0.0)), 1.0)
    driver.start(at=2.0)
    assert driver.step.actions == (Leave("it is primary no more"),)
    assert driver.worker.runs() == []
    driver.stop(3.0)
    assert driver.step.actions == (), "it left already"


def test_a_later_primary_is_obeyed() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(MessageReceived(Stop(epoch=2, job="j1", reason="stale")), 1.0)
    assert driver.run().stop == "stale"
    assert driver.worker.epoch == 2


def test_whatever_the_primary_says_breaks_its_silence_and_nothing_else_does() -> None:
    driver = WorkerDriver()
    driver.ack(0.0, 14.0)
    driver.handle(Tick(), 28.9)
    assert driver.others() == []
    driver.handle(Exited("j9", 0), 29.0)
    assert driver.others() == [Leave("it said nothing for 15 s")]
    assert not driver.worker.linked


def test_an_inventory_is_no_order() -> None:
    driver = WorkerDriver()
    driver.worker.obey(beat(1.0))  # type: ignore[arg-type] - the wire could carry it
    assert (driver.worker.epoch, driver.worker.heard) == (0, 0.0)


# ------------------------------------------------------------------ stops
def test_a_stop_asks_first_and_kills_after_the_grace_once() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.stop(20.0)
    assert driver.others() == [Signal("j1", "TERM")]
    assert (driver.run().stop, driver.run().stop_at) == ("abort", 20.0)
    driver.handle(Tick(), 29.9)
    assert driver.others() == []
    driver.handle(Tick(), 30.0)
    assert driver.others() == [Signal("j1", "KILL")]
    driver.handle(Tick(), 31.0)
    assert driver.others() == []


def test_the_first_reason_to_stop_stands() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.stop(1.0, "timeout")
    driver.stop(2.0, "abort")
    assert driver.others() == []
    assert (driver.run().stop, driver.run().stop_at) == ("timeout", 1.0)


def test_what_has_ended_or_never_was_cannot_be_stopped() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Exited("j1", 0), 1.0)
    driver.stop(2.0)
    driver.stop(3.0, name="j9")
    assert driver.others() == []
    assert driver.run().stop == ""


def test_an_end_says_who_caused_it() -> None:
    reasons = {"abort": "stopped", "timeout": "stopped", "stale": "stopped"}
    for reason, how in reasons.items():
        driver = WorkerDriver()
        driver.start()
        driver.stop(1.0, reason)
        driver.handle(Exited("j1", -15), 2.0)
        assert (driver.run().how, driver.run().code, driver.run().ended_at) == (how, -15, 2.0)


def test_an_end_counts_once() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Exited("j1", 0), 1.0)
    driver.handle(Exited("j1", 9), 2.0)
    assert (driver.run().code, driver.run().ended_at) == (0, 1.0)
    driver.handle(Exited("j9", 0), 3.0)
    assert list(driver.worker.records.all(Run)) == ["j1"]


# ------------------------------------------------------------------ the fence
def test_jobs_stop_when_no_beat_was_acknowledged_for_the_whole_fence() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.ack(3.0, 4.0)
    driver.handle(Disconnected(), 5.0)
    driver.handle(Tick(), 92.9)
    assert driver.others() == []
    driver.handle(Tick(), 93.0)
    assert driver.others() == [Signal("j1", "TERM")]
    driver.handle(Exited("j1", -15), 94.0)
    assert driver.run().how == "fenced"


def test_an_acknowledgement_of_an_older_beat_takes_nothing_back() -> None:
    driver = WorkerDriver()
    driver.ack(5.0, 6.0)
    driver.ack(1.0, 7.0)
    assert driver.worker.acked == 5.0


# ------------------------------------------------------------------ another start of the worker
def test_what_ran_at_the_crash_is_gone_and_what_had_ended_is_still_owed() -> None:
    over = Run(job=OTHER, started_at=1.0, how="exit", code=0, ended_at=2.0)
    driver = WorkerDriver((Run(job=JOB, started_at=1.0), over))
    (inventory,) = driver.beats()
    assert inventory.running == ()
    assert inventory.results == (Result(job="j2", code=0, how="exit", ended_at=2.0),)
    assert list(driver.worker.records.all(Run)) == ["j2"]


# ------------------------------------------------------------------ a clean stop
def test_a_clean_stop_ends_what_runs_and_says_so() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Drain(), 1.0)
    assert driver.step.actions == (
        Signal("j1", "TERM"),
        Send("primary", beat(1.0, "j1", draining=True)),
    )
    driver.handle(Exited("j1", -15), 2.0)
    result = Result(job="j1", code=-15, how="shutdown", ended_at=2.0)
    assert driver.step.actions == (Send("primary", beat(2.0, results=(result,), draining=True)),)
    driver.ack(2.0, 3.0, "j1")
    assert driver.others() == [Halt()]
    driver.handle(Tick(), 4.0)
    assert driver.others() == [], "it leaves once"


def test_a_second_wish_to_go_down_changes_nothing() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Drain(), 1.0)
    driver.handle(Drain(), 4.0)
    assert driver.step == Step()
    assert driver.worker.drained_at == 1.0


def test_an_idle_worker_leaves_at_once() -> None:
    driver = WorkerDriver()
    driver.handle(Drain(), 1.0)
    assert driver.step.actions == (Send("primary", beat(1.0, draining=True)), Halt())


def test_a_worker_out_of_reach_leaves_with_its_results_on_disk() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Disconnected(), 1.0)
    driver.handle(Drain(), 2.0)
    assert driver.others() == [Signal("j1", "TERM")]
    driver.handle(Exited("j1", -15), 3.0)
    assert driver.step.actions == (Halt(),)
    assert driver.run().how == "shutdown"


def test_a_primary_that_never_acknowledges_is_waited_for_two_graces_long() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Drain(), 1.0)
    driver.handle(Exited("j1", -15), 2.0)
    for at in (10.0, 15.0):
        driver.handle(MessageReceived(Ack(epoch=1, sent=0.0)), at)
    driver.handle(Tick(), 20.9)
    assert Halt() not in driver.step.actions
    driver.handle(Tick(), 21.0)
    assert Halt() in driver.step.actions


# ------------------------------------------------------------------ when it wants to be woken
def test_nothing_wakes_a_worker_without_link_and_jobs() -> None:
    assert WorkerDriver(linked=False).worker.next_wake() is None


def test_a_linked_worker_wakes_for_its_heartbeat_and_for_the_primary_s_silence() -> None:
    driver = WorkerDriver()
    assert list(driver.worker.wakes()) == [5.0, 15.0]
    driver.handle(Tick(), 5.0)
    assert list(driver.worker.wakes()) == [10.0, 15.0]
    assert driver.worker.next_wake() == 10.0


def test_a_job_wakes_its_worker_for_the_fence_and_then_for_the_kill() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.ack(2.0, 3.0)
    driver.handle(Disconnected(), 4.0)
    assert list(driver.worker.wakes()) == [92.0]
    driver.handle(Tick(), 92.0)
    assert list(driver.worker.wakes()) == [102.0]
    driver.handle(Tick(), 102.0)
    assert list(driver.worker.wakes()) == [], "the kill is out; only the end is waited for"


def test_a_drained_worker_wakes_to_give_its_results_up() -> None:
    driver = WorkerDriver()
    driver.start()
    driver.handle(Drain(), 1.0)
    assert list(driver.worker.wakes()) == [6.0, 15.0, 11.0]
    driver.handle(Exited("j1", -15), 2.0)
    assert list(driver.worker.wakes()) == [7.0, 15.0, 21.0]
    driver.ack(2.0, 3.0, "j1")
    driver.handle(Disconnected(), 4.0)
    assert list(driver.worker.wakes()) == []


def test_a_wake_is_never_in_the_past() -> None:
    """What is due is done in the step; otherwise the shell would spin."""
    driver = WorkerDriver()
    driver.start()
    now = 0.0
    while (wake := driver.worker.next_wake()) is not None:
        assert wake > now
        now = wake
        driver.handle(Tick(), now)
    assert Signal("j1", "KILL") in driver.step.actions
