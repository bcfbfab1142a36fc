"""`runall demo` shows a case of the suite while it happens, and ends as the case does."""

import os
import pty
import re
import subprocess
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from runall_harness.cli import exit_code_of
from support.leftovers import RUNALL
from support.places import ROOT


class Shown(NamedTuple):
    """How a demo ended, and what it printed."""

    code: int
    text: str

    def in_order(self, *pieces: str) -> bool:
        """Whether these pieces stand in the text, one behind the other."""
        return bool(re.search(".*?".join(map(re.escape, pieces)), self.text, re.DOTALL))


def demo(out: Path, *words: str) -> Shown:
    command = [*RUNALL, "demo", "--rig", "simulated", "--out", str(out), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return Shown(done.returncode, done.stdout + done.stderr)


def demo_at_a_terminal(out: Path, keys: bytes, *words: str) -> Shown:
    """The demo on processes, at a terminal on which these keys were pressed already."""
    terminal, inside = pty.openpty()
    command = [*RUNALL, "demo", "--out", str(out), *words]
    with subprocess.Popen(
        command, stdin=inside, stdout=inside, stderr=inside, env=os.environ | {"TERM": "xterm"}
    ) as process:
        os.close(inside)
        os.write(terminal, keys)
        seen = b"".join(iter(lambda: read_terminal(terminal), b""))
    os.close(terminal)
    return Shown(process.returncode, seen.decode())


def read_terminal(terminal: int) -> bytes:
    """The next piece of what is printed there; nothing at its end."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # on Linux, the end of a terminal
        return b""


def test_it_tells_who_holds_the_job_and_names_the_clause_of_each_turn(tmp_path: Path) -> None:
    shown = demo(tmp_path)
    assert shown.code == 0
    assert shown.in_order(
        "operator runs report by hand: job j1",
        "RA-12.2",
        "j1 runs on worker-1",
        "When its server is killed",
        "kill of worker-1",
        "RA-2.1",
        "j1 is in limbo: worker-1 is out of reach",
        "RA-10.1",
        "j1 is interrupted",
        "RA-1.1 A manual job that was interrupted MUST be run again.",
        "the job itself, on worker-2: j1.2 runs",
        "the ledger: j1, dead-job timeout: rerun as j1.2",
        "RA-4.1",
        "The promise was kept",
    ), shown.text
    assert "\x1b" not in shown.text, "it is no terminal, so nothing is coloured"
    assert "canary" not in shown.text
    assert "<title>" in (tmp_path / "index.html").read_text("utf-8")
    assert f"page     {tmp_path / 'index.html'}" in shown.text


def test_the_readme_names_the_demo_whose_picture_it_shows() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert ".venv/bin/runall demo " in readme
    assert ".venv/bin/runall demo --policy cronicle-0.9.50" in readme


def test_a_release_that_loses_the_job_is_shown_to_lose_it(tmp_path: Path) -> None:
    shown = demo(tmp_path, "--policy", "cronicle-0.9.50")
    assert shown.code == 1
    assert shown.in_order("j1 is interrupted", "expected:", "RA-1.1", "The promise was broken")
    assert "j1.2" not in shown.text


def test_another_case_can_be_watched(tmp_path: Path) -> None:
    shown = demo(tmp_path, "--scenario", "5_worker_restart")
    assert shown.code == 0
    assert shown.in_order("stop of worker-1", "The promise was kept")


def test_at_a_terminal_it_has_colour_waits_for_enter_and_counts_down(tmp_path: Path) -> None:
    shown = demo_at_a_terminal(tmp_path, b"\n" * 4, "--pause")
    assert shown.code == 0
    assert shown.text.count("press Enter") == 4, "three acts of Given, and the kill"
    assert shown.in_order("killed", "j1 is given up in", "on worker-2: j1.2 runs")
    assert "\x1b[32m" in shown.text


def test_a_pause_without_a_terminal_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO())
    assert exit_code_of(["demo", "--pause", "--out", str(tmp_path)]) == 64
    assert "--pause needs a terminal" in capsys.readouterr().err
