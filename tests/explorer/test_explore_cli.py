"""`runall explore` as a user sees it: what is explored, what is said, and by which exit code."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest
from runall_harness.checks.registry import CHECKS
from runall_harness.explorer.exploration import Exploration, Explored
from runall_harness.explorer.moves import KINDS
from runall_harness.explorer.report import EXERCISED_BY, make_report, report_schema
from runall_harness.explorer.search import Counts
from runall_harness.explorer.worlds import outlines

Done = subprocess.CompletedProcess[str]
FOUR = ("lost/manual", "back/scheduled", "crash/manual", "restart/scheduled")


def explore(*arguments: str | int | Path) -> Done:
    """Run `runall explore` in a process of its own."""
    command = [sys.executable, "-m", "runall_harness.cli", "explore", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def report_of(done: Done) -> dict[str, Any]:
    """The report, which is all that is on standard output."""
    report = json.loads(done.stdout)
    jsonschema.validate(report, report_schema())
    return report


def test_a_page_draws_the_time_line_of_the_story_that_was_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = explore("--mutant", "one_try", "--hunt", 30, "--out", tmp_path, "--html", page)
    assert done.returncode == 1, done.stderr
    [story] = tmp_path.glob("*.jsonl")
    assert f"runall replay {story}" in done.stdout
    text = page.read_text("utf-8")
    assert all(word in text for word in ("RA-4.6", story.name, '<div class="tl">'))


# ------------------------------------------------------------------ what is found
@pytest.fixture(scope="module")
def clean() -> Done:
    """Four worlds, every crash point."""
    worlds = [word for name in FOUR for word in ("--world", name)]
    return explore(*worlds, "--format", "json", "--jobs", "2")


def test_the_reference_breaks_nothing_at_any_crash_point(clean: Done) -> None:
    report = report_of(clean)
    assert clean.returncode == 0, report
    assert report["verdict"] == "clean"
    assert report["violations"] == []
    assert report["worlds"] == list(FOUR)


def test_figures_are_counted_and_rates_follow_from_them(clean: Done) -> None:
    (figures,) = report_of(clean)["figures"]
    assert figures["worlds"] == 4
    assert figures["schedules"] > 400
    assert 0 < figures["merged"] < figures["schedules"]
    assert figures["states"] > 0
    pace = figures["schedules"] / figures["core_seconds"]
    assert figures["schedules_per_second"] == pytest.approx(pace, rel=0.01)


def test_each_check_says_how_often_it_had_something_to_judge(clean: Done) -> None:
    exercised = report_of(clean)["exercised"]
    assert {check.name for check in CHECKS} == set(exercised)
    assert exercised["one-live-attempt"] > 100
    assert exercised["aborted-stays-aborted"] > 0, "users abort jobs by default"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stories")


@pytest.fixture(scope="module")
def broken(folder: Path) -> Done:
    """A world with a bug planted."""
    return explore(
        "--world", "back/manual", "--mutant", "drops_overrides", "--out", folder, "--format", "json"
    )


def test_a_violation_is_reported_as_its_shortest_story_with_the_command_that_replays_it(
    broken: Done, folder: Path
) -> None:
    assert broken.returncode == 1
    story = next(
        story
        for story in report_of(broken)["violations"]
        if "RA-4.3" in {each["clause"] for each in story["broken"]}
    )
    assert story["moves"] == []
    assert [each["text"] for each in story["sentences"]][1] == (
        "worker-1 is killed, and is back after 1 s"
    )
    assert Path(story["file"]).parent == folder
    assert story["replay"] == f"runall replay {story['file']}"
    command = [sys.executable, "-m", "runall_harness.cli", *story["replay"].split()[1:]]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 1


def test_the_same_violation_is_kept_in_the_same_file(broken: Done, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(before) == len(report_of(broken)["violations"])
    again = explore("--world", "back/manual", "--mutant", "drops_overrides", "--out", folder)
    assert again.returncode == 1
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_runall_check_finds_the_same_clause_in_the_file(broken: Done) -> None:
    file = report_of(broken)["violations"][0]["file"]
    command = [sys.executable, "-m", "runall_harness.cli", "check", file, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    clauses = {each["clause"] for each in json.loads(done.stdout)["histories"][0]["violations"]}
    assert done.returncode == 1
    assert clauses == {each["clause"] for each in report_of(broken)["violations"][0]["broken"]}


def test_a_hunt_finds_one_story_of_a_bug(tmp_path: Path) -> None:
    done = explore("--mutant", "one_try", "--hunt", "60", "--out", tmp_path, "--format", "json")
    report = report_of(done)
    assert done.returncode == 1
    assert len(report["violations"]) == 1
    assert report["figures"] == []
    assert "RA-4.6" in {each["clause"] for each in report["violations"][0]["broken"]}


def test_merged_and_unmerged_are_compared_with_the_figures_of_both(tmp_path: Path) -> None:
    done = explore("--world", "crash/manual", "--compare", "--out", tmp_path, "--format", "json")
    report = report_of(done)
    merged, unmerged = report["figures"]
    assert done.returncode == 0
    assert report["agree"] is True
    assert [merged["merging"], unmerged["merging"]] == [True, False]
    assert merged["acts"] < unmerged["acts"]


def test_people_read_the_story_the_figures_and_the_last_word(tmp_path: Path) -> None:
    done = explore(
        "--world", "lost/manual", "--mutant", "schedule_only", "--first", "--out", tmp_path
    )
    assert done.returncode == 1
    for words in (
        "story 1 of 1",
        "2.    3.0 s  worker-1 is killed, and stays away",
        "RA-1.1 A manual job that was interrupted MUST be run again.",
        "a second on one core",
    ):
        assert words in done.stdout
    assert "\x1b" not in done.stdout


# ------------------------------------------------------------------ what proves nothing
def verdict(counts: Counts, worlds: list[str], *kinds: str, every: bool = True) -> tuple[str, int]:
    """What is said of a search that found nothing."""
    exploration = Exploration(outlines=tuple(outlines()), kinds=kinds or ("crash",))
    report = make_report(exploration, [Explored(counts=counts, worlds=worlds)], [], every=every)
    return report.verdict, report.code


def everything(*but: str) -> Counts:
    """A search in which each check judged something, but these."""
    counts = Counts(schedules=10, states=10, seconds=1.0)
    counts.exercised.update({check.name: 1 for check in CHECKS if check.name not in but})
    return counts


def test_a_search_of_nothing_is_never_clean() -> None:
    assert verdict(Counts(), []) == ("inconclusive", 2)
    assert verdict(everything(), []) == ("inconclusive", 2)
    assert verdict(everything(), ["lost/manual"]) == ("clean", 0)


def test_a_check_that_should_have_judged_and_did_not_makes_all_inconclusive() -> None:
    assert verdict(everything("one-live-attempt"), ["lost/manual"]) == ("inconclusive", 2)
    assert verdict(everything("one-live-attempt"), ["lost/manual"], every=False) == ("clean", 0)


def test_what_only_users_bring_about_is_asked_of_orders_only() -> None:
    counts = everything("aborted-stays-aborted")
    assert verdict(counts, ["lost/manual"], "crash") == ("clean", 0)
    assert verdict(counts, ["lost/manual"], "crash", "orders") == ("inconclusive", 2)


def test_the_exceptions_are_checks_and_kinds_that_there_are() -> None:
    assert set(EXERCISED_BY) <= {check.name for check in CHECKS}
    assert {kind for kinds in EXERCISED_BY.values() for kind in kinds} <= set(KINDS)


# ------------------------------------------------------------------ when it is cut short
@pytest.fixture
def under_way(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """An exploration that has found something in one world, and goes on in others."""
    command = [
        sys.executable,
        "-m",
        "runall_harness.cli",
        "explore",
        "--mutant",
        "drops_now",
        "--faults",
        "nemesis",
        "--jobs",
        "2",
        "--out",
        str(tmp_path),
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stderr is not None
        assert "breaks RA-" in running.stderr.readline()
        yield running
        running.kill()


def searching(running: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The processes that search for it."""
    children = psutil.Process(running.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def test_an_interrupted_exploration_ends_at_once_and_leaves_nobody_at_work(
    under_way: "subprocess.Popen[str]",
) -> None:
    at_work = searching(under_way)
    assert len(at_work) == 2
    under_way.send_signal(signal.SIGINT)
    out, _ = under_way.communicate(timeout=60)
    assert (under_way.returncode, out) == (130, "")
    assert psutil.wait_procs(at_work, timeout=10)[1] == []


def test_a_search_that_dies_is_reported_and_is_no_violation(
    under_way: "subprocess.Popen[str]",
) -> None:
    searching(under_way)[0].kill()
    _, errors = under_way.communicate(timeout=60)
    assert under_way.returncode == 3
    assert "a process of the exploration died" in errors
    assert "Traceback" not in errors


# ------------------------------------------------------------------ usage
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--world", "lots/manual"), "did you mean lost/manual"),
        (("--faults", "gremlins"), "'gremlins' is not one of crash, nemesis, orders"),
        (("--faults", ","), "is not one of"),
        (("--mutant", "one_tri"), "did you mean one_try"),
        (("--policy", "cronicle-1"), "is not one of reference"),
        (("--compare", "--first"), "--compare explores everything"),
        (("--hunt", "5", "--world", "lost/manual"), "--hunt chooses its worlds"),
        (("--from-seed", "3"), "--budget"),
        (("--budget", "1-seed", "--pairs"), "--pairs does not go with --budget"),
        (("lost/manual",), "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_answered_with_what_was_meant(
    arguments: tuple[str, ...], message: str
) -> None:
    done = explore(*arguments)
    assert done.returncode == 64
    assert message in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_the_worlds_can_be_listed() -> None:
    done = explore("--list")
    assert done.returncode == 0
    assert {outline.name for outline in outlines()} <= set(done.stdout.split())
    listed = json.loads(explore("--list", "--world", "back/*", "--format", "json").stdout)
    assert {each["outline"]["fault"] for each in listed["worlds"]} == {"back"}


def test_the_schema_of_the_report_is_printed() -> None:
    assert json.loads(explore("--schema").stdout)["title"] == "runall-explore/1"
