"""Cuts a node off without closing its connections, by rules of the firewall.

A broken cable does not close connections, and does not make `connect` fail at once. Where the
harness shares the engine's network (Linux, as root), the firewall drops the node's packets and the
harness itself still reaches it. Elsewhere the engine removes the interface and restores it with the
same address; connections survive that too, but new ones fail at once, and the harness does not
reach the node meanwhile. Both ways are proven by observation.
"""

import ctypes
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .ownership import KIT, RUN, owner_is_dead, read_stamp, stamp

# Neighbours answer in well under a millisecond; silence for this long (s) is a partition.
SILENCE = 0.2
# Not DOCKER-USER, which is meant for such rules: whenever the engine makes a network, it takes the
# jump to that chain away for a moment, and in this moment a whole conversation gets through.
CHAIN, INWARDS, OUTWARDS = "FORWARD", "INPUT", "OUTPUT"
NEW_NETWORK = 0x40000000  # CLONE_NEWNET


class Firewall:
    """The rules for packets between nodes. `usable` turns False when they prove useless.

    `store` is the address of a server that the nodes share, if there is one.
    """

    def __init__(
        self, labels: Mapping[str, str], *, native: bool, store: tuple[str, int] | None = None
    ) -> None:
        self._comment, self.store = stamp(labels), store
        self.usable = native and may_filter()

    def drop(self, address: str) -> bool:
        """Drop all packets from and to that address; whether every rule was accepted."""
        done = self._change_rules("-I", address)
        if not done:
            self.restore(address)
            self.usable = False
        return done

    def restore(self, address: str) -> bool:
        """Delete the rules that `drop` made; whether all of them were still there."""
        return self._change_rules("-D", address)

    def _change_rules(self, action: str, address: str) -> bool:
        comment = ["-m", "comment", "--comment", self._comment]
        # The list makes every rule be changed, also after one has failed.
        results = [
            iptables(action, *packets, *comment, "-j", "DROP") for packets in self._packets(address)
        ]
        return None not in results

    def _packets(self, address: str) -> Iterator[tuple[str, ...]]:
        """The chains that the node's packets pass, each with the match for these packets."""
        yield CHAIN, "-s", address
        yield CHAIN, "-d", address
        if self.store:
            # A server on this machine: nothing is forwarded to it. All else of this machine, the
            # harness too, stays in touch with the node.
            port = str(self.store[1])
            yield INWARDS, "-s", address, "-p", "tcp", "--dport", port
            yield OUTWARDS, "-d", address, "-p", "tcp", "--sport", port


def may_filter() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("iptables") is None:
        return False
    return iptables("-S", CHAIN) is not None


def iptables(*arguments: str) -> str | None:
    """The output of iptables, or None when it refused."""
    try:
        done = subprocess.run(
            ["iptables", "-w", "5", *arguments], capture_output=True, text=True, timeout=15
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def sweep_rules(run: str | None = None) -> list[str]:
    """Delete the rules of that run; without `run`, those of all runs whose harness is dead."""
    rules = list(stale_rules(run)) if may_filter() else []
    deleted = [rule for rule in rules if iptables("-D", *shlex.split(rule)[1:]) is not None]
    return [f"firewall rule {rule}" for rule in deleted]


def stale_rules(run: str | None) -> Iterator[str]:
    """The kit's rules of that run or of dead ones, as iptables lists them."""
    for chain in (CHAIN, INWARDS, OUTWARDS):
        for line in (iptables("-S", chain) or "").splitlines():
            labels = read_stamp(line)
            stale = owner_is_dead(labels) if run is None else labels.get(RUN) == run
            if stale and labels.get(KIT) == "1":
                yield line


def answers(pid: int, host: str, port: int) -> bool | None:
    """Whether `host` answers a caller in that process's network; None if it can't be entered."""

    def dial() -> bool | None:
        return reachable(host, port) if enter_network(pid) else None

    # Each call has its own thread: a thread stays in that network until it ends.
    with ThreadPoolExecutor(1, "runall-probe") as own_thread:
        return own_thread.submit(dial).result()


def enter_network(pid: int) -> bool:
    """Move the calling thread into the network of that process, for good; whether that worked."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/proc/{pid}/ns/net").open("rb") as namespace:
            return bool(libc.setns(namespace.fileno(), NEW_NETWORK) == 0)
    except (OSError, AttributeError):
        return False


def reachable(host: str, port: int) -> bool:
    """Whether anything, be it a refusal, comes back from there within `SILENCE` seconds."""
    try:
        socket.create_connection((host, port), timeout=SILENCE).close()
    except OSError as error:
        return isinstance(error, ConnectionRefusedError)
    return True
