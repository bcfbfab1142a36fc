"""What every process of a pool begins with: it serves one other process, and ends with that.

A pool of processes is left behind when the one that made it gets SIGKILL: each waits for work that
nobody will send, for ever. So each watches its parent, and goes when that has gone.
"""

import multiprocessing
import os
import signal
import threading


def serve_parent() -> None:
    """Leave interruptions to the parent, and end when it does. To be called in the new process."""
    # Ctrl-C reaches every process of a terminal; here it is for the first of them alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, name="end with parent", daemon=True).start()


def end_with_parent() -> None:
    """Wait for the parent's end, however it comes, then end at once: nobody wants the result."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
