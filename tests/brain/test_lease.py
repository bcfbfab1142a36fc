"""A primary takes the lease, shows that it lives, and gives the lease up when it has drained."""

from runall_reference.brain.inputs import ClockSet, Drain, Retire, Tick, WorkerDisconnected
from runall_reference.brain.messages import Ack, Start
from runall_reference.brain.primary import Primary, Standby
from runall_reference.brain.records import Counter, Job, Lease, Reopened, Server
from runall_reference.brain.settings import Settings
from runall_reference.brain.timing import Timing
from support.primary_driver import NOW, SLOT, PrimaryDriver, ended

OLD = Lease(
    holder="q", epoch=6, since=NOW - 900, origin=NOW - 1000, renewals=7, renewed_at=NOW - 50
)


def lease(driver: PrimaryDriver) -> Lease:
    """The lease in the records."""
    found = driver.brain.leadership.lease()
    assert found is not None
    return found


def drained(driver: PrimaryDriver) -> bool:
    """Whether the last step lets the primary leave."""
    return Retire() in driver.step.actions


# ------------------------------------------------------------------ taking the lease
def test_the_first_primary_ever_leads_in_epoch_one():
    driver = PrimaryDriver()
    assert lease(driver) == Lease(holder="p", epoch=1, since=NOW, origin=NOW, renewed_at=NOW)
    assert (driver.state.role, driver.state.epoch, driver.state.boot) == ("primary", 1, "p#1")
    assert driver.step.guard == 0


def test_a_later_primary_leads_in_the_next_epoch_and_keeps_the_schedule_s_origin():
    driver = PrimaryDriver([OLD])
    assert lease(driver) == Lease(
        holder="p", epoch=7, since=NOW, origin=NOW - 1000, renewals=0, renewed_at=NOW
    )
    assert driver.step.guard == 6, "the commit asks for the lease that it takes over"
    assert driver.tick(1).guard == 7
    assert driver.state.clock.origin == NOW - 1000


def test_a_scaled_schedule_goes_on_where_it_was():
    driver = PrimaryDriver([OLD], time_scale=2.0)
    assert driver.state.clock.slot(NOW) == int((NOW - 1000 + 2000) // 60)


def test_the_servers_that_are_known_are_in_doubt_since_now_and_lived_when_the_outage_began():
    driver = PrimaryDriver([OLD, Server(name="w", boot="w#1", joined_at=NOW - 800)])
    link = driver.state.links["w"]
    assert (link.state, link.boot, link.since, link.heard) == ("suspect", "w#1", NOW, NOW)
    assert link.alive == OLD.renewed_at
    driver = PrimaryDriver([Server(name="w", boot="w#1", joined_at=NOW - 800)])
    assert driver.state.links["w"].alive == NOW


def test_a_job_of_the_outage_is_as_old_as_the_outage():
    job = Job(
        id="j1",
        event="e",
        root="j1",
        attempt=1,
        cause="manual",
        now=NOW,
        state="running",
        node="w",
        boot="w#1",
    )
    driver = PrimaryDriver([OLD, job, Server(name="w", boot="w#1", joined_at=NOW - 800)])
    driver.create(catch_up=True)
    driver.tick(driver.settings.dead_job_timeout)
    assert driver.job("j1.2").lost_at == OLD.renewed_at


def test_the_numbers_of_jobs_and_of_ledger_lines_go_on_where_they_were():
    driver = PrimaryDriver([Counter(name="job", next=9), Counter(name="ledger", next=5)])
    driver.beat(0)
    driver.create()
    job = driver.run().id
    driver.beat(1, job)
    driver.beat(2)
    assert (job, [line.number for line in driver.ledger()]) == ("j9", [5])
    assert driver.records.all(Counter) == {
        "job": Counter(name="job", next=10),
        "ledger": Counter(name="ledger", next=6),
    }


def test_orders_carry_the_epoch_and_the_start_of_the_worker():
    driver = PrimaryDriver([OLD])
    driver.beat(0)
    driver.create()
    job = driver.run()
    driver.beat(1)
    assert driver.messages() == [
        Start(epoch=7, boot="w#1", sent=NOW + 1, job=job),
        Ack(epoch=7, sent=NOW + 1),
    ]


# ------------------------------------------------------------------ showing that it lives
def test_the_lease_is_renewed_three_times_in_its_life():
    driver = PrimaryDriver(lease=30.0)
    driver.tick(9.9)
    assert lease(driver).renewals == 0
    driver.tick(10)
    assert (lease(driver).renewals, lease(driver).renewed_at) == (1, NOW + 10)
    driver.tick(19.9)
    assert lease(driver).renewals == 1
    driver.tick(20)
    assert (lease(driver).renewals, lease(driver).since) == (2, NOW)


def test_a_backup_does_nothing_by_itself():
    brain = Primary("b", Settings(), [OLD])
    assert brain.handle(Tick(), NOW).change == ()
    assert brain.next_wake() is None
    assert brain.state.role == "standby"


# ------------------------------------------------------------------ a backup
def test_a_backup_waits_until_the_renewals_have_stopped_for_a_whole_life():
    backup = Standby("b", Settings(lease=30.0))
    assert not backup.may_lead(OLD, 100.0)
    assert not backup.may_lead(OLD, 129.9)
    assert backup.may_lead(OLD, 130.0)


def test_each_renewal_and_each_epoch_begins_the_wait_anew():
    backup = Standby("b", Settings(lease=30.0))
    held = [
        Lease(holder="q", epoch=epoch, since=0.0, renewals=renewals)
        for epoch, renewals in ((6, 7), (6, 8), (7, 8))
    ]
    for number, seen in enumerate(held):
        assert not backup.may_lead(seen, 100.0 + 29.0 * number)
    assert backup.may_lead(held[-1], 188.0)


def test_a_lease_that_nobody_holds_or_that_is_its_own_may_be_taken_at_once():
    for held in (None, "", "b"):
        found = held if held is None else Lease(holder=held, epoch=1, since=0.0)
        assert Standby("b", Settings()).may_lead(found, 0.0)


def test_a_backup_looks_four_times_in_the_life_of_a_lease():
    assert Standby("b", Settings(lease=30.0)).poll_every() == 7.5


def test_a_primary_answers_only_while_no_backup_can_have_led():
    driver = PrimaryDriver(lease=30.0, drift=0.5, fence=60.0)
    assert driver.brain.leadership.may_answer(NOW + 19.9)
    assert not driver.brain.leadership.may_answer(NOW + 20)
    driver.tick(40)
    assert driver.brain.leadership.may_answer(NOW + 41)


def test_the_next_primary_knows_since_when_a_worker_has_been_out_of_reach():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.handle(WorkerDisconnected("w", "w#1"), 4)
    records = [record for table in driver.records.tables.values() for record in table.values()]
    assert PrimaryDriver(records).state.alive_at("w") == NOW + 3
    driver.beat(5)
    driver.tick(driver.settings.lease / 3 + 5)
    renewed_at = lease(driver).renewed_at
    for _ in range(2):
        records = [record for table in driver.records.tables.values() for record in table.values()]
        driver = PrimaryDriver(records)
        assert driver.state.alive_at("w") == renewed_at


# ------------------------------------------------------------------ going down
def test_an_idle_primary_gives_up_the_lease_at_once():
    driver = PrimaryDriver()
    driver.handle(Drain(), 5)
    assert drained(driver)
    assert (lease(driver).holder, lease(driver).renewed_at) == ("", NOW + 5)
    assert (lease(driver).epoch, lease(driver).since) == (1, NOW)
    assert driver.state.role == "retired"
    assert driver.brain.next_wake() is None
    assert driver.tick(6).change == ()


def test_a_primary_stays_until_its_own_jobs_are_finalized():
    driver = PrimaryDriver()
    driver.beat(0, node="p", boot="p#1")
    driver.create(target="p")
    job = driver.run().id
    driver.beat(1, job, node="p", boot="p#1")
    driver.handle(Drain(), 2)
    assert not drained(driver)
    assert (driver.state.role, lease(driver).holder) == ("draining", "p")
    assert wakes(driver) == driver.settings.lease / 3
    driver.beat(3, node="p", boot="p#1", results=(ended(job, -15, "shutdown"),))
    assert drained(driver)


def test_a_primary_that_goes_down_does_not_wait_for_the_jobs_of_others():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.create()
    driver.beat(1, driver.run().id)
    driver.handle(Drain(), 2)
    assert drained(driver)


def test_a_primary_that_goes_down_still_renews_its_lease_and_still_gives_up_the_lost():
    driver = PrimaryDriver()
    driver.beat(0, node="p", boot="p#1")
    driver.beat(0)
    driver.create("local", target="p")
    driver.create()
    local, remote = driver.run("local").id, driver.run().id
    driver.beat(1, local, node="p", boot="p#1")
    driver.beat(1, remote)
    driver.handle(Drain(), 2)
    driver.tick(10)
    assert lease(driver).renewals == 1
    for at in (17, 137):
        driver.beat(at, local, node="p", boot="p#1")
    assert driver.done(remote).job.state == "interrupted"
    assert driver.job(f"{remote}.2").state == "waiting"


# ------------------------------------------------------------------ when it wants to be woken
def wakes(driver: PrimaryDriver) -> float:
    """The next wake, in seconds after the start."""
    wake = driver.brain.next_wake()
    assert wake is not None
    return wake - NOW


def test_an_idle_primary_wakes_for_its_lease():
    assert wakes(PrimaryDriver(lease=30.0)) == 10


def test_a_silent_worker_wakes_it_and_then_its_loss_does():
    driver = PrimaryDriver(lease=3000.0, fence=110.0, kill_grace=1.0)
    driver.beat(4)
    assert wakes(driver) == 4 + 15
    driver.tick(19)
    assert driver.state.links["w"].state == "suspect"
    assert wakes(driver) == 19 + 120
    driver.tick(139)
    assert driver.state.links["w"].state == "lost"
    assert wakes(driver) == 1000


def test_a_draining_worker_that_falls_silent_wakes_it_too():
    driver = PrimaryDriver(lease=3000.0)
    driver.beat(4, draining=True)
    assert wakes(driver) == 19
    driver.tick(19)
    assert driver.state.links["w"].state == "suspect"


def test_a_time_limit_wakes_it():
    driver = PrimaryDriver(lease=3000.0, silence=500.0)
    driver.beat(0)
    driver.create(timeout=60.0)
    job = driver.run().id
    assert wakes(driver) == 500
    driver.beat(5, job)
    assert wakes(driver) == 65
    driver.tick(65)
    assert driver.job(job).stop_reason == "timeout"
    assert wakes(driver) == 505


def test_a_retry_s_delay_wakes_it():
    driver = PrimaryDriver(lease=3000.0, silence=500.0)
    driver.beat(0)
    driver.create(retries=1, retry_delay=40.0)
    job = driver.run().id
    driver.beat(5, results=(ended(job, 1),))
    assert wakes(driver) == 45
    driver.tick(45)
    assert driver.job(f"{job}.2").state == "starting"


def test_a_rerun_that_gets_too_old_wakes_it():
    driver = PrimaryDriver(lease=30_000.0)
    driver.beat(0)
    driver.create(rerun_age=1000.0)
    job = driver.run().id
    driver.beat(5, results=(ended(job, -15, "shutdown"),), draining=True)
    driver.tick(20)
    driver.tick(140)
    assert wakes(driver) == 1000
    driver.tick(1000)
    assert wakes(driver) == 10_000


def test_a_rerun_without_an_age_wakes_nobody():
    for age in (0.0, 1e9):
        driver = PrimaryDriver(lease=30_000.0)
        driver.beat(0)
        driver.create(rerun_age=age)
        job = driver.run().id
        driver.beat(5, results=(ended(job, -15, "shutdown"),), draining=True)
        driver.tick(20)
        driver.tick(140)
        assert wakes(driver) == 10_000


def test_the_next_minute_wakes_it_when_an_event_is_scheduled_and_enabled():
    driver = PrimaryDriver(lease=3000.0)
    driver.create("disabled", timing=Timing(), enabled=False)
    driver.create("manual")
    assert wakes(driver) == 1000
    driver.create(timing=Timing(minutes=(59,)))
    assert wakes(driver) == 60
    driver.tick(61)
    assert wakes(driver) == 120


def test_the_minute_that_wakes_it_is_that_of_the_schedule_s_clock():
    driver = PrimaryDriver(lease=3000.0, time_scale=60.0)
    driver.create(timing=Timing(minutes=(59,)))
    assert wakes(driver) == 1
    driver.handle(ClockSet(30.0), 0)
    assert wakes(driver) == 0.5
    assert driver.state.clock.slot(NOW + 0.5) == SLOT + 1


def test_an_owed_minute_wakes_it_when_it_may_start_and_when_it_gets_too_old():
    done = Job(
        id="j1",
        event="e",
        root="j1",
        attempt=1,
        cause="schedule",
        now=NOW,
        slot=SLOT,
        state="interrupted",
        node="w",
        boot="w#1",
    )
    owed = Reopened(event="e", slot=SLOT, job=done, lost_at=NOW - 5, not_before=NOW + 7)
    driver = PrimaryDriver([owed], lease=3000.0)
    assert wakes(driver) == 7
    driver.create(enabled=False, rerun_age=100.0)
    driver.tick(7)
    assert wakes(driver) == 95
    driver.tick(95)
    assert not driver.records.all(Reopened)
    assert wakes(driver) == 1000


def test_an_owed_minute_of_an_event_without_an_age_wakes_nobody_later():
    done = Job(
        id="j1",
        event="e",
        root="j1",
        attempt=1,
        cause="schedule",
        now=NOW,
        slot=SLOT,
        state="interrupted",
        node="w",
        boot="w#1",
    )
    owed = Reopened(event="e", slot=SLOT, job=done, lost_at=NOW - 5, not_before=NOW)
    driver = PrimaryDriver([owed], lease=3000.0)
    driver.create(enabled=False, rerun_age=0.0)
    assert wakes(driver) == 1000
