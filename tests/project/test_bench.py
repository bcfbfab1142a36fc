"""`ci/bench` compares what it says: its floors do the work, and every figure has one."""

import json
import re
import shutil
import subprocess
import sys
from contextlib import closing
from importlib import import_module
from typing import Any

import pytest
from runall_harness.rigs.processes.rig import ProcessesRig
from support.machine import give_up
from support.places import ROOT

SPEED = ROOT / "ci" / "speed"


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """The JSON report of one quick call; without ci/bench's set-up of the environment."""
    command = [sys.executable, str(SPEED), "--quick", "--rounds", "1", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_figure_has_a_floor_of_the_same_run_and_their_ratio(result: dict[str, Any]) -> None:
    for figure in result["figures"]:
        least, floor = figure["measured_s"][0], figure["floor_s"][0]
        assert figure["ratio"] == pytest.approx(least / floor)
        assert figure["against"]


def test_the_quick_figures_are_those_that_need_no_engine_and_no_whole_run(
    result: dict[str, Any],
) -> None:
    assert [figure["name"] for figure in result["figures"]] == [
        "catch-up of a year",
        "a step, memoised",
        "a step, memoised",
        "a commit",
        "check 50,033 lines",
        "start to /health",
        "cycle on processes",
    ]


def test_the_load_and_the_cores_are_shown_beside_the_figures(result: dict[str, Any]) -> None:
    assert result["schema"] == "runall-bench/1"
    assert len(result["load"]) == 2
    assert result["cores"] >= 1


def test_people_get_a_table() -> None:
    command = [sys.executable, str(SPEED), "--quick", "--only", "machines", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "a dictionary" in done.stdout
    assert "ratio" in done.stdout


def test_the_raw_cycle_kills_a_worker_and_sees_the_job_run_again_and_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", [str(SPEED), *sys.path])
    stub_cycle: Any = import_module("cycles").stub_cycle
    with closing(Watched("bench-test")) as rig:
        stub_cycle(rig)
    assert rig.ends == [("killed", "worker-1"), ("completed", "worker-1")]


def test_the_page_of_a_run_is_opened_and_its_biggest_case_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", [str(SPEED), *sys.path])
    pages: Any = import_module("pages")
    if shutil.which(pages.BROWSER) is None:
        give_up(f"{pages.BROWSER} is not installed")
    monkeypatch.setattr(pages, "CONFORM", [*pages.CONFORM[:-1], "--scenario", "size/*", "--out"])
    opening, drawing = pages.pages(1)
    assert (opening.against, drawing.against) == ("an empty page", "so many bare ones")
    assert re.search(r"draw 200 jobs, 2,\d{3} elements", drawing.name)
    assert min(opening.measured_s, drawing.measured_s) > (0, 0)


class Watched(ProcessesRig):
    """A rig that remembers what ran on its site when that is closed."""

    ends: list[tuple[str, str]]

    def site(self, case: str, **asked: bool) -> Any:
        site = super().site(case, **asked)
        close = site.close

        def remember() -> None:
            if not site._closed:
                self.ends = [(run.how, run.node) for run in site.executions()]
            close()

        site.close = remember
        return site
