"""Fetches the wheels that go into the image, for the base's Python and platform.

The host has pip, and may have a proxy, a mirror or a cache; the image has none of them. So the host
fetches the wheels, and the build only installs them. They are kept in the user's cache, one folder
for each combination of requirements and platform.
"""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from runall_harness.contract.errors import KitCannotRun

Progress = Callable[[str], None]
# By C library: how the names of its platforms begin, and the oldest minor version that has wheels.
PLATFORMS = {"glibc": ("manylinux_2", 5), "musl": ("musllinux_1", 0)}
OLD_NAMES = ("manylinux2014", "manylinux2010", "manylinux1")
# pip chooses wheels for the base's Python, but evaluates conditions such as python_version < "3.13"
# for its own. Of a node's libraries, this is the only one with such a condition.
CONDITIONAL = "typing-extensions"


@dataclass(frozen=True)
class Target:
    """The Python for which wheels are fetched: its version as X.Y, its machine, its C library.

    `libc` is "glibc" or "musl", `libc_minor` the N of its version 2.N or 1.N.
    """

    python: str
    machine: str
    libc: str
    libc_minor: int

    def platforms(self) -> list[str]:
        """The names of all platforms whose wheels run there, the best first."""
        name, oldest = PLATFORMS[self.libc]
        names = [f"{name}_{minor}" for minor in range(self.libc_minor, oldest - 1, -1)]
        names += OLD_NAMES if self.libc == "glibc" else ()
        return [f"{name}_{self.machine}" for name in (*names, "linux")]


def fetch_wheels(target: Target, requirements: Sequence[str], say: Progress) -> Path:
    """The folder with the wheels of those requirements and of pip, fetched unless cached."""
    wanted = [*requirements, CONDITIONAL, "pip"]
    key = hashlib.sha256(repr((target, wanted)).encode()).hexdigest()[:16]
    cache = Path(platformdirs.user_cache_dir("runall")) / "wheels"
    folder = cache / f"py{target.python}-{target.libc}-{target.machine}-{key}"
    if not folder.is_dir():
        say(f"fetching wheels for Python {target.python} on {target.libc} {target.machine}")
        cache.mkdir(parents=True, exist_ok=True)
        # Another run must find the folder complete or not at all.
        with tempfile.TemporaryDirectory(dir=cache, prefix="part-") as part:
            fetched = Path(part, "wheels")
            download(fetched, target, wanted, say)
            try:
                fetched.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another run was first
                    raise
    return folder


def download(folder: Path, target: Target, wanted: Sequence[str], say: Progress) -> None:
    command = [sys.executable, *pip(), "download", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--python-version", target.python]
    command += ["--implementation", "cp", "--dest", str(folder)]
    for platform in target.platforms():
        command += ["--platform", platform]
    # Colour codes and progress bars would end up in an error message.
    env = {**os.environ, "NO_COLOR": "1", "PIP_PROGRESS_BAR": "off", "PIP_NO_INPUT": "1"}
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, env=env)
    if done.returncode != 0:
        raise KitCannotRun(
            f"pip could not get the wheels for the image: {failing_line(done.stderr)}",
            "see that pip reaches its index (pip download click), also through a proxy or mirror",
        )
    say(f"fetched {len(list(folder.glob('*.whl')))} wheels")


def pip() -> list[str]:
    """The arguments by which this Python runs pip: its own, or the one bundled with ensurepip."""
    if importlib.util.find_spec("pip") is not None:
        return ["-m", "pip"]
    spec = importlib.util.find_spec("ensurepip")
    for folder in spec.submodule_search_locations or () if spec else ():
        for wheel in sorted(Path(folder).glob("_bundled/pip-*.whl")):
            return [str(wheel / "pip")]
    raise KitCannotRun("this Python has no pip to fetch wheels with", "python -m ensurepip")


def failing_line(output: str) -> str:
    """The last line that reports an error, or else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"error|fatal", line, re.IGNORECASE)]
    return (errors or lines or ["no output"])[-1]
