"""The stories that a campaign keeps: one file for each seed that breaks something."""

from pathlib import Path

import msgspec

from ..search import Found


def story_file(folder: Path, seed: int) -> Path:
    """Where a campaign keeps the story of a seed."""
    return folder / "found" / f"seed-{seed}.json"


def keep(folder: Path, seed: int, found: Found) -> None:
    """Write the story down, as it was told, unless it is there."""
    path = story_file(folder, seed)
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2))
    part.replace(path)
