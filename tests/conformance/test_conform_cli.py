"""`runall conform` as a user sees it: verdicts, reports, displays, selection.

The feature folders are small and their clusters are fakes (`small_features`).
"""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.small_features import (
    STEPS,
    Done,
    conform,
    environment,
    plain_pytest,
    report_of,
    runall,
    write_folder,
)


# ------------------------------------------------------------------ one run with every verdict
@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    steps = STEPS | {"needy": STEPS["run again"], "cut": STEPS["run again"]}
    return write_folder(tmp_path_factory.mktemp("mixed") / "f", steps)


@pytest.fixture(scope="module")
def done(mixed: Path) -> Done:
    return conform(mixed, "--format", "json")


@pytest.fixture(scope="module")
def cases(done: Done) -> dict[str, dict[str, Any]]:
    return {case["scenario"]: case for case in report_of(done)["cases"]}


@pytest.mark.parametrize(
    ("scenario", "verdict"),
    [
        ("run again", "pass"),
        ("lost", "fail"),
        ("condemned", "fail"),
        ("unproven", "inconclusive"),
        ("unable", "unsupported"),
        ("needy", "unsupported"),
        ("cut", "unsupported"),
        ("given up", "skipped"),
        ("broken", "error"),
        ("async", "error"),
        ("forgotten", "error"),
        ("undefined", "error"),
        ("left behind", "error"),
    ],
)
def test_each_end_of_a_case_has_its_verdict(
    cases: dict[str, dict[str, Any]], scenario: str, verdict: str
) -> None:
    assert cases[scenario]["verdict"] == verdict, cases[scenario]["message"]


def test_standard_output_holds_the_json_report_and_nothing_else(done: Done) -> None:
    assert set(report_of(done)) == {
        "schema",
        "system",
        "rig",
        "verdict",
        "summary",
        "duration_s",
        "kit",
        "began",
        "command",
        "chosen",
        "cases",
    }
    (line,) = done.stderr.splitlines()
    assert line.startswith("RUNALL_FEATURES: "), "the cases of this run are not the kit's own"


def test_an_error_outranks_a_failure(done: Done) -> None:
    assert (report_of(done)["verdict"], done.returncode) == ("error", 3)


def test_a_failure_is_reported_in_the_clauses_words(cases: dict[str, dict[str, Any]]) -> None:
    assert "RA-1.1: A manual job that was interrupted MUST" in cases["lost"]["message"]
    assert "expected: one at a time\n  seen: two at once" in cases["condemned"]["message"]


def test_a_verdict_of_unsupported_says_what_is_lacking(cases: dict[str, dict[str, Any]]) -> None:
    assert "the capability telepathy" in cases["needy"]["message"]
    assert "cannot show the fault partition" in cases["cut"]["message"]


def test_the_report_has_faults_executions_and_recovery(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["run again"]
    assert case["faults"] == [{"kind": "kill", "node": "w", "at": 1.0, "proven": True}]
    assert case["executions"] == [
        {
            "job": "j2",
            "lineage": "j1",
            "node": "w",
            "started_at": 1.0,
            "ended_at": None,
            "how": "running",
        }
    ]
    assert (case["recovery_s"], case["deadline_s"]) == (1.5, 4.0)


def test_traces_are_saved_for_trouble_only(mixed: Path, cases: dict[str, dict[str, Any]]) -> None:
    saved = {name for name, case in cases.items() if case["history"]}
    assert saved == {"lost", "condemned", "unproven", "broken", "async", "forgotten", "undefined"}
    log, failure = (mixed / path for path in cases["lost"]["logs"])
    assert (log.name, log.read_text()) == ("primary.log", "its log")
    assert "Violation" in failure.read_text()


def test_the_rig_is_asked_to_prepare_the_next_case_while_one_runs(
    mixed: Path, cases: dict[str, dict[str, Any]]
) -> None:
    failure = mixed / cases["lost"]["logs"][-1]
    assert "ahead of time: small/condemned/manual False" in failure.read_text()


def test_plain_pytest_gives_the_same_verdicts(mixed: Path) -> None:
    done = plain_pytest(mixed, "-q", "--strict-markers")
    assert "7 failed, 2 passed, 4 skipped, 1 error" in done.stdout.splitlines()[-1], done.stdout
    assert done.returncode == 1


# ------------------------------------------------------------------ for people
def test_a_failure_is_shown_with_clause_expected_seen_traces_and_command(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"lost": STEPS["lost"]})
    done = conform(folder, "--policy", "cronicle-0.9.49")
    assert done.returncode == 1
    for line in (
        "clause    RA-1.1 A manual job that was interrupted MUST be run again.",
        "expected  one rerun",
        "seen      none",
        "again     runall conform --rig simulated --policy cronicle-0.9.49 "
        "--scenario small/lost/manual",
    ):
        assert line in done.stdout
    history = next(line.split()[1] for line in done.stdout.splitlines() if "  history" in line)
    assert (folder / history).is_file()


def test_without_a_terminal_there_is_no_cursor_control(tmp_path: Path) -> None:
    done = conform(write_folder(tmp_path / "f", {"run again": STEPS["run again"]}))
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "pass" in done.stdout.splitlines()[0]
    assert "recovered in 1.50 s of 4.0 s" in done.stdout


def test_on_a_terminal_the_cases_are_a_tree(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"], "lost": STEPS["lost"]})
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "runall_harness.cli", "conform", "--rig", "simulated"]
    running = subprocess.Popen(
        command,
        env=environment(folder) | {"TERM": "xterm"},
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = read_all(ours)
    assert running.wait(60) == 1
    assert "├─" in shown
    assert "└─" in shown
    assert "running" in shown
    assert "✗ fail" in shown


def read_all(terminal: int) -> str:
    """All that a terminal shows, until its other end is closed."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when nobody has the other end open
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(parts).decode()
        parts.append(part)


# ------------------------------------------------------------------ selection and usage
def test_a_pattern_that_matches_nothing_is_a_usage_error_with_what_was_meant(mixed: Path) -> None:
    done = conform(mixed, "--scenario", "undefnied")
    assert done.returncode == 64
    assert "did you mean 'undefined'" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "choices"),
    [
        (["--rig", "cloud"], "'simulated', 'processes', 'docker'"),
        (["--policy", "cronicle-1"], "reference, cronicle-0.9.49, cronicle-0.9.50"),
        (["--system", "quartz"], "name reference, one that is shipped"),
        (["--repeat", "0"], "1<=x"),
        (["--nonsense"], "No such option"),
    ],
)
def test_wrong_usage_is_64_and_names_the_choices(
    mixed: Path, arguments: list[str], choices: str
) -> None:
    done = runall(mixed, "conform", *arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert choices in done.stderr


def test_only_the_selected_cases_are_run(mixed: Path) -> None:
    report = report_of(conform(mixed, "--scenario", "run again", "--format", "json"))
    assert [case["id"] for case in report["cases"]] == ["small/run-again/manual"]
    assert report["verdict"] == "conformant"


def test_patterns_that_are_given_together_ask_for_the_cases_of_each(mixed: Path) -> None:
    def ids(*patterns: str) -> list[str]:
        words = [word for pattern in patterns for word in ("--scenario", pattern)]
        listed = json.loads(conform(mixed, *words, "--list", "--format", "json").stdout)["cases"]
        return [case["id"] for case in listed]

    assert sorted(ids("cut", "run again", "cut")) == sorted(ids("cut") + ids("run again"))
    done = conform(mixed, "--scenario", "cut", "--scenario", "undefnied")
    assert (done.returncode, done.stdout) == (64, "")


def test_list_shows_the_cases_and_runs_nothing(mixed: Path) -> None:
    done = conform(mixed, "--list", "--format", "json")
    listed = json.loads(done.stdout)["cases"]
    assert done.returncode == 0
    assert {case["scenario"] for case in listed} == {*STEPS, "needy", "cut"}
    assert len(conform(mixed, "--list").stdout.splitlines()) == len(listed)


def test_out_saves_the_traces_of_all_cases_and_the_report(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = conform(mixed, "--scenario", "run again", "--format", "json", "--out", str(out))
    history = "histories/small/run-again/manual.jsonl"
    assert (out / history).is_file()
    saved, said = json.loads((out / "report.json").read_text()), report_of(done)
    assert saved["cases"][0]["history"] == history
    assert said["cases"][0]["history"] == str(out / history)
    assert saved["cases"][0]["logs"][0] == "logs/small/run-again/manual/primary.log"
    assert [case["verdict"] for case in saved["cases"]] == [c["verdict"] for c in said["cases"]]


def test_a_run_without_trouble_leaves_no_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    assert conform(folder).returncode == 0
    assert not (folder / "runall-out").exists()


def test_repeats_have_ids_of_their_own_and_a_case_that_differs_is_reported(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path / "f", {"unsteady": "a pretended job that is lost every second time"}
    )
    report = report_of(conform(folder, "--repeat", "3", "--format", "json"))
    base = "small/unsteady/manual"
    assert [case["id"] for case in report["cases"]] == [base, f"{base}#2", f"{base}#3"]
    assert [case["verdict"] for case in report["cases"]] == ["pass", "fail", "pass"]
    assert all("unsteady: 2 pass, 1 fail" in case["message"] for case in report["cases"])
