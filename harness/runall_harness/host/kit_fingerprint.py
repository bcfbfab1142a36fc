"""What the kit is made of, file by file: two copies of it that differ must be distinguished.

An image is built anew when the reference has changed, and results of a search are only put beside
each other when the same sources made them.
"""

import hashlib
import importlib.util
import platform
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from runall_harness.contract.errors import KitCannotRun

PACKAGES = ("runall_reference", "runall_harness")


def folder_of(package: str) -> Path:
    """Where a package lies, which is not imported. Raises `KitCannotRun` if it is not installed."""
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise KitCannotRun(f"the package {package} is not installed", "pip install runall-kit")
    return Path(folders[0])


def package_files(folder: Path) -> Iterator[Path]:
    """The package's files, in a fixed order, without what Python compiled."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file


def named_content(folder: Path, files: Iterable[Path]) -> Iterator[bytes]:
    """The bytes for a digest of these files: each one's name in the folder, then its content."""
    for file in files:
        yield f"\0{file.relative_to(folder).as_posix()}\0".encode()
        yield file.read_bytes()


def modules(folder: Path) -> Iterator[Path]:
    """The Python files of a package, without the folders that only a wheel holds."""
    shipped = {folder / "features", folder / "shipped"}
    for file in package_files(folder):
        if file.suffix == ".py" and shipped.isdisjoint(file.parents):
            yield file


@cache
def this_kit() -> str:
    """The kit that this process runs, in words: its version, a digest of its sources, its Python.

    Two processes for which these words are the same get the same result from the same seed.
    """
    digest = hashlib.sha256()
    for package in PACKAGES:
        folder = folder_of(package)
        for content in named_content(folder, modules(folder)):
            digest.update(content)
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{version('runall-kit')}, sources {digest.hexdigest()[:12]}, Python {python}"
