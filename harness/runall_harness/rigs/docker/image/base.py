"""Gets the base image from the engine or a registry, and finds the version of its Python."""

import json
import os
from typing import TYPE_CHECKING, Any

from runall_harness.contract.errors import KitCannotRun

from ..engine import Engine, asking, first_line, missing_error, reachable_errors
from ..ownership import owner_labels
from .wheels import Progress, Target

if TYPE_CHECKING:
    from docker.models.images import Image

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
libc = platform.libc_ver()[1] or ("1.2" if musl else "2.17")
print(json.dumps([list(sys.version_info[:2]), platform.machine(), musl, libc]))
"""


def base_name(base: str | None) -> str:
    """The name of the base: from the argument, the environment, or the official slim image."""
    return base or os.environ.get(BASE_OPTION) or DEFAULT_BASE


def get_base(engine: Engine, base: str, say: Progress) -> "Image":
    """The base image, pulled if it is not here.

    Raises:
        KitCannotRun: it is not here and can't be pulled.
    """
    with asking(f"look for the image {base}"):
        try:
            return engine.client.images.get(base)
        except missing_error():
            pass
    say(f"pulling {base}")
    try:
        return engine.client.images.pull(*split_tag(base))
    except reachable_errors() as error:
        cause = f"the base image {base} is not here and could not be pulled: {first_line(error)}"
        raise KitCannotRun(cause, NO_BASE_HINT) from error


def split_tag(name: str) -> tuple[str, str]:
    """A name without a tag means `latest`; the library would pull every tag."""
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")


def find_target(engine: Engine, base: str, run: str) -> Target:
    """The Python of the base, which a temporary container of it prints.

    Raises:
        KitCannotRun: it has none, or one that is too old.
    """
    from docker.errors import ContainerError

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
    version, machine, musl, libc = json.loads(printed.splitlines()[-1])
    if tuple(version) < OLDEST:
        raise KitCannotRun(
            f"the base image {base} has Python {version[0]}.{version[1]}", NO_BASE_HINT
        )
    return Target(
        python=f"{version[0]}.{version[1]}",
        machine=machine,
        libc="musl" if musl else "glibc",
        libc_minor=int(libc.split(".")[1]),
    )
