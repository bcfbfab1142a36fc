"""Mutants: the reference with one real bug of the field each.

A conformance kit is worth what it catches. Each mutant has a bug that a real scheduler had, or has,
and names the clause of the specification that this bug breaks. The kit must fail every one of them,
by that clause and by no other; `runall mutants` shows that it does.

    with planted(by_name("schedule_only")):
        ...  # every brain in this process has the bug

`mutant` says what a mutant is, `planting` plants and removes its bug; `recovery`, `liveness` and
`releases` define all mutants.
"""

from difflib import get_close_matches

from runall_harness.contract.errors import KitCannotRun

from .liveness import (
    elapsed_not_liveness,
    first_to_obey_fails,
    limbo_not_counted,
    reruns_the_living,
    return_is_late,
    same_address_same_worker,
    two_live,
)
from .mutant import Mutant, planted
from .recovery import (
    beside_the_normal_run,
    crash_forgets_slot,
    days_late,
    drops_now,
    drops_overrides,
    dying_node,
    finalizes_twice,
    late_result_wins,
    no_trace,
    one_try,
    replay_eats_rerun,
    reruns_and_rewinds,
    restart_loop,
    rewinds_for_manual,
    runs_disabled,
    schedule_only,
    timeout_loops,
)
from .releases import RELEASES

ALL: tuple[Mutant, ...] = (
    schedule_only,
    rewinds_for_manual,
    reruns_and_rewinds,
    one_try,
    replay_eats_rerun,
    limbo_not_counted,
    two_live,
    crash_forgets_slot,
    no_trace,
    runs_disabled,
    timeout_loops,
    finalizes_twice,
    return_is_late,
    drops_now,
    drops_overrides,
    late_result_wins,
    elapsed_not_liveness,
    beside_the_normal_run,
    dying_node,
    same_address_same_worker,
    restart_loop,
    days_late,
    reruns_the_living,
    first_to_obey_fails,
    *RELEASES,
)


class NoSuchMutant(KitCannotRun):
    """There is no mutant of that name."""


def by_name(name: str) -> Mutant:
    """The mutant of that name. Raises `NoSuchMutant`, with the names that are near."""
    known = {mutant.name: mutant for mutant in ALL}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`runall mutants --list` shows all"
    raise NoSuchMutant(f"there is no mutant {name!r}", hint)


__all__ = ["ALL", "Mutant", "NoSuchMutant", "by_name", "planted"]
