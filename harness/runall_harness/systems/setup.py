"""Provides what a described system needs besides the kit: programs, and a folder set up once.

A scheduler in another language has libraries that pip does not have. The command that fetches them
runs once, into a folder of the user's cache whose name is a hash of everything that decides its
content. So a second run takes no time, and no case ever waits for a package registry.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs

from runall_harness.contract.errors import KitCannotRun

READY = ".ready"
TAIL = 5


def require_programs(programs: Mapping[str, str]) -> None:
    """Raise `KitCannotRun` for the first program that is not on the PATH, with how to get it."""
    for name, hint in programs.items():
        if shutil.which(name) is None:
            raise KitCannotRun(f"{name} is not on the PATH", hint)


def cache_for(name: str, folder: Path, command: Sequence[str], inputs: Sequence[str]) -> Path:
    """The cache folder for this command over these files of the system's folder.

    Raises `KitCannotRun` for a file that is not there.
    """
    digest = hashlib.sha256("\0".join(command).encode())
    for file in inputs:
        try:
            digest.update(f"\0{file}\0".encode() + (folder / file).read_bytes())
        except OSError as error:
            cause = f"setup.inputs: {folder / file} cannot be read: {error.strerror}"
            raise KitCannotRun(cause, "correct the path; it begins in the file's folder") from error
    cache = platformdirs.user_cache_path("runall-kit") / "systems"
    return cache / f"{name}-{digest.hexdigest()[:16]}"


def set_up(cache: Path, command: Sequence[str]) -> None:
    """Run the command in that folder, unless it has already succeeded there.

    Of several processes that want it at once, one runs it and the others wait. Raises
    `KitCannotRun` with the command's last words.
    """
    cache.parent.mkdir(parents=True, exist_ok=True)
    with cache.with_name(f"{cache.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (cache / READY).exists():
            return
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir()
        run(command, cache)
        (cache / READY).touch()


def run(command: Sequence[str], cache: Path) -> None:
    """Run the command to its end. Raises `KitCannotRun` with its last words if it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=cache,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise KitCannotRun(f"setup.command cannot be run: {error}", "install it") from error
    if done.returncode:
        words = " / ".join((done.stderr or done.stdout).strip().splitlines()[-TAIL:])
        cause = f"setup.command ended with {done.returncode}: {words}"
        raise KitCannotRun(cause, f"run it by hand: {' '.join(command)}")
