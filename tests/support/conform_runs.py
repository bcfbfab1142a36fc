"""Runs `runall conform` as a user would, in a process of its own, and reads its report."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.places import ROOT

# The five failures and their side effects, in which each case is about jobs of one trigger only.
FIVE_FAILURES = "[1-5s][_i]*"


class ConformRun(NamedTuple):
    """A finished run: its exit code, its report, and what it wrote on standard error."""

    code: int
    report: dict[str, Any]
    words: str

    def red(self) -> dict[str, str]:
        """The message of each case that failed, by the case's id."""
        return {c["id"]: c["message"] for c in self.report["cases"] if c["verdict"] == "fail"}

    def verdicts(self) -> dict[str, str]:
        """The verdict of each case, by its id."""
        return {case["id"]: case["verdict"] for case in self.report["cases"]}

    def only(self, pattern: str) -> "ConformRun":
        """The same run, as if it had only the cases whose id matches this glob."""
        cases = [case for case in self.report["cases"] if fnmatchcase(case["id"], pattern)]
        assert cases, f"no case matches {pattern}"
        return self._replace(report={**self.report, "cases": cases})


def conform(*options: str, out: Path, within: float = 1500) -> ConformRun:
    """Run `runall conform` with JSON output; its histories are in `out`."""
    command = [sys.executable, "-m", "runall_harness.cli", "conform", "--format", "json"]
    done = subprocess.run(
        [*command, "--out", str(out), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )
    assert done.stdout, done.stderr
    return ConformRun(done.returncode, json.loads(done.stdout), done.stderr)


def conform_once(tmp: pytest.TempPathFactory, *options: str) -> tuple[ConformRun, Path]:
    """A run and its folder, shared by all tests that ask for these options, in all processes."""
    base = tmp.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of the whole run, above those of pytest's own processes
    folder = base / f"conform-{hashlib.sha256(' '.join(options).encode()).hexdigest()[:12]}"
    saved = folder / "run.json"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not saved.exists():
            found = conform(*options, out=folder / "out")
            saved.write_text(json.dumps(found), "utf-8")
    return ConformRun(*json.loads(saved.read_text("utf-8"))), folder / "out"
