"""What the workers of a pool run in tests: functions of a module, as a new process needs them."""

import os
import signal
import subprocess

from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.worker_pool import Channel, serve


def do_tasks(channel: Channel, factor: int) -> None:
    """Multiply numbers; end at a task that is the name of an end."""

    def work(task: object) -> object:
        if task == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "exits":
            os._exit(9)
        if task == "waits":
            channel.send("waiting")
            signal.pause()
        if task == "cannot":
            raise KitCannotRun("no engine", "install one")
        assert isinstance(task, int)
        return task * factor

    serve(channel, work)


def say_where(channel: Channel) -> None:
    """Tell the process id and the session, and print, to wherever that goes."""
    subprocess.run(["echo", "printed by a worker"], check=True)
    channel.send((os.getpid(), os.getsid(0)))
    signal.pause()


def clear_away(channel: Channel) -> None:
    """Wait; when interrupted, report what was cleared away."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        # Inside, because the other end may interrupt as soon as it has read this.
        channel.send("ready")
        signal.pause()
    except KeyboardInterrupt:
        channel.send("cleared away")
