"""`runall event`, `run`, `jobs` and `abort` do on a real primary what they say."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from click.testing import CliRunner
from runall_harness.cli import exit_code_of, runall
from support.real_daemons import TOKEN, Api, RealDaemons


class Said(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


class Type(Protocol):
    """Runs a command of `runall`, given as its words."""

    def __call__(self, *words: str) -> Said: ...


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A primary with one worker."""
    daemons = RealDaemons(tmp_path_factory.mktemp("daemons"))
    api = daemons.primary()[1]
    daemons.worker("w", api)
    api.server_in("online", "w")
    yield api
    daemons.close()


@pytest.fixture
def type_(api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """What runs a command in this process, against that primary."""
    monkeypatch.setenv("RUNALL_URL", str(api.http.base_url))
    monkeypatch.setenv("RUNALL_TOKEN", TOKEN)

    def typed(*words: str) -> Said:
        capsys.readouterr()
        code = exit_code_of(list(words))
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return typed


def in_json(type_: Type, *words: str) -> Any:
    said = type_(*words, "--format", "json")
    assert (said.code, said.err) == (0, "")
    return json.loads(said.out)


def row(said: Said, words: Sequence[str]) -> bool:
    """Whether one line of a table has all these words."""
    return any(all(word in line for word in words) for line in said.out.splitlines())


def test_an_event_is_created_with_all_that_its_options_say(type_: Type, api: Api) -> None:
    said = type_(
        *("event", "add", "full", "--script", "true", "--param", "who=me", "--param", "n=3"),
        *("--target", "w*", "--run-all", "--at", "hours=2", "--at", "minutes=0,30"),
        *("--timezone", "Europe/Rome", "--max-children", "2", "--missed", "last", "--disabled"),
    )
    assert said.code == 0
    assert "target w*, minutes=0,30 hours=2 Europe/Rome, Run All on, disabled" in said.out
    made = api.get("/v1/events/full")
    assert made["params"] == {"who": "me", "n": 3, "script": "true"}
    assert (made["timing"]["hours"], made["timing"]["minutes"]) == ([2], [0, 30])
    assert (made["catch_up"], made["enabled"], made["max_children"]) == (True, False, 2)


def test_an_edit_changes_what_it_names_and_nothing_else(type_: Type, api: Api) -> None:
    type_("event", "add", "edited", "--script", "true", "--param", "who=me", "--at", "hours=2")
    before = api.get("/v1/events/edited")
    words = ("--param", "n=3", "--drop-param", "who", "--by-hand", "--title", "new")
    assert type_("event", "edit", "edited", *words).code == 0
    after = api.get("/v1/events/edited")
    assert after == {**before, "title": "new", "timing": None, "params": {"script": "true", "n": 3}}


def test_events_are_listed_for_people_and_for_programs(type_: Type) -> None:
    type_("event", "add", "listed", "--script", "true", "--at", "hours=2")
    assert row(type_("event", "list"), ("listed", "hours=2 UTC", "off"))
    page = in_json(type_, "event", "list")
    assert page["schema"] == "runall-events/1"
    assert "listed" in {event["id"] for event in page["events"]}


def test_a_deleted_event_is_gone(type_: Type, api: Api) -> None:
    type_("event", "add", "dropped", "--script", "true")
    assert in_json(type_, "event", "rm", "dropped")["removed"] == "dropped"
    assert "dropped" not in {event["id"] for event in api.get("/v1/events")}


def test_a_run_by_hand_keeps_who_asked_and_the_values_of_this_run(type_: Type, api: Api) -> None:
    type_("event", "add", "asked", "--script", "true", "--param", "who=all")
    words = ("--param", "who=me", "--source", "a test")
    job = in_json(type_, "run", "asked", *words)["job"]
    done = api.job_in("succeeded", job["id"])
    assert (done["params"]["who"], done["source"]) == ("me", "a test")
    assert row(type_("jobs", "--event", "asked"), (job["id"], "succeeded", "manual", "a test"))


def test_a_job_is_aborted_and_then_no_longer_live(type_: Type, api: Api) -> None:
    type_("event", "add", "long", "--script", "sleep 60")
    job = in_json(type_, "run", "long")["job"]["id"]
    api.job_in("running", job)
    assert [live["id"] for live in in_json(type_, "jobs", "--live")["jobs"]] == [job]
    assert "nothing follows it" in type_("abort", job).out
    api.job_in("aborted", job)
    assert in_json(type_, "jobs", "--live")["jobs"] == []
    assert "no such job" in type_("jobs", "--event", "long", "--state", "running").out


def test_a_name_with_special_characters_is_the_name_that_was_typed(type_: Type, api: Api) -> None:
    odd = "50% of? it#1"
    assert type_("event", "add", odd, "--script", "true").code == 0
    assert type_("event", "edit", odd, "--title", "odd").code == 0
    assert [e["title"] for e in api.get("/v1/events") if e["id"] == odd] == ["odd"]
    assert type_("event", "rm", odd).code == 0


# ------------------------------------------------------------------ what can go wrong
@pytest.mark.parametrize(
    ("words", "cause", "step"),
    [
        (["run", "ghost"], "404: there is no event 'ghost'", "see runall event list"),
        (["abort", "j0"], "404: there is no job 'j0'", "see runall jobs"),
        (["event", "rm", "ghost"], "404: there is no event 'ghost'", "see runall event list"),
        (["event", "edit", "ghost", "--title", "x"], "404: there is no event", "see runall"),
        (
            ["event", "add", "z", "--script", "x", "--timezone", "Atlantis"],
            "timezone: 'Atlantis' is not a known time zone",
            "correct the named field",
        ),
    ],
)
def test_a_refusal_is_printed_with_its_cause_and_the_next_step(
    type_: Type, words: list[str], cause: str, step: str
) -> None:
    said = type_(*words)
    assert (said.code, said.out) == (3, "")
    assert cause in said.err
    assert f"next step: {step}" in said.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["event", "add", "x"], "--script is missing"),
        (["event", "edit", "x"], "nothing to change"),
        (["event", "add", "x", "--script", "y", "--at", "hours"], "is not LIST=N,N"),
        (["event", "add", "x", "--script", "y", "--at", "hour=1"], "is not LIST=N,N"),
        (["run", "x", "--param", "who"], "is not NAME=VALUE"),
        (["jobs", "--state", "lost"], "is not one of"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_asked(
    type_: Type, words: list[str], reason: str
) -> None:
    said = type_(*words)
    assert (said.code, said.out) == (64, "")
    assert reason in " ".join(said.err.split())


def test_where_no_primary_answers_nothing_was_done(type_: Type) -> None:
    said = type_("run", "x", "--url", "127.0.0.1:1")
    assert said.code == 3
    assert "http://127.0.0.1:1 does not answer" in said.err
    assert "not known" not in said.err


def test_the_token_file_may_come_from_the_environment(
    type_: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNALL_TOKEN", "wrong")
    file = tmp_path / "token"
    file.write_text(TOKEN)
    monkeypatch.setenv("RUNALL_TOKEN_FILE", str(file))
    assert type_("jobs").code == 0


@pytest.mark.parametrize(
    "words", [["event"], ["event", "add"], ["event", "edit"], ["run"], ["jobs"], ["abort"]]
)
def test_each_help_has_examples_and_exit_codes(words: list[str]) -> None:
    said = CliRunner().invoke(runall, [*words, "--help"])
    assert said.exit_code == 0
    assert all(word in said.output for word in ("Examples", f"runall {words[0]}", "Exit codes"))
