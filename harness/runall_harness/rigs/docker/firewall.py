"""Cutting a node off without a trace: packets vanish, connections stay.

A cut that closes connections, or that makes `connect` fail at once, is not what a dead cable
does. Where the harness shares the engine's network (Linux, as root), the firewall drops the
node's packets and the harness itself still reaches it. Elsewhere the engine takes the interface
away and gives it back with the same address; connections survive that too, but new ones fail at
once, and the harness loses sight of the node meanwhile. What was done is observed either way.
"""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .ownership import KIT, owner_is_dead, read_stamp, stamp

# Answers between neighbours take well under a millisecond; silence for this long (s) is a cut.
SILENCE = 0.2
# Not DOCKER-USER, which is meant for such rules: whenever the engine makes a network, it takes the
# jump to that chain away for a moment, and in this moment a whole conversation gets through.
CHAIN, INWARDS, OUTWARDS = "FORWARD", "INPUT", "OUTPUT"
NEW_NETWORK = 0x40000000  # CLONE_NEWNET


class Firewall:
    """The rules for what passes between nodes. `usable` turns False when it proved useless.

    `store` is the address of a server that the nodes share, if there is one.
    """

    def __init__(
        self, labels: Mapping[str, str], *, native: bool, store: tuple[str, int] | None = None
    ) -> None:
        self._comment, self._store = stamp(labels), store
        self.usable = native and may_filter()

    def drop(self, address: str) -> bool:
        """Drop all that others send to that address, or it to them; whether that was accepted."""
        done = self._all("-I", address)
        if not done:
            self.restore(address)
            self.usable = False
        return done

    def restore(self, address: str) -> bool:
        """Take back what `drop` did; whether all of it was still there."""
        return self._all("-D", address)

    def _all(self, action: str, address: str) -> bool:
        # All of them, also when one fails.
        comment = ["-m", "comment", "--comment", self._comment]
        outcomes = [
            iptables(action, *packets, *comment, "-j", "DROP") for packets in self._packets(address)
        ]
        return None not in outcomes

    def _packets(self, address: str) -> Iterator[tuple[str, ...]]:
        """The chains that the node's packets pass, each with the packets that are meant."""
        yield CHAIN, "-s", address
        yield CHAIN, "-d", address
        if self._store:
            # A server on this machine: nothing is forwarded to it. All else of this machine, the
            # harness too, stays in touch with the node.
            port = str(self._store[1])
            yield INWARDS, "-s", address, "-p", "tcp", "--dport", port
            yield OUTWARDS, "-d", address, "-p", "tcp", "--sport", port


def may_filter() -> bool:
    """Whether this process may change the engine's firewall rules at all."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("iptables") is None:
        return False
    return iptables("-S", CHAIN) is not None


def iptables(*arguments: str) -> str | None:
    """What iptables printed, or None when it refused."""
    try:
        done = subprocess.run(
            ["iptables", "-w", "5", *arguments], capture_output=True, text=True, timeout=15
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def sweep_rules(doomed: Iterable[str] | None = None) -> list[str]:
    """Delete the rules of the runs `doomed`, or of all runs whose harness is dead."""
    if not may_filter():
        return []
    return [f"firewall rule {rule}" for rule in stale_rules(doomed) if delete_rule(rule)]


def stale_rules(doomed: Iterable[str] | None) -> Iterator[str]:
    """The kit's rules in question, as iptables lists them."""
    runs = None if doomed is None else set(doomed)
    listed = [iptables("-S", chain) or "" for chain in (CHAIN, INWARDS, OUTWARDS)]
    for line in "\n".join(listed).splitlines():
        labels = read_stamp(line)
        if labels.get(KIT) != "1":
            continue
        if owner_is_dead(labels) if runs is None else labels.get("io.runall.run") in runs:
            yield line


def delete_rule(rule: str) -> bool:
    """Delete a rule that iptables listed."""
    before, comment, after = rule.split('"') if '"' in rule else (rule, "", "")
    words = [*before.split(), *([comment] if comment else []), *after.split()]
    return iptables("-D", *words[1:]) is not None


def answers(pid: int, host: str, port: int) -> bool | None:
    """Whether `host` answers someone who stands in the network of process `pid`.

    A refusal is an answer too. None where the harness can't stand there.
    """
    result: list[bool | None] = [None]

    def ask() -> None:
        if enter_network(pid):
            result[0] = reachable(host, port)

    # A thread of its own, and only one question: it stays in that network until it ends.
    thread = threading.Thread(target=ask, name="runall-probe")
    thread.start()
    thread.join()
    return result[0]


def enter_network(pid: int) -> bool:
    """Move the calling thread into the network of that process; whether that worked."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/proc/{pid}/ns/net").open("rb") as namespace:
            return bool(libc.setns(namespace.fileno(), NEW_NETWORK) == 0)
    except (OSError, AttributeError):
        return False


def reachable(host: str, port: int) -> bool:
    """Whether anything comes back from there."""
    try:
        socket.create_connection((host, port), timeout=SILENCE).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True
