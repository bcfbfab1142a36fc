"""Reads TOML files, and checks their tables of declared failures and races."""

import tomllib
from pathlib import Path
from typing import Any, cast

from runall_harness.contract.errors import KitCannotRun

TABLE, RACES = "known_failures", "known_races"


EXAMPLE = '"1_worker_lost/*/manual" = "why it fails"'


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises `KitCannotRun` with the line that is wrong."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        cause = f"{path} cannot be read: {error.strerror}"
        raise KitCannotRun(cause, "correct the path, or see who may read the file") from error
    except (tomllib.TOMLDecodeError, UnicodeError) as error:
        raise KitCannotRun(f"{path} is not TOML: {error}", "correct that line") from error


def check_table(path: Path, table: object, name: str) -> dict[str, str]:
    """A table in which each value is a reason. Raises `KitCannotRun` with the key that is wrong."""
    if not isinstance(table, dict):
        raise KitCannotRun(f"{path}: {name} is not a table", f"write lines like {EXAMPLE} under it")
    entries = cast(dict[str, object], table)
    for pattern, reason in entries.items():
        if not isinstance(reason, str) or not reason.strip():
            cause = f"{path}: {name}.{pattern!r} has no reason"
            raise KitCannotRun(cause, "say why it fails, in a string that is not empty")
    return cast(dict[str, str], entries)
