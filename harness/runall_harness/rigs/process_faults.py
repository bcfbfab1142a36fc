"""What can be done to a node made of plain processes, each with the proof that it took effect.

A proof's `at` is the moment from which the fault held: for a kill or a freeze the time when all
had stopped, for a stop the time of the SIGTERM, for a thaw the time just before.
"""

import signal
from collections.abc import Sequence

import psutil

from runall_harness.witness import Witness

from . import proc_tree
from .base import Execution, Proof
from .node_process import NodeProcess
from .relay import Relay


def kill_node(node: NodeProcess, witness: Witness) -> Proof:
    """Freeze all of the node, then SIGKILL all of it."""
    ran = node.alive
    frozen = node.kin.freeze()
    at = node.now()
    alive = proc_tree.kill(frozen.all)
    ended = node.exited.wait(proc_tree.PATIENCE)
    evidence = f"frozen, then SIGKILL; gone: {_pids(frozen.all)}"
    if not alive and ended:
        witness.node_died(node.name, at)
    flaws = [
        f"{_pids(frozen.moving)} did not freeze" if frozen.moving else "",
        f"{_pids(alive)} survived SIGKILL" if alive or not ended else "",
        "there was no process" if not frozen.all else "",
        f"the daemon had ended before: {node.status}" if ran and not _was_killed(node) else "",
    ]
    return _proof("kill", node, at, evidence, flaws)


def kill_daemon(node: NodeProcess) -> Proof:
    """SIGKILL the daemon's main process; its jobs live on as orphans."""
    ran = node.alive
    at = node.signal_daemon(signal.SIGKILL)
    node.exited.wait(proc_tree.PATIENCE)
    evidence = f"daemon {node.pid}: {node.status}; left behind: {_pids(node.kin.members())}"
    flaw = "" if ran and _was_killed(node) else "the daemon was not killed"
    return _proof("kill", node, at, evidence, [flaw])


def bury(node: NodeProcess, witness: Witness) -> tuple[bool, str]:
    """End what a daemon that died by itself left behind; whether SIGKILL ended it, and how."""
    at = node.now()
    left = node.kin.freeze().all
    alive = proc_tree.kill(left)
    if not alive:
        witness.node_died(node.name, at)
    return _was_killed(node) and not alive, f"{node.status}; ended with it: {_pids(left)}"


def kill_jobs(node: NodeProcess, witness: Witness, running: Sequence[Execution]) -> Proof:
    """SIGKILL the processes of those executions; their daemon sees them die."""
    at = node.now()
    alive: list[psutil.Process] = []
    for execution in running:
        alive += proc_tree.kill(job_tree(node, witness.pid(execution.id)))
        witness.execution_died(execution.id, at)
    evidence = f"SIGKILL to the jobs {', '.join(e.id for e in running)}"
    flaws = [
        "no job was running" if not running else "",
        f"{_pids(alive)} survived SIGKILL" if alive else "",
    ]
    return _proof("kill", node, at, evidence, flaws)


def job_tree(node: NodeProcess, pid: int) -> list[psutil.Process]:
    """A job's process and what it started, itself last, if it is the node's own."""
    roots = [process for process in node.kin.members() if process.pid == pid]
    return [*(child for root in roots for child in proc_tree.descendants(root)), *roots]


def stop(node: NodeProcess, witness: Witness, grace: float) -> Proof:
    """SIGTERM to the daemon; what it leaves behind ends with it, as the machine goes down."""
    ran = node.alive
    at = node.signal_daemon(signal.SIGTERM)
    in_time = node.exited.wait(grace)
    took = node.now() - at
    left = node.kin.freeze().all
    died_at = node.now()
    alive = proc_tree.kill(left)
    node.exited.wait(proc_tree.PATIENCE)
    if not alive:
        witness.node_died(node.name, died_at)
    evidence = f"{node.status} after {took:.2f} s" + (f"; left: {_pids(left)}" if left else "")
    flaws = [
        "the daemon was not running" if not ran else "",
        f"it did not leave within {grace:g} s and was killed" if not in_time else "",
        f"{_pids(alive)} survived SIGKILL" if alive else "",
    ]
    return _proof("stop", node, at, evidence, flaws)


def pause(node: NodeProcess) -> Proof:
    """Freeze every process of the node."""
    frozen = node.kin.freeze()
    flaws = [
        "there was no process" if not frozen.all else "",
        f"{_pids(frozen.moving)} did not freeze" if frozen.moving else "",
    ]
    evidence = f"stopped, all threads (state T): {_pids(frozen.all)}"
    return _proof("pause", node, node.now(), evidence, flaws)


def unpause(node: NodeProcess) -> Proof:
    """Let a frozen node go on."""
    at = node.now()
    thawed = node.kin.thaw()
    still = [process for process in thawed.all if process not in thawed.moving]
    flaws = [
        "there was no process" if not thawed.all else "",
        f"{_pids(still)} did not go on" if still else "",
    ]
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


def _was_killed(node: NodeProcess) -> bool:
    return node.code == -signal.SIGKILL


def _pids(processes: Sequence[psutil.Process]) -> str:
    return ", ".join(str(process.pid) for process in processes) or "none"
