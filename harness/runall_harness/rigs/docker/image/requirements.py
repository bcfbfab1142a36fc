"""Finds the requirements of a node of the reference among those of the kit.

The version ranges stand in pyproject.toml alone. An installed kit has them in its metadata, and a
checkout that was never installed has the file itself.
"""

import re
import tomllib
from importlib import metadata
from pathlib import Path

from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.places import CHECKOUT

DISTRIBUTION = "runall-kit"
# The extra with the driver of the PostgreSQL store, and the form of its requirements in metadata.
# A node loads the driver only if its store is on such a server.
STORE = "postgres"
ONLY_WITH_STORE = rf"(.+?)\s*;\s*extra\s*==\s*['\"]{STORE}['\"]"
# tzdata, because a minimal image has no time zones of its own.
NODE_REQUIREMENTS = (
    "click",
    "msgspec",
    "psycopg",
    "starlette",
    "transitions",
    "tzdata",
    "uvicorn",
    "websockets",
)


def node_requirements() -> list[str]:
    """Those of a node with their ranges. Raises `KitCannotRun` if the kit does not name them."""
    ranges = {project_name(line): line for line in kit_requirements()}
    missing = [name for name in NODE_REQUIREMENTS if name not in ranges]
    if missing:
        raise KitCannotRun(
            f"the kit's metadata does not name {', '.join(missing)}", "install the kit again"
        )
    return [ranges[name] for name in NODE_REQUIREMENTS]


def kit_requirements() -> list[str]:
    file = checkout()
    if file is not None:
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        return [*project["dependencies"], *project["optional-dependencies"][STORE]]
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError as error:
        raise KitCannotRun(
            f"{DISTRIBUTION} is not installed and this is no checkout", "pip install runall-kit"
        ) from error
    plain = [line for line in lines if ";" not in line]
    return plain + [m[1] for line in lines if (m := re.fullmatch(ONLY_WITH_STORE, line))]


def checkout() -> Path | None:
    """The checkout's pyproject.toml: metadata is outdated once an editable install has changed."""
    file = CHECKOUT / "pyproject.toml"
    ours = file.is_file() and f'name = "{DISTRIBUTION}"' in file.read_text(encoding="utf-8")
    return file if ours else None


def project_name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found.group().lower()) if found else ""
