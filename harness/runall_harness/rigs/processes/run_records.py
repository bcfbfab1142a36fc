"""The record of a run on disk, by which `runall clean` ends what a dead harness left behind.

Nodes live in sessions of their own, so that Ctrl-C reaches the harness and not them. A harness that
is killed cannot end them. So each run keeps a small record on disk, and each of its processes
carries the run's id in its environment. `runall clean` ends all processes of a run whose harness is
dead. It touches no others.
"""

import os
import platform
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil
from platformdirs import user_state_path

from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.process_identity import ProcessIdentity, identify

from . import process_tree
from .containment import left_groups

RUN_MARKER = "RUNALL_RUN"
SCHEMA = "runall-run/1"
# A folder is removed only if this file in it names the run.
FOLDER_MARK = ".runall-run"


class SavedRun(msgspec.Struct, kw_only=True):
    """The remains of a run, if its harness cannot remove them. `leaders` are the nodes' daemons."""

    schema: str = SCHEMA
    run: str
    host: str
    harness: ProcessIdentity
    folder: str
    leaders: list[ProcessIdentity] = []

    def remove_folder(self) -> bool:
        """Remove the run's folder if it carries the run's mark; return whether it did."""
        folder = Path(self.folder)
        with suppress(OSError):
            if (folder / FOLDER_MARK).read_text() == self.run:
                shutil.rmtree(folder, ignore_errors=True)
                return True
        return False

    def processes(self) -> process_tree.ProcessTree:
        tree = process_tree.ProcessTree({RUN_MARKER: self.run})
        tree.groups = left_groups(self.run)
        for leader in self.leaders:
            # A session outlives its leader, but an id that was used again leads another session.
            if leader.lives() or not psutil.pid_exists(leader.pid):
                tree.add_session(leader.pid)
        return tree


def runs_folder() -> Path:
    return user_state_path("runall", appauthor=False) / "runs"


def begin(run: str, folder: Path, records: Path) -> tuple[Path, SavedRun]:
    """Record a run of this very process, and mark its folder. Raises `KitCannotRun`."""
    harness = identify(os.getpid())
    if harness is None:
        raise KitCannotRun("the harness cannot see its own process", "mount /proc, or use docker")
    record = SavedRun(run=run, host=platform.node(), harness=harness, folder=str(folder))
    path = records / f"{run}.json"
    try:
        records.mkdir(parents=True, exist_ok=True)
        (folder / FOLDER_MARK).write_text(run)
        save(path, record)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        hint = "set XDG_STATE_HOME to a folder that can be written to"
        raise KitCannotRun(f"cannot record the run in {records}: {error}", hint) from error
    return path, record


def save(path: Path, record: SavedRun) -> None:
    """Replace the record on disk, so that a reader finds the old one or the new one."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(record))
    draft.replace(path)


def end(path: Path, record: SavedRun) -> None:
    record.remove_folder()
    path.unlink(missing_ok=True)


def clean_processes(records: Path | None = None) -> list[str]:
    """End what dead runs of this user on this host left; one line for each thing done.

    A record that is unreadable, or of another host, is kept, and a line says why.
    """
    paths = sorted((records or runs_folder()).glob("*.json"))
    return [line for path in paths for line in _clean_record(path)]


def clean_run(run: str) -> list[str]:
    """End what that run of this user left, if it is dead; one line for each thing done."""
    return _clean_record(runs_folder() / f"{run}.json")


def _clean_record(path: Path) -> list[str]:
    try:
        record = msgspec.json.decode(path.read_bytes(), type=SavedRun)
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError as error:
        return [f"left {path}: not a record of a run ({error})"]
    if record.host != platform.node():
        return [f"left run {record.run}: it belongs to the host {record.host}"]
    return [] if record.harness.lives() else _clean(path, record)


def _clean(path: Path, record: SavedRun) -> list[str]:
    processes = record.processes().freeze().all
    lines = [f"ended process {p.pid} ({_name(p)}) of run {record.run}" for p in processes]
    alive = process_tree.kill(processes)
    for group in left_groups(record.run):
        group.remove()
    if alive:
        return [f"could not end {p.pid} of run {record.run}; its record stays" for p in alive]
    if record.remove_folder():
        lines.append(f"removed {record.folder} of run {record.run}")
    path.unlink(missing_ok=True)
    return [*lines, f"removed the record of run {record.run}"]


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return process.name()
    return "?"
