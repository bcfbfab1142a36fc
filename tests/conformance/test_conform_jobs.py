"""`runall conform --jobs N`: several processes share the cases, and only the time differs.

Cases of the small folders meet at named pipes, whose two ends open together or not at all. So
that two cases ran at once is shown by their end, and not by a clock.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from runall_harness.conformance.run import Display, Order, Run
from runall_harness.conformance.run_report import CaseResult, report_case
from runall_harness.conformance.workers.dispatcher import run_cases
from runall_harness.contract.cases import Case, load_cases
from runall_harness.contract.verdicts import Verdict
from runall_harness.host import load
from runall_harness.reports.case_progress import Tree
from runall_harness.reports.progress import Screen
from runall_harness.rigs.processes.rig import SITE_MARKER
from support.places import ROOT
from support.small_features import (
    CONFTEST,
    STEPS,
    conform,
    environment,
    report_of,
    runall,
    verdicts,
    write_folder,
)

WITHIN = 60
MEETING = (
    CONFTEST.replace(
        'print("the rig is closed")', 'pathlib.Path(HERE, f"closed-{os.getpid()}").touch()'
    )
    + """
import signal
HERE = pathlib.Path(__file__).parent


@then("a pretended job that waits for another case")
def _(cluster):
    os.close(os.open(HERE / "pipe", os.O_RDONLY))


@then("a pretended job that another case waits for")
def _(cluster):
    os.close(os.open(HERE / "pipe", os.O_WRONLY))


@then("a pretended process that dies")
def _(cluster):
    os.kill(os.getpid(), signal.SIGKILL)
"""
)
WAITS, MEETS = (
    "a pretended job that waits for another case",
    "a pretended job that another case waits for",
)
DIES, GOOD = "a pretended process that dies", STEPS["run again"]


def write_meeting(tmp_path: Path, scenarios: dict[str, str], conftest: str = MEETING) -> Path:
    """A feature folder with a named pipe in it."""
    folder = write_folder(tmp_path / "f", scenarios, conftest)
    os.mkfifo(folder / "pipe")
    return folder


def shared(folder: Path, jobs: int, *more: str) -> tuple[int, dict[str, Any]]:
    """A run with that many jobs: its exit code and its report."""
    done = conform(folder, "--jobs", str(jobs), "--format", "json", *more)
    assert done.stdout, done.stderr
    return done.returncode, report_of(done)


# ------------------------------------------------------------------ the same, but sooner
def steady(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What a report says that does not depend on times and places."""
    return [
        (
            c["id"],
            c["verdict"],
            re.sub("0x[0-9a-f]+", "", c["message"]),
            c["faults"],
            c["executions"],
            c["recovery_s"],
            c["deadline_s"],
            c["history"] is None,
        )
        for c in report["cases"]
    ]


def test_the_report_is_that_of_a_run_in_one_process(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", STEPS | {"needy": GOOD, "cut": GOOD})
    code, alone = shared(folder, 1)
    again, report = shared(folder, 3)
    assert steady(report) == steady(alone)
    same = ("schema", "system", "rig", "verdict", "summary")
    assert [report[name] for name in same] == [alone[name] for name in same]
    assert again == code


def test_people_see_a_failure_in_the_same_words(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"lost": STEPS["lost"], "run again": GOOD})
    done = conform(folder, "--jobs", "2")
    assert done.returncode == 1
    assert "clause    RA-1.1 A manual job that was interrupted MUST be run again." in done.stdout
    assert "seen      none" in done.stdout
    assert "again     runall conform --rig simulated --scenario small/lost/manual" in done.stdout


def test_two_cases_run_at_once(tmp_path: Path) -> None:
    folder = write_meeting(tmp_path, {"one": WAITS, "two": MEETS})
    assert shared(folder, 2)[1]["verdict"] == "conformant"


def test_no_case_waits_behind_a_long_one_while_somebody_is_free(tmp_path: Path) -> None:
    # Were the cases shared out beforehand, the last one would wait for the first, and it for that.
    folder = write_meeting(
        tmp_path, {"long": WAITS, "second": GOOD, "third": GOOD, "fourth": GOOD, "last": MEETS}
    )
    assert shared(folder, 2)[1]["verdict"] == "conformant"


def test_more_jobs_than_cases_are_as_many_as_there_are_cases(tmp_path: Path) -> None:
    folder = write_meeting(tmp_path, {"one": GOOD, "two": GOOD})
    assert shared(folder, 60)[1]["verdict"] == "conformant"
    assert len(list(folder.glob("closed-*"))) <= 2


def test_repeats_are_shared_too(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path / "f", {"unsteady": "a pretended job that is lost every second time"}
    )
    _, report = shared(folder, 2, "--repeat", "3")
    base = "small/unsteady/manual"
    assert [case["id"] for case in report["cases"]] == [base, f"{base}#2", f"{base}#3"]
    assert [case["verdict"] for case in report["cases"]] == ["pass", "fail", "pass"]


def test_the_traces_of_all_are_in_one_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"lost": STEPS["lost"], "condemned": STEPS["condemned"]})
    _, report = shared(folder, 2)
    histories = [folder / case["history"] for case in report["cases"]]
    assert all(history.is_file() for history in histories)
    assert len({history.parents[3] for history in histories}) == 1


def test_each_process_clears_its_own_rig_away(tmp_path: Path) -> None:
    folder = write_meeting(tmp_path, {"one": WAITS, "two": MEETS})
    shared(folder, 2)
    assert len(list(folder.glob("closed-*"))) == 2


# ------------------------------------------------------------------ how many at once
class Watched(Display):
    """A display that counts how many cases run at once."""

    def __init__(self) -> None:
        self.now: set[str] = set()
        self.most = 0

    def started(self, case: Case) -> None:
        self.now.add(case.id)
        self.most = max(self.most, len(self.now))

    def ended(self, result: CaseResult) -> None:
        self.now.remove(result.report.id)


def run_under_load(
    folder: Path, wanting: float, monkeypatch: pytest.MonkeyPatch
) -> tuple[Watched, Run]:
    """A run without `--jobs`, on a machine where this many tasks want a core."""
    monkeypatch.setattr(load, "tasks_wanting_a_core", lambda: wanting)
    monkeypatch.setenv("RUNALL_FEATURES", str(folder))
    monkeypatch.chdir(folder)
    watched = Watched()
    return watched, run_cases(Order(cases=load_cases(folder), rig="processes"), watched)


def test_by_default_a_case_begins_beside_others_where_the_load_allows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_meeting(tmp_path, {"one": WAITS, "two": MEETS})
    _, run = run_under_load(folder, 0.0, monkeypatch)
    assert run.exit_code == 0


def test_by_default_a_case_begins_only_alone_under_a_high_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_meeting(tmp_path, dict.fromkeys(("one", "two", "three", "four"), GOOD))
    watched, run = run_under_load(folder, 1000.0, monkeypatch)
    assert (watched.most, run.exit_code) == (1, 0)


def test_what_wants_a_core_is_what_the_system_counts() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        looks = [load.tasks_wanting_a_core() for _ in range(500)]
        busy.kill()
    assert max(looks) >= 1
    assert load.cores() >= 1


def test_a_process_that_leaves_the_cores_to_others_does_not_count() -> None:
    busy = [sys.executable, "-c", "import os; os.nice(19); print(flush=True)\nwhile True: pass"]
    with subprocess.Popen(busy, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        one.stdout.readline()
        assert load.yields(one.pid)
        assert load.is_running(one.pid)
        assert load.processes_that_yield() >= 1
        one.kill()


# ------------------------------------------------------------------ no case is lost
def test_a_process_that_dies_makes_its_case_an_error_and_no_other(tmp_path: Path) -> None:
    folder = write_meeting(
        tmp_path, {"one": GOOD, "two": DIES, "three": GOOD, "four": DIES, "five": DIES, "six": GOOD}
    )
    code, report = shared(folder, 2)
    assert code == 3
    assert verdicts(report) == {
        "one": "pass",
        "two": "error",
        "three": "pass",
        "four": "error",
        "five": "error",
        "six": "pass",
    }
    assert "SIGKILL" in report["cases"][1]["message"]


def test_a_process_that_hangs_is_ended_and_its_case_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_meeting(tmp_path, {"hung": WAITS, "one": GOOD, "two": GOOD})
    monkeypatch.setenv("RUNALL_FEATURES", str(folder))
    monkeypatch.chdir(folder)
    order = Order(cases=load_cases(folder), rig="simulated", jobs=2)
    run = run_cases(order, Display(), patience=5)
    assert [case.verdict for case in run.report().cases] == ["error", "pass", "pass"]
    assert "said nothing for 5 s" in run.report().cases[0].message
    assert run.exit_code == 3


def test_processes_that_cannot_even_begin_are_a_run_that_could_not_run(tmp_path: Path) -> None:
    folder = write_meeting(tmp_path, {"one": GOOD, "two": GOOD}, "import os\nos._exit(9)\n")
    code, report = shared(folder, 2)
    assert (code, report["verdict"]) == (3, "error")
    assert {case["verdict"] for case in report["cases"]} == {"error"}
    assert all("exit status 9" in case["message"] for case in report["cases"])


def test_a_collection_that_fails_is_reported_as_in_one_process(tmp_path: Path) -> None:
    folder = write_meeting(tmp_path, {"one": GOOD, "two": GOOD})
    (folder / "test_broken.py").write_text("import nothing_of_that_name\n")
    done = conform(folder, "--jobs", "2")
    assert done.returncode == 3
    assert "nothing_of_that_name" in done.stdout


def test_without_a_rig_the_run_ends_and_the_cause_is_reported_once(tmp_path: Path) -> None:
    lacking = CONFTEST.replace(
        "    rig = FakeRig()\n", "    raise KitCannotRun('no engine', 'install one')\n"
    )
    folder = write_folder(tmp_path / "f", {"one": GOOD, "two": GOOD, "three": GOOD}, lacking)
    done = conform(folder, "--jobs", "2")
    assert done.returncode == 3
    assert done.stdout.count("The kit could not run: no engine") == 1


# ------------------------------------------------------------------ ends before the end
@contextmanager
def running(folder: Path, *options: str) -> Generator[subprocess.Popen[str]]:
    """A shared run of a folder, in a session of its own."""
    command = [sys.executable, "-m", "runall_harness.cli", "conform", "--format", "json"]
    process = subprocess.Popen(
        [*command, "--rig", "simulated", "--jobs", "2", *options],
        env=environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


STUCK = (
    MEETING
    + """
@then("a pretended job that stays")
def _(cluster):
    with open(HERE / "there", "a") as pipe:
        pipe.write(f"{os.getpid()}\\n")
    signal.pause()
"""
)


@pytest.fixture
def stuck(tmp_path: Path) -> Path:
    """A folder of three cases, of which the first two never end."""
    stays = "a pretended job that stays"
    folder = write_folder(tmp_path / "f", {"one": stays, "two": stays, "three": GOOD}, STUCK)
    os.mkfifo(folder / "there")
    return folder


def running_pids(folder: Path) -> list[int]:
    """The processes of both cases, once both are in the middle of their scenario."""
    pids: list[int] = []
    while len(pids) < 2:
        with (folder / "there").open() as pipe:
            pids += [int(line) for line in pipe]
    return pids


def to_process(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)


def to_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    os.killpg(process.pid, number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("send", [to_process, to_group])
def test_an_interruption_ends_all_of_them_with_everything_cleared_away(
    stuck: Path,
    number: signal.Signals,
    send: Callable[[subprocess.Popen[str], signal.Signals], None],
) -> None:
    with running(stuck) as process:
        pids = running_pids(stuck)
        send(process, number)
        output, _ = process.communicate(timeout=WITHIN)
    assert process.returncode == 130
    report = json.loads(output)
    assert verdicts(report) == {"one": "skipped", "two": "skipped", "three": "skipped"}
    assert {path.name for path in stuck.glob("closed-*")} == {f"closed-{pid}" for pid in pids}
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_no_worker_goes_on_when_the_dispatcher_is_killed(stuck: Path) -> None:
    with running(stuck) as process:
        workers = [psutil.Process(pid) for pid in running_pids(stuck)]
        process.kill()
        _, alive = psutil.wait_procs(workers, timeout=WITHIN)
    assert not alive


# ------------------------------------------------------------------ on a terminal
def passed(case: Case) -> CaseResult:
    """The result of a case that passed."""
    return CaseResult(report=report_case(case, Verdict.PASS, ""))


def test_the_tree_keeps_the_order_of_the_files_whatever_ends_first() -> None:
    cases = load_cases(ROOT / "features")[:3]
    shown = StringIO()
    with Tree(Screen(file=shown, width=200, force_terminal=True), cases) as tree:
        for case in cases:
            tree.started(case)
        for case in reversed(cases):
            tree.ended(passed(case))
    lines = [line for line in shown.getvalue().splitlines() if "pass" in line]
    for line, case in zip(lines, cases, strict=True):
        assert case.scenario in line
        assert case.id.rpartition("/")[2] in line


def test_the_tree_shows_at_its_end_what_waited_for_a_case_that_never_ran() -> None:
    cases = load_cases(ROOT / "features")[:3]
    shown = StringIO()
    with Tree(Screen(file=shown, width=200, force_terminal=True), cases) as tree:
        tree.started(cases[1])
        tree.ended(passed(cases[1]))
    assert "pass" in shown.getvalue()


# ------------------------------------------------------------------ real daemons
REAL = "2_worker_back/it-is-back-before-the-timeout-without-the-job"


def test_real_daemons_are_shared_out_and_nothing_of_them_is_left(tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/no.sock", "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "runall_harness.cli",
            "conform",
            "--rig",
            "auto",
            "--jobs",
            "2",
            "--scenario",
            REAL,
        ],
        env=os.environ | nowhere,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("rig: processes, because") == 1
    assert "on the processes rig" in done.stdout
    assert not list((tmp_path / "runall" / "runs").iterdir())


def test_what_a_dead_process_had_started_is_removed_and_its_case_is_an_error(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "runall_harness.cli", "conform", "--rig", "processes"]
    options = ["--jobs", "2", "--scenario", REAL, "--format", "json"]
    with subprocess.Popen(
        [*command, *options],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as dispatcher:
        worker, daemon = first_daemon(dispatcher.pid)
        run = daemon.environ()[SITE_MARKER]
        worker.kill()
        output, _ = dispatcher.communicate(timeout=WITHIN)
    assert dispatcher.returncode == 3
    assert sorted(case["verdict"] for case in json.loads(output)["cases"]) == ["error", "pass"]
    assert not [p.pid for p in psutil.process_iter() if run == marker(p)]
    assert not list((tmp_path / "runall" / "runs").iterdir())


def first_daemon(dispatcher: int) -> tuple[psutil.Process, psutil.Process]:
    """A process that runs cases, and the first daemon of it that is seen."""
    while True:
        for worker in psutil.Process(dispatcher).children():
            with suppress(psutil.NoSuchProcess):
                for daemon in worker.children():
                    if marker(daemon):
                        return worker, daemon


def marker(process: psutil.Process) -> str:
    """The site that a process belongs to."""
    try:
        return process.environ().get(SITE_MARKER, "")
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return ""


def test_wrong_numbers_of_jobs_are_wrong_usage(tmp_path: Path) -> None:
    done = runall(write_folder(tmp_path / "f", {"one": GOOD}), "conform", "--jobs", "0")
    assert (done.returncode, done.stdout) == (64, "")
