"""The files of the project, as git knows them."""

import subprocess
from functools import cache
from pathlib import Path

from support.places import ROOT

MADE_BY_TOOLS = {".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".import_linter_cache"}


@cache
def names() -> list[str]:
    """The files of the project: those git tracks and those it would."""
    if not (ROOT / ".git").exists():  # an unpacked archive: all but what the tools leave behind
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        return sorted(str(path) for path in found if not MADE_BY_TOOLS & set(path.parts))
    # Whoever owns the checkout: a build server's is often somebody else's.
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"]
    done = subprocess.run(
        [*git, "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return sorted(set(done.stdout.split("\0")) - {""})


def files(*folders: str, suffix: str = "") -> list[Path]:
    """Those of some folders (default: all), with this ending."""
    wanted = tuple(f"{folder}/" for folder in folders) or ""
    paths = [ROOT / name for name in names() if name.startswith(wanted) and name.endswith(suffix)]
    found = [path for path in paths if path.is_file()]
    assert found, f"no {suffix} file in {folders}: this claim would be empty"
    return found
