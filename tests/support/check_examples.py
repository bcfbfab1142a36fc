"""For each check a history that it turns red, and one that it leaves alone."""

from typing import Any, NamedTuple

from runall_harness.evidence.history import AnyLine, End, Lead, Minute, Start

from support.small_histories import asked, created, fault, leads, noted, owed, ran, shown

Lines = list[AnyLine]
CLOCK = {"cause": "schedule", "source": ""}


BY_CLOCK = {"JOB_SOURCE": ""}


class Example(NamedTuple):
    """Two histories: one that breaks a guarantee, by those lines, and one that is right."""

    check: str
    clause: str
    broken: Lines
    lines: tuple[int, ...]
    right: Lines


def example(
    check: str, clause: str, broken: Lines, lines: tuple[int, ...], right: Lines
) -> Example:
    """The same, with the event before it: its lines are 2 and 3."""
    return Example(check, clause, [*created(), *broken], lines, [*created(), *right])


LOST = shown(5, "j1", "interrupted")


AGAIN = shown(6, "j1.2", "running")


# An event that is due each minute: minute 1 begins in second 60.
EVERY_MINUTE: Lines = [Minute(at=0, slot=0, began=0), *created(timing={})]
LED: Lines = [*EVERY_MINUTE, Lead(at=1, node="a")]
DONE = End(at=250)


def served(at: float, minute: int) -> AnyLine:
    """A job of the clock for that minute."""
    return shown(at, f"j{minute}", "succeeded", now=60 * minute, **CLOCK)


ONE_AT_A_TIME: Lines = [Minute(at=0, slot=0, began=0), *created(timing={}, max_children=1)]
FAILED = shown(5, "j1", "failed")
RETRY: dict[str, Any] = {"cause": "retry", "node": "w1"}
# Two jobs of one server that were lost at one time.
TWO_LOST: Lines = [
    *(shown(at, job, "running", node="w1", placed_at=at) for at, job in ((1.0, "j1"), (2.0, "j2"))),
    *(
        shown(5, job, "interrupted", node="w1", placed_at=at)
        for at, job in ((1.0, "j1"), (2.0, "j2"))
    ),
]


def retried(at: float) -> Lines:
    """The retry of a job, which was placed then and ran."""
    return [ran("j1.2", at), shown(at, "j1.2", "running", placed_at=at, **RETRY)]


def rerun(job: str, at: float) -> Lines:
    return [ran(job, at), shown(at, job, "running", placed_at=at)]


LOST_TWICE = [LOST, shown(7, "j1.2", "interrupted")]


EXAMPLES = [
    example(
        "completed-is-final",
        "RA-3.4",
        [ran("j1", 1, 5), shown(5, "j1", "succeeded"), ran("j1.2", 6, 8)],
        (4, 5, 6),
        [ran("j1", 1, 5), shown(5, "j1", "succeeded")],
    ),
    example(
        "aborted-stays-aborted",
        "RA-3.3",
        [*asked(2, 3, "abort", job="j1"), ran("j1", 6)],
        (4, 5, 6),
        [ran("j1", 1, 5, "terminated"), *asked(2, 3, "abort", job="j1")],
    ),
    example(
        "reruns-are-faithful",
        "RA-4.3",
        [ran("j1", 1, 5, "killed", params={"A": "1"}), ran("j1.2", 6, params={"A": "2"})],
        (4, 5),
        [ran("j1", 1, 5, "killed", params={"A": "1"}), ran("j1.2", 6, params={"A": "1"})],
    ),
    example(
        "reruns-are-faithful",
        "RA-4.3",
        [ran("j1", 1, 5, "killed", now="60"), ran("j1.2", 6, now="120")],
        (4, 5),
        [ran("j1", 1, 5, "killed", now="60"), ran("j1.2", 6, now="60")],
    ),
    example(
        "reruns-are-faithful",
        "RA-4.3",
        [
            ran("j1", 1, 5, "killed", claims={"JOB_SOURCE": "ann"}),
            ran("j1.2", 6, claims={"JOB_SOURCE": "the kit"}),
        ],
        (4, 5),
        [
            ran("j1", 1, 5, "killed", claims={"JOB_SOURCE": "ann"}),
            ran("j1.2", 6, claims={"JOB_SOURCE": "ann"}),
        ],
    ),
    example(
        "shown-faithful",
        "RA-4.3",
        [LOST, shown(6, "j1.2", "waiting", now=60)],
        (4, 5),
        [LOST, AGAIN],
    ),
    example(
        "ids-are-own",
        "RA-4.8",
        [ran("j1", 1, 5, "killed"), ran("j1", 6, 8)],
        (4, 5),
        [ran("j1", 1, 5, "killed"), ran("j1.2", 6, 8)],
    ),
    example(
        "one-rerun-each",
        "RA-1.4",
        [LOST, AGAIN, shown(7, "j1.3", "running", predecessor="j1")],
        (5, 6),
        [LOST, AGAIN],
    ),
    Example(
        "flag-is-heeded",
        "RA-1.3",
        [*created(catch_up=False), LOST, AGAIN],
        (2, 3, 4, 5),
        [*created(catch_up=False), LOST],
    ),
    *(
        example(
            "own-end-is-final",
            clause,
            [shown(5, "j1", state), AGAIN],
            (4, 5),
            [shown(5, "j1", state)],
        )
        for state, clause in (
            ("succeeded", "RA-3.4"),
            ("failed", "RA-2.7"),
            ("timed_out", "RA-2.6"),
            ("aborted", "RA-3.3"),
        )
    ),
    example(
        "living-go-on",
        "RA-2.11",
        [leads("p"), fault("kill", 3, "p"), ran("j1", 1, 9, "terminated"), LOST],
        (6, 7),
        [leads("p"), fault("kill", 3, "p"), ran("j1", 1, 4, "terminated"), LOST],
    ),
    example(
        "living-go-on",
        "RA-2.10",
        [fault("kill", 3, "w2"), ran("j1", 1, 9, "terminated"), LOST],
        (5, 6),
        [fault("kill", 3, "w2"), ran("j1", 1, 4, "terminated"), LOST],
    ),
    example(
        "living-go-on",
        "RA-2.4",
        [fault("cut", 2), fault("join", 3), ran("j1", 1, 9, "terminated"), LOST],
        (6, 7),
        [fault("cut", 2), fault("join", 3), ran("j1", 1, 4, "terminated"), LOST],
    ),
    Example(
        "limit-is-no-interruption",
        "RA-2.6",
        [*created(timeout=4.0), ran("j1", 1, 5, "terminated"), LOST],
        (2, 3, 4, 5),
        [*created(timeout=4.0), ran("j1", 1, 5, "terminated"), shown(5, "j1", "timed_out")],
    ),
    example(
        "drain-launches-nothing",
        "RA-4.4",
        [leads("p"), fault("stop", 3, "p"), shown(5, "j1", "starting", placed_at=5)],
        (5, 6),
        [
            leads("p"),
            fault("stop", 3, "p"),
            leads("p", 3.5),
            shown(4, "j1", "running", placed_at=4),
        ],
    ),
    example(
        "accepted-are-on-record",
        "RA-1.1",
        [*asked(2, 1, "run", "j7", event="e"), AGAIN],
        (4, 5),
        [*asked(2, 1, "run", "j7", event="e"), shown(2, "j7", "waiting")],
    ),
    example(
        "ids-are-new",
        "RA-12.3",
        [*asked(2, 1, "run", "j7", event="e"), *asked(3, 2, "run", "j7", event="e")],
        (4, 5, 6, 7),
        [*asked(2, 1, "run", "j7", event="e"), *asked(3, 2, "run", "j8", event="e")],
    ),
    example(
        "ids-are-new",
        "RA-12.3",
        [shown(0.5, "j7", "succeeded"), *asked(2, 1, "run", "j7", event="e")],
        (4, 5, 6),
        [*asked(2, 1, "run", "j7", event="e"), shown(2, "j7", "succeeded")],
    ),
    example(
        "one-live-attempt",
        "RA-7.1",
        [ran("j1", 1, 9), ran("j1.2", 6, 10)],
        (4, 5),
        [ran("j1", 1, 5), ran("j1.2", 6, 10)],
    ),
    example(
        "deleted-is-over",
        "RA-6.3",
        [
            ran("j1", 0.5, 4, "killed"),
            *asked(2, 1, "delete_event", event="e"),
            LOST,
            AGAIN,
            ran("j1.2", 7),
        ],
        (5, 6, 9),
        [ran("j1", 0.5, 4, "killed"), *asked(2, 1, "delete_event", event="e"), LOST],
    ),
    example(
        "disabled-waits",
        "RA-6.4",
        [
            *asked(2, 1, "update_event", event="e", fields={"enabled": False}),
            LOST,
            AGAIN,
            ran("j1.2", 7),
        ],
        (4, 5, 8),
        [
            *asked(2, 1, "update_event", event="e", fields={"enabled": False}),
            *asked(3, 2, "update_event", event="e", fields={"enabled": True}),
            LOST,
            AGAIN,
            ran("j1.2", 7),
        ],
    ),
    Example(
        "reruns-are-bounded",
        "RA-8.1",
        [*created(max_reruns=1), LOST, AGAIN, shown(7, "j1.3", "running")],
        (2, 3, 5, 6),
        [*created(max_reruns=1), LOST, AGAIN],
    ),
    Example(
        "old-is-let-go",
        "RA-8.2",
        [*created(rerun_age=2.0), ran("j1", 0.5, 1, "killed"), LOST, AGAIN],
        (2, 3, 4, 5, 6),
        [*created(rerun_age=9.0), ran("j1", 0.5, 1, "killed"), LOST, AGAIN],
    ),
    Example(
        "refusals-are-true",
        "RA-8.3",
        [*created(max_reruns=1), *LOST_TWICE[:1], noted(6, "j1", "refused")],
        (2, 3, 4, 5),
        [*created(max_reruns=1), *LOST_TWICE, noted(8, "j1.2", "refused")],
    ),
    example(
        "refusals-have-reasons",
        "RA-8.3",
        [LOST, noted(6, "j1", "refused", detail="")],
        (5,),
        [LOST, noted(6, "j1", "refused")],
    ),
    example(
        "refused-is-refused",
        "RA-8.3",
        [LOST, noted(6, "j1", "refused"), AGAIN],
        (5, 6),
        [LOST, noted(6, "j1", "refused")],
    ),
    example(
        "interruptions-are-told",
        "RA-8.4",
        [LOST, noted(6, "j1", clause="")],
        (4, 5),
        [LOST, noted(6, "j1")],
    ),
    example(
        "late-results-stay-apart",
        "RA-3.5",
        [shown(5, "j1", "succeeded", late_code=0)],
        (4,),
        [shown(5, "j1", "interrupted", late_code=0)],
    ),
    example("finalized-once", "RA-3.1", [LOST, shown(6, "j1", "aborted")], (4, 5), [LOST]),
    example(
        "finalized-once",
        "RA-3.1",
        [shown(5, "j1", "failed"), shown(6, "j1", "running")],
        (4, 5),
        [shown(5, "j1", "failed")],
    ),
    example("finalized-once", "RA-3.5", [LOST, shown(6, "j1", "succeeded")], (4, 5), [LOST]),
    example(
        "ends-have-a-time",
        "RA-3.1",
        [shown(5, "j1", "failed", finalized_at=9.0)],
        (4,),
        [shown(5, "j1", "failed")],
    ),
    example(
        "aborted-by-somebody",
        "RA-3.8",
        [shown(4, "j1", "running"), shown(5, "j1", "aborted")],
        (4, 5),
        [shown(4, "j1", "running"), shown(5, "j1", "failed")],
    ),
    example(
        "lineage-is-complete",
        "RA-4.5",
        [LOST, shown(6, "j1.2", "running", predecessor="")],
        (5,),
        [LOST, AGAIN],
    ),
    example(
        "lineage-is-complete",
        "RA-4.5",
        [LOST, shown(6, "j1.2", "running", attempt=3)],
        (4, 5),
        [LOST, AGAIN],
    ),
    example(
        "slot-completed-once",
        "RA-4.7",
        [
            ran("j1", 1, 3, now="60", claims=BY_CLOCK),
            shown(3, "j1", "succeeded", now=60, **CLOCK),
            ran("j2", 6, now="60", claims=BY_CLOCK),
        ],
        (4, 5, 6),
        [
            ran("j1", 1, 3, now="60", claims=BY_CLOCK),
            shown(3, "j1", "succeeded", now=60, **CLOCK),
            ran("j2", 6, now="120", claims=BY_CLOCK),
        ],
    ),
    example(
        "slot-served-once",
        "RA-5.1",
        [
            shown(3, "j1", "interrupted", now=60, **CLOCK),
            shown(4, "j2", "waiting", now=60, **CLOCK),
        ],
        (4, 5),
        [shown(3, "j1", "interrupted", now=60, **CLOCK)],
    ),
    example(
        "deadlines-are-met",
        "RA-2.1",
        [owed("end", 9, "j1"), shown(2, "j1", "running"), End(at=20)],
        (4, 5),
        [owed("end", 9, "j1"), shown(9.5, "j1", "interrupted", finalized_at=9), End(at=20)],
    ),
    example(
        "deadlines-are-met",
        "RA-1.1",
        [owed("rerun", 9, "j1"), LOST, ran("j1.2", 10), End(at=20)],
        (4, 5, 6),
        [owed("rerun", 9, "j1"), LOST, ran("j1.2", 8), End(at=20)],
    ),
    example(
        "deadlines-are-met",
        "RA-1.1",
        [LOST, owed("rest", 9), End(at=20)],
        (4, 5),
        [LOST, AGAIN, ran("j1.2", 7), owed("rest", 9), End(at=20)],
    ),
    example(
        "deadlines-are-met",
        "RA-2.3",
        [
            ran("j1", 1, 3, "killed"),
            shown(2, "j1", "running"),
            Start(at=4, node="w1"),
            owed("rest", 9),
            End(at=20),
        ],
        (4, 5, 7),
        [
            ran("j1", 1, 3, "killed"),
            LOST,
            Start(at=4, node="w1"),
            AGAIN,
            ran("j1.2", 7),
            owed("rest", 9),
            End(at=20),
        ],
    ),
    example(
        "deadlines-are-met",
        "RA-9.5",
        [
            leads("w1"),
            leads("p2"),
            ran("j1", 1, 3, "killed"),
            shown(2, "j1", "running"),
            owed("rest", 9),
            End(at=20),
        ],
        (6, 7, 8),
        [
            leads("w1"),
            leads("p2"),
            ran("j1", 1, 3, "killed"),
            LOST,
            AGAIN,
            ran("j1.2", 7),
            owed("rest", 9),
            End(at=20),
        ],
    ),
    Example(
        "deadlines-are-met",
        "RA-4.6",
        [*created(target="w1"), fault("kill", 3), LOST, owed("rest", 9), End(at=20)],
        (5, 6),
        [
            *created(target="w1"),
            fault("kill", 3),
            LOST,
            AGAIN,
            ran("j1.2", 7),
            owed("rest", 9),
            End(at=20),
        ],
    ),
    example(
        "deadlines-are-met",
        "RA-1.1",
        [LOST, AGAIN, shown(7, "j1.2", "aborted"), owed("rest", 9), End(at=20)],
        (5, 6, 7),
        [
            LOST,
            AGAIN,
            shown(7, "j1.2", "aborted"),
            noted(7, "j1.2", "refused", clause="RA-8.2"),
            owed("rest", 9),
            End(at=20),
        ],
    ),
    Example(
        "limits-are-kept",
        "RA-6.1",
        [*created(max_children=1), ran("j1", 1, 9), ran("j2", 6)],
        (2, 3, 4, 5),
        [*created(max_children=2), ran("j1", 1, 9), ran("j2", 6)],
    ),
    example(
        "queue-keeps-order",
        "RA-6.6",
        [
            *asked(2, 1, "run", "j1", event="e"),
            *asked(3, 2, "run", "j2", event="e"),
            ran("j2", 5),
            shown(5, "j2", "running", placed_at=4),
            ran("j1", 7),
            shown(7, "j1", "running", placed_at=6),
        ],
        (4, 5, 6, 7, 8, 11),
        [
            *asked(2, 1, "run", "j1", event="e"),
            *asked(3, 2, "run", "j2", event="e"),
            ran("j1", 5),
            shown(5, "j1", "running", placed_at=4),
            ran("j2", 7),
            shown(7, "j2", "running", placed_at=6),
        ],
    ),
    Example(
        "limbo-counts",
        "RA-6.2",
        [*created(max_children=1), shown(1, "j1", "running", limbo=True), ran("j2", 6)],
        (2, 3, 4, 5),
        [*created(max_children=2), shown(1, "j1", "running", limbo=True), ran("j2", 6)],
    ),
    example(
        "slots-keep-order",
        "RA-5.2",
        [
            ran("j2", 4),
            shown(4, "j2", "running", now=120, placed_at=4, **CLOCK),
            ran("j1", 6),
            shown(6, "j1", "running", now=60, placed_at=6, **CLOCK),
        ],
        (4, 7),
        [
            ran("j1", 4),
            shown(4, "j1", "running", now=60, placed_at=4, **CLOCK),
            ran("j2", 6),
            shown(6, "j2", "running", now=120, placed_at=6, **CLOCK),
        ],
    ),
    Example(
        "only-due-slots-run",
        "RA-5.12",
        [*created(timing={"minutes": [5]}), shown(4, "j1", "running", now=360, **CLOCK)],
        (2, 3, 4),
        [*created(timing={"minutes": [5]}), shown(4, "j1", "running", now=300, **CLOCK)],
    ),
    Example(
        "slots-are-served",
        "RA-5.4",
        [*EVERY_MINUTE, served(61, 1), served(181, 3), owed("rest", 235), End(at=250)],
        (3, 4, 7),
        [*EVERY_MINUTE, served(61, 1), served(170, 2), served(181, 3), owed("rest", 235), DONE],
    ),
    Example(
        "takeovers-go-on",
        "RA-9.8",
        [*LED, served(61, 1), Lead(at=110, node="b"), owed("rest", 170), End(at=200)],
        (3, 4, 7, 8),
        [*LED, served(61, 1), Lead(at=110, node="b"), served(131, 2), owed("rest", 170), DONE],
    ),
    Example(
        "places-are-freed",
        "RA-6.8",
        [*ONE_AT_A_TIME, served(61, 1), owed("rest", 235), DONE],
        (3, 4, 5, 6),
        [*ONE_AT_A_TIME, *(served(60.0 * n, n) for n in range(1, 4)), owed("rest", 235), DONE],
    ),
    Example(
        "retries-wait",
        "RA-11.5",
        [*created(retry_delay=5.0), FAILED, shown(9, "j1.2", "running", placed_at=9, **RETRY)],
        (4, 5),
        [*created(retry_delay=5.0), FAILED, shown(10, "j1.2", "running", placed_at=9.95, **RETRY)],
    ),
    Example(
        "retries-come",
        "RA-11.5",
        [*created(retry_delay=5.0), FAILED, *retried(13)],
        (4, 6),
        [*created(retry_delay=5.0), FAILED, *retried(10.5)],
    ),
    example(
        "reruns-keep-order",
        "RA-8.5",
        [*TWO_LOST, *rerun("j2.2", 7), *rerun("j1.2", 8)],
        (4, 5, 9, 11),
        [*TWO_LOST, *rerun("j1.2", 7), *rerun("j2.2", 8)],
    ),
]
