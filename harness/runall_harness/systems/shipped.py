"""The systems that come with the kit beside the reference, each a folder with a `system.toml`."""

from pathlib import Path

from runall_harness.contract import places

FILE = "system.toml"


def shipped_folder() -> Path:
    """The folder that holds them: inside the package in a wheel, beside it in a checkout."""
    return places.shipped("shipped", "harness/schedulers")


def shipped() -> dict[str, Path]:
    """The file of each shipped system, by the system's name."""
    return {file.parent.name: file for file in sorted(shipped_folder().glob(f"*/{FILE}"))}
