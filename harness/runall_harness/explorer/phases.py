"""The phases of a play: before which of its acts a move can make a difference.

Between two acts that only say that all is well it matters little when a server dies. So moves are
made beside each act that changes the state of a job, a server, a link or an event, on both sides of
it, and every few seconds besides. A phase of a failure, such as a clean stop or a takeover, begins
and ends with such an act, however short it is.
"""

from typing import Any

from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Abort, Event, Finished, Job, Reopened, Run
from runall_reference.brain.worker import Worker

from runall_harness.rigs.simulated.node import Node

from .play import Play
from .worlds import RELEASED

# Moves are made at least so often, in seconds: shorter than each timeout.
OFTEN = 4.0
Acts = dict[int, bool]


def points(play: Play) -> Acts:
    """The acts before which moves are made, in order; true where time alone asks for it.

    The play goes on in a copy, as far as moves are made.
    """
    twin, found, now = play.copy(), {play.acts: False}, phase(play)
    due = play.site.now() + OFTEN
    while not twin.over() and twin.site.now() < twin.began + RELEASED:
        planned = twin.site.world.time.next()
        if planned is not None and planned.at >= due:
            found.setdefault(twin.acts, True)
            due = planned.at + OFTEN
        if not twin.step():
            break
        before, now = now, phase(twin)
        if now != before:
            found[twin.acts - 1] = found.get(twin.acts - 1, False)
            found[twin.acts] = False
    return dict(sorted(found.items()))


def phase(play: Play) -> Any:
    """What there is and how it is, without any time and any message."""
    store = play.site.world.store
    return (
        [phase_of(node) for node in play.nodes()],
        [(job.id, job.state) for job in store.load_kinds(Job) if isinstance(job, Job)],
        store.load_kinds(Event),
        [each.key for each in store.load_kinds(Reopened, Finished, Abort)],
        [(each.id, each.how) for each in play.site.world.executions],
    )


def phase_of(node: Node) -> Any:
    """A node: whether it is there, what its brains are at, and what its worker has on disk."""
    primary = node.primary.brain if node.primary else None
    links = primary.state.links.items() if isinstance(primary, Primary) else ()
    worker = node.worker.brain if node.worker else None
    runs = node.disks["worker"].load_kinds(Run)
    return (
        (node.up, node.frozen, node.cut, node.leaving, node.boots),
        primary.state.role if isinstance(primary, Primary) else "",
        [(name, link.state) for name, link in links],
        isinstance(worker, Worker) and (worker.linked, worker.draining, len(worker.unsure)),
        [(run.key, run.stop, run.how) for run in runs if isinstance(run, Run)],
    )
