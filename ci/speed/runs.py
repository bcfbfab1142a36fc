"""What a whole run of the cases takes on a rig, against one raw cycle for each of them.

A case does more than a cycle: it waits for timeouts, and for proof that nothing follows. And
several run at once. So this ratio is no verdict; it tells how the two grow together.
"""

import json
import subprocess
import sys
from time import perf_counter
from typing import Any

from figures import Figure, Rows

CONFORM = [sys.executable, "-m", "runall_harness.cli", "conform", "--format", "json"]


def runs(rig: str, cycle: Figure) -> Rows:
    """A run on that rig; `cycle` has the floor of one cycle on real nodes."""
    began = perf_counter()
    done = subprocess.run([*CONFORM, "--rig", rig], stdout=subprocess.PIPE, check=False)
    took = perf_counter() - began
    report: dict[str, Any] = json.loads(done.stdout)
    count = len(report["cases"])
    least, middle = (seconds * count for seconds in cycle.floor_s)
    yield Figure(
        name=f"conform on {report['rig']}: {count} cases, {report['verdict']}",
        against=f"a raw {cycle.name} for each",
        floor_s=(least, middle),
        measured_s=(took, took),
        ratio=took / least,
        rounds=1,
    )
