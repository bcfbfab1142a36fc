"""`runall explore --budget`: what people type, what they get, and what Ctrl-C leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from jsonschema import Draft202012Validator
from runall_harness.cli import exit_code_of
from runall_harness.explorer.story import play_script, read_script

# Nearly each seed finds this bug in its first story.
WORLD, BUG = "back/manual", "schedule_only"
EXPLORE = ("explore", "--world", WORLD)


@contextmanager
def under_way(out: Path) -> Generator["subprocess.Popen[str]"]:
    """A campaign that would last an hour, and has just found something."""
    command = [sys.executable, "-m", "runall_harness.cli", *EXPLORE, "--mutant", BUG]
    command += ["--budget", "1h", "--out", str(out), "--jobs", "2", "--format", "json"]
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert run.stderr is not None
    try:
        assert any("breaks RA-1.1" in line for line in run.stderr), f"it ended with {run.wait()}"
        yield run
    finally:
        run.kill()
        run.communicate()


def parts_of(run: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The processes of a campaign."""
    return psutil.Process(run.pid).children(recursive=True)


def test_ctrl_c_reports_what_is_done_and_names_the_seed_to_go_on_with(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with under_way(tmp_path) as run:
        parts = parts_of(run)
        os.killpg(run.pid, signal.SIGINT)
        output, said = run.communicate(timeout=60)
    assert run.returncode == 130
    left = re.search(r"interrupted; to go on: the same command, --from-seed (\d+)", said)
    assert left, said
    assert len(parts) >= 2
    assert not psutil.wait_procs(parts, timeout=30)[1], "no process outlives it"
    report = json.loads(output)
    assert report["interrupted"] is True
    assert report["seeds"] >= 1
    assert int(left[1]) <= report["seeds"] + 1, "no seed before it is left out"

    again = (*EXPLORE, "--mutant", BUG, "--budget", "2-seeds", "--from-seed", left[1])
    assert exit_code_of([*again, "--out", str(tmp_path), "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert (report["seeds"], report["new_seeds"]) == (2, 2)
    assert report["interrupted"] is False
    assert {each["seed"] for each in report["broken"]} <= {int(left[1]), int(left[1]) + 1}


def test_a_campaign_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    with under_way(tmp_path) as run:
        parts = parts_of(run)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        assert not psutil.wait_procs(parts, timeout=60)[1]


def test_the_report_keeps_its_published_schema(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["explore", "--budget", "1-seed", "--schema"]) == 0
    schema = json.loads(capfd.readouterr().out)
    assert schema["title"] == "runall-campaign/1"
    here = ("--budget", "1-seed", "--jobs", "1", "--out", str(tmp_path))
    assert exit_code_of([*EXPLORE, *here, "--mutant", BUG, "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert report["schema"] == schema["title"]
    assert report["violations"]
    validator: Any = Draft202012Validator(schema)
    validator.validate(report)


def test_what_is_found_is_kept_as_a_story_that_breaks_the_same_each_time(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = ("--mutant", BUG, "--budget", "2-seeds", "--jobs", "2", "--out", str(tmp_path))
    assert exit_code_of([*EXPLORE, *asked, "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert report["verdict"] == "violation"
    broken = {(each["check"], each["clause"]) for each in report["broken"]}
    assert {"RA-1.1"} <= {clause for _, clause in broken}
    played = set[tuple[str, str]]()
    for each in report["violations"]:
        script, _ = read_script(Path(each["file"]))
        assert script.mutant == BUG
        played |= {(b.check, b.clause) for b in play_script(script).broken}
    assert broken <= played


def test_the_reference_is_clean_and_people_read_how_much_was_searched(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code_of([*EXPLORE, "--budget", "2-seeds", "--jobs", "2"]) == 0
    first = capfd.readouterr().out
    assert first.startswith("2 seeds\n40 stories, ")
    assert "pairs of transition and fault were taken\n" in first
    assert first.endswith("no story breaks a clause\n")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--budget", "10"], "10 of what? 10m is in minutes, 10-seeds is a number of seeds."),
        (["--budget", "soon"], "'soon' is no budget: give a duration such as 90s, 10m, 1h30m"),
        (["--from-seed", "5"], "--from-seed needs --budget."),
        (["--budget", "1m", "--pairs"], "--pairs does not go with --budget."),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    asked: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of([*EXPLORE, *asked]) == 64
    assert message in " ".join(capfd.readouterr().err.split())


def test_the_help_teaches_campaigns(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["explore", "--help"]) == 0
    text = capfd.readouterr().out
    for line in ("--budget 500-seeds --jobs 2", "--from-seed 501"):
        assert line in text
