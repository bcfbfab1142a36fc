"""The systems that come with the kit beside the reference, each a folder with a `system.toml`."""

from pathlib import Path

from runall_harness.contract import places

FILE = "system.toml"


def shipped() -> dict[str, Path]:
    """The file of each shipped system, by the system's name."""
    folder = places.shipped("shipped", "harness/schedulers")
    return {file.parent.name: file for file in sorted(folder.glob(f"*/{FILE}"))}
