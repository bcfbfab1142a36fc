"""`runall mutants --suite` scores somebody else's tests, and leaves nothing of them behind."""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from runall_harness.mutants import by_name
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.processes.run_records import RUN_MARKER, runs_folder
from runall_harness.rigs.simulated.rig import SimulatedSite
from runall_harness.scoring.control_socket import NodeControl, Reply, Request, answer
from runall_harness.scoring.suite import SUITE_MARKER, SuiteResult, SuiteScore, as_json
from runall_reference.brain.settings import Settings
from support.places import SUPPORT as HERE

Done = subprocess.CompletedProcess[str]


def suite(*words: str) -> str:
    """The command line of the minimal suite."""
    return shlex.join([sys.executable, str(HERE / "minimal_suite.py"), *words])


def command(asked: str, folder: Path, *options: str) -> list[str]:
    """The command that scores a suite, with what it prints kept in a folder."""
    own = ("--suite", asked, "--out", str(folder), "--format", "json")
    return [sys.executable, "-m", "runall_harness.cli", "mutants", *own, *options]


def score(asked: str, folder: Path, *options: str) -> Done:
    """Score a suite, and see how that ends."""
    return subprocess.run(
        command(asked, folder, *options), capture_output=True, text=True, timeout=250, check=False
    )


def marked() -> list[int]:
    """The processes of any cluster or suite that the tests of this file may have left."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            names = process.environ().keys()
        except psutil.Error:
            continue
        if {RUN_MARKER, SUITE_MARKER} & names and str(HERE) in process.environ().get(OWN, ""):
            found.append(process.pid)
    return found


# Inherited by the command, the suite, and what the suite starts.
OWN = "RUNALL_TEST_OF"


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nothing may be left: no process, no folder, no record of a run."""
    monkeypatch.setenv(OWN, f"{HERE} {tmp_path}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "tmp").mkdir()
    yield
    assert marked() == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list(runs_folder().glob("*")) == []


def test_a_suite_is_scored_by_the_mutants_that_it_fails_on(tmp_path: Path) -> None:
    only = ("--only", "schedule_only,drops_overrides,one_try", "--jobs", "3")
    done = score(suite(), tmp_path / "out", *only)
    assert done.returncode == 1, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert (report["score"], report["reference"]) == ("2/3", "pass")
    outcomes = {mutant["name"]: mutant["outcome"] for mutant in report["mutants"]}
    assert outcomes == {
        "schedule_only": "killed",
        "drops_overrides": "killed",
        "one_try": "survived",
    }
    for mutant in report["mutants"]:
        kept = {path.name for path in Path(mutant["output"]).iterdir()}
        assert kept == {"output.txt", "primary.log", "worker-1.log", "worker-2.log"}
    assert "attempt 2 never ran" in (tmp_path / "out/schedule_only/output.txt").read_text("utf-8")


def test_a_suite_that_fails_on_the_unchanged_reference_is_not_scored(tmp_path: Path) -> None:
    done = score(suite("broken"), tmp_path / "out", "--only", "schedule_only")
    assert done.returncode == 2
    assert "does not pass on the unchanged reference" in done.stderr
    report = json.loads(done.stdout)
    assert (report["reference"], report["score"], report["mutants"]) == ("fail", "0/1", [])
    assert "no scheduler is good enough" in (tmp_path / "out/reference/output.txt").read_text()


def test_a_suite_that_passes_on_the_unchanged_reference_only_once_is_not_scored(
    tmp_path: Path,
) -> None:
    once = tmp_path / "once"
    lucky = shlex.join(["sh", "-c", f"test ! -e {once} && touch {once}"])
    done = score(lucky, tmp_path / "out", "--only", "schedule_only,one_try")
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["reference"] == "fail"


def test_a_suite_that_hangs_on_the_unchanged_reference_is_not_scored(tmp_path: Path) -> None:
    hangs = ("--only", "schedule_only", "--suite-timeout", "0.5")
    done = score(suite("hangs"), tmp_path / "out", *hangs)
    assert done.returncode == 2
    assert json.loads(done.stdout)["reference"] == "hung"


def test_what_a_suite_starts_and_leaves_is_ended_with_it(tmp_path: Path) -> None:
    worker = '"$RUNALL_SERVE" worker --name w9 --primary "${RUNALL_URL#http://}"'
    line = f'{worker} --data "$RUNALL_FOLDER/w9" >&2 & sleep 600 & "$RUNALL_CONTROL" ready'
    done = score(shlex.join(["sh", "-c", line]), tmp_path / "out", "--only", "one_try")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["mutants"][0]["outcome"] == "survived"
    assert "all take work" in (tmp_path / "out/one_try/output.txt").read_text()


def test_a_suite_that_is_no_program_is_said_to_be_none(tmp_path: Path) -> None:
    for nothing, words in (
        ("no-such-program", "cannot be started"),
        ("'", "quotation"),
        ("", "empty"),
    ):
        done = score(nothing, tmp_path / "out", "--only", "one_try")
        assert done.returncode == 3
        assert words in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_clears_everything_away(number: signal.Signals, tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    line = f"echo now > {started}; exec {suite('hangs')}"
    asked = command(shlex.join(["sh", "-c", line]), tmp_path / "out", "--only", "one_try")
    with subprocess.Popen(asked, stderr=subprocess.DEVNULL) as scoring:
        assert started.read_text() == "now\n"
        scoring.send_signal(number)
        assert scoring.wait(60) == 130


# ------------------------------------------------------------------ what a suite is worth
def worth(*outcomes: str, reference: str = "survived") -> SuiteScore:
    """What a suite is worth with these outcomes."""
    mutants = (by_name("one_try"), by_name("two_live"))[: len(outcomes)]
    pairs = zip(mutants, outcomes, strict=True)
    return SuiteScore(
        suite="true",
        reference=SuiteResult(name="reference", outcome=reference),
        mutants=mutants,
        results=tuple(SuiteResult(name=mutant.name, outcome=outcome) for mutant, outcome in pairs),
    )


def test_only_a_suite_that_kills_all_is_a_success() -> None:
    assert worth("killed", "killed").exit_code == 0
    assert worth("killed", "survived").exit_code == 1
    assert worth("killed", "error").exit_code == 3
    assert worth(reference="killed").exit_code == 2
    assert worth(reference="error").exit_code == 3
    assert worth().exit_code == 1


def test_a_suite_that_hangs_has_killed_nothing() -> None:
    hung = worth("killed", "hung")
    assert (hung.word, hung.exit_code) == ("1/2", 1)
    assert [mutant["killed"] for mutant in as_json(hung)["mutants"]] == [True, False]


# ------------------------------------------------------------------ the control of its nodes
@pytest.fixture
def control() -> NodeControl:
    """The control of two simulated nodes: its replies are the same on every rig."""
    site = SimulatedSite()
    specs = {
        name: NodeSpec(name=name, role=role, command=(), simulate=Settings())
        for name, role in (("p", "primary"), ("w", "worker"))
    }
    site.start(*specs.values())
    return NodeControl(site, specs, online=lambda: {n for n in specs if site.alive(n)})


def test_the_control_does_what_is_requested_and_prints_the_proof(control: NodeControl) -> None:
    assert control.carry_out(Request("ready")) == answer(control, b'{"verb": "ready"}')
    assert control.carry_out(Request("kill", "w")) == Reply(0, "kill: start 1 of w is over")
    assert not control.site.alive("w")
    assert control.carry_out(Request("start", "w")).code == 0
    assert control.carry_out(Request("start", "w")).text == "w runs already"


def test_the_control_refuses_what_it_does_not_know(control: NodeControl) -> None:
    assert control.carry_out(Request("tickle", "w")).code == 64
    assert control.carry_out(Request("kill", "nobody")).text == "no node 'nobody'; there are p, w"
    assert answer(control, b"{}").code == 3
    assert answer(control, b"gibberish").code == 3
