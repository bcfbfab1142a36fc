"""What can be done to a node made of plain processes, each with the proof that it took effect.

A proof's `at` is the moment from which the fault held: for a kill or a freeze the time when all
had stopped, for a stop the time of the SIGTERM, for a thaw the time just before.
"""

import signal
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.witness import Witness

from ..base import StopTo
from . import process_tree
from .node import NodeProcess
from .relay import Relay


def kill_node(node: NodeProcess, witness: Witness) -> Proof:
    """Freeze all of the node, then SIGKILL all of it."""
    ran = node.alive
    frozen = node.kin.freeze()
    at = node.now()
    alive = process_tree.kill(frozen.all)
    ended = node.exited.wait(process_tree.PATIENCE)
    evidence = f"frozen, then SIGKILL; gone: {_pids(frozen.all)}"
    if not alive and ended:
        witness.node_died(node.name, at)
    flaws = [
        _restless(frozen),
        f"{_pids(alive)} survived SIGKILL" if alive or not ended else "",
        "there was no process" if not frozen.all else "",
        f"the daemon had ended before: {node.status}" if ran and not _was_killed(node) else "",
    ]
    return _proof("kill", node, at, evidence, flaws)


def kill_daemon(node: NodeProcess) -> Proof:
    """Freeze the node, SIGKILL its daemon's main process alone; its jobs live on as orphans.

    They go on before the daemon dies, which stands still: for a death beside a stopped process
    group the kernel sends SIGHUP to that group.
    """
    ran, stood = node.alive, _standing(node)
    frozen = node.kin.freeze()
    daemon = [process for process in frozen.all if process.pid == node.pid]
    thawed = node.kin.thaw(but=[*daemon, *stood])
    at = node.signal_daemon(signal.SIGKILL)
    node.exited.wait(process_tree.PATIENCE)
    left = _pids(node.kin.members())
    evidence = f"daemon {node.pid}: frozen, then {node.status}; left behind: {left}"
    flaws = [_restless(frozen), _stuck(thawed)]
    flaws += [] if ran and _was_killed(node) else ["the daemon was not killed"]
    return _proof("kill daemon", node, at, evidence, flaws)


def bury(node: NodeProcess, witness: Witness) -> tuple[bool, str]:
    """End what a daemon that died by itself left behind; whether SIGKILL ended it, and how."""
    at = node.now()
    left = node.kin.freeze().all
    alive = process_tree.kill(left)
    if not alive:
        witness.node_died(node.name, at)
    return _was_killed(node) and not alive, f"{node.status}; ended with it: {_pids(left)}"


def kill_jobs(node: NodeProcess, witness: Witness, running: Sequence[Execution]) -> Proof:
    """Freeze the node, SIGKILL all processes of those executions; then their daemon sees it."""
    stood, frozen = _standing(node), node.kin.freeze()
    trees = {execution.id: job_tree(node, witness.pid(execution.id)) for execution in running}
    victims = list(dict.fromkeys(process for tree in trees.values() for process in tree))
    at = node.now()
    alive = process_tree.kill(victims)
    thawed = node.kin.thaw(but=stood)
    for execution in running if not alive else ():
        if trees[execution.id]:
            witness.execution_died(execution.id, at)
    evidence = f"frozen, then SIGKILL to the jobs {', '.join(trees)}; gone: {_pids(victims)}"
    flaws = [
        _restless(frozen),
        _stuck(thawed),
        "no job was running" if not running else "",
        *(f"{name} had no process" for name, tree in trees.items() if not tree),
        f"{_pids(alive)} survived SIGKILL" if alive else "",
    ]
    return _proof("kill job", node, at, evidence, flaws)


def job_tree(node: NodeProcess, pid: int) -> list[psutil.Process]:
    """All processes of a job, parents before children, if it is the node's own."""
    roots = [process for process in node.kin.members() if process.pid == pid]
    return [process for root in roots for process in process_tree.group(root)]


class Told(NamedTuple):
    """A signal was sent: when, to whom, and what is against that."""

    at: float
    whom: str
    flaws: list[str]


def stop(node: NodeProcess, witness: Witness, grace: float, to: StopTo | None) -> Proof:
    """The stop signal, and the daemon's exit; what it leaves ends with it, as machines go down."""
    ran = node.alive
    told = _tell_group(node) if (to or node.stop_to) == "group" else _tell_daemon(node)
    in_time = node.exited.wait(grace)
    took = node.now() - told.at
    left = node.kin.freeze().all
    died_at = node.now()
    alive = process_tree.kill(left)
    node.exited.wait(process_tree.PATIENCE)
    if not alive:
        witness.node_died(node.name, died_at)
    evidence = f"{node.status} after {took:.2f} s, {told.whom}"
    evidence += f"; left: {_pids(left)}" if left else ""
    flaws = [
        "the daemon was not running" if not ran else "",
        *told.flaws,
        f"it did not leave within {grace:g} s and was killed" if not in_time else "",
        f"{_pids(alive)} survived SIGKILL" if alive else "",
    ]
    return _proof("stop", node, told.at, evidence, flaws)


def _tell_daemon(node: NodeProcess) -> Told:
    """Signal the daemon alone."""
    at = node.signal_daemon(node.stop_signal)
    return Told(at, f"{node.stop_signal.name} to the daemon {node.pid}", [])


def _tell_group(node: NodeProcess) -> Told:
    """Signal every process of the node: none but the daemon goes on before all have the signal.

    So no daemon sees a job obey first. It is never stopped itself: when a process goes on, any of
    its threads may take a signal that waits, and many a daemon hears it in its main thread only.
    """
    daemon = [process for process in node.kin.members() if process.pid == node.pid]
    frozen, number = node.kin.freeze(but=daemon), node.stop_signal
    process_tree.send(frozen.all, number)
    missed = process_tree.unanswered(frozen.all, number)
    at = node.signal_daemon(number)
    thawed = node.kin.thaw()
    flaws = [
        _restless(frozen),
        _stuck(thawed),
        f"{_pids(missed)} did not get {number.name}" if missed else "",
    ]
    whom = _pids([*daemon, *frozen.all])
    return Told(at, f"{number.name} at one instant to all of it: {whom}", flaws)


def pause(node: NodeProcess) -> Proof:
    """Freeze every process of the node."""
    frozen = node.kin.freeze()
    flaws = ["there was no process" if not frozen.all else "", _restless(frozen)]
    evidence = f"stopped, all threads (state T): {_pids(frozen.all)}"
    return _proof("pause", node, node.now(), evidence, flaws)


def unpause(node: NodeProcess) -> Proof:
    """Let a frozen node go on."""
    at = node.now()
    thawed = node.kin.thaw()
    flaws = ["there was no process" if not thawed.all else "", _stuck(thawed)]
    return _proof("unpause", node, at, f"go on: {_pids(thawed.moving)}", flaws)


def cut(node: NodeProcess, relay: Relay | None) -> Proof:
    """Let nothing pass between this node and the others."""
    if relay is None:
        return _proof("cut", node, node.now(), "", ["the site was not made to be cut"])
    seen = relay.cut(node.name)
    evidence = (
        f"the relay forwards nothing on {seen.wires} wires and keeps "
        f"{seen.connections} connections open"
    )
    flaw = "" if seen.wires else "no wire of this node leads through the relay"
    return _proof("cut", node, node.now(), evidence, [flaw])


def join(node: NodeProcess, relay: Relay | None) -> Proof:
    """Let everything pass again, what was held back first."""
    at = node.now()
    if relay is None:
        return _proof("join", node, at, "", ["the site was not made to be cut"])
    seen = relay.mend(node.name)
    evidence = (
        f"the relay forwards on {seen.wires} wires again; it had held back {seen.held} bytes "
        f"on {seen.connections} connections"
    )
    flaw = "" if seen.wires else "no wire of this node leads through the relay"
    return _proof("join", node, at, evidence, [flaw])


def _proof(kind: str, node: NodeProcess, at: float, evidence: str, flaws: list[str]) -> Proof:
    """Proven unless something is known against it."""
    against = [flaw for flaw in flaws if flaw]
    text = "; ".join([*against, evidence] if evidence else against)
    return Proof(kind=kind, node=node.name, at=at, proven=not against, evidence=text)


def _standing(node: NodeProcess) -> list[psutil.Process]:
    """What stands still already, and is not to go on because of this fault."""
    return [process for process in node.kin.members() if process_tree.is_still(process)]


def _restless(frozen: process_tree.Frozen) -> str:
    """What is against a freeze."""
    return f"{_pids(frozen.moving)} did not freeze" if frozen.moving else ""


def _stuck(thawed: process_tree.Frozen) -> str:
    """What is against a thaw."""
    still = [process for process in thawed.all if process not in thawed.moving]
    return f"{_pids(still)} did not go on" if still else ""


def _was_killed(node: NodeProcess) -> bool:
    return node.code == -signal.SIGKILL


def _pids(processes: Sequence[psutil.Process]) -> str:
    return ", ".join(str(process.pid) for process in processes) or "none"
