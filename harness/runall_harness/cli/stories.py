"""Where the stories that an exploration found are kept."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runall_harness.explorer.story import Story


def keep(story: "Story", folder: Path) -> Path:
    """Save a story under a name that says what it breaks; the same one always has the same name."""
    import msgspec

    from runall_harness.contract.cases import slug

    digest = hashlib.sha256(msgspec.json.encode(story.script)).hexdigest()[:6]
    clause = story.broken[0].clause
    path = folder / f"{clause}-{slug(story.script.outline.name)}-{digest}.jsonl"
    story.save(path)
    return path
