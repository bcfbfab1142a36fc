"""One daemon per data folder: two would end each other's jobs as orphans."""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path
from typing import TextIO

from .errors import DaemonCannotRun


@contextlib.contextmanager
def folder_lock(data: Path, holder: str) -> Generator[None]:
    """Hold the lock on the folder, or raise `DaemonCannotRun` naming who has it."""
    with open_lock(data) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise DaemonCannotRun(
                f"the data folder {data} is in use by {file.read().strip() or 'another daemon'}",
                "end that daemon first, or name another folder with --data",
            ) from error
        file.truncate(0)
        file.write(f"{holder} (pid {os.getpid()})")
        file.flush()
        yield


def open_lock(data: Path) -> TextIO:
    try:
        data.mkdir(parents=True, exist_ok=True)
        return (data / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise DaemonCannotRun(
            f"the data folder {data} can't be used: {error.strerror}",
            "make it writable for this user, or name another with --data",
        ) from error
