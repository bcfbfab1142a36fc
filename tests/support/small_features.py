"""Small feature folders whose clusters are fakes with known answers.

With them a test brings about each verdict, and sets each trap of the test runner, in a process of
its own, as a user runs the kit.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONFTEST = """
import pytest, os, pathlib
from pytest_bdd import parsers, then
from runall_harness.checks.job_outcome import JobOutcome, Outcome
from runall_harness.contract.errors import KitCannotRun
from runall_harness.rigs.base import Execution, Proof
from runall_harness.contract.verdicts import Inconclusive, Unsupported, Violation


class FakeRig:
    name, abilities = "simulated", frozenset({"kill"})

    def prepare(self, case, *, cuttable):
        print("ahead of time:", case, cuttable)

    def close(self):
        print("the rig is closed")


class FakeHistory:
    steps = 0

    def add(self, line):
        pass

    def begin_step(self, at, words):
        self.steps += 1

    def save(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


class FakeSite:
    def now(self):
        return 2.0


class FakeCluster:
    def __init__(self, rig, case, system):
        self.case, self.verdict, self.history = case, None, FakeHistory()
        self.recovery_s, self.deadline_s = 1.5, 4.0
        self.site = FakeSite()
        self.faults = [Proof(kind="kill", node="w", at=1.0, proven=True, evidence="gone")]

    def executions(self):
        return [Execution(id="e", tag="t", node="w", job="j2", now="", params={}, started_at=1.0,
                          beat_at=2.0, claims={"JOB_ROOT": "j1"})]

    def job_outcome(self):
        return JobOutcome(outcome=Outcome.RERUN_ONCE)

    def logs(self):
        return {"primary": "its log"}

    def void(self):
        return ""

    def forged(self):
        return ""

    def judge(self):
        if self.verdict:
            raise self.verdict

    def end_history(self):
        pass

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


@then("a pretended job that is run again")
def _(cluster):
    print("a stray print")
    os.write(1, b"a stray write")


@then("a pretended job that is lost")
def _(cluster):
    raise Violation("RA-1.1", "one rerun", "none")


@then("a pretended history that a check condemns")
def _(cluster):
    cluster.verdict = Violation("RA-7.1", "one at a time", "two at once")


@then("a pretended fault that nobody can prove")
def _(cluster):
    raise Inconclusive("the process may live")


@then("a pretended rig that cannot do this")
def _(cluster):
    raise Unsupported("not here")


@then("a pretended harness that breaks")
def _(cluster):
    raise RuntimeError("oops")


@then("a pretended test that gives up")
def _(cluster):
    pytest.skip("not today")


@then("a pretended async step")
async def _(cluster):
    raise AssertionError("never reached")


@then("a pretended step that forgets to await")
def _(cluster):
    async def never():
        raise AssertionError("never reached")
    never()


@then("a pretended job that is lost every second time")
def _(cluster):
    if cluster.case.id.endswith("#2"):
        raise Violation("RA-1.1", "one rerun", "none")


@then("a pretended run that is interrupted")
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
        f"  Scenario: {name}\n    Then {step}\n"
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
        env=environment(folder),
        cwd=cwd or folder,
        capture_output=True,
        text=True,
        timeout=100,
    )


def conform(folder: Path, *arguments: str) -> Done:
    return runall(folder, "conform", "--rig", "simulated", *arguments)


def plain_pytest(folder: Path, *arguments: str) -> Done:
    plugins = [
        "--disable-plugin-autoload",
        "-p",
        "pytest_bdd.plugin",
        "-p",
        "runall_harness.conformance.pytest_plugin",
    ]
    command = [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", "--tb=short"]
    return subprocess.run(
        [*command, str(folder), *arguments],
        env=environment(folder),
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=100,
    )


def report_of(done: Done) -> dict[str, Any]:
    return json.loads(done.stdout)


def judge_one(
    folder: Path, source: str, system: str, wanted: str, policy: str = "reference"
) -> tuple[int, dict[str, Any]]:
    """The exit code and the one case of a run in virtual time of a system from that source."""
    (folder / "mine.py").write_text(source, "utf-8")
    asked = ("--system", f"mine:{system}", "--policy", policy, "--scenario", wanted)
    done = runall(None, "conform", "--rig", "simulated", *asked, "--format", "json", cwd=folder)
    (case,) = report_of(done)["cases"]
    return done.returncode, case


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {case["scenario"]: case["verdict"] for case in report["cases"]}
