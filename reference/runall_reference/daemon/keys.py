"""The two keys: the secret that workers show, and the token that callers of the API show."""

import hmac
import os
import secrets
from pathlib import Path

from .errors import DaemonCannotRun

SHORTEST = 16
MAKE_ONE = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def matches(header: str | None, key: str) -> bool:
    """Whether an Authorization header bears the key. Every wrong one takes equally long."""
    given = (header or "").encode("utf-8", "replace")
    return hmac.compare_digest(given, f"Bearer {key}".encode())


def read_key(what: str, file: Path | None) -> str | None:
    """A key from a file, else from its environment variable, else None.

    Raises `DaemonCannotRun` when the file can't be read or the key is too short or not plain.
    """
    if file is not None:
        return from_file(what, file)
    given = os.environ.get(f"RUNALL_{what.upper()}")
    return checked(what, given.strip()) if given else None


def from_file(what: str, file: Path) -> str:
    try:
        return checked(what, file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DaemonCannotRun(
            f"the {what} can't be read from {file}: {error}",
            f"write it there, readable for this user only, or use --{what}-file for another file",
        ) from error


def checked(what: str, key: str) -> str:
    """The key, or `DaemonCannotRun` if it is too short to be one or can't stand in a header."""
    if len(key) < SHORTEST:
        raise DaemonCannotRun(
            f"the {what} has {len(key)} characters; it needs {SHORTEST} or more", MAKE_ONE
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise DaemonCannotRun(
            f"the {what} contains a space or a character that is not plain ASCII", MAKE_ONE
        )
    return key


def kept_key(what: str, data: Path) -> str:
    path = data / what
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return from_file(what, path)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return from_file(what, path)
