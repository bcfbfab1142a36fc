"""Runs `runall conform` as a user would, in a process of its own, and reads its report."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

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


def conform(*options: str, out: Path, within: float = 1500) -> ConformRun:
    """Run `runall conform` with JSON output."""
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
