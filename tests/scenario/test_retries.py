"""Which try a scenario looks back at, on a machine so busy that the next has begun before."""

from types import SimpleNamespace
from typing import Any, cast

from runall_harness.scenario.steps.retries import Retries


def test_the_try_before_is_the_one_that_was_seen_although_the_next_has_begun() -> None:
    runs = [SimpleNamespace(node=node) for node in ("worker-2", "worker-1")]
    scenario = SimpleNamespace(cluster=None, runs=lambda: runs)
    retries = Retries(cast(Any, scenario))
    assert (retries.before().node, scenario.runs()[-1].node) == ("worker-2", "worker-1")
