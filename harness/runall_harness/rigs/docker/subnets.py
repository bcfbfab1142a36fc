"""Address ranges for the networks of a run.

Docker's own pools are exhausted near thirty networks, and a range that it picks may hide a
company's VPN. So the kit has small ranges of its own within 10.213/16, and skips those that the
engine or the machine already uses.
"""

import ipaddress
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

Range = ipaddress.IPv4Network
KIT_RANGE = ipaddress.IPv4Network("10.213.0.0/16")
ROUTES = Path("/proc/net/route")


def free_ranges(run: str, networks: Iterable[Any]) -> Iterator[Range]:
    """Ranges that neither these networks of the engine nor this machine's routes use.

    Runs begin at different ranges, so that two simultaneous runs seldom want the same one.
    """
    used = [*engine_ranges(networks), *routed_ranges(), *local_ranges()]
    ranges = list(KIT_RANGE.subnets(new_prefix=24))
    first = zlib.crc32(run.encode()) % len(ranges)
    for candidate in ranges[first:] + ranges[:first]:
        if not any(candidate.overlaps(other) for other in used):
            yield candidate


def engine_ranges(networks: Iterable[Any]) -> Iterator[Range]:
    for network in networks:
        ipam: dict[str, Any] = network.attrs.get("IPAM") or {}
        for config in ipam.get("Config") or ():
            yield from as_range(str(config.get("Subnet")))


def routed_ranges() -> Iterator[Range]:
    """The ranges that Linux has a route for, the default route left out."""
    if not ROUTES.exists():
        return
    for line in ROUTES.read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        destination, mask = little_endian(fields[1]), little_endian(fields[7])
        if mask != "0.0.0.0":  # noqa: S104 - the mask of the default route, no address to bind
            yield from as_range(f"{destination}/{mask}")


def local_ranges() -> Iterator[Range]:
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.netmask:
                yield from as_range(f"{address.address}/{address.netmask}")


def local_addresses() -> set[str]:
    return {a.address for group in psutil.net_if_addrs().values() for a in group}


def little_endian(digits: str) -> str:
    """The dotted form of an address as Linux lists it in its routing table."""
    return str(ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(digits), "little")))


def as_range(text: str) -> Iterator[Range]:
    """The IPv4 range that the text names; nothing if it names none."""
    with suppress(ValueError):
        yield Range(text, strict=False)
