"""A server that was to be back at once, and was not, makes its case inconclusive, never red."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace
from runall_harness.contract.verdicts import Inconclusive
from runall_harness.scenario.expectations import Scenario
from runall_harness.scenario.setting import Work
from runall_harness.systems.reference.system import Reference

WORK = cast(Work, SimpleNamespace(node="worker-1"))


def scenario(away: float, forgives: float) -> Scenario:
    """A scenario of which a server was away for so long."""
    timings = replace(Reference().timings, forgives=forgives)
    system = SimpleNamespace(timings=timings)
    made = Scenario(cast(Any, SimpleNamespace(system=system, site=None, calls=None, nodes=None)))
    made.away = away
    return made


def test_one_that_was_away_for_longer_than_the_system_waits_shows_another_failure() -> None:
    with pytest.raises(Inconclusive, match=r"was away for 31\.0 s: longer than the 30 s"):
        scenario(31.0, 30.0).require_return_at_once(WORK)


@pytest.mark.parametrize("forgives", [30.0, float("inf")])
def test_one_that_was_back_in_time_excuses_nothing(forgives: float) -> None:
    scenario(29.0, forgives).require_return_at_once(WORK)
