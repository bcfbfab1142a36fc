"""What a run leaves behind when its harness dies, and how to remove it.

Nodes live in sessions of their own, so that Ctrl-C reaches the harness and not them. A harness
that is killed cannot end them. So each run keeps a small record on disk, and each of its
processes carries the run's id in its environment. `runall clean` ends whatever belongs to a run
whose harness is dead; what belongs to a live run, or to nobody, it does not touch.
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

from . import process_tree

RUN_MARKER = "RUNALL_RUN"
SCHEMA = "runall-run/1"
# A folder is removed only if this file in it names the run.
FOLDER_MARK = ".runall-run"


class Birth(msgspec.Struct, frozen=True):
    """One process for ever: its id, and when it was born, as process ids are used again."""

    pid: int
    born: str

    def lives(self) -> bool:
        """Whether that very process exists."""
        return birth(self.pid) == self


class RunRecord(msgspec.Struct, kw_only=True):
    """What is to be removed if the harness cannot do it. `leaders` are the nodes' daemons."""

    schema: str = SCHEMA
    run: str
    host: str
    harness: Birth
    folder: str
    leaders: list[Birth] = []


def birth(pid: int) -> Birth | None:
    """The process of that id now, or None if there is none or it is a zombie.

    On Linux the birth is told in ticks since the boot, and the boot by its id: a step of the
    wall clock must not make a live harness look like another process.
    """
    with suppress(OSError, ValueError):
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if stat[0] in {"Z", "X"} else Birth(pid, f"{boot}:{stat[19]}")
    try:
        return Birth(pid, repr(psutil.Process(pid).create_time()))
    except psutil.NoSuchProcess:
        return None


def runs_folder() -> Path:
    """Where the records of this user's runs lie."""
    return user_state_path("runall", appauthor=False) / "runs"


def begin(run: str, folder: Path, records: Path) -> tuple[Path, RunRecord]:
    """Record a run of this very process, and mark its folder. Raises `KitCannotRun`."""
    harness = birth(os.getpid())
    if harness is None:
        raise KitCannotRun("the harness cannot see its own process", "mount /proc, or use docker")
    record = RunRecord(run=run, host=platform.node(), harness=harness, folder=str(folder))
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


def save(path: Path, record: RunRecord) -> None:
    """Replace the record on disk, so that a reader finds the old one or the new one."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(record))
    draft.replace(path)


def end(path: Path, record: RunRecord) -> None:
    """The run removed everything itself: drop its folder and its record."""
    _remove_folder(record)
    path.unlink(missing_ok=True)


def clean_processes(records: Path | None = None) -> list[str]:
    """End what dead runs of this user on this host left; one line for each thing done.

    A record that cannot be read, or is of another host, is named and left alone.
    """
    paths = sorted((records or runs_folder()).glob("*.json"))
    return [line for path in paths for line in _clean_record(path)]


def clean_run(run: str, records: Path | None = None) -> list[str]:
    """The same for one run only."""
    return _clean_record((records or runs_folder()) / f"{run}.json")


def _clean_record(path: Path) -> list[str]:
    try:
        record = msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError as error:
        return [f"left {path}: not a record of a run ({error})"]
    return _clean(path, record)


def _clean(path: Path, record: RunRecord) -> list[str]:
    if record.host != platform.node():
        return [f"left run {record.run}: it belongs to the host {record.host}"]
    if record.harness.lives():
        return []
    kin = _kin(record)
    victims = kin.freeze().all
    names = [f"{process.pid} ({_name(process)})" for process in victims]
    if alive := process_tree.kill(victims):
        return [f"could not end {p.pid} of run {record.run}; its record stays" for p in alive]
    folder = record.folder if _remove_folder(record) else ""
    path.unlink(missing_ok=True)
    told = [f"ended process {name} of run {record.run}" for name in names]
    told += [f"removed {folder} of run {record.run}"] if folder else []
    return [*told, f"removed the record of run {record.run}"]


def _kin(record: RunRecord) -> process_tree.Kin:
    kin = process_tree.Kin({RUN_MARKER: record.run})
    for leader in record.leaders:
        # The session outlives its leader; a number that is somebody else's now leads no more.
        if leader.lives() or not psutil.pid_exists(leader.pid):
            kin.add_session(leader.pid)
    return kin


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "?"


def _remove_folder(record: RunRecord) -> bool:
    folder = Path(record.folder)
    try:
        ours = (folder / FOLDER_MARK).read_text() == record.run
    except OSError:
        return False
    if ours:
        shutil.rmtree(folder, ignore_errors=True)
    return ours
