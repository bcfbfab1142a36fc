"""Makes the networks of a run, with ranges and addresses chosen by the kit."""

import itertools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from runall_harness.contract.errors import KitCannotRun

from .engine import Engine, asking, first_line
from .subnets import Range, free_ranges, local_addresses

NUMBERS = itertools.count(1)


@dataclass
class Network:
    """One bridge of the engine, and its addresses that are not in use.

    `direct` says that the harness reaches containers by their address. It is true if the address of
    the gateway belongs to this machine, and false behind a virtual machine, a rootless engine or a
    remote one.
    """

    handle: Any
    name: str
    direct: bool
    addresses: deque[str]


def make_network(engine: Engine, run: str, labels: Mapping[str, str]) -> Network:
    """A bridge in a range that nothing else uses. Raises `KitCannotRun` if each was refused."""
    client: Any = engine.client
    with asking("list its networks"):
        present = client.networks.list()
    name = f"runall-{run}-net{next(NUMBERS)}"
    refusal = "all of them are in use"
    for subnet in free_ranges(run, present):
        gateway, *addresses = map(str, subnet.hosts())
        try:
            handle = create(engine, name, subnet, gateway, labels)
        except APIError as error:
            refusal = first_line(error)
            if "overlap" in refusal.lower() or "in use" in refusal.lower():
                continue  # another run took it since the networks were listed
            break
        direct = engine.native and gateway in local_addresses()
        return Network(handle, name, direct, deque(addresses))
    raise KitCannotRun(
        f"the engine gave no network in 10.213.0.0/16: {refusal}",
        "run `runall clean` to remove the networks of dead runs",
    )


def create(
    engine: Engine, name: str, subnet: Range, gateway: str, labels: Mapping[str, str]
) -> Any:
    pool = IPAMPool(subnet=str(subnet), gateway=gateway)
    return engine.client.networks.create(
        name, driver="bridge", labels=dict(labels), ipam=IPAMConfig(pool_configs=[pool])
    )
