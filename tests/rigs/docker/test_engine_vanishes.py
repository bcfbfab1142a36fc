"""The engine goes away in the middle of a run: one line says so, and nothing is left behind."""

import json
import re
import subprocess
import threading
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from runall_harness.rigs.docker.engine import Engine
from runall_harness.rigs.docker.ownership import PID, RUN
from support.engine_relay import Relay
from support.leftovers import RUNALL, clean, containers, networks, owned

SCENARIO = "1_worker_lost/another*"


def await_death(engine: Engine, run: "subprocess.Popen[str]") -> bool:
    """Wait until a container of that run dies; whether one did before the run had ended."""
    filters = {"type": "container", "event": "die", "label": RUN}
    stream = cast(Any, engine.client).events(decode=True, filters=filters)

    def give_up() -> None:
        run.wait()
        stream.close()

    threading.Thread(target=give_up, daemon=True).start()
    here = psutil.Process(run.pid)
    return any(int(event["Actor"]["Attributes"][PID]) in family(here) for event in stream)


def family(process: psutil.Process) -> set[int]:
    """The pids of a process and of all that it has started."""
    return {process.pid, *(child.pid for child in process.children(recursive=True))}


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize(("form", "jobs"), [("pretty", "1"), ("json", "2")])
def test_an_engine_that_vanishes_ends_the_run_with_its_cause_and_clean_removes_the_rest(
    form: str,
    jobs: str,
    engine: Engine,
    base: str,
    relay: Relay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    asked = ("--rig", "docker", "--base-image", base, "--scenario", SCENARIO, "--jobs", jobs)
    run = subprocess.Popen(
        [*RUNALL, "conform", *asked, "--format", form, "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    here = psutil.Process(run.pid)
    # A worker was killed, and its job is waited for: that is the middle.
    assert await_death(engine, run), run.communicate()
    pids = family(here)
    helpers = here.children(recursive=True)
    relay.close()
    output, words = run.communicate(timeout=200)
    assert run.returncode == 3, output + words
    check_cause(form, output, words)
    assert psutil.wait_procs(helpers, timeout=20)[1] == []
    assert owned(containers(engine), pids), "the engine had nothing of the run"
    monkeypatch.delenv("DOCKER_HOST")
    clean()
    assert owned(containers(engine), pids) == []
    assert owned(networks(engine), pids) == []
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["out"]


def check_cause(form: str, output: str, words: str) -> None:
    """The cause and the next step are on one line, once for people and once for each case."""
    cause = re.compile(r"the (container engine went away during the run|engine could not) .*")
    if form == "pretty":
        lines = [found[0] for line in output.splitlines() if (found := cause.search(line))]
        assert lines, output + words
        assert all("; next step: " in line for line in lines), lines
        return
    report = json.loads(output)
    assert report["verdict"] == "error"
    assert {case["verdict"] for case in report["cases"]} == {"error"}
    lines = [line for case in report["cases"] for line in case["message"].splitlines()]
    assert any(cause.search(line) for line in lines), lines
    assert all("; next step: " in line for line in lines), lines
