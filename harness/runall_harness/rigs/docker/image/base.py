"""Gets the base image from the engine or a registry, and finds the version of its Python."""

from typing import Any

import msgspec
from docker.errors import ContainerError, NotFound
from docker.models.images import Image

from runall_harness.contract.errors import KitCannotRun

from ..engine import ENGINE_ERRORS, Engine, asking, first_line
from ..ownership import owner_labels
from .wheels import Progress, Target

BASE_OPTION = "RUNALL_BASE_IMAGE"
DEFAULT_BASE = "python:3.12-slim"
OLDEST = (3, 11)
NO_BASE_HINT = (
    f"name an image with Python 3.11 or later that is here, in {BASE_OPTION}; on Debian, "
    f"`{BASE_OPTION}=$(ci/base-image)` makes one"
)
PRINT_TARGET = """
import json, platform, sys, sysconfig
musl = "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "")
version = platform.libc_ver()[1] or ("1.2" if musl else "2.17")
print(json.dumps({
    "python": "%d.%d" % sys.version_info[:2],
    "machine": platform.machine(),
    "libc": "musl" if musl else "glibc",
    "libc_minor": int(version.split(".")[1]),
}))
"""


def get_base(engine: Engine, base: str, say: Progress) -> Image:
    """The base image, pulled if it is not here. Raises `KitCannotRun` if it can't be."""
    with asking(f"look for the image {base}"):
        try:
            return engine.client.images.get(base)
        except NotFound:
            pass
    say(f"pulling {base}")
    try:
        return engine.client.images.pull(base)
    except ENGINE_ERRORS as error:
        cause = f"the base image {base} is not here and could not be pulled: {first_line(error)}"
        raise KitCannotRun(cause, NO_BASE_HINT) from error


def find_target(engine: Engine, base: str, run: str) -> Target:
    """The Python of the base, which a temporary container of it prints.

    Raises `KitCannotRun` if it has none, or one that is too old.
    """
    client: Any = engine.client
    try:
        with asking(f"run a container of {base}"):
            printed: bytes = client.containers.run(
                base,
                ["-S", "-c", PRINT_TARGET],
                entrypoint="python3",
                remove=True,
                network_mode="none",
                labels=owner_labels(run),
            )
    except KitCannotRun as error:
        if isinstance(error.__cause__, ContainerError) or "executable file" in error.cause:
            raise KitCannotRun(f"the base image {base} has no usable python3", NO_BASE_HINT) from (
                error
            )
        raise
    return read_target(base, printed)


def read_target(base: str, printed: bytes) -> Target:
    """The target that the base printed in its last line. Raises `KitCannotRun` if it is too old."""
    target = msgspec.json.decode(printed.splitlines()[-1], type=Target)
    if tuple(map(int, target.python.split("."))) < OLDEST:
        raise KitCannotRun(f"the base image {base} has Python {target.python}", NO_BASE_HINT)
    return target
