"""`runall explore --budget`: what people type, what they get, and what Ctrl-C leaves behind."""

import json
import os
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
from runall_harness.explorer.seeds import SeedPlan
from runall_harness.explorer.story import read_script, tell_story
from support.campaigns import alone, rows

# Nearly each seed finds this bug in its first story.
WORLD, BUG = "back/manual", "schedule_only"
PLAN = SeedPlan(worlds=(WORLD,), mutant=BUG)
EXPLORE = ("explore", "--world", WORLD)


@contextmanager
def under_way(folder: Path) -> Generator["subprocess.Popen[str]"]:
    """A campaign that would last an hour, and has just stored something."""
    command = [sys.executable, "-m", "runall_harness.cli", *EXPLORE, "--mutant", BUG]
    command += ["--budget", "1h", "--campaign", str(folder), "--jobs", "2", "--format", "json"]
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


def test_ctrl_c_stores_what_is_done_and_the_same_command_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with under_way(tmp_path) as run:
        parts = parts_of(run)
        os.killpg(run.pid, signal.SIGINT)
        output, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert f"interrupted; to go on: the same command, --campaign {tmp_path}" in said
    assert len(parts) >= 2
    assert not psutil.wait_procs(parts, timeout=30)[1], "no process outlives it"
    report, stored = json.loads(output), rows(tmp_path)
    assert report["interrupted"] is True
    assert report["seeds"] == len(stored) >= 1

    last = max(stored) + 2
    again = (*EXPLORE, "--mutant", BUG, "--budget", f"{last}-seeds", "--campaign", str(tmp_path))
    assert exit_code_of([*again, "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert (report["seeds"], report["new_seeds"]) == (last, last - len(stored))
    assert report["interrupted"] is False
    assert rows(tmp_path) == {seed: alone(seed, PLAN).result for seed in range(1, last + 1)}


def test_a_campaign_that_is_killed_leaves_no_process_and_whole_results(tmp_path: Path) -> None:
    with under_way(tmp_path) as run:
        parts = parts_of(run)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        assert not psutil.wait_procs(parts, timeout=60)[1]
    stored = rows(tmp_path)
    assert stored
    assert stored == {seed: alone(seed, PLAN).result for seed in stored}


def test_the_report_keeps_its_published_schema(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["explore", "--budget", "1-seed", "--schema"]) == 0
    schema = json.loads(capfd.readouterr().out)
    assert schema["title"] == "runall-campaign/1"
    here = ("--budget", "1-seed", "--jobs", "1", "--campaign", str(tmp_path))
    assert exit_code_of([*EXPLORE, *here, "--mutant", BUG, "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert report["schema"] == schema["title"]
    assert report["violations"]
    validator: Any = Draft202012Validator(schema)
    validator.validate(report)


def test_what_is_found_is_kept_as_a_story_that_breaks_the_same_each_time(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = ("--mutant", BUG, "--budget", "2-seeds", "--jobs", "2", "--campaign", str(tmp_path))
    assert exit_code_of([*EXPLORE, *asked, "--format", "json"]) == 1
    report = json.loads(capfd.readouterr().out)
    assert report["verdict"] == "violation"
    broken = {(each["check"], each["clause"]) for each in report["broken"]}
    assert {"RA-1.1"} <= {clause for _, clause in broken}
    told = set[tuple[str, str]]()
    for each in report["violations"]:
        script, _ = read_script(Path(each["file"]))
        assert script.mutant == BUG
        told |= {(b.check, b.clause) for b in tell_story(script).broken}
    assert broken <= told


def test_the_reference_is_clean_and_people_are_told_how_much_was_searched(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code_of([*EXPLORE, "--budget", "2-seeds", "--jobs", "2"]) == 0
    first = capfd.readouterr().out
    (folder,) = Path("runall-out", "campaigns").iterdir()
    assert first.startswith(f"{folder}: 2 seeds\n40 stories, ")
    assert "pairs of transition and fault were taken\n" in first
    assert first.endswith("no story breaks a clause\n")
    assert exit_code_of([*EXPLORE, "--budget", "2-seeds"]) == 0
    assert capfd.readouterr().out.startswith(f"{folder}: 2 seeds, 0 of them in this run\n")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--budget", "10"], "10 of what? 10m is in minutes, 10-seeds is a number of seeds."),
        (["--budget", "soon"], "'soon' is no budget: give a duration such as 90s, 10m, 1h30m"),
        (["--dask", "tcp://127.0.0.1:9"], "--dask is of a campaign: give a --budget as well."),
        (["--from-seed", "5"], "--from-seed is of a campaign: give a --budget as well."),
        (["--campaign", "here"], "--campaign is of a campaign: give a --budget as well."),
        (["--budget", "1m", "--dask", "x", "--jobs", "2"], "--jobs is of this machine"),
        (["--budget", "1m", "--pairs"], "--pairs is of a bounded search, and not of a campaign."),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    asked: list[str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of([*EXPLORE, *asked]) == 64
    assert told in " ".join(capfd.readouterr().err.split())


def test_another_plan_in_the_same_folder_is_wrong_usage(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here = ("--budget", "1-seed", "--jobs", "1", "--campaign", str(tmp_path))
    assert exit_code_of([*EXPLORE, *here]) == 0
    assert exit_code_of([*EXPLORE, *here, "--mutant", BUG]) == 64
    told = capfd.readouterr().err
    assert f'{tmp_path} holds another campaign: mutant: "" there, "{BUG}" here' in told
    assert len(rows(tmp_path)) == 1


def test_the_help_teaches_campaigns(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["explore", "--help"]) == 0
    told = capfd.readouterr().out
    for line in ("--budget 500-seeds --jobs 2", "--dask tcp://", "--campaign night"):
        assert line in told
