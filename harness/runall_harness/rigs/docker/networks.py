"""The networks of a run: made with the kit's own ranges and addresses, and removed by label."""

import itertools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runall_harness.contract.errors import KitCannotRun

from .engine import Engine, asking, first_line, missing_error
from .subnets import Range, free_ranges, local_addresses

NUMBERS = itertools.count(1)


@dataclass
class Network:
    """One bridge, and its addresses that are not in use.

    `direct` says that the harness sits on the bridge too and reaches containers by their address.
    That is observed (the gateway's address is one of this machine's), not guessed from a name:
    behind a virtual machine, a rootless engine or a remote one it is not so.
    """

    handle: Any
    name: str
    direct: bool
    addresses: deque[str] = field(default_factory=deque[str])

    def remove(self) -> None:
        """Remove it; fine if it is gone already."""
        with asking(f"remove the network {self.name}"):
            try:
                self.handle.remove()
            except missing_error():
                return


def make_network(engine: Engine, run: str, labels: Mapping[str, str]) -> Network:
    """A fresh bridge for that run, in a range that nothing else uses.

    Raises:
        KitCannotRun: the engine refused every range.
    """
    from docker.errors import APIError

    client: Any = engine.client
    with asking("list its networks"):
        present = client.networks.list()
    name = f"runall-{run}-net{next(NUMBERS)}"
    refusal = "all of them are in use"
    for subnet in free_ranges(run, present):
        try:
            handle = create(engine, name, subnet, labels)
        except APIError as error:
            refusal = first_line(error)
            if "overlap" in refusal.lower() or "in use" in refusal.lower():
                continue  # another run was faster: the engine is the judge
            break
        return Network(
            handle,
            name,
            engine.native and gateway(subnet) in local_addresses(),
            deque(str(address) for address in itertools.islice(subnet.hosts(), 1, None)),
        )
    raise KitCannotRun(
        f"the engine gave no network in 10.213.0.0/16: {refusal}",
        "run `runall clean` to remove the networks of dead runs",
    )


def create(engine: Engine, name: str, subnet: Range, labels: Mapping[str, str]) -> Any:
    """Ask the engine for that bridge."""
    from docker.types import IPAMConfig, IPAMPool

    pool = IPAMPool(subnet=str(subnet), gateway=gateway(subnet))
    return engine.client.networks.create(
        name, driver="bridge", labels=dict(labels), ipam=IPAMConfig(pool_configs=[pool])
    )


def gateway(subnet: Range) -> str:
    """The engine's own address on that bridge."""
    return str(next(subnet.hosts()))
