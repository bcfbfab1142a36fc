"""All checks, each with its clause and the capabilities under which it applies.

The order is the one in which broken clauses are reported.
"""

from typing import Any

from . import attempts, deadlines, lineages, refusals
from .check import Check
from .records import NONE, Group, Lineage


def needs(*capabilities: str) -> frozenset[str]:
    return frozenset(capabilities)


BOUNDS = needs("bounds")
# The clauses besides their own by which some of the checks judge.
STARTED_TWICE = ("RA-1.4", "RA-12.1", "RA-13.2")
RETRY = ("RA-11.7",)
OWN_ENDS, IN_REACH = ("RA-2.6", "RA-3.3", "RA-3.4"), ("RA-2.4", "RA-2.11", "RA-13.2")
LINEAGE_CHECKS: tuple[Check[Lineage], ...] = (
    Check("completed-is-final", "RA-3.4", lineages.completed_is_final),
    Check("aborted-stays-aborted", "RA-3.3", lineages.aborted_stays_aborted, given="abort"),
    Check("reruns-are-faithful", "RA-4.3", lineages.reruns_are_faithful, NONE, "rerun", RETRY),
    Check("shown-faithful", "RA-4.3", attempts.shown_faithful, NONE, "rerun", RETRY),
    Check("ids-are-new", "RA-12.3", deadlines.ids_are_new, given="accepted"),
    Check("ids-are-own", "RA-4.8", lineages.ids_are_own, NONE, "rerun", STARTED_TWICE),
    Check("retries-wait", "RA-11.5", attempts.retries_wait, given="rerun"),
    Check("one-rerun-each", "RA-1.4", attempts.one_rerun_each, given="rerun"),
    Check("flag-is-heeded", "RA-1.3", attempts.flag_is_heeded, given="interruption"),
    Check("own-end-is-final", "RA-2.7", attempts.own_end_is_final, clauses=OWN_ENDS),
    Check("limit-is-no-interruption", "RA-2.6", attempts.limit_is_no_interruption, given="limit"),
    Check("living-go-on", "RA-2.10", attempts.living_go_on, NONE, "interruption", IN_REACH),
    Check("drain-launches-nothing", "RA-4.4", attempts.drain_launches_nothing, given="drain"),
    Check("accepted-are-on-record", "RA-1.1", deadlines.accepted_are_on_record, given="accepted"),
    Check("one-live-attempt", "RA-7.1", lineages.one_live_attempt, needs("fencing"), "rerun"),
    Check("deleted-is-over", "RA-6.3", attempts.deleted_is_over, BOUNDS, "interruption"),
    Check("disabled-waits", "RA-6.4", lineages.disabled_waits, needs("hold"), "rerun"),
    Check("reruns-are-bounded", "RA-8.1", attempts.reruns_are_bounded, BOUNDS, "rerun"),
    Check("old-is-let-go", "RA-8.2", attempts.old_is_let_go, BOUNDS, "rerun"),
    Check("refusals-are-true", "RA-8.3", refusals.refusals_are_true, BOUNDS, "note"),
    Check("refusals-have-reasons", "RA-8.3", refusals.refusals_have_reasons, BOUNDS, "note"),
    Check("refused-is-refused", "RA-8.3", refusals.refused_is_refused, BOUNDS, "note"),
    Check("interruptions-are-told", "RA-8.4", attempts.lost_are_on_record, BOUNDS, "interruption"),
    Check("late-results-stay-apart", "RA-3.5", attempts.late_results_stay_apart, needs("once")),
    Check("finalized-once", "RA-3.1", attempts.finalized_once, needs("once"), clauses=("RA-3.5",)),
    Check("ends-have-a-time", "RA-3.1", attempts.ends_have_a_time, needs("once")),
    Check("aborted-by-somebody", "RA-3.8", attempts.only_who_was_aborted),
    Check("lineage-is-complete", "RA-4.5", attempts.lineage_is_complete, needs("lineage"), "rerun"),
)

DEADLINES: Check[Group] = Check(
    "deadlines-are-met", "RA-2.1", deadlines.deadlines_are_met, NONE, "debt", ("RA-1.1", "RA-1.2")
)
GROUP_CHECKS: tuple[Check[Group], ...] = (
    Check("slot-completed-once", "RA-4.7", lineages.slot_completed_once, given="slot"),
    Check("slot-served-once", "RA-5.1", lineages.slot_served_once, needs("slots"), "slot"),
    DEADLINES,
)


def judged_elsewhere(_: Any, __: Any) -> Any:
    """Judges nothing: `concurrency` and `schedule` judge by these checks."""
    return iter(())


CONCURRENCY_CHECKS: tuple[Check[Any], ...] = (
    Check("limits-are-kept", "RA-6.1", judged_elsewhere),
    Check("queue-keeps-order", "RA-6.6", judged_elsewhere),
    Check("limbo-counts", "RA-6.2", judged_elsewhere, needs("limbo")),
    Check("slots-keep-order", "RA-5.2", judged_elsewhere, needs("slots")),
    Check("reruns-keep-order", "RA-8.5", judged_elsewhere, BOUNDS),
    Check("retries-come", "RA-11.5", judged_elsewhere),
)

SCHEDULE_CHECKS: tuple[Check[Any], ...] = (
    Check("only-due-slots-run", "RA-5.12", judged_elsewhere),
    Check("slots-are-served", "RA-5.4", judged_elsewhere),
    Check("places-are-freed", "RA-6.8", judged_elsewhere),
    Check("takeovers-go-on", "RA-9.8", judged_elsewhere, needs("failover")),
)

CHECKS: tuple[Check[Any], ...] = (
    *LINEAGE_CHECKS,
    *GROUP_CHECKS,
    *CONCURRENCY_CHECKS,
    *SCHEDULE_CHECKS,
)
BY_NAME: dict[str, Check[Any]] = {check.name: check for check in CHECKS}
