"""Where the kit's own files lie: inside the package in a wheel, in the folders of a checkout."""

from pathlib import Path

from .errors import KitCannotRun

PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = PACKAGE.parents[1]


def shipped(name: str, in_checkout: str) -> Path:
    """A folder that a wheel carries inside the package, and a checkout under another name."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else CHECKOUT / in_checkout


def page(name: str) -> Path:
    """A page of `docs/`, which only a checkout has. Raises `KitCannotRun` without it."""
    path = CHECKOUT / "docs" / name
    if not path.is_file():
        raise KitCannotRun(f"there is no page {path}", "write it in a checkout of the kit")
    return path
