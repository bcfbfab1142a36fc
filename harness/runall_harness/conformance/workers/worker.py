"""A worker of a run: a pytest that asks for its next case, instead of walking through all of them.

It reports all that it hears of its cases to the dispatcher. An interruption reaches it as SIGTERM:
it leaves the case that runs, and removes what it made. When its dispatcher is gone it ends at once,
as a harness does that is killed: `runall clean` then removes what it had made.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from runall_harness.contract.cases import Case
from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.worker_pool import Channel

from ..pytest_run import Listener, call_pytest
from ..pytest_session import SESSION
from ..run import Display, Order, Run
from ..run_report import CaseResult, SystemReport


class NextCase(NamedTuple):
    """Run this case. `follower` may come after it, or is empty: the rig can make itself ready."""

    case: str
    follower: str


class Said(NamedTuple):
    """A worker's message to the dispatcher: the rig has reported something."""

    line: str


class Started(NamedTuple):
    """A worker's message to the dispatcher: a case begins."""

    case: str


class Ended(NamedTuple):
    """A worker's message: a case is over, and what is known by now of the rig and the system."""

    result: CaseResult
    rig: str
    system: SystemReport | None


class Finished(NamedTuple):
    """The worker has removed what it made, and ends."""

    troubles: Sequence[str]
    interrupted: bool


class CaseWorker(Display):
    """A plugin of pytest that asks for a case, runs it, and asks again; and a display."""

    def __init__(self, run: Run, channel: Channel) -> None:
        self.run, self.channel = run, channel

    def say(self, line: str) -> None:
        self.channel.send(Said(line))

    def started(self, case: Case) -> None:
        self.channel.send(Started(case.id))

    def ended(self, result: CaseResult) -> None:
        self.channel.send(Ended(result, self.run.rig, self.run.system))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run each case that comes. pytest itself reports what it could not collect."""
        cases = session.config.stash.get(SESSION, None)
        if cases is None or session.testsfailed:
            return None
        items = {case.id: item for item, case in cases.by_node.items()}
        for case, follower in self.channel.tasks():
            item = items[case]
            following = items.get(follower) or another(items, item)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            check_end(session)
        return True


def another(items: dict[str, pytest.Item], one: pytest.Item) -> pytest.Item | None:
    """Any other item: pytest clears the rig away when it hears that none follows."""
    return next((item for item in items.values() if item is not one), None)


def check_end(session: pytest.Session) -> None:
    """Leave the loop as pytest does when the session has to end."""
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)


def run_worker(channel: Channel, order: Order, name: str) -> None:
    run = Run(order, "")
    worker = CaseWorker(run, channel)
    more = (f"--runall-run={name}", f"--runall-worker={channel.number}")
    try:
        call_pytest(run, worker, Listener(run, worker), more=more)
    except KitCannotRun as error:
        run.troubles.append(str(error))
    channel.send(Finished(run.troubles, run.interrupted))
