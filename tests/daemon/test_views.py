"""What people are shown is what the records say, with limbo, cursors and debts worked out."""

from msgspec import to_builtins
from runall_reference.brain.inputs import RunEvent, WorkerDisconnected
from runall_reference.brain.primary import Primary
from runall_reference.brain.settings import Settings
from runall_reference.brain.timing import Timing
from runall_reference.daemon import views
from support.primary_driver import NOW, SLOT, PrimaryDriver, ended


def busy() -> tuple[PrimaryDriver, str, str]:
    """Two manual jobs: one has failed, one runs."""
    driver = PrimaryDriver()
    driver.beat(0)
    driver.create(max_children=0)
    failed, runs = driver.run().id, driver.run().id
    driver.beat(1, runs, results=(ended(failed, 3),))
    return driver, failed, runs


def test_an_attempt_is_shown_as_it_is_recorded():
    driver, failed, runs = busy()
    assert views.job(driver.brain, runs) == {
        **to_builtins(driver.job(runs)),
        "limbo": False,
        "late_code": None,
    }
    assert views.job(driver.brain, failed) == {
        **to_builtins(driver.done(failed).job),
        "limbo": False,
        "late_code": None,
    }
    assert views.job(driver.brain, "j99") is None


def test_a_job_is_shown_to_be_in_limbo_while_its_server_is_out_of_reach():
    driver, failed, runs = busy()
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    assert {view["id"]: view["limbo"] for view in views.jobs(driver.brain)} == {
        failed: False,
        runs: True,
    }


def test_a_late_result_is_shown_with_its_own_attempt():
    driver, _, runs = busy()
    driver.beat(2, boot="w#2")
    driver.beat(3, f"{runs}.2", boot="w#2", results=(ended(runs, 7),))
    shown = views.job(driver.brain, runs)
    assert shown is not None
    assert (shown["late_code"], shown["code"], shown["state"]) == (7, None, "interrupted")
    assert [view["late_code"] for view in views.jobs(driver.brain)] == [None, 7, None]


def test_attempts_are_listed_in_the_order_of_their_creation_live_or_not():
    driver, failed, runs = busy()
    driver.tick(5)
    later = driver.run().id
    driver.beat(6, runs, results=(ended(later),))
    assert [view["id"] for view in views.jobs(driver.brain)] == [failed, runs, later]


def test_attempts_of_one_moment_are_listed_by_their_number():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.create()
    job = driver.run().id
    driver.beat(0, job)
    driver.beat(0, boot="w#2")
    assert [view["attempt"] for view in views.jobs(driver.brain)] == [1, 2]
    driver.beat(0, f"{job}.2", boot="w#2")
    driver.beat(0, boot="w#2", results=(ended(f"{job}.2"),))
    assert [view["id"] for view in views.jobs(driver.brain)] == [job, f"{job}.2"]


def test_an_event_is_shown_with_its_cursor_and_what_it_owes():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.create(timing=Timing(minutes=(21,)))
    driver.create("other", timing=Timing(minutes=(21,)))
    driver.beat(60)
    (mine, others) = [job.id for job in driver.state.live()]
    driver.beat(61, mine, others)
    driver.beat(62, others, results=(ended(mine, -15, "shutdown"),), draining=True)
    events = {view["id"]: view for view in views.events(driver.brain)}
    assert events["e"] == {
        **to_builtins(driver.brain.orders.known("e")),
        "cursor": SLOT + 1,
        "owed": [{"slot": SLOT + 1, "root": mine}],
    }
    assert (events["other"]["owed"], events["other"]["cursor"]) == ([], SLOT + 1)


def test_servers_are_listed_by_name_with_the_state_of_their_link():
    driver = PrimaryDriver()
    driver.beat(1, node="z", boot="z#1")
    driver.beat(2, node="a", boot="a#1")
    driver.handle(WorkerDisconnected("z", "z#1"), 3)
    assert views.servers(driver.brain) == [
        {"name": "a", "state": "online", "since": NOW + 2, "boot": "a#1", "refused": ""},
        {"name": "z", "state": "suspect", "since": NOW + 3, "boot": "z#1", "refused": ""},
    ]


def test_the_ledger_is_shown_line_by_line_oldest_first():
    driver, _, runs = busy()
    driver.beat(2, boot="w#2")
    driver.beat(3, boot="w#2", results=(ended(runs, 7),))
    assert [line["number"] for line in views.ledger(driver.brain)] == [1, 2]
    assert views.ledger(driver.brain)[0] == {
        "number": 1,
        "at": NOW + 2,
        "event": "e",
        "job": runs,
        "root": runs,
        "what": "restart",
        "decision": "rerun",
        "clause": "RA-4.1",
        "detail": f"as {runs}.2",
    }


def test_the_status_says_who_leads_and_what_minute_it_is():
    driver = PrimaryDriver(policy="cronicle-0.9.52")
    assert views.status(driver.brain, NOW + 61) == {
        "node": "p",
        "role": "primary",
        "epoch": 1,
        "boot": "p#1",
        "policy": "cronicle-0.9.52",
        "slot": SLOT + 1,
    }


def test_a_primary_that_has_not_led_yet_has_no_epoch_and_no_boot():
    status = views.status(Primary("b", Settings()), NOW)
    assert (status["role"], status["epoch"], status["boot"]) == ("standby", 0, "")


def test_a_view_changes_nothing():
    driver, _, _ = busy()
    before = driver.handle(RunEvent("nothing", {}, "me")).change
    for view in (views.jobs, views.events, views.servers, views.ledger):
        view(driver.brain)
    assert driver.handle(RunEvent("nothing", {}, "me")).change == before == ()
