"""What several test files need: a container engine, and the image of the reference."""

import os
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NoReturn, cast

import pytest
from runall_harness.images.base import BASE_OPTION, DEFAULT_BASE
from runall_harness.images.build import build_image
from runall_harness.rigs.base import KitCannotRun
from runall_harness.rigs.docker import DockerRig, connect, trouble
from runall_harness.rigs.docker.engine import Engine

LOCAL_BASE = "runall-base:bookworm"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine of this machine. Where CI is true, a missing one fails the test."""
    reason = trouble()
    if reason is not None:
        give_up(reason)
    found = connect()
    yield found
    found.client.close()


@pytest.fixture(scope="session")
def image(engine: Engine, base: str) -> Iterator[str]:
    """The reference's image on that base; in use, so that no other run takes it for an old one."""
    run = f"test-{uuid.uuid4().hex[:8]}"
    try:
        tag = build_image(engine, run, base)
    except KitCannotRun as error:
        give_up(f"{error.cause}; {error.hint}")
    with closing(DockerRig(run, tag)):
        yield tag


def give_up(reason: str) -> NoReturn:
    """A machine without an engine may skip; in CI that would be a false green."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    """The base that was asked for, or the one that ci/base-image makes, or the official one."""
    names = {tag for image in cast(Any, engine.client).images.list() for tag in image.tags}
    default = LOCAL_BASE if LOCAL_BASE in names else DEFAULT_BASE
    return os.environ.get(BASE_OPTION, default)
