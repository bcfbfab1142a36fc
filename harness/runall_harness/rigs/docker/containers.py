"""Creates the kit's containers, with the options that all of them have in common."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from docker.types import LogConfig, Mount

from .engine import Engine


class Connection(NamedTuple):
    """How a container is connected.

    `mode` names a network, or the container whose network namespace is shared. `address` is the
    fixed address on that network. `published` maps ports of the container to ports of this machine.
    """

    mode: str
    address: str | None = None
    published: Mapping[int, int] = {}


def create_container(
    engine: Engine,
    connection: Connection,
    *,
    writable: Mapping[str, str] | None = None,
    readable: Mapping[str, str] | None = None,
    **options: Any,
) -> str:
    """Create a container and return its id.

    `writable` and `readable` are folders of this machine by their path in the container;
    `options` are passed to the engine's client library.
    """
    api: Any = engine.client.api
    published = {port: ("127.0.0.1", outer) for port, outer in connection.published.items()}
    host = api.create_host_config(
        init=True,  # reaps orphans, and passes SIGTERM to the daemon only
        network_mode=connection.mode,
        security_opt=list(engine.security) or None,
        log_config=LogConfig(type="json-file"),
        # Mounts, not binds: a folder that the engine can't see is an error, not an empty folder.
        mounts=[
            *(Mount(path, folder, "bind") for path, folder in (writable or {}).items()),
            *(Mount(path, f, "bind", read_only=True) for path, f in (readable or {}).items()),
        ],
        port_bindings=published or None,
    )
    if connection.address:
        names = [options["hostname"]] if "hostname" in options else None
        end = api.create_endpoint_config(ipv4_address=connection.address, aliases=names)
        options["networking_config"] = api.create_networking_config({connection.mode: end})
    made = api.create_container(
        host_config=host, ports=list(published) or None, stop_signal="SIGTERM", **options
    )
    return str(made["Id"])
