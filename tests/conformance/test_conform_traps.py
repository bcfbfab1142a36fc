"""No false green, and good manners: what must not happen, whatever the feature folder holds.

The last tests run the kit's own features, in virtual time.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.places import ROOT
from support.small_features import (
    CONFTEST,
    STEPS,
    conform,
    environment,
    plain_pytest,
    report_of,
    runall,
    verdicts,
    write_folder,
)


# ------------------------------------------------------------------ no false green
def test_a_run_of_unsupported_cases_only_is_inconclusive(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"unable": STEPS["unable"]})
    done = conform(folder, "--format", "json")
    assert (report_of(done)["verdict"], done.returncode) == ("inconclusive", 2)


def test_two_scenarios_of_one_name_are_an_error(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    twice = (folder / "small.feature").read_text() + "  Scenario: run again\n    Then nothing\n"
    (folder / "small.feature").write_text(twice)
    for done in (conform(folder), plain_pytest(folder)):
        assert done.returncode not in (0, 1)
        assert 'two scenarios are named "run again"' in done.stdout + done.stderr


def test_a_compiled_case_that_pytest_did_not_collect_is_an_error(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"], "lost": STEPS["lost"]})
    (folder / "test_features.py").write_text(
        "from pytest_bdd import scenario\n"
        "@scenario('small.feature', 'run again')\n"
        "def test_one(): pass\n"
    )
    done = plain_pytest(folder)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "1 compiled cases were not collected by pytest: small/lost/manual" in done.stderr
    assert conform(folder, "--scenario", "run again").returncode == 3


def test_a_scenario_that_expects_nothing_is_an_error(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    text = (folder / "small.feature").read_text("utf-8")
    (folder / "small.feature").write_text(text.replace("    Then", "    When"), "utf-8")
    for done in (conform(folder), plain_pytest(folder)):
        assert done.returncode not in (0, 1)
        assert "small.feature:4 has no Then" in done.stdout + done.stderr


def test_a_plan_of_the_set_up_runs_no_case_and_is_no_success(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    done = plain_pytest(folder, "--setup-plan")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "Run All: 1 error; no case was judged" in done.stdout


@pytest.mark.parametrize("times", ["0", "-5"])
def test_fewer_repeats_than_one_are_wrong_usage(times: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    done = plain_pytest(folder, f"--runall-repeat={times}")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"{times} is below 1" in done.stderr


def test_a_run_of_other_features_than_the_kit_s_says_so(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    line = f"RUNALL_FEATURES: the cases are those of {folder}"
    assert line in conform(folder, "--format", "json").stderr
    assert line in plain_pytest(folder).stdout


def test_a_setup_failure_exits_3_and_no_case_is_left_out(tmp_path: Path) -> None:
    broken = CONFTEST.replace(
        "    rig = FakeRig()\n", "    raise KitCannotRun('no engine', 'install one')\n"
    )
    steps = {"run again": STEPS["run again"], "lost": STEPS["lost"]}
    done = conform(write_folder(tmp_path / "f", steps, broken), "--format", "json")
    report = report_of(done)
    assert (report["verdict"], done.returncode) == ("error", 3)
    assert verdicts(report) == {"run again": "error", "lost": "error"}
    assert "no engine" in done.stderr


def test_a_module_that_cannot_be_imported_exits_3_and_says_why(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    (folder / "test_features.py").write_text("import nothing_of_that_name\n")
    done = conform(folder, "--format", "json")
    assert (report_of(done)["verdict"], done.returncode) == ("error", 3)
    assert "nothing_of_that_name" in done.stderr


def test_a_folder_that_binds_no_scenario_exits_3(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    (folder / "test_features.py").write_text("def test_nothing(): pass\n")
    done = conform(folder, "--format", "json")
    assert (verdicts(report_of(done)), done.returncode) == ({"run again": "error"}, 3)


def test_an_interrupted_run_reports_what_was_done_and_exits_130(tmp_path: Path) -> None:
    steps = {"run again": STEPS["run again"], "cut short": "a pretended run that is interrupted"}
    folder = write_folder(tmp_path / "f", steps | {"lost": STEPS["lost"]})
    done = conform(folder, "--format", "json")
    report = report_of(done)
    assert (report["verdict"], done.returncode) == ("inconclusive", 130)
    assert verdicts(report) == {"run again": "pass", "cut short": "skipped", "lost": "skipped"}


def test_sigterm_ends_a_run_as_ctrl_c_does(tmp_path: Path) -> None:
    conftest = CONFTEST.replace(
        "os.kill(os.getpid(), 2)", f"os.kill(os.getpid(), {signal.SIGTERM})"
    )
    steps = {"cut short": "a pretended run that is interrupted"}
    assert conform(write_folder(tmp_path / "f", steps, conftest)).returncode == 130


def test_the_users_own_pytest_settings_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -k nothing\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    assert conform(folder).returncode == 0


# ------------------------------------------------------------------ manners
def test_a_foreign_suite_does_not_notice_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys, pytest\n"
        "from pytest_bdd import given, scenarios\n"
        "@given('something')\n"
        "def _(): pass\n"
        "scenarios('.')\n"
        "@pytest.fixture\n"
        "def probe(request): return request\n"
        "def test_nothing_is_loaded(probe):\n"
        "    names = {'rich', 'docker', 'runall_harness.conformance.pytest_session'}\n"
        "    names |= {'runall_harness.scenario.cluster'}\n"
        "    assert not names & set(sys.modules)\n"
        "    with pytest.raises(pytest.FixtureLookupError):\n"
        "        probe.getfixturevalue('cluster')\n"
    )
    (tmp_path / "own.feature").write_text("Feature: own\n  Scenario: s\n    Given something\n")
    plugins = [
        "--disable-plugin-autoload",
        "-p",
        "pytest_bdd.plugin",
        "-p",
        "runall_harness.conformance.pytest_plugin",
    ]
    command = [sys.executable, "-m", "pytest", *plugins, "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["primary", "--help"], ["conform", "--help"]])
def test_help_and_daemons_do_not_load_the_test_runner(arguments: list[str]) -> None:
    probe = (
        "import sys\nfrom runall_harness.cli import exit_code_of\n"
        "code = exit_code_of(sys.argv[1:])\n"
        "heavy = {'pytest', 'rich', 'docker', 'gherkin', 'pytest_bdd'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else code)\n"
    )
    command = [sys.executable, "-c", probe, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage" in done.stdout


def test_every_command_of_the_help_exists() -> None:
    listed = runall(None, "--help", cwd=ROOT).stdout.split("Commands:")[1].split("\n\n")[0]
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    assert {"conform", "spec", "ledger", "clean", "primary", "worker"} < set(names)
    for name in names:
        assert runall(None, name, "--help", cwd=ROOT).returncode == 0, name


def test_a_crash_of_the_kit_is_3_and_never_1(tmp_path: Path) -> None:
    (tmp_path / "bad.feature").write_bytes(b"\xff\xfe")
    done = conform(tmp_path)
    assert done.returncode == 3
    assert "bad.feature is not a feature file" in done.stderr


@pytest.mark.parametrize("arguments", [["--list"], ["--rig", "simulated"]])
def test_a_reader_that_goes_away_is_no_verdict_on_the_scheduler(
    tmp_path: Path, arguments: list[str]
) -> None:
    folder = write_folder(tmp_path / "f", {"unproven": STEPS["unproven"]})
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "runall_harness.cli", "conform", *arguments]
    done = subprocess.run(
        command,
        env=environment(folder),
        cwd=folder,
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(theirs)
    assert done.returncode == (141 if arguments == ["--list"] else 2)
    assert b"Traceback" not in done.stderr


def test_the_published_schema_describes_the_report(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    report = report_of(conform(folder, "--format", "json"))
    schema = json.loads(runall(None, "conform", "--schema", cwd=ROOT).stdout)
    definition = schema["$defs"]["Report"]
    assert set(definition["required"]) == set(report)
    assert set(schema["$defs"]["CaseReport"]["properties"]) == set(report["cases"][0])


# ------------------------------------------------------------------ the kit's own features
def test_the_reference_is_conformant_in_virtual_time(tmp_path: Path) -> None:
    done = runall(None, "conform", "--rig", "simulated", "--format", "json", cwd=tmp_path)
    report = report_of(done)
    trouble = {c["id"]: c["message"] for c in report["cases"] if c["verdict"] != "pass"}
    assert (trouble, report["verdict"], done.returncode) == ({}, "conformant", 0)
    assert all(fault["proven"] for case in report["cases"] for fault in case["faults"])


def test_plain_pytest_and_runall_conform_have_the_same_cases(tmp_path: Path) -> None:
    listed = runall(None, "conform", "--list", cwd=tmp_path).stdout.splitlines()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--disable-plugin-autoload",
        "-p",
        "pytest_bdd.plugin",
        "-p",
        "runall_harness.conformance.pytest_plugin",
        "-c",
        os.devnull,
        "--collect-only",
        "-q",
        str(ROOT / "features"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert f"{len(listed)} tests collected" in done.stdout, done.stdout + done.stderr
