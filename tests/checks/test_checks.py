"""The checks turn a history red for what is wrong in it, and for nothing else."""

import pytest
from runall_harness.checks import judge
from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import AnyLine, Fault, Meta, Witnessed

GRACE = 1.5


def meta() -> Meta:
    """A system that claims to run one attempt at a time."""
    return Meta(
        at=0,
        case="c",
        system="s",
        version="1",
        policy="p",
        rig="r",
        capabilities=("fencing",),
        grace=GRACE,
    )


def ran(job: str, node: str, started: float, ended: float) -> Witnessed:
    """An attempt of one lineage."""
    return Witnessed(
        at=ended,
        execution=Execution(
            id=f"{node}-{job}",
            tag="t",
            node=node,
            job=job,
            now="0",
            params={},
            claims={"JOB_ROOT": "j1"},
            started_at=started,
            beat_at=ended,
            ended_at=ended,
            how="terminated",
        ),
    )


def fault(kind: str, node: str, at: float) -> Fault:
    """A fault of that kind, proven at the second at which it was injected."""
    return Fault(at=at, proof=Proof(kind=kind, node=node, at=at, proven=True, evidence="seen"))


TWO_LIVE = [ran("j1", "w1", 1, 20), ran("j1.2", "w2", 10, 30)]


def lines(*faults: Fault, runs: list[Witnessed] = TWO_LIVE) -> list[AnyLine]:
    """A history of two attempts and some faults."""
    return [meta(), *faults, *runs]


def test_two_live_attempts_break_the_clause():
    with pytest.raises(Violation, match=r"RA-7\.1"):
        judge(lines())


def test_a_job_of_a_node_that_was_frozen_may_live_for_its_grace_after_waking():
    judge(lines(fault("pause", "w1", 5), fault("unpause", "w1", 19)))


def test_a_job_that_was_killed_with_its_frozen_node_lived_no_longer():
    judge(lines(fault("pause", "w1", 5), fault("kill", "w1", 20)))


@pytest.mark.parametrize(
    "faults",
    [
        [fault("pause", "w1", 5), fault("unpause", "w1", 20 - GRACE - 0.1)],
        [fault("pause", "w2", 5), fault("unpause", "w2", 19)],
        [fault("pause", "w1", 11), fault("unpause", "w1", 19)],
        [fault("cut", "w1", 5), fault("join", "w1", 19)],
    ],
    ids=["awake for longer than the grace", "another node", "frozen too late", "only cut off"],
)
def test_only_a_freeze_of_its_own_node_at_that_time_excuses_it(faults: list[Fault]):
    with pytest.raises(Violation, match=r"RA-7\.1"):
        judge(lines(*faults))
