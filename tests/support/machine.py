"""What this machine lacks: a skip for people, and a failure where CI is true."""

import os
from typing import NoReturn

import pytest


def give_up(reason: str) -> NoReturn:
    """A machine without an engine may skip; in CI that would be a false green."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
