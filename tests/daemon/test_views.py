"""What people are shown is what the records say, with limbo, cursors and debts worked out."""

from msgspec import to_builtins
from runall_reference.brain.inputs import RunEvent, WorkerDisconnected
from runall_reference.brain.primary import Primary
from runall_reference.brain.settings import Settings
from runall_reference.brain.timing import Timing
from runall_reference.daemon import views
from support.driven_primary import NOW, SLOT, Stage, ended


def busy() -> tuple[Stage, str, str]:
    """Two jobs by hand: one has failed, one runs."""
    stage = Stage()
    stage.beat(0)
    stage.create(max_children=0)
    failed, runs = stage.run().id, stage.run().id
    stage.beat(1, runs, results=(ended(failed, 3),))
    return stage, failed, runs


def test_an_attempt_is_shown_as_it_is_recorded():
    stage, failed, runs = busy()
    assert views.job(stage.brain, runs) == {
        **to_builtins(stage.job(runs)),
        "limbo": False,
        "late_code": None,
    }
    assert views.job(stage.brain, failed) == {
        **to_builtins(stage.done(failed).job),
        "limbo": False,
        "late_code": None,
    }
    assert views.job(stage.brain, "j99") is None


def test_a_job_is_shown_to_be_in_limbo_while_its_server_is_out_of_reach():
    stage, failed, runs = busy()
    stage.tell(WorkerDisconnected("w", "w#1"), 2)
    assert {view["id"]: view["limbo"] for view in views.jobs(stage.brain)} == {
        failed: False,
        runs: True,
    }


def test_a_late_result_is_shown_with_its_own_attempt():
    stage, _, runs = busy()
    stage.beat(2, boot="w#2")
    stage.beat(3, f"{runs}.2", boot="w#2", results=(ended(runs, 7),))
    shown = views.job(stage.brain, runs)
    assert shown is not None
    assert (shown["late_code"], shown["code"], shown["state"]) == (7, None, "interrupted")
    assert [view["late_code"] for view in views.jobs(stage.brain)] == [None, 7, None]


def test_attempts_are_listed_in_the_order_of_their_creation_live_or_not():
    stage, failed, runs = busy()
    stage.tick(5)
    later = stage.run().id
    stage.beat(6, runs, results=(ended(later),))
    assert [view["id"] for view in views.jobs(stage.brain)] == [failed, runs, later]


def test_attempts_of_one_moment_are_listed_by_their_number():
    stage = Stage()
    stage.beat(0)
    stage.create()
    job = stage.run().id
    stage.beat(0, job)
    stage.beat(0, boot="w#2")
    assert [view["attempt"] for view in views.jobs(stage.brain)] == [1, 2]
    stage.beat(0, f"{job}.2", boot="w#2")
    stage.beat(0, boot="w#2", results=(ended(f"{job}.2"),))
    assert [view["id"] for view in views.jobs(stage.brain)] == [job, f"{job}.2"]


def test_an_event_is_shown_with_its_cursor_and_what_it_owes():
    stage = Stage()
    stage.beat(0)
    stage.create(timing=Timing(minutes=(21,)))
    stage.create("other", timing=Timing(minutes=(21,)))
    stage.beat(60)
    (mine, others) = [job.id for job in stage.brain.live()]
    stage.beat(61, mine, others)
    stage.beat(62, others, results=(ended(mine, -15, "shutdown"),), draining=True)
    events = {view["id"]: view for view in views.events(stage.brain)}
    assert events["e"] == {
        **to_builtins(stage.brain.known("e")),
        "cursor": SLOT + 1,
        "owed": [{"slot": SLOT + 1, "root": mine}],
    }
    assert (events["other"]["owed"], events["other"]["cursor"]) == ([], SLOT + 1)


def test_servers_are_listed_by_name_with_the_state_of_their_link():
    stage = Stage()
    stage.beat(1, node="z", boot="z#1")
    stage.beat(2, node="a", boot="a#1")
    stage.tell(WorkerDisconnected("z", "z#1"), 3)
    assert views.servers(stage.brain) == [
        {"name": "a", "state": "online", "since": NOW + 2, "boot": "a#1", "refused": ""},
        {"name": "z", "state": "suspect", "since": NOW + 3, "boot": "z#1", "refused": ""},
    ]


def test_the_ledger_is_shown_line_by_line_oldest_first():
    stage, _, runs = busy()
    stage.beat(2, boot="w#2")
    stage.beat(3, boot="w#2", results=(ended(runs, 7),))
    assert [line["number"] for line in views.ledger(stage.brain)] == [1, 2]
    assert views.ledger(stage.brain)[0] == {
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
    stage = Stage(policy="cronicle-0.9.52")
    assert views.status(stage.brain, NOW + 61) == {
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
    stage, _, _ = busy()
    before = stage.tell(RunEvent("nothing", {}, "me")).change
    for view in (views.jobs, views.events, views.servers, views.ledger):
        view(stage.brain)
    assert stage.tell(RunEvent("nothing", {}, "me")).change == before == ()
