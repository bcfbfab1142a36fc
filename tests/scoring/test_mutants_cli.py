"""`runall mutants`: what it prints for people and programs, and the exit codes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from runall_harness.mutants import ALL, REAL

KEYS = {"name", "source", "clause", "killed", "killed_by", "seconds"}
Done = subprocess.CompletedProcess[str]


def runall(*arguments: str, cwd: Path, **environment: str) -> Done:
    """Run the command as a user would, and see how it ends."""
    return subprocess.run(
        [sys.executable, "-m", "runall_harness.cli", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Two mutants, tried on all cores, for programs."""
    asked = ("--only", "days_late,drops_now", "--with", "scenarios", "--first", "--matrix")
    return runall("mutants", *asked, "--format", "json", cwd=tmp_path_factory.mktemp("two"))


def test_programs_get_what_killed_each_mutant_and_how_soon(two: Done) -> None:
    assert two.returncode == 0, two.stderr
    report: dict[str, Any] = json.loads(two.stdout)
    matrix, green = report.pop("matrix"), report.pop("green")
    # With --first no case is tried after the death of its mutant.
    tried = {case for mutant in report["mutants"] for case in matrix[mutant["name"]]}
    assert {case for cases in green.values() for case in cases} <= tried
    assert report.keys() == {"mutants", "score", "reference"}
    assert (report["score"], report["reference"]) == ("2/2", "pass")
    assert [mutant["name"] for mutant in report["mutants"]] == ["days_late", "drops_now"]
    for mutant in report["mutants"]:
        assert mutant.keys() == KEYS
        assert mutant["killed"] is True
        assert mutant["seconds"] > 0
        assert {matrix[mutant["name"]][case] for case in mutant["killed_by"]} == {mutant["clause"]}


def test_the_progress_of_the_trials_is_shown_on_standard_error(two: Done) -> None:
    assert "reference: passes everything" in two.stderr
    assert "drops_now: RA-4.3 after 1 case" in two.stderr


def test_nothing_is_left_where_the_command_was_called_but_the_page_that_was_asked_for(
    tmp_path: Path,
) -> None:
    asked = ("--only", "drops_now", "--with", "scenarios", "--first", "--jobs", "1")
    done = runall("mutants", *asked, "--html", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "killed: 1/1; the reference passes everything" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    page = (tmp_path / "page.html").read_text("utf-8")
    assert all(word in page for word in ("drops_now", "killed", "RA-4.3", '<div class="tl">'))


def test_the_list_shows_every_mutant_and_tries_none(tmp_path: Path) -> None:
    done = runall("mutants", "--list", cwd=tmp_path)
    assert done.returncode == 0
    assert all(
        f"{mutant.name} ({mutant.clause}; {mutant.source})" in done.stdout
        for mutant in (*ALL, *REAL)
    )
    listing = json.loads(runall("mutants", "--list", "--format", "json", cwd=tmp_path).stdout)
    assert len(listing["mutants"]) == len(ALL) + len(REAL)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--only", "drop_now"), "did you mean drops_now"),
        (("serve", "two_alive", "primary"), "did you mean two_live"),
        (("--with", "luck"), "'luck' is not one of scenarios, explorer"),
        (("--budget", "0"), "--budget"),
    ],
    ids=["only", "serve", "with", "budget"],
)
def test_what_is_not_there_is_wrong_usage(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = runall("mutants", *arguments, cwd=tmp_path)
    assert done.returncode == 64
    assert words in done.stderr


def test_a_node_that_no_cluster_has_cannot_be_hurt(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "socket")
    done = runall("mutants", "node", "kill", "w", cwd=tmp_path, RUNALL_CONTROL_SOCKET=nowhere)
    assert done.returncode == 3
    assert "the cluster does not answer" in done.stderr
    assert runall("mutants", "node", "kill", "w", cwd=tmp_path).returncode == 64


def test_a_served_mutant_is_a_daemon_with_all_its_options_and_exit_codes(tmp_path: Path) -> None:
    serve = (sys.executable, "-m", "runall_harness.cli", "mutants", "serve", "drops_now")
    asked = ("primary", "--name", "p", "--data", "p", "--listen", "127.0.0.1:0")
    with subprocess.Popen([*serve, *asked], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as it:
        assert it.stderr is not None
        assert any("listening" in line for line in it.stderr), "it did not come up"
        it.send_signal(signal.SIGTERM)
        it.stderr.read()
        assert it.wait(30) == 0
    done = runall("mutants", "serve", "drops_now", "primary", "--fence", "200", cwd=tmp_path)
    assert done.returncode == 64


def test_an_interruption_ends_all_trials(tmp_path: Path) -> None:
    asked = [
        sys.executable,
        "-m",
        "runall_harness.cli",
        "mutants",
        "--with",
        "scenarios",
        "--first",
    ]
    with subprocess.Popen(
        asked, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as trying:
        assert trying.stderr is not None
        assert any("RA-" in line for line in trying.stderr), "no mutant was ever tried"
        workers = psutil.Process(trying.pid).children(recursive=True)
        os.killpg(trying.pid, signal.SIGINT)
        trying.stderr.read()
        assert trying.wait(60) == 130
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert workers
    assert alive == []
