"""A saved story is played again: exactly in virtual time, and as near as can be on real nodes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from runall_harness.checks import examine
from runall_harness.evidence.history import History, Reproduction, load
from runall_harness.explorer.moves import AnyMove, Crash, Cut, Message, Stop
from runall_harness.explorer.moves import Order as Ask
from runall_harness.explorer.play import MOMENT
from runall_harness.explorer.real_steps import obstacles, real_steps
from runall_harness.explorer.story import Script, Story, play_script
from runall_harness.explorer.worlds import named
from runall_harness.rigs.base import CrashPoint

Done = subprocess.CompletedProcess[str]
LOST = Script(outline=named("lost/manual"), mutant="schedule_only")


def runall(*arguments: str | Path, hashes: str = "0", cwd: Path | None = None) -> Done:
    """The command line; `hashes` seeds the order in which sets are walked."""
    command = [sys.executable, "-m", "runall_harness.cli", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env={**os.environ, "PYTHONHASHSEED": hashes, "PYTHONIOENCODING": "utf-8"},
    )


def replay(*arguments: str | Path, hashes: str = "0") -> tuple[int, dict[str, Any]]:
    """The exit code and the report of a replay."""
    done = runall("replay", *arguments, "--format", "json", hashes=hashes)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def played(world: str, *moves: AnyMove, mutant: str = "") -> Story:
    """A story, played in this process."""
    return play_script(Script(outline=named(world), moves=moves, mutant=mutant))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story that breaks RA-1.1, as the explorer saves it."""
    path = tmp_path_factory.mktemp("stories") / "lost.jsonl"
    play_script(LOST).save(path)
    return path


# ------------------------------------------------------------------ in virtual time
@pytest.mark.parametrize("hashes", ["0", "1", "77"])
def test_a_story_is_the_same_every_time_and_in_every_process(saved: Path, hashes: str) -> None:
    code, report = replay(saved, hashes=hashes)
    assert code == 1
    assert report["identical"] is True
    assert report["same"] is True
    assert report["now"] == report["before"]
    assert "RA-1.1" in {broken["clause"] for broken in report["now"]}


def test_without_the_bug_the_same_story_breaks_nothing(saved: Path) -> None:
    code, report = replay(saved, "--honest")
    assert code == 0
    assert report["verdict"] == "clean"
    assert report["now"] == []
    assert report["words"] == "it does not break RA-1.1, RA-8.4"


def test_a_history_that_was_tampered_with_is_noticed(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "tampered.jsonl"
    path.write_text(saved.read_text().replace('"how":"completed"', '"how":"failed"', 1))
    assert replay(path)[1]["identical"] is False


def test_people_read_the_story_and_the_clause(saved: Path) -> None:
    done = runall("replay", saved)
    assert done.returncode == 1
    assert "2.    3.0 s  worker-1 is killed, and stays away" in done.stdout
    assert "RA-1.1 A manual job that was interrupted MUST be run again." in done.stdout
    assert done.stdout.rstrip().endswith("it breaks RA-1.1, RA-8.4 again")
    assert "\x1b" not in done.stdout


def test_a_story_in_which_nothing_fails_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "quiet.jsonl"
    played("quiet/manual").save(path)
    code, report = replay(path)
    assert code == 2
    assert report["words"].startswith("it proves nothing")


def test_a_history_of_other_origin_cannot_be_played_again(saved: Path, tmp_path: Path) -> None:
    history = History()
    history.lines = [line for line in load(saved) if not isinstance(line, Reproduction)]
    history.save(tmp_path / "exported.jsonl")
    done = runall("replay", tmp_path / "exported.jsonl")
    assert done.returncode == 3
    assert "does not say how it came about" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [(), ("nowhere.jsonl",), (".", "--rig", "simulated")])
def test_a_replay_of_no_file_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert runall("replay", *arguments).returncode == 64


# ------------------------------------------------------------------ what can be placed
@pytest.mark.parametrize(
    ("move", "why"),
    [
        (Message(at=5, worker="worker-1", fate="lost"), "single message"),
        (Crash(at=0, node="worker-1", brain="worker", where="after"), "only a primary's daemon"),
        (Cut(at=5, node="primary"), "share a file"),
    ],
)
def test_what_cannot_be_placed_on_real_nodes_is_said_in_the_moves_words(
    move: AnyMove, why: str
) -> None:
    script = Script(outline=named("quiet/manual+backup"), moves=(move,))
    (obstacle,) = obstacles(script, "processes")
    assert obstacle.startswith(move.sentence())
    assert why in obstacle


def test_an_image_without_the_bug_is_no_place_for_its_story() -> None:
    (obstacle,) = obstacles(LOST, "docker")
    assert obstacle.startswith("the bug schedule_only is planted")


def test_nothing_is_started_for_a_story_that_cannot_be_placed(tmp_path: Path) -> None:
    path = tmp_path / "lost-message.jsonl"
    played("lost/manual", Message(at=5, worker="worker-1", fate="lost")).save(path)
    code, report = replay(path, "--rig", "processes")
    assert code == 2
    assert report["words"] == "this story was not played on the processes rig"
    assert report["notes"] == [
        "the next message on the link of worker-1 is lost: no single message of a real link can be "
        "taken out"
    ]


def test_real_steps_are_what_was_done_and_what_came_back_by_itself() -> None:
    story = played("back/manual", Cut(at=34, node="worker-2", lasting=2.0))
    verbs = [(step.verb, step.node) for step in real_steps(story)]
    assert verbs == [
        ("kill", "worker-1"),
        ("start", "worker-1"),
        ("cut", "worker-2"),
        ("join", "worker-2"),
        ("release", ""),
    ]


def test_orders_are_asked_for_in_their_turn() -> None:
    moves = (Ask(at=4, what="edits the event"), Ask(at=22, what="aborts the job"))
    asked = [
        step.order for step in real_steps(played("lost/manual", *moves)) if step.verb == "order"
    ]
    assert asked == ["edits the event", "aborts the job"]


def test_a_stop_is_one_step_and_the_return_another() -> None:
    story = played("quiet/manual", Stop(at=10, node="worker-2", back=1.0))
    assert [step.verb for step in real_steps(story)] == ["stop", "start", "release"]


def test_a_crash_of_the_primary_is_counted_from_the_first_change_of_a_table() -> None:
    (crash,) = [step for step in real_steps(crash_of_finalizing()) if step.verb == "crash"]
    assert crash.point == CrashPoint(where="before", count=1, act=1, first="counters")


def crash_of_finalizing() -> Story:
    """The primary crashes before the commit that gives up the lost job."""
    quiet = played("lost/manual")
    over = next(line.at for line in quiet.lines if "interrupted" in repr(line)) - quiet.began
    for at in range(400):
        move = Crash(at=at, node="primary", brain="primary", where="before", back=1.0)
        story = played("lost/manual", move)
        if any(d.verb == "crash" and abs(d.at - over) < MOMENT for d in real_steps(story)):
            return story
    raise AssertionError("the primary never gives the job up")


# ------------------------------------------------------------------ on real nodes
def test_a_story_of_a_bug_breaks_the_same_clause_on_real_daemons(
    saved: Path, tmp_path: Path
) -> None:
    code, report = replay(saved, "--rig", "processes", "--out", tmp_path)
    assert code == 1, report
    assert report["same"] is True
    assert "RA-1.1" in {broken["clause"] for broken in report["now"]}
    kept = load(Path(report["history"]))
    assert {each.clause for each in examine(kept).violations} >= {"RA-1.1"}


def test_real_daemons_without_the_bug_keep_the_promise_in_the_same_story(tmp_path: Path) -> None:
    path = tmp_path / "crash.jsonl"
    crash_of_finalizing().save(path)
    code, report = replay(path, "--rig", "processes", "--out", tmp_path)
    assert code == 0, report
    assert any("dies inside its work" in each["text"] for each in report["sentences"])
    assert any("again" in each["text"] for each in report["sentences"])
