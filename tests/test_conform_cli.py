"""`runall conform` and the pytest plugin, as a user runs them: in a process of their own.

The feature folders are small and made here. Their clusters are fakes that lie in a known way, so
that each verdict can be brought about; the last tests run the kit's own features, in virtual time.
"""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONFTEST = """
import pytest, os, pathlib
from pytest_bdd import given, parsers
from runall_harness.rigs.base import Execution, KitCannotRun, Proof
from runall_harness.verdicts import Inconclusive, Unsupported, Violation


class FakeRig:
    name, abilities = "simulated", frozenset({"kill"})

    def prepare(self, case, *, cuttable):
        print("ahead of time:", case, cuttable)

    def close(self):
        print("the rig is closed")


class FakeHistory:
    def save(self, path):
        path.write_text("{}")


class FakeCluster:
    def __init__(self, rig, case, policy):
        self.case, self.verdict, self.history = case, None, FakeHistory()
        self.recovery_s, self.deadline_s = 1.5, 4.0
        self.faults = [Proof(kind="kill", node="w", at=1.0, proven=True, evidence="gone")]

    def executions(self):
        return [Execution(id="e", tag="t", node="w", job="j2", now="", params={}, started_at=1.0,
                          beat_at=2.0)]

    def lineage_of(self, execution):
        return "j1"

    def logs(self):
        return {"primary": "its log"}

    def judge(self):
        if self.verdict:
            raise self.verdict

    def close(self):
        if "left-behind" in self.case.id:
            raise KitCannotRun("a container is left", "runall clean")


@pytest.fixture(scope="session")
def rig():
    rig = FakeRig()
    yield rig
    rig.close()


@pytest.fixture(scope="session")
def cluster_class():
    return FakeCluster


@given("a pretended job that is run again")
def _(cluster):
    print("a stray print")
    os.write(1, b"a stray write")


@given("a pretended job that is lost")
def _(cluster):
    raise Violation("RA-1.1", "one rerun", "none")


@given("a pretended history that a check condemns")
def _(cluster):
    cluster.verdict = Violation("RA-7.1", "one at a time", "two at once")


@given("a pretended fault that nobody can prove")
def _(cluster):
    raise Inconclusive("the process may live")


@given("a pretended rig that cannot do this")
def _(cluster):
    raise Unsupported("not here")


@given("a pretended harness that breaks")
def _(cluster):
    raise RuntimeError("oops")


@given("a pretended test that gives up")
def _(cluster):
    pytest.skip("not today")


@given("a pretended async step")
async def _(cluster):
    raise AssertionError("never reached")


@given("a pretended step that forgets to await")
def _(cluster):
    async def never():
        raise AssertionError("never reached")
    never()


@given("a pretended job that is lost every second time")
def _(cluster):
    if cluster.case.id.endswith("#2"):
        raise Violation("RA-1.1", "one rerun", "none")


@given("a pretended run that is interrupted")
def _(cluster):
    os.kill(os.getpid(), 2)
"""
BIND = 'from pytest_bdd import scenarios\nscenarios(".")\n'
STEPS = {
    "run again": "a pretended job that is run again",
    "lost": "a pretended job that is lost",
    "condemned": "a pretended history that a check condemns",
    "unproven": "a pretended fault that nobody can prove",
    "unable": "a pretended rig that cannot do this",
    "broken": "a pretended harness that breaks",
    "given up": "a pretended test that gives up",
    "async": "a pretended async step",
    "forgotten": "a pretended step that forgets to await",
    "undefined": "a step that nobody wrote",
    "left behind": "a pretended job that is run again",
}
Done = subprocess.CompletedProcess[str]


def write_folder(folder: Path, scenarios: Mapping[str, str], conftest: str = CONFTEST) -> Path:
    """A feature folder whose scenarios have one step each."""
    folder.mkdir(exist_ok=True)
    body = "".join(
        f"  @manual {'@needs:telepathy' if name == 'needy' else '@partition' * (name == 'cut')}\n"
        f"  Scenario: {name}\n    Given {step}\n"
        for name, step in scenarios.items()
    )
    (folder / "small.feature").write_text(f"@RA-1.1\nFeature: small\n{body}", "utf-8")
    (folder / "conftest.py").write_text(conftest, "utf-8")
    (folder / "test_features.py").write_text(BIND, "utf-8")
    return folder


def environment(folder: Path | None) -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200"} | ({"RUNALL_FEATURES": str(folder)} if folder else {})


def runall(folder: Path | None, *arguments: str, cwd: Path | None = None) -> Done:
    return subprocess.run(
        [sys.executable, "-m", "runall_harness.cli", *arguments],
        env=environment(folder), cwd=cwd or folder, capture_output=True, text=True, timeout=100,
    )  # fmt: skip


def conform(folder: Path, *arguments: str) -> Done:
    return runall(folder, "conform", "--rig", "simulated", *arguments)


def plain_pytest(folder: Path, *arguments: str) -> Done:
    plugins = [
        "--disable-plugin-autoload",
        "-p",
        "pytest_bdd.plugin",
        "-p",
        "runall_harness.plugin",
    ]
    command = [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", "--tb=short"]
    return subprocess.run(
        [*command, str(folder), *arguments], env=environment(folder), cwd=folder.parent,
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip


def report_of(done: Done) -> dict[str, Any]:
    return json.loads(done.stdout)


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {case["scenario"]: case["verdict"] for case in report["cases"]}


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
        "schema", "system", "rig", "verdict", "summary", "duration_s", "cases"
    }  # fmt: skip
    assert done.stderr == ""


def test_an_error_outranks_a_failure(done: Done) -> None:
    assert (report_of(done)["verdict"], done.returncode) == ("error", 3)


def test_a_failure_is_told_in_the_clauses_words(cases: dict[str, dict[str, Any]]) -> None:
    assert "RA-1.1: A manual job that was interrupted MUST" in cases["lost"]["message"]
    assert "expected: one at a time\n  seen: two at once" in cases["condemned"]["message"]


def test_a_verdict_of_unsupported_says_what_is_lacking(cases: dict[str, dict[str, Any]]) -> None:
    assert "the capability telepathy" in cases["needy"]["message"]
    assert "cannot show the fault partition" in cases["cut"]["message"]


def test_the_report_tells_faults_executions_and_recovery(cases: dict[str, dict[str, Any]]) -> None:
    case = cases["run again"]
    assert case["faults"] == [{"kind": "kill", "node": "w", "at": 1.0, "proven": True}]
    assert case["executions"] == [
        {"job": "j2", "lineage": "j1", "node": "w", "started_at": 1.0, "ended_at": None,
         "how": "running"}
    ]  # fmt: skip
    assert (case["recovery_s"], case["deadline_s"]) == (1.5, 4.0)


def test_traces_are_saved_for_trouble_only(mixed: Path, cases: dict[str, dict[str, Any]]) -> None:
    saved = {name for name, case in cases.items() if case["history"]}
    assert saved == {"lost", "condemned", "unproven", "broken", "async", "forgotten", "undefined"}
    history = mixed / cases["lost"]["history"]
    assert (history.parent / "primary.log").read_text() == "its log"
    assert "Violation" in (history.parent / "failure.txt").read_text()


def test_the_rig_is_asked_to_prepare_the_next_case_while_one_runs(
    mixed: Path, cases: dict[str, dict[str, Any]]
) -> None:
    failure = (mixed / cases["lost"]["history"]).parent / "failure.txt"
    assert "ahead of time: small/condemned/manual False" in failure.read_text()


def test_plain_pytest_gives_the_same_verdicts(mixed: Path) -> None:
    told = plain_pytest(mixed, "-q", "--strict-markers")
    assert "7 failed, 2 passed, 4 skipped, 1 error" in told.stdout.splitlines()[-1], told.stdout
    assert told.returncode == 1


# ------------------------------------------------------------------ for people
def test_a_failure_is_shown_with_clause_expected_seen_traces_and_command(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"lost": STEPS["lost"]})
    done = conform(folder, "--policy", "cronicle-0.9.49")
    assert done.returncode == 1
    for line in (
        "clause    RA-1.1 A manual job that was interrupted MUST be run again.",
        "expected  one rerun",
        "seen      none",
        "again     runall conform --rig simulated --scenario small/lost/manual "
        "--policy cronicle-0.9.49",
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
        command, env=environment(folder) | {"TERM": "xterm"}, cwd=folder, stdin=theirs,
        stdout=theirs, stderr=theirs,
    )  # fmt: skip
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
        (["--system", "quartz"], "'reference'"),
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


def test_list_shows_the_cases_and_runs_nothing(mixed: Path) -> None:
    done = conform(mixed, "--list", "--format", "json")
    listed = json.loads(done.stdout)["cases"]
    assert done.returncode == 0
    assert {case["scenario"] for case in listed} == {*STEPS, "needy", "cut"}
    assert len(conform(mixed, "--list").stdout.splitlines()) == len(listed)


def test_out_saves_the_traces_of_all_cases_and_the_report(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = conform(mixed, "--scenario", "run again", "--format", "json", "--out", str(out))
    assert (out / "small/run-again/manual/history.jsonl").is_file()
    assert json.loads((out / "report.json").read_text()) == report_of(done)


def test_a_run_without_trouble_leaves_no_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    assert conform(folder).returncode == 0
    assert not (folder / "runall-out").exists()


def test_repeats_have_ids_of_their_own_and_a_case_that_differs_is_told(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path / "f", {"unsteady": "a pretended job that is lost every second time"}
    )
    report = report_of(conform(folder, "--repeat", "3", "--format", "json"))
    base = "small/unsteady/manual"
    assert [case["id"] for case in report["cases"]] == [base, f"{base}#2", f"{base}#3"]
    assert [case["verdict"] for case in report["cases"]] == ["pass", "fail", "pass"]
    assert all("unsteady: 2 pass, 1 fail" in case["message"] for case in report["cases"])


# ------------------------------------------------------------------ no false green
def test_a_run_of_unsupported_cases_only_is_inconclusive(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"unable": STEPS["unable"]})
    done = conform(folder, "--format", "json")
    assert (report_of(done)["verdict"], done.returncode) == ("inconclusive", 2)


def test_two_scenarios_of_one_name_are_an_error(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"]})
    twice = (folder / "small.feature").read_text() + "  Scenario: run again\n    Given nothing\n"
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


def test_an_interrupted_run_tells_what_was_done_and_exits_130(tmp_path: Path) -> None:
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
        "    names = {'rich', 'docker', 'runall_harness.session', 'runall_harness.cluster'}\n"
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
        "runall_harness.plugin",
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
    assert names == ["conform", "spec", "clean", "primary", "worker"]
    for name in names:
        assert runall(None, name, "--help", cwd=ROOT).returncode == 0, name


def test_a_crash_of_the_kit_is_3_and_never_1(tmp_path: Path) -> None:
    (tmp_path / "bad.feature").write_bytes(b"\xff\xfe")
    done = conform(tmp_path)
    assert done.returncode == 3
    assert "bad.feature is not a feature file" in done.stderr


def test_the_published_schema_describes_the_report(done: Done) -> None:
    schema = json.loads(runall(None, "conform", "--schema", cwd=ROOT).stdout)
    definition = schema["$defs"]["Report"]
    assert set(definition["required"]) == set(report_of(done))
    assert set(schema["$defs"]["CaseReport"]["required"]) == set(report_of(done)["cases"][0])


# ------------------------------------------------------------------ the kit's own features
def test_the_reference_is_conformant_in_virtual_time(tmp_path: Path) -> None:
    done = runall(None, "conform", "--rig", "simulated", "--format", "json", cwd=tmp_path)
    report = report_of(done)
    trouble = {c["id"]: c["message"] for c in report["cases"] if c["verdict"] != "pass"}
    assert (trouble, report["verdict"], done.returncode) == ({}, "conformant", 0)
    assert all(fault["proven"] for case in report["cases"] for fault in case["faults"])


def test_plain_pytest_and_runall_conform_have_the_same_cases(tmp_path: Path) -> None:
    listed = runall(None, "conform", "--list", cwd=tmp_path).stdout.splitlines()
    command = [sys.executable, "-m", "pytest", "--disable-plugin-autoload", "-p",
               "pytest_bdd.plugin", "-p", "runall_harness.plugin", "-c", os.devnull,
               "--collect-only", "-q", str(ROOT / "features")]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert f"{len(listed)} tests collected" in done.stdout, done.stdout + done.stderr
