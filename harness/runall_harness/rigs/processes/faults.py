"""The faults that a node made of plain processes can get, each with the proof of its effect.

A proof's `at` is the moment from which the fault held: for a kill or a freeze the time when all
had stopped, for a stop the time of the signal, for a thaw the time just before.
"""

import signal
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.witness import Witness

from ..base import StopTo
from ..file_locks import freeze_between_writes
from . import process_tree
from .node import NodeProcess
from .process_tree import Signalled
from .relay import Relay


class StopSignal(NamedTuple):
    """A stop signal that was sent: when, to which processes, and the flaws of the proof."""

    at: float
    receivers: str
    flaws: list[str]


def kill_node(node: NodeProcess, witness: Witness) -> Proof:
    ran = node.alive
    frozen = node.tree.freeze()
    at = node.now()
    alive = process_tree.kill(frozen.all)
    ended = node.exited.wait(process_tree.PATIENCE)
    if not alive and ended:
        witness.node_died(node.name, at)
    flaws = [
        _not_frozen(frozen),
        f"{_pids(alive)} survived SIGKILL" if alive or not ended else "",
        "there was no process" if not frozen.all else "",
        f"the daemon had ended before: {node.status}" if ran and not node.was_killed else "",
    ]
    return _proof("kill", node, at, f"frozen, then SIGKILL; gone: {_pids(frozen.all)}", flaws)


def kill_daemon(node: NodeProcess) -> Proof:
    """Freeze the node, SIGKILL its daemon's main process alone; its jobs live on as orphans.

    The jobs go on before the stopped daemon dies: if a process group were still stopped when its
    parent dies, the kernel would send SIGHUP to that group.
    """
    ran, stopped = node.alive, _stopped_before(node)
    frozen = node.tree.freeze()
    daemon = [process for process in frozen.all if process.pid == node.pid]
    thawed = node.tree.thaw(but=[*daemon, *stopped])
    at = node.signal_daemon(signal.SIGKILL)
    node.exited.wait(process_tree.PATIENCE)
    left = _pids(node.tree.members())
    evidence = f"daemon {node.pid}: frozen, then {node.status}; left behind: {left}"
    flaws = [_not_frozen(frozen), _not_thawed(thawed)]
    flaws += [] if ran and node.was_killed else ["the daemon was not killed"]
    return _proof("kill daemon", node, at, evidence, flaws)


def end_remaining(node: NodeProcess, witness: Witness) -> tuple[bool, str]:
    """End the processes of a dead daemon; return whether SIGKILL ended it, and how it ended."""
    at = node.now()
    left = node.tree.freeze().all
    alive = process_tree.kill(left)
    if not alive:
        witness.node_died(node.name, at)
    return node.was_killed and not alive, f"{node.status}; ended with it: {_pids(left)}"


def kill_jobs(node: NodeProcess, witness: Witness, running: Sequence[Execution]) -> Proof:
    """Freeze the node, SIGKILL all processes of those executions, and let the daemon go on."""
    stopped, frozen = _stopped_before(node), node.tree.freeze()
    jobs = {execution.id: job_tree(node, witness.pid(execution.id)) for execution in running}
    victims = list(dict.fromkeys(process for tree in jobs.values() for process in tree))
    at = node.now()
    alive = process_tree.kill(victims)
    thawed = node.tree.thaw(but=stopped)
    for execution in running if not alive else ():
        if jobs[execution.id]:
            witness.execution_died(execution.id, at)
    evidence = f"frozen, then SIGKILL to the jobs {', '.join(jobs)}; gone: {_pids(victims)}"
    flaws = [
        _not_frozen(frozen),
        _not_thawed(thawed),
        "no job was running" if not running else "",
        *(f"{name} had no process" for name, tree in jobs.items() if not tree),
        f"{_pids(alive)} survived SIGKILL" if alive else "",
    ]
    return _proof("kill job", node, at, evidence, flaws)


def job_tree(node: NodeProcess, pid: int) -> list[psutil.Process]:
    """All processes of a job, parents before children; empty if it is no job of that node."""
    roots = [process for process in node.tree.members() if process.pid == pid]
    return [process for root in roots for process in process_tree.job_processes(root)]


def begin_stop(node: NodeProcess, to: StopTo | None = None) -> Proof:
    """Send the stop signal; the node is left at work on it."""
    ran, sent = node.alive, _send_stop(node, to)
    flaws = [*sent.flaws, "the daemon was not running" if not ran else ""]
    return _proof("stop signal", node, sent.at, sent.receivers, flaws)


def _send_stop(node: NodeProcess, to: StopTo | None) -> StopSignal:
    return _signal_group(node) if (to or node.stop_to) == "group" else _signal_daemon(node)


def stop(node: NodeProcess, witness: Witness, grace: float, to: StopTo | None) -> Proof:
    """Send the stop signal and await the daemon's exit; then kill what the daemon left.

    A machine that goes down would end the remaining processes too.
    """
    ran, sent = node.alive, _send_stop(node, to)
    in_time = node.exited.wait(grace)
    took = node.now() - sent.at
    left = node.tree.freeze().all
    died_at = node.now()
    alive = process_tree.kill(left)
    node.exited.wait(process_tree.PATIENCE)
    if not alive:
        witness.node_died(node.name, died_at)
    evidence = f"{node.status} after {took:.2f} s, {sent.receivers}"
    evidence += f"; left: {_pids(left)}" if left else ""
    flaws = [
        "the daemon was not running" if not ran else "",
        *sent.flaws,
        f"it did not leave within {grace:g} s and was killed" if not in_time else "",
        f"{_pids(alive)} survived SIGKILL" if alive else "",
    ]
    return _proof("stop", node, sent.at, evidence, flaws)


def _signal_daemon(node: NodeProcess) -> StopSignal:
    at = node.signal_daemon(node.stop_signal)
    return StopSignal(at, f"{node.stop_signal.name} to the daemon {node.pid}", [])


def _signal_group(node: NodeProcess) -> StopSignal:
    """Signal every process of the node; all but the daemon stay stopped until all have the signal.

    So no daemon sees a job obey first. The daemon is never stopped: when a process goes on, any
    of its threads may take a pending signal, and many daemons handle it in their main thread only.
    """
    daemon = [process for process in node.tree.members() if process.pid == node.pid]
    frozen, number = node.tree.freeze(but=daemon), node.stop_signal
    process_tree.send(frozen.all, number)
    missed = process_tree.without_signal(frozen.all, number)
    at = node.signal_daemon(number)
    thawed = node.tree.thaw()
    receivers = _pids([*daemon, *frozen.all])
    flaws = [
        _not_frozen(frozen),
        _not_thawed(thawed),
        f"{_pids(missed)} did not get {number.name}" if missed else "",
    ]
    return StopSignal(at, f"{number.name} at one instant to all of it: {receivers}", flaws)


def pause(node: NodeProcess) -> Proof:
    frozen = freeze_between_writes(node.tree.freeze, node.tree.thaw, node.tree.pids)
    flaws = ["there was no process" if not frozen.all else "", _not_frozen(frozen)]
    evidence = f"stopped, all threads (state T): {_pids(frozen.all)}"
    return _proof("pause", node, node.now(), evidence, flaws)


def unpause(node: NodeProcess) -> Proof:
    at = node.now()
    thawed = node.tree.thaw()
    flaws = ["there was no process" if not thawed.all else "", _not_thawed(thawed)]
    return _proof("unpause", node, at, f"go on: {_pids(thawed.moving)}", flaws)


def cut(node: NodeProcess, relay: Relay | None) -> Proof:
    if relay is None:
        return _proof("cut", node, node.now(), "", ["the site was not made to be cut"])
    seen = relay.cut(node.name)
    evidence = (
        f"the relay forwards nothing on {seen.wires} wires and keeps "
        f"{seen.connections} connections open"
    )
    return _proof("cut", node, node.now(), evidence, [_no_wire(seen.wires)])


def join(node: NodeProcess, relay: Relay | None) -> Proof:
    """Let the relay forward again, the held bytes first."""
    at = node.now()
    if relay is None:
        return _proof("join", node, at, "", ["the site was not made to be cut"])
    seen = relay.mend(node.name)
    evidence = (
        f"the relay forwards on {seen.wires} wires again; it had held back {seen.held} bytes "
        f"on {seen.connections} connections"
    )
    return _proof("join", node, at, evidence, [_no_wire(seen.wires)])


def _proof(kind: str, node: NodeProcess, at: float, evidence: str, flaws: list[str]) -> Proof:
    """The proof of a fault: it is proven if there are no flaws."""
    known = [flaw for flaw in flaws if flaw]
    text = "; ".join([*known, evidence] if evidence else known)
    return Proof(kind=kind, node=node.name, at=at, proven=not known, evidence=text)


def _stopped_before(node: NodeProcess) -> list[psutil.Process]:
    """The processes that were stopped before this fault, and must stay stopped after it."""
    return [process for process in node.tree.members() if process_tree.is_stopped(process)]


def _not_frozen(frozen: Signalled) -> str:
    return f"{_pids(frozen.moving)} did not freeze" if frozen.moving else ""


def _not_thawed(thawed: Signalled) -> str:
    still = [process for process in thawed.all if process not in thawed.moving]
    return f"{_pids(still)} did not go on" if still else ""


def _no_wire(wires: int) -> str:
    return "" if wires else "no wire of this node leads through the relay"


def _pids(processes: Sequence[psutil.Process]) -> str:
    return ", ".join(str(process.pid) for process in processes) or "none"
