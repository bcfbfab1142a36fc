"""`runall up` leaves a cluster that its own printed session works with, and removes all of it."""

import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.leftovers import RUNALL, clean, nodes_in
from support.real_daemons import Api

UP = "Ctrl-C ends"


class Playing:
    """A `runall up` that runs, and what it has printed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.printed = self.read_until(UP)
        self.env: dict[str, str] = dict(re.findall(r"(RUNALL_[A-Z_]+)=(\S+)", self.printed))
        token = Path(self.env["RUNALL_TOKEN_FILE"]).read_text("utf-8").strip()
        self.api = Api(int(self.env["RUNALL_URL"].rpartition(":")[2]), token)

    def read_until(self, word: str) -> str:
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if word in line:
                return text
        raise AssertionError(f"never printed {word!r}: {text}")

    def type(self, command: str) -> str:
        """What one of its commands prints in another terminal."""
        words = shlex.split(command, comments=True)
        assert words[0] == "runall"
        env = os.environ | self.env
        done = subprocess.run(
            [*RUNALL, *words[1:]], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Playing]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen([*RUNALL, "up"], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Playing(process)
        finally:  # with it goes what it has started
            process.send_signal(signal.SIGINT)


def test_the_session_that_it_prints_shows_a_job_come_back(cluster: Playing, tmp_path: Path) -> None:
    for line in re.findall(r"^  (runall (?:event|run) .*)$", cluster.printed, re.MULTILINE):
        cluster.type(line)
    (job,) = json.loads(cluster.type("runall jobs --format json"))["jobs"]
    victim = cluster.api.job_in("running", job["id"])["node"]
    (kill,) = re.findall(rf"{victim} +is killed by +(.*)", cluster.printed)
    subprocess.run(shlex.split(kill), check=True)
    cluster.read_until(f"{victim} has ended")
    back = cluster.api.job_in("running", f"{job['id']}.2")
    assert (back["predecessor"], back["node"] != victim) == (job["id"], True)
    assert "RA-4.1" in cluster.type("runall ledger")
    assert cluster.end(signal.SIGINT) == 0
    assert nodes_in(tmp_path) == []
    assert list(tmp_path.glob("runall-*")) == []


def test_after_a_kill_of_the_command_itself_clean_leaves_nothing(
    cluster: Playing, tmp_path: Path
) -> None:
    cluster.end(signal.SIGKILL)
    assert nodes_in(tmp_path), "it had nothing to leave behind"
    clean()
    assert nodes_in(tmp_path) == []
    assert list(tmp_path.glob("runall-*")) == []


def test_what_it_serves_can_be_reached_from_this_machine_alone_and_needs_the_token(
    cluster: Playing,
) -> None:
    assert cluster.env["RUNALL_URL"].startswith("http://127.0.0.1:")
    token = Path(cluster.env["RUNALL_TOKEN_FILE"])
    assert token.stat().st_mode & 0o077 == 0
    stranger = Api(int(cluster.env["RUNALL_URL"].rpartition(":")[2]), "another-token-than-its-own")
    assert stranger.http.get("/v1/jobs").status_code == 401
