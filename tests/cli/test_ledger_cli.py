"""`runall ledger` prints what a real primary did about the jobs that a server took down."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
from support.real_daemons import KEYS, TOKEN, Api, RealDaemons

LOST = {"kept": ("rerun", "RA-4.1", "as "), "given-up": ("refused", "RA-1.3", "Run All is off")}


class Said(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def ledger(*arguments: str, token: str = TOKEN) -> Said:
    """Run the command as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "runall_harness.cli", "ledger", *arguments],
        env={"RUNALL_TOKEN": token, "PATH": "/usr/bin:/bin", "TZ": "UTC"} if token else {},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A primary whose worker was stopped with a job of each event."""
    daemons = RealDaemons(tmp_path_factory.mktemp("daemons"))
    api = daemons.primary()[1]
    worker = daemons.worker("w", api)
    api.server_in("online", "w")
    for event in LOST:
        api.event(event, "sleep 60", target="w", catch_up=event == "kept")
        api.job_in("running", api.run(event)["id"])
    worker.end()
    api.until(lambda: len(api.get("/v1/ledger")) == len(LOST))
    yield str(api.http.base_url)
    daemons.close()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A primary to which nothing has happened yet."""
    daemons = RealDaemons(tmp_path_factory.mktemp("fresh"))
    yield daemons.primary()[1]
    daemons.close()


def test_each_interruption_is_a_row_with_decision_clause_and_reason(url: str):
    said = ledger("--url", url)
    assert (said.code, said.err) == (0, "")
    for event, words in LOST.items():
        (row,) = [line for line in said.out.splitlines() if event in line]
        assert all(word in row for word in ("shutdown", *words))
    assert said.out.endswith("2 lines, 1 refused\n")


def test_programs_get_every_field(url: str):
    page = json.loads(ledger("--url", url, "--format", "json").out)
    assert (page["schema"], page["event"]) == ("runall-ledger/1", None)
    entries = {entry["event"]: entry for entry in page["entries"]}
    assert {name: entry["decision"] for name, entry in entries.items()} == {
        "kept": "rerun",
        "given-up": "refused",
    }
    assert set(entries["kept"]) == {
        "number",
        "at",
        "event",
        "job",
        "root",
        "what",
        "decision",
        "clause",
        "detail",
    }


def test_one_event_can_be_asked_for(url: str):
    said = ledger("--url", url, "--event", "kept")
    assert "kept" in said.out
    assert "given-up" not in said.out
    assert said.out.endswith("1 line, 0 refused\n")


def test_an_event_without_a_line_is_reported_as_such_and_is_no_error(url: str):
    said = ledger("--url", url, "--event", "ghost")
    assert said.code == 0
    assert "no line about 'ghost'" in said.out
    empty = json.loads(ledger("--url", url, "--event", "ghost", "--format", "json").out)
    assert (empty["event"], empty["entries"]) == ("ghost", [])


def test_an_empty_ledger_is_reported_as_such(fresh: Api):
    said = ledger("--url", str(fresh.http.base_url))
    assert said.code == 0
    assert "no line" in said.out


def test_the_address_may_be_given_without_its_scheme(fresh: Api):
    assert ledger("--url", f"127.0.0.1:{fresh.http.base_url.port}").code == 0


def test_the_token_comes_from_its_file(url: str, tmp_path: Path):
    file = tmp_path / "token"
    file.write_text(KEYS["RUNALL_TOKEN"] + "\n")
    assert ledger("--url", url, "--token-file", str(file), token="wrong").code == 0


# ------------------------------------------------------------------ what can go wrong
def test_a_wrong_token_is_reported_with_the_next_step(url: str):
    said = ledger("--url", url, token="wrong")
    assert (said.code, said.out) == (3, "")
    assert "401: the token is wrong" in said.err
    assert "next step: give the token of that primary" in said.err


def test_without_a_token_it_says_where_one_goes():
    said = ledger(token="")
    assert (said.code, said.out) == (64, "")
    assert "--token-file" in said.err
    assert "RUNALL_TOKEN" in said.err


def test_an_empty_token_file_is_named(tmp_path: Path):
    file = tmp_path / "token"
    file.touch()
    said = ledger("--token-file", str(file))
    assert said.code == 64
    assert "holds none" in said.err


def test_a_token_file_that_is_not_there_is_named():
    said = ledger("--token-file", "/nowhere/token")
    assert said.code == 64
    assert "/nowhere/token" in said.err


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[", "ftp://127.0.0.1"])
def test_an_address_where_nobody_answers_is_reported_without_a_trace(url: str):
    said = ledger("--url", url)
    assert (said.code, said.out) == (3, "")
    assert f"{url} does not answer" in said.err
    assert "next step: " in said.err
    assert "Traceback" not in said.err


class Stranger(BaseHTTPRequestHandler):
    """A web server that is no primary."""

    def do_GET(self) -> None:
        """Answer any path, with a page or with nothing."""
        self.send_response(404 if self.path.startswith("/lost") else 200)
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>")

    def log_message(self, format: str, *args: object) -> None:
        """Write no access log."""


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Stranger)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("path", "words"), [("", "not with a ledger"), ("/lost", "answers 404")])
def test_a_server_that_is_no_primary_is_distinguished_from_one(
    stranger: str, path: str, words: str
):
    said = ledger("--url", stranger + path)
    assert (said.code, said.out) == (3, "")
    assert words in said.err
    assert "Traceback" not in said.err


def test_the_help_teaches_the_columns():
    said = ledger("--help")
    assert said.code == 0
    assert all(word in said.out for word in ("dead-job timeout", "refused", "jq", "Exit codes"))
