"""No process of a pool outlives the one that made it, whatever ends that."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MAKES_A_POOL = """
import multiprocessing, os, signal
from concurrent.futures import ProcessPoolExecutor
from runall_harness.host.child_process import serve_parent
if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, spawn, initializer=serve_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(signal.pause)
    signal.pause()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="it waits for the end of a grandchild")
def test_a_process_of_a_pool_ends_when_its_maker_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "maker.py"
    script.write_text(MAKES_A_POOL)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        handle = os.pidfd_open(int(maker.stdout.readline()))
        maker.send_signal(signal.SIGKILL)
    try:
        assert select.select([handle], [], [], 30)[0], "it lives on"
    finally:
        os.close(handle)
