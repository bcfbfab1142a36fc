"""A scheduler that runs a job again under another id, and names no link, is judged by tags.

Its rerun is no less a rerun; and a job of another tag is none, whatever its event.
"""

import pytest
from runall_harness.checks import Findings, examine
from runall_harness.evidence.history import AnyLine, End
from support.small_histories import created, meta, owed, ran, shown

LOST = shown(5, "j1", "interrupted")
FIRST = ran("j1", 1, 4, "killed", tag="job")
DEBT = owed("rerun", 9, "j1", tag="job")


def findings(*lines: AnyLine, capabilities: tuple[str, ...] = ("failover",)) -> Findings:
    """What is found in a history of an event with these lines."""
    return examine([meta(*capabilities), *created(), FIRST, *lines, End(at=20)])


def again(at: float, tag: str = "job") -> AnyLine:
    """An execution under another id."""
    return ran("k2", at, tag=tag)


@pytest.mark.parametrize("lines", [(DEBT, LOST, again(8)), (LOST, again(8), DEBT)])
def test_a_rerun_under_another_id_is_the_one_that_was_owed(lines: tuple[AnyLine, ...]) -> None:
    found = findings(*lines)
    assert not found.violations
    assert found.exercised["deadlines-are-met"]


def test_one_that_comes_late_is_late_under_any_id() -> None:
    (broken,) = findings(DEBT, LOST, again(12)).violations
    assert (broken.clause, broken.seen) == ("RA-1.1", "k2 on w1 (running) came 3.00 s late")


@pytest.mark.parametrize("other", [again(8, "other"), ran("k2", 0.5, tag="job")])
def test_a_job_of_another_tag_or_of_before_is_no_rerun(other: AnyLine) -> None:
    assert [broken.clause for broken in findings(DEBT, LOST, other).violations] == ["RA-1.1"]


def test_a_system_that_declares_links_has_to_name_them() -> None:
    found = findings(DEBT, LOST, again(8), capabilities=("lineage",))
    assert [broken.clause for broken in found.violations] == ["RA-1.1"]
