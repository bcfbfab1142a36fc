"""Cronicle's adapter reports what Cronicle says, in the kit's words, and no more.

Most tests play recorded answers of a few lines. Those that need Cronicle itself run it, wherever
RUNALL_CRONICLE_IMAGE names an image that has it: that image is a user's own, and none is shipped.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from runall_harness.adapter.protocol import VERBS, Done, Maybe, Message, Refused
from runall_harness.evidence.views import JobView
from runall_harness.systems.adapter_client import AdapterClient
from runall_harness.systems.lookup import shipped
from support.conform_runs import conform
from support.recorded_server import ELSEWHERE, NOT_ME, SILENCE, Answers, Player, playing

FOLDER = shipped()["cronicle"].parent
NOTE = 'it\'s "quoted", $HOME & \\$HOME, 100 % – ä'
NOW = 1_800_000_000
JOB = {
    "id": "j1",
    "event": "report",
    "hostname": "worker-1",
    "now": NOW,
    "time_start": NOW + 1.5,
    "source": "API Key (Run All)",
    "pid": 7,
    "params": {"script": "#!/bin/sh\nexit", "note": "a"},
}
SERVERS = {
    "primary": {"hostname": "primary", "master": 1, "uptime": 9},
    "worker-1": {"hostname": "worker-1", "master": 0, "uptime": 5, "disabled": 0},
}
QUIET: Answers = {
    "get_master_state": [{"state": {"cursors": {"report": NOW, "a_2d_b": NOW + 60}}}],
    "get_servers": [{"servers": SERVERS}],
    "get_plugins": [{"rows": [{"id": "shellplug", "params": []}]}],
    "get_active_jobs": [{"jobs": {}}],
    "get_history": [{"rows": []}],
    "get_activity": [{"rows": []}],
}


def module() -> ModuleType:
    """The adapter's program, as a module: it lies in a folder that is no package."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))  # as it is where the program is run
    spec = spec_from_file_location("cronicle_adapter", FOLDER / "adapter.py")
    assert spec
    assert spec.loader
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


class Talk:
    """An adapter and the servers that it may ask."""

    def __init__(self, nodes: str = "") -> None:
        self.nodes = nodes
        self.stack = ExitStack()
        self.players: list[Player] = []

    def with_server(self, **answers: Any) -> "Talk":
        """One more server; what is not given is quiet."""
        self.players.append(self.stack.enter_context(playing({**QUIET, **answers})))
        return self

    def env(self) -> dict[str, str]:
        """The environment that names the servers to the adapter."""
        urls = " ".join(player.url for player in self.players)
        return {"RUNALL_PRIMARIES": urls, "RUNALL_API_KEY": "k", "RUNALL_NODES": self.nodes}

    def begin(self) -> "Talk":
        """Make the adapter, and close it with this conversation."""
        self.adapter = module().Cronicle(self.env())
        self.stack.callback(self.adapter.close)
        return self

    def ask(self, verb: str, **args: Any) -> Message:
        """What it answers to one question."""
        return self.adapter.answer(VERBS[verb](id=1, **args))

    def call(self, verb: str, **args: Any) -> Any:
        """The value of an answer that is done."""
        answer = self.ask(verb, **args)
        assert isinstance(answer, Done), answer
        return answer.value


@pytest.fixture
def talk() -> Iterator[Callable[..., Talk]]:
    """What makes a conversation with one server that gives these answers."""
    with ExitStack() as stack:

        def make(nodes: str = "", **answers: Any) -> Talk:
            made = Talk(nodes).with_server(**answers)
            stack.enter_context(made.stack)
            return made.begin()

        yield make


Make = Callable[..., Talk]


def ended(**more: Any) -> dict[str, list[dict[str, Any]]]:
    """Answers that show the job as over, with what is recorded of its end."""
    record = {**JOB, "complete": 1, "code": 1, "time_end": NOW + 9, **more}
    stub = {"id": "j1", "action": "job_complete", "code": record["code"], "epoch": NOW + 9}
    return {"get_history": [{"rows": [stub]}], "get_job_status": [{"job": record}]}


def only(views: list[JobView]) -> JobView:
    """The one job that is shown."""
    (view,) = views
    return view


# ------------------------------------------------------------------ events
def test_an_event_is_sent_in_cronicles_words(talk: Make) -> None:
    made = talk()
    event = {
        "id": "a-b",
        "target": "worker-*",
        "catch_up": True,
        "timeout": 1.0,
        "timing": {},
        "params": {"script": "exit", "note": NOTE},
    }
    made.call("create_event", event=event)
    (server,) = made.players
    (group,), (plugin,) = server.bodies("create_server_group"), server.bodies("create_plugin")
    assert (group["regexp"], group["master"]) == (r"^worker\-.*$", 0)
    assert [one["id"] for one in plugin["params"]] == ["note", "script"]
    (body,) = server.bodies("create_event")
    assert body == {
        "id": "a_2d_b",
        "title": "a-b",
        "category": "general",
        "plugin": plugin["id"],
        "algo": "random",
        "enabled": 1,
        "catch_up": 1,
        "max_children": 1,
        "timeout": 1,
        "timing": {},
        "timezone": "UTC",
        "target": group["id"],
        "params": {"script": "#!/bin/sh\nexit", "note": NOTE.replace("$HOME", "\\$HOME")},
    }


def test_the_plugin_is_widened_by_what_it_does_not_define_and_asked_of_once(talk: Make) -> None:
    own = {"id": "runall", "params": [{"id": "script"}, {"id": "tag"}]}
    made = talk(get_plugins=[{"rows": [own]}], run_event=[{"ids": ["j1"]}])
    for _ in range(2):
        made.call("run", event="report", params={"tag": "t", "note": "n"}, source="ann")
    (server,) = made.players
    (plugin,) = server.bodies("update_plugin")
    assert [one["id"] for one in plugin["params"]] == ["script", "tag", "note"]
    assert len(server.bodies("get_plugins")) == 1


def test_an_edit_sends_only_what_it_changes(talk: Make) -> None:
    made = talk()
    made.call("update_event", event="a-b", fields={"target": "worker-2", "enabled": False})
    (server,) = made.players
    assert server.bodies("update_event") == [{"id": "a_2d_b", "enabled": 0, "target": "worker-2"}]
    assert not server.bodies("create_server_group"), "the name of a server is no pattern"


def test_the_cursor_is_the_minute_up_to_which_an_event_was_served(talk: Make) -> None:
    made = talk()
    assert made.call("event", event="report").cursor == NOW // 60
    assert made.call("event", event="a-b").cursor == NOW // 60 + 1
    assert made.call("event", event="new").cursor is None


# ------------------------------------------------------------------ jobs
def test_a_job_that_runs_is_shown_with_the_parameters_that_it_was_given(talk: Make) -> None:
    written = {"script": "#!/bin/sh\nexit", "note": NOTE.replace("$HOME", "\\$HOME"), "none": ""}
    made = talk(get_active_jobs=[{"jobs": {"j1": {**JOB, "params": written}}}])
    view = only(made.call("jobs"))
    assert view.params == {"script": "exit", "note": NOTE}
    assert (view.id, view.root, view.attempt, view.state) == ("j1", "j1", 1, "running")
    assert (view.cause, view.source, view.now) == ("manual", "API Key (Run All)", NOW)
    assert (view.node, view.placed_at, view.limbo) == ("worker-1", NOW + 1.5, False)


@pytest.mark.parametrize(
    ("more", "state"),
    [({"pid": None}, "starting"), ({}, "running"), ({"abort_reason": "any"}, "stopping")],
)
def test_a_job_that_lives_is_as_far_as_its_record_says(
    talk: Make, more: dict[str, Any], state: str
) -> None:
    made = talk(get_active_jobs=[{"jobs": {"j1": {**JOB, **more}}}])
    assert only(made.call("jobs")).state == state


def test_a_job_without_a_source_is_one_of_the_clock(talk: Make) -> None:
    scheduled = {key: value for key, value in JOB.items() if key != "source"}
    made = talk(get_active_jobs=[{"jobs": {"j1": scheduled}}])
    view = only(made.call("jobs"))
    assert (view.cause, view.source, view.now) == ("schedule", "", NOW)


LOST = "Aborted Job: Server 'worker-1' shut down unexpectedly."


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"code": 0}, "succeeded"),
        ({"code": 7, "description": "Script exited with code: 7"}, "failed"),
        ({"abort_reason": "Exceeded maximum run time (1 second)"}, "timed_out"),
        ({"abort_reason": "Manually aborted by API Key: k (Run All)"}, "aborted"),
        ({"abort_reason": "Exceeded memory limit of 1 GB"}, "failed"),
        ({"abort_reason": "Shutting down server"}, "interrupted"),
        ({"description": LOST}, "interrupted"),
        ({"description": LOST, "abort_reason": "Manually aborted by user: a"}, "interrupted"),
    ],
)
def test_how_a_job_ended_is_read_off_its_record(
    talk: Make, more: dict[str, Any], state: str
) -> None:
    view = only(talk(**ended(**more)).call("jobs"))
    assert (view.state, view.finalized_at) == (state, NOW + 9)


def test_a_record_is_asked_for_once_for_each_end(talk: Make) -> None:
    stub = {"id": "j1", "action": "job_complete", "code": 1, "epoch": NOW + 9}
    late = {**stub, "code": 0, "epoch": NOW + 99}
    lost = {**JOB, "complete": 1, "code": 1, "time_end": NOW + 9, "description": LOST}
    made = talk(
        get_history=[{"rows": [stub]}, {"rows": [stub]}, {"rows": [late, stub]}],
        get_job_status=[{"job": lost}, {"job": {**lost, "code": 0}}],
    )
    states = [only(made.call("jobs")).state for _ in range(3)]
    assert states == ["interrupted", "interrupted", "succeeded"]
    assert len(made.players[0].bodies("get_job_status")) >= 2


GONE = {**SERVERS, "worker-1": {**SERVERS["worker-1"], "disabled": True}}
IN_LIMBO: dict[str, Any] = {
    "get_active_jobs": [{"jobs": {"j1": JOB}}, {"jobs": {}}],
    "get_servers": [{"servers": GONE}],
}


def test_a_job_that_nobody_shows_while_its_server_is_out_of_reach_is_in_limbo(talk: Make) -> None:
    made = talk(**IN_LIMBO)
    assert not only(made.call("jobs")).limbo
    view = only(made.call("jobs"))
    assert (view.limbo, view.state) == (True, "running")


def test_a_job_that_nobody_shows_although_its_server_is_there_is_not_made_up(talk: Make) -> None:
    made = talk(**{**IN_LIMBO, "get_servers": [{"servers": SERVERS}]})
    assert only(made.call("jobs"))
    assert made.call("jobs") == []


def test_a_primary_that_starts_again_knows_of_no_job_in_limbo(talk: Make) -> None:
    young = {**GONE, "primary": {**GONE["primary"], "uptime": 0}}
    old = {**GONE, "primary": {**GONE["primary"], "uptime": 900}}
    made = talk(**{**IN_LIMBO, "get_servers": [{"servers": old}, {"servers": young}]})
    made.call("ready")
    assert only(made.call("jobs"))
    made.call("ready")
    assert made.call("jobs") == []


# ------------------------------------------------------------------ servers
def test_a_worker_takes_work_once_it_has_reported_and_a_stranger_is_added(talk: Make) -> None:
    silent = {**SERVERS["worker-1"], "hostname": "worker-2", "uptime": 0}
    made = talk(
        "primary worker-1 worker-2 worker-3",
        get_servers=[{"servers": {**SERVERS, "worker-2": silent}}],
    )
    assert made.call("ready") == ["primary", "worker-1"]
    assert made.call("leader") == "primary"
    assert made.players[0].bodies("add_server") == [{"hostname": "worker-3"}]


@pytest.mark.parametrize("answer", [ELSEWHERE, NOT_ME])
def test_a_server_that_does_not_lead_is_passed_over_and_then_asked_last(answer: Any) -> None:
    follower = {verb: [answer] for verb in ("get_master_state", "abort_job")}
    with (made := Talk().with_server(**follower).with_server()).stack:
        made.begin()
        made.call("abort", job="j1")
        made.call("abort", job="j2")
        assert [len(player.bodies("abort_job")) for player in made.players] == [1, 2]


# ------------------------------------------------------------------ refusals
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Failed to launch event: Maximum of 1 job already running for event: e", "limit"),
        ("Failed to launch event: Could not find any servers for group: w", "no-server"),
        ("Failed to launch event: Server or Server Group not found: worker-1", "no-server"),
        ("Failed to locate event: e", "unknown-event"),
        ("Failed to do something else", "event"),
    ],
)
def test_a_refusal_is_definite_and_has_the_kits_word_where_there_is_one(
    talk: Make, said: str, code: str
) -> None:
    made = talk(run_event=[{"code": "event", "description": said}])
    answer = made.ask("run", event="e", params={}, source="ann")
    assert isinstance(answer, Refused)
    assert (answer.code, answer.message) == (code, said)


def test_a_call_that_changes_something_and_stays_unanswered_may_have_happened(talk: Make) -> None:
    answer = talk(abort_job=[SILENCE]).ask("abort", job="j1")
    assert isinstance(answer, Maybe)


def test_where_nobody_leads_nothing_has_happened(talk: Make) -> None:
    follower = {verb: [NOT_ME] for verb in ("get_master_state", "abort_job")}
    answer = talk(**follower).ask("abort", job="j1")
    assert isinstance(answer, Refused)
    assert answer.code == "no-server"


def test_a_server_that_nobody_runs_has_not_heard_of_it_and_shows_nothing() -> None:
    with (gone := Talk().with_server()).stack:
        pass
    gone.begin()
    assert isinstance(gone.ask("abort", job="j1"), Refused)
    assert isinstance(gone.ask("jobs"), Maybe)


def test_what_cronicle_says_of_a_job_is_how_it_ended_and_what_was_warned_of_since(
    talk: Make,
) -> None:
    rows = [
        {"action": "warning", "epoch": NOW + 10, "description": "Failed to rerun job"},
        {"action": "server_disable", "epoch": NOW + 5},
        {"action": "error", "epoch": NOW - 5, "description": "of before"},
    ]
    made = talk(**ended(description=LOST), get_activity=[{"rows": rows}])
    made.call("jobs")
    assert made.call("reasons", root="j1") == f"{LOST}; Failed to rerun job"


# ------------------------------------------------------------------ the program
def test_the_program_speaks_the_protocol_and_ends_with_its_input() -> None:
    with (made := Talk().with_server(status=[{"version": "0.9.1"}])).stack:
        client = AdapterClient([sys.executable, "adapter.py"], made.env(), FOLDER)
        try:
            assert client.describe().version == "0.9.1"
            assert client.cannot("job.source")
            assert client.online() == {"primary", "worker-1"}
            assert abs(client.present_slot() - time.time() / 60) < 2
        finally:
            client.close()


def test_the_program_says_what_it_misses() -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("RUNALL_")}
    done = subprocess.run(
        [sys.executable, FOLDER / "adapter.py"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "set RUNALL_PRIMARIES and RUNALL_API_KEY" in done.stderr


def test_a_silent_server_is_given_up_before_the_kit_gives_up_the_adapter(talk: Make) -> None:
    assert module().BUDGET < 10
    answer = talk(get_active_jobs=[SILENCE]).ask("jobs")
    assert isinstance(answer, Maybe)


# ------------------------------------------------------------------ the image
def image_says(
    config: str, settings: str = "{}", package: str = ""
) -> "subprocess.CompletedProcess[str]":
    """What the program makes of an image with that configuration."""
    package = package or json.dumps({"name": "Cronicle", "version": "0.9.1"})
    asked = {
        "image": "i",
        "files": {"config": config, "package": package},
        "options": {"settings": settings},
    }
    return subprocess.run(
        [sys.executable, FOLDER / "image.py"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("config", "settings", "dead", "takeover", "grace"),
    [
        ("{}", "{}", 240, 70, 10),
        ('{"dead_job_timeout": 600, "child_kill_timeout": 5}', "{}", 720, 70, 5),
        ('{"dead_job_timeout": 600}', '{"dead_job_timeout": 30}', 150, 70, 10),
        ('{"dead_job_timeout": 1, "master_ping_timeout": 300}', "{}", 370, 310, 10),
    ],
)
def test_deadlines_follow_from_the_settings_that_are_in_force(
    config: str, settings: str, dead: float, takeover: float, grace: float
) -> None:
    description = json.loads(image_says(config, settings).stdout)
    timings = description["timings"]
    assert description["version"] == "0.9.1"
    assert timings["forgives"] <= timings["dead_job_timeout"] - 120
    assert (timings["dead_job_timeout"], timings["takeover"], timings["grace"]) == (
        dead,
        takeover,
        grace,
    )


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ({"config": "{", "settings": "{}"}, "conf/config.json is no JSON"),
        ({"config": "{}", "settings": "[]"}, "the option settings holds no object"),
        ({"config": "{}", "package": '{"name": "x"}'}, "is 'x', and not Cronicle"),
    ],
)
def test_an_image_that_states_no_timings_says_why(texts: dict[str, str], why: str) -> None:
    done = image_says(**texts)
    assert done.returncode == 1
    assert why in done.stderr


# ------------------------------------------------------------------ the real thing
def real(*arguments: str, out: Path) -> Any:
    """A run in the user's image. Skips where there is none."""
    name = os.environ.get("RUNALL_CRONICLE_IMAGE")
    if not name:
        pytest.skip("RUNALL_CRONICLE_IMAGE names no image of Cronicle; the kit ships none")
    return conform("--system", "cronicle", "--rig", "docker", "--image", name, *arguments, out=out)


@pytest.mark.timeout(1800)
def test_real_servers_are_killed_and_every_case_has_a_verdict(tmp_path: Path) -> None:
    done = real("--scenario", "5_worker_restart/its-job-is-run-again-by-another*", out=tmp_path)
    verdicts = {case["verdict"] for case in done.report["cases"]}
    assert verdicts <= {"pass", "fail", "known-failure", "inconclusive"}
    assert len(done.report["cases"]) == 2


@pytest.mark.timeout(1800)
def test_a_job_that_failed_by_itself_is_left_alone_by_any_release(tmp_path: Path) -> None:
    done = real(
        "--scenario",
        "side_effects/a-job-that-failed-by-itself*",
        "--trigger",
        "manual",
        out=tmp_path,
    )
    (case,) = done.report["cases"]
    assert case["verdict"] == "pass", case
