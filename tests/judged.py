"""Runs `runall conform` as a user would, in a process of its own, and reads its report."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
# The five failures and their side effects, in which each case is about jobs of one trigger only.
FIVE_FAILURES = "[1-5s][_i]*"


class Judged(NamedTuple):
    """What a run said: its exit code, its report, and what it told on standard error."""

    code: int
    report: dict[str, Any]
    words: str

    def red(self) -> dict[str, str]:
        """The message of each case that failed, by the case's id."""
        return {c["id"]: c["message"] for c in self.report["cases"] if c["verdict"] == "fail"}

    def verdicts(self) -> dict[str, str]:
        """The verdict of each case, by its id."""
        return {case["id"]: case["verdict"] for case in self.report["cases"]}


def conform(*options: str, out: Path, lie: str = "", within: float = 1500) -> Judged:
    """Run `runall conform` with JSON output; with the name of a lie, over a lying reference."""
    start = f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r}); import lies; " if lie else ""
    program = f"{start}from runall_harness.cli import main; main()"
    command = [sys.executable, "-c", program, "conform", "--format", "json", "--out", str(out)]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, env={**os.environ, "RUNALL_LIE": lie},
        capture_output=True, text=True, timeout=within, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return Judged(done.returncode, json.loads(done.stdout), done.stderr)
