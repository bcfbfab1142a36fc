"""What a whole run of the cases takes on a rig, against one raw cycle for each of them.

A case does more than a cycle: it waits for timeouts, and for proof that nothing follows. And
several run at once. So this ratio is no verdict; it tells how the two grow together.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from figures import Figure, Rows, each
from runall_harness.conformance.run_report import Report
from runall_harness.reports.comparison import read_report
from runall_harness.reports.run_folder import REPORT, write_folder

CONFORM = [sys.executable, "-m", "runall_harness.cli", "conform"]


def runs(rig: str, cycle: Figure) -> Rows:
    """A run on that rig; `cycle` has the floor of one cycle on real nodes."""
    with tempfile.TemporaryDirectory(prefix="runall-bench-") as folder:
        began = perf_counter()
        command = [*CONFORM, "--rig", rig, "--out", folder]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        took = perf_counter() - began
        report = read_report(Path(folder, REPORT))
        count = len(report.cases)
        least, middle = (seconds * count for seconds in cycle.floor_s)
        yield Figure(
            name=f"conform on {report.rig}: {count} cases, {report.verdict}",
            against=f"a raw {cycle.name} for each",
            floor_s=(least, middle),
            measured_s=(took, took),
            ratio=took / least,
            rounds=1,
        )
        yield writing(report, Path(folder), took)


def writing(report: Report, folder: Path, run: float) -> Figure:
    """The folder of a run, written once more: which share of the run that is."""
    took = each(lambda: write_folder(report, folder))()
    return Figure(
        name=f"write the folder of the run on {report.rig}",
        against="the run",
        floor_s=(run, run),
        measured_s=(took, took),
        ratio=took / run,
        rounds=1,
        aim="0.05 on docker" if report.rig == "docker" else "",
    )
