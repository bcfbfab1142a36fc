"""The kit's end of the wire: an adapter is believed while it keeps the protocol, and no longer.

The adapters are programs of a few lines, which break it in one way each.
"""

import json
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from jsonschema import Draft202012Validator
from runall_harness.adapter import Adapter
from runall_harness.adapter.protocol import OPTIONAL, PROTOCOL, REQUIRED, VERBS, schema
from runall_harness.cli import exit_code_of
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Unsupported
from runall_harness.evidence.views import EventView, Rejected, Unreachable
from runall_harness.systems.adapter_client import AdapterClient
from support.places import DOCS

PAGE = DOCS / "adapters.md"
# Answers as the test says, line for line; the questions that it got are on standard error.
SCRIPTED = """
import json, sys
for line, answers in zip(sys.stdin, json.loads(sys.argv[1])):
    print(line, end="", file=sys.stderr, flush=True)
    for answer in answers:
        print(answer, flush=True)
sys.exit(int(sys.argv[2])) if len(sys.argv) > 2 else sys.stdin.read()
"""
DESCRIBED: dict[str, Any] = {"protocol": PROTOCOL, "name": "s", "version": "1"}


def done(value: Any, number: int = 1) -> str:
    """An answer that says it was done."""
    return json.dumps({"answer": "done", "id": number, "value": value})


def scripted(*answers: str | list[str], code: int | None = None, **more: Any) -> AdapterClient:
    """A client of an adapter that gives these answers, then waits for its end, or ends itself."""
    lines = [[answer] if isinstance(answer, str) else answer for answer in answers]
    ends = [] if code is None else [str(code)]
    return AdapterClient([sys.executable, "-c", SCRIPTED, json.dumps(lines), *ends], **more)


def trouble(client: AdapterClient, ask: Callable[[AdapterClient], object]) -> str:
    """The kit's error when it can't go on with that adapter; its process has ended by then."""
    with pytest.raises(KitCannotRun) as error:
        ask(client)
    assert client.wire.process.poll() is not None
    with pytest.raises(KitCannotRun, match=re.escape(error.value.cause)):
        client.jobs()
    client.close()
    return str(error.value)


# ------------------------------------------------------------------ what breaks it
def test_an_adapter_that_dies_is_quoted_with_its_last_words() -> None:
    said = trouble(scripted(code=7), lambda client: client.describe())
    assert "ended (exit status 7) instead of answering describe" in said
    client = AdapterClient([sys.executable, "-c", "raise OSError('no such queue')"])
    assert "OSError: no such queue" in trouble(client, lambda client: client.describe())


def test_an_adapter_that_is_killed_is_reported_with_its_signal() -> None:
    client = scripted(done(DESCRIBED))
    client.describe()
    client.wire.process.kill()
    assert "ended by SIGKILL" in trouble(client, lambda client: client.jobs())


def test_an_adapter_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    script = f"sh -c 'echo $$ >{tmp_path}/pid; exec sleep 1000' & wait"
    client = AdapterClient(["sh", "-c", script], limit=0.5)
    child = psutil.Process(int((tmp_path / "pid").read_text()))
    said = trouble(client, lambda client: client.describe())
    assert "did not answer describe within 0.5 s" in said
    assert "next step: give every call to the scheduler a time limit" in said
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("hello", "answered describe with an invalid line"),
        ('{"answer": "done"}', "missing required field `id`"),
        ('{"answer": "perhaps", "id": 1}', "Invalid value 'perhaps'"),
        (done({"name": "s"}), "answered describe with a wrong value"),
        (done({**DESCRIBED, "protocol": "runall-adapter/9"}), "this kit speaks runall-adapter/1"),
        (done(DESCRIBED, number=2), "answered question 2 when describe was asked as 1"),
    ],
)
def test_what_is_no_answer_is_quoted(answer: str, why: str) -> None:
    assert why in trouble(scripted(answer), lambda client: client.describe())


def test_an_adapter_that_does_not_listen_hangs_also_in_the_middle_of_a_long_question() -> None:
    deaf = f"read line; echo '{done(DESCRIBED)}'; exec sleep 1000"
    client = AdapterClient(["sh", "-c", deaf], limit=1.0)
    client.describe()
    long = {"id": "e", "title": "x" * 1_000_000}
    assert "did not answer create_event within 1 s" in trouble(
        client, lambda client: client.create_event(long)
    )


def test_an_adapter_that_does_not_describe_itself_is_broken() -> None:
    refusal = '{"answer":"refused","id":1,"code":"later","message":"not yet"}'
    said = trouble(scripted(refusal), lambda client: client.describe())
    assert "does not describe itself: later: not yet" in said


def test_an_answer_that_nobody_asked_for_is_out_of_turn() -> None:
    read = threading.Event()
    answers = [done(DESCRIBED), done([], number=2), '{"answer":"changed"}']
    client = scripted(answers, notify=read.set)
    client.describe()
    assert read.wait(20)
    assert "wrote a line before it was asked" in trouble(client, lambda client: client.jobs())


def test_what_can_t_be_started_has_a_next_step() -> None:
    with pytest.raises(KitCannotRun, match="see whether 'no-such-program' is installed"):
        AdapterClient(["no-such-program"])
    with pytest.raises(KitCannotRun, match="name a program"):
        AdapterClient([])


def test_an_adapter_that_does_not_leave_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runall_harness.adapter.wire.LEAVE", 0.5)
    stays = "import signal\nsignal.pause()"
    client = AdapterClient([sys.executable, "-c", stays])
    assert client.wire.close() is False
    assert client.wire.process.poll() is not None
    client.close()


# ------------------------------------------------------------------ what the answers mean
def test_a_refusal_is_definite_and_a_maybe_is_not() -> None:
    client = scripted(
        done(DESCRIBED),
        '{"answer":"refused","id":2,"code":"limit","message":"full"}',
        '{"answer":"maybe","id":3,"message":"no answer"}',
    )
    with pytest.raises(Rejected, match="limit: full") as refusal:
        client.run("e", {}, "me")
    assert refusal.value.code == "limit"
    with pytest.raises(Unreachable, match="no answer"):
        client.run("e", {}, "me")
    client.close()


def test_what_the_system_can_t_do_is_unsupported_and_never_asked() -> None:
    cannot = dict.fromkeys((*OPTIONAL, "event.timing", "run.params"), "not here")
    client = scripted(done({**DESCRIBED, "cannot": cannot}), done([], number=2))
    calls: list[Callable[[], object]] = [
        lambda: client.abort("j"),
        lambda: client.present_slot(),
        lambda: client.leader(),
        lambda: client.update_event("e", {"enabled": False}),
        lambda: client.delete_event("e"),
        lambda: client.create_event({"id": "e", "timing": {}}),
        lambda: client.job("j"),
        lambda: client.run("e", {"a": "b"}, "me"),
    ]
    for call in calls:
        with pytest.raises(Unsupported, match=r"the system can't do .*: not here"):
            call()
    assert (client.owes("j"), client.ledger(), client.reasons("j")) == (None, [], "")
    assert client.event("e") == EventView(id="e")
    assert client.jobs() == []
    client.close()


def test_a_limit_of_none_is_never_held_against_a_system_without_limits() -> None:
    cannot = dict.fromkeys(("event.max_children", "event.timeout", "event.enabled"), "not here")
    client = scripted(done({**DESCRIBED, "cannot": cannot}), done(None, 2), done(None, 3))
    assert client.ignores() == {"max_children", "timeout", "enabled"}
    client.create_event({"id": "e", "max_children": 0, "timeout": 0.0, "enabled": True})
    with pytest.raises(Unsupported, match=r"event\.max_children: not here"):
        client.update_event("e", {"max_children": 1})
    with pytest.raises(Unsupported, match=r"event\.enabled: not here"):
        client.update_event("e", {"enabled": False})
    client.update_event("e", {"enabled": True})
    client.close()


def test_a_change_that_an_adapter_reports_wakes_the_kit() -> None:
    woken = threading.Event()
    client = scripted([done(DESCRIBED), '{"answer":"changed"}'], notify=woken.set)
    client.describe()
    assert woken.wait(20)
    client.close()


# ------------------------------------------------------------------ the base class
def test_a_verb_without_a_method_needs_a_reason() -> None:
    class Half(Adapter):
        cannot = {"abort": "it has no such call"}  # noqa: RUF012 - as a newcomer writes it

        def ready(self) -> list[str]:
            return []

    with pytest.raises(TypeError, match="create_event, update_event, delete_event, run, jobs"):
        Half().require_verbs()


# ------------------------------------------------------------------ what is published
@pytest.fixture(scope="module")
def transcript() -> list[tuple[str, Any]]:
    """The lines of the page's transcript: the writer, and what it writes."""
    text = PAGE.read_text("utf-8").split("## A transcript")[1].split("```")[1]
    lines = [line for line in text.splitlines() if line]
    return [(line[0], json.loads(line[2:])) for line in lines]


def test_the_transcript_plays(transcript: list[tuple[str, Any]]) -> None:
    answers: list[list[str]] = []
    for side, message in transcript:
        if side == ">":
            answers.append([])
        else:
            answers[-1].append(json.dumps(message))
    client = scripted(*answers)
    client.wire.words = deque()  # all of them, and not the last few
    asked = [message for side, message in transcript if side == ">"]
    given: list[Any] = []
    for question in asked:
        args = {name: v for name, v in question.items() if name not in ("verb", "id", "protocol")}
        verb: str = "online" if question["verb"] == "ready" else question["verb"]
        try:
            given.append(getattr(client, verb)(**args))
        except (Rejected, Unreachable) as error:
            given.append(error)
    client.close()
    assert [json.loads(word) for word in client.wire.words] == asked
    assert given[1] == {"primary", "w1"}
    assert (given[3], given[4][0].state, given[4][0].params["note"]) == (
        "j-17",
        "running",
        'it\'s "quoted"',
    )
    assert (given[5].code, type(given[6]), given[7]) == ("no-server", Unreachable, None)
    with pytest.raises(Unsupported, match="a job can't be ended"):
        client.abort("j-17")


def test_the_transcript_and_the_wire_keep_to_the_published_schema(
    transcript: list[tuple[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["adapter", "schema"]) == 0
    published = json.loads(capsys.readouterr().out)
    assert published == json.loads(json.dumps(schema()))
    line: Any = Draft202012Validator(published)
    verbs = {m["id"]: m["verb"] for side, m in transcript if side == ">"}
    for _, message in transcript:
        line.validate(message)
        if message.get("value") is not None:
            kind = {**published["values"][verbs[message["id"]]], "$defs": published["$defs"]}
            checked: Any = Draft202012Validator(kind)
            checked.validate(message["value"])


def test_the_adapter_of_the_page_answers(tmp_path: Path) -> None:
    program = tmp_path / "tinycron.py"
    program.write_text(PAGE.read_text("utf-8").split("```python\n")[1].split("```")[0], "utf-8")
    client = AdapterClient([sys.executable, str(program)])
    assert client.describe().name == "tinycron"
    client.create_event({"id": "report", "params": {"note": "none", "kept": "yes"}})
    assert client.run("report", {"note": "May"}, "ann") == "j-17"
    (job,) = client.jobs()
    assert (job.params, job.source) == ({"note": "May", "kept": "yes"}, "ann")
    assert client.job("j-17") == job
    assert client.job("j-18") is None
    with pytest.raises(Rejected, match="unknown-event"):
        client.run("nothing", {}, "ann")
    assert client.wire.close() is True
    assert client.wire.process.returncode == 0


def test_the_page_names_every_verb_and_says_which_are_required() -> None:
    table = PAGE.read_text("utf-8").split("## The verbs")[1].split("## ")[0]
    rows = {m[1]: m[2] for m in re.finditer(r"^\| `(\w+)` \|.*\| (required)? ?\|$", table, re.M)}
    assert set(rows) == set(VERBS)
    assert {verb for verb, required in rows.items() if required} == set(REQUIRED)
