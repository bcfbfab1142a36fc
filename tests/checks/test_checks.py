"""The checks turn a history red for what is wrong in it, and for nothing else."""

import pytest
from runall_harness.checks import judge
from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.history import AnyLine, Fault, Witnessed
from support.small_histories import fault, meta, ran

GRACE = 1.5
TWO_LIVE = [ran("j1", 1, 20, "terminated"), ran("j1.2", 10, 30, "terminated", node="w2")]


def lines(*faults: Fault, runs: list[Witnessed] = TWO_LIVE) -> list[AnyLine]:
    """A history of two attempts and some faults."""
    return [meta("fencing", grace=GRACE), *faults, *runs]


def test_two_live_attempts_break_the_clause():
    with pytest.raises(Violation, match=r"RA-7\.1"):
        judge(lines())


def test_a_job_of_a_node_that_was_frozen_may_live_for_its_grace_after_waking():
    judge(lines(fault("pause", 5), fault("unpause", 19)))


def test_a_clean_stop_wakes_nobody_who_is_frozen():
    judge(lines(fault("pause", 5), fault("stop", 6), fault("unpause", 19)))


def test_a_job_that_was_killed_with_its_frozen_node_lived_no_longer():
    judge(lines(fault("pause", 5), fault("kill", 20)))


@pytest.mark.parametrize(
    "faults",
    [
        [fault("pause", 5), fault("unpause", 20 - GRACE - 0.1)],
        [fault("pause", 5, "w2"), fault("unpause", 19, "w2")],
        [fault("pause", 11), fault("unpause", 19)],
        [fault("cut", 5), fault("join", 19)],
    ],
    ids=["awake for longer than the grace", "another node", "frozen too late", "only cut off"],
)
def test_only_a_freeze_of_its_own_node_at_that_time_excuses_it(faults: list[Fault]):
    with pytest.raises(Violation, match=r"RA-7\.1"):
        judge(lines(*faults))
