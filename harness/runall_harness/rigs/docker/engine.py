"""Connects to the container engine, and observes how it differs from others.

Docker on Linux, Docker Desktop and Podman speak one API and differ in what a client can see of
a container: its address, its files' events, the owner of what it writes. The kit observes those
differences once, here, so that nothing else has to know the name of an engine.
"""

import os
import platform
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker import DockerClient
from docker.context import ContextAPI
from docker.errors import DockerException, NotFound
from requests.exceptions import RequestException

from runall_harness.contract.errors import KitCannotRun

# What is raised for an engine that is missing, has ended, or refuses.
ENGINE_ERRORS = (DockerException, RequestException, OSError)
# An engine that needs longer than this for one request counts as lost (seconds).
REQUEST_TIMEOUT = 60
INSTALL_HINT = (
    "start a Docker engine (in this repository: ci/docker-engine) or Podman's socket "
    "(systemctl --user start podman.socket), or take --rig processes"
)


@dataclass(frozen=True)
class Engine:
    """An engine that answered, and what was observed of it.

    `native`: engine and harness share one kernel, so file events of containers reach the harness.
    `user`: containers must run as this user, so that the harness may remove what they wrote; None
    where the image's own user will do. `security`: options that bind mounts need here.
    """

    client: DockerClient
    native: bool
    user: str | None
    security: tuple[str, ...]


def connect() -> Engine:
    """The first engine that answers. Raises `KitCannotRun` if none does."""
    failures: list[str] = []
    for address in addresses():
        try:
            client = open_client(address)
            return observe(client, client.info())
        except ENGINE_ERRORS as error:
            failures.append(f"{address or 'the default socket'}: {first_line(error)}")
    raise KitCannotRun(f"no container engine answers ({'; '.join(failures)})", INSTALL_HINT)


@contextmanager
def connected() -> Generator[Engine]:
    engine = connect()
    try:
        yield engine
    finally:
        engine.client.close()


def addresses() -> Iterator[str | None]:
    """Where an engine may listen; None is the client library's own default."""
    yield None
    if os.environ.get("DOCKER_HOST"):
        return
    chosen = current_context()
    if chosen is not None:
        yield chosen
    for folder in (os.environ.get("XDG_RUNTIME_DIR"), "/run"):
        socket = Path(folder or "/nonexistent") / "podman" / "podman.sock"
        if socket.exists():
            yield f"unix://{socket}"


def current_context() -> str | None:
    """The engine that `docker context use` chose, which the client library ignores."""
    try:
        context: Any = ContextAPI.get_current_context()
        host = context.Host if context is not None else None
    except ENGINE_ERRORS:
        return None
    return None if host is None or host.endswith("/var/run/docker.sock") else str(host)


def open_client(address: str | None) -> DockerClient:
    pool = 32  # as many requests as a site has nodes, and the event stream, go out at once
    if address is None:
        return docker.from_env(timeout=REQUEST_TIMEOUT, max_pool_size=pool)
    return DockerClient(base_url=address, timeout=REQUEST_TIMEOUT, max_pool_size=pool)


def observe(client: DockerClient, info: dict[str, Any]) -> Engine:
    security = [str(option) for option in info.get("SecurityOptions") or ()]
    native = same_kernel(client, info)
    rootless = any("rootless" in option for option in security)
    return Engine(
        client=client,
        native=native,
        user=owner() if native and not rootless else None,
        # Without this, SELinux keeps a container from the folders that are mounted into it.
        security=("label=disable",) if any("selinux" in option for option in security) else (),
    )


def same_kernel(client: DockerClient, info: dict[str, Any]) -> bool:
    base_url = str(client.api.base_url)
    return (
        sys.platform == "linux"
        and base_url.startswith("http+docker://")
        and "Docker Desktop" not in str(info.get("OperatingSystem"))
        and info.get("KernelVersion") == platform.release()
    )


def owner() -> str | None:
    """The harness's user and group as UID:GID; None for root, who may remove anything."""
    if sys.platform == "win32" or os.getuid() == 0:
        return None
    return f"{os.getuid()}:{os.getgid()}"


@contextmanager
def asking(what: str, *, missing_ok: bool = False) -> Generator[None]:
    """Raise an error of the engine as a `KitCannotRun` that says it could not do `what`.

    With `missing_ok`, nothing is raised if the engine has no such object.
    """
    try:
        yield
    except ENGINE_ERRORS as error:
        if missing_ok and isinstance(error, NotFound):
            return
        cause = f"the engine could not {what}: {first_line(error)}"
        raise KitCannotRun(cause, hint(error)) from error


def has_image(engine: Engine, name: str) -> bool:
    with asking(f"look for the image {name}"):
        try:
            engine.client.images.get(name)
        except NotFound:
            return False
    return True


def hint(error: Exception) -> str:
    text = str(error).lower()
    if "bind source path" in text or "mounts denied" in text:
        return "set TMPDIR to a folder that the engine shares with this machine"
    if "no such image" in text:
        return "run again: the image is built anew"
    if getattr(error, "response", None) is not None:
        return "look at the engine's own log"
    return "see that the engine still runs (docker info), then run `runall clean`"


def first_line(error: Exception) -> str:
    """The error in one line, without the library's wrapping."""
    text = str(getattr(error, "explanation", None) or error) or type(error).__name__
    return text.strip().splitlines()[0]
