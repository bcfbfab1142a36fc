"""A crash of the primary between any two steps of its own recovery leads to one rerun.

In virtual time every point at which a crash can fall is tried, in all five scenarios and under
both triggers, and every two of them in a row. On real processes the primary gets SIGKILL at each
commit of a recovery. The checks judge each of these stories, as they judge every case.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from runall_harness.mutants import planted
from runall_harness.rigs.base import CrashPoint, Rig
from runall_harness.rigs.processes.rig import ProcessesRig
from runall_harness.rigs.simulated.rig import SimulatedRig, SimulatedSite
from runall_reference.brain.record_set import Change, Step
from runall_reference.daemon.turn import Brain, Reached
from runall_reference.store.base import ignore_row
from support import broken_references
from support.crash_scripts import RECOVERIES, Recovery, Story, recover

TRIGGERS = ("manual", "scheduled")
# So many points at least, or the search has missed the recovery. And no step has so many acts.
LEAST, MOST_ACTS = 8, 20
# No recovery has so many commits.
BEYOND = 100
PAIRED = [recovery for recovery in RECOVERIES if not recovery.name.startswith("1")]
REAL = [recovery for recovery in RECOVERIES if recovery.name[0] in "23"]

Try = Callable[[CrashPoint], Story]


def explore(attempt: Try) -> Iterator[CrashPoint]:
    """Every point of a recovery, each tried: on and on, until one is not reached any more."""
    for kind in kinds():
        count = 0
        while right(attempt(point := at(kind, count := count + 1))).hits:
            yield point
        if kind.where == "between" and count == 1:
            return


def kinds() -> Iterator[CrashPoint]:
    """The kinds of points: before a commit, after it, after the first act, the second, and on."""
    yield CrashPoint(where="before")
    yield CrashPoint(where="after")
    yield from (CrashPoint(where="between", act=act) for act in range(1, MOST_ACTS))


def at(kind: CrashPoint, count: int) -> CrashPoint:
    """The `count`-th point of that kind."""
    return CrashPoint(where=kind.where, act=kind.act, count=count)


def right(story: Story) -> Story:
    """The story, which must be one of one rerun for each interruption, and of one good end."""
    assert story.attempts == ["interrupted"] * (len(story.attempts) - 1) + ["succeeded"], story
    assert story.executions.count("completed") == 1, story
    assert 2 <= len(story.executions) <= len(story.attempts), story
    return story


@pytest.fixture(scope="module")
def processes() -> Iterator[Rig]:
    """Real daemons; all that they leave is removed."""
    rig = ProcessesRig("crashes")
    yield rig
    rig.close()


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("recovery", RECOVERIES, ids=lambda recovery: recovery.name)
def test_a_crash_at_any_point_leads_to_one_rerun(recovery: Recovery, trigger: str) -> None:
    found = list(explore(lambda point: recover(SimulatedRig(), recovery, trigger, point)))
    assert len(found) >= LEAST
    assert {point.where for point in found} == {"before", "after", "between"}


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("recovery", PAIRED, ids=lambda recovery: recovery.name)
def test_a_second_crash_at_any_point_after_a_first_one_changes_nothing(
    recovery: Recovery, trigger: str
) -> None:
    def once(point: CrashPoint) -> Story:
        return recover(SimulatedRig(), recovery, trigger, point)

    found = 0
    for first in explore(once):

        def twice(second: CrashPoint, first: CrashPoint = first) -> Story:
            story = recover(SimulatedRig(), recovery, trigger, first, second)
            return story._replace(hits=story.hits - 1)

        found += len(list(explore(twice)))
    assert found >= LEAST**2


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("recovery", REAL, ids=lambda recovery: recovery.name)
def test_a_real_primary_killed_at_any_commit_of_its_recovery_leads_to_one_rerun(
    recovery: Recovery, where: Any, processes: Rig
) -> None:
    count = 0
    while True:
        point = CrashPoint(where=where, count=(count := count + 1))
        if not right(recover(processes, recovery, "manual", point)).hits:
            break
    assert count > 3, "a recovery has at least three commits"


def test_a_crash_between_the_last_look_and_its_withdrawal_is_one_of_the_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a slow machine the primary renews its lease once more, and dies of that commit."""
    disarm = SimulatedSite.disarm

    def disarm_late(site: SimulatedSite, node: str) -> bool:
        assert site.crashed(node, within=1000).proven
        return disarm(site, node)

    monkeypatch.setattr(SimulatedSite, "disarm", disarm_late)
    point = CrashPoint(where="before", count=BEYOND)
    assert right(recover(SimulatedRig(), RECOVERIES[1], "manual", point)).hits == 1


def test_a_rerun_that_is_decided_one_step_late_is_lost_at_one_of_the_points() -> None:
    bug = broken_references.as_mutant(broken_references.decides_later)
    with planted(bug), pytest.raises(AssertionError, match="nothing came of it: j1 interrupted"):
        list(explore(lambda point: recover(SimulatedRig(), RECOVERIES[2], "manual", point)))


def test_acting_before_the_commit_is_found_out_at_one_of_the_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def act_first(
        brain: Brain,
        given: Any,
        now: float,
        commit: Callable[[Change, int | None, Callable[[int], None]], None],
        act: Callable[[Any], None],
        reached: Reached,
    ) -> Step:
        step = brain.handle(given, now)
        for action in step.actions:
            act(action)
        reached("before", step, 0)
        commit(step.change, step.guard, ignore_row)
        reached("after", step, 0)
        return step

    monkeypatch.setattr("runall_harness.rigs.simulated.node.take_turn", act_first)
    with pytest.raises(AssertionError, match="'killed', 'completed', 'completed'"):
        list(explore(lambda point: recover(SimulatedRig(), RECOVERIES[1], "manual", point)))
