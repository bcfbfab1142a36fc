"""One daemon per data folder: two would end each other's jobs as orphans."""

import fcntl
import os
from pathlib import Path

from .errors import DaemonCannotRun


class FolderLock:
    """A lock on the folder, held until `close` or the end of the process."""

    def __init__(self, data: Path, holder: str) -> None:
        """Take the lock, or raise `DaemonCannotRun` naming who has it."""
        path = data / "lock"
        try:
            data.mkdir(parents=True, exist_ok=True)
            self.file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise DaemonCannotRun(
                f"the data folder {data} can't be used: {error.strerror}",
                "make it writable for this user, or name another with --data",
            ) from error
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise self.taken(data) from error
        self.file.truncate(0)
        self.file.write(f"{holder} (pid {os.getpid()})")
        self.file.flush()

    def taken(self, data: Path) -> DaemonCannotRun:
        """The error that names the holder."""
        self.file.seek(0)
        holder = self.file.read().strip() or "another daemon"
        return DaemonCannotRun(
            f"the data folder {data} is in use by {holder}",
            "end that daemon first, or name another folder with --data",
        )

    def close(self) -> None:
        """Give the lock back: another daemon may use the folder."""
        self.file.close()
