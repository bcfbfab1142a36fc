"""Laws of the checks: however a history is read, it says the same."""

import random
from contextlib import suppress
from itertools import groupby
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runall_harness.checks import examine
from runall_harness.checks.evaluation import LATE, Evaluation
from runall_harness.evidence.history import AnyLine, BadHistory, Meta, Seen, Witnessed, read
from support.check_examples import EXAMPLES, Lines
from support.small_histories import created, meta, moved, ran, shown

# Judged only while nothing is wrong with any server, and examples before it leave servers dead.
CALM = {("retries-come", "RA-11.5")}
# So far apart that one example is over, and forgotten, long before the next begins.
APART = 2 * LATE


def in_a_row(chosen: list[tuple[int, bool]]) -> Lines:
    """Examples one after the other, each with its own jobs; right or broken."""
    lines: Lines = [meta()]
    for number, (which, broken) in enumerate(chosen, start=1):
        example = EXAMPLES[which].broken if broken else EXAMPLES[which].right
        lines += moved(example, number, number * APART)
    return lines


CHOSEN = st.lists(
    st.tuples(st.integers(0, len(EXAMPLES) - 1), st.booleans()), min_size=1, max_size=8
)


@given(CHOSEN, st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_what_is_put_away_in_between_does_not_change_what_is_found(
    chosen: list[tuple[int, bool]], sweep: int
) -> None:
    lines = in_a_row(chosen)
    assert examine(lines, sweep) == examine(lines, len(lines) + 1)


def test_examples_in_a_row_are_judged_as_each_alone() -> None:
    """Else the law above might hold of histories in which nothing is found."""
    found = examine(in_a_row([(which, True) for which in range(len(EXAMPLES))]), 10)
    wanted = {example[:2] for example in EXAMPLES} - CALM
    assert {(one.check, one.clause) for one in found.violations} >= wanted


def test_a_lineage_that_ended_long_ago_is_recognised_when_it_starts_again() -> None:
    evaluation = Evaluation(sweep=1)
    first: Lines = [meta(), *created(), ran("j1", 1, 5), shown(5, "j1", "succeeded")]
    for line in [*first, shown(1000, "j2", "running")]:
        evaluation.take(line)
    assert "j1" not in evaluation.index.lineages
    evaluation.take(ran("j1.2", 2000, 2001))
    evaluation.finish()
    assert [(one.clause, one.lines) for one in evaluation.total.broken] == [("RA-3.4", (4, 5, 7))]


def test_a_slot_that_was_served_long_ago_is_recognised_when_another_job_serves_it() -> None:
    served: dict[str, Any] = {"now": "60", "claims": {"JOB_SOURCE": ""}}
    clock: dict[str, Any] = {"now": 60.0, "cause": "schedule", "source": ""}
    found = examine(
        [
            meta(),
            ran("j1", 1, 5, **served),
            shown(5, "j1", "succeeded", **clock),
            shown(1000, "j2", "running"),
            ran("j3", 2000, 2001, **served),
        ],
        sweep=1,
    )
    breaches = {(one.clause, one.lines) for one in found.violations}
    assert breaches == {("RA-4.7", (2, 3, 5)), ("RA-5.1", (2, 5))}


def test_what_stirs_again_is_counted_once_and_its_breach_is_reported_once() -> None:
    twice: Lines = [ran("j1", 1, 5), shown(5, "j1", "succeeded"), ran("j1.2", 6, 8)]
    stirs = shown(2000, "j1", "succeeded", finalized_at=5.0, late_code=0)
    lines: Lines = [meta("fencing"), *twice, shown(1000, "j2", "running"), stirs]
    found = examine(lines, sweep=1)
    assert found == examine(lines)
    assert [(one.clause, one.lines) for one in found.violations] == [("RA-3.4", (2, 3, 4))]
    assert found.exercised["completed-is-final"] == 2


def test_whether_a_start_was_one_too_many_waits_for_the_end_of_those_beside_it() -> None:
    first = ran("j1", 1)
    ended = msgspec.structs.replace(first.execution, ended_at=2000.0, how="completed")
    lines: Lines = [
        meta(),
        *created(max_children=1),
        first,
        ran("j2", 6, 7),
        shown(1000, "j3", "running"),
        Witnessed(at=2000, execution=ended),
    ]
    found = examine(lines, sweep=1)
    assert [(one.clause, one.lines) for one in found.violations] == [("RA-6.1", (2, 3, 4, 5, 7))]
    assert examine(lines[:-1], sweep=1).violations == ()


def lives(count: int) -> Lines:
    """Jobs that come and go, one a second, each for five."""
    lines: Lines = [meta()]
    for number in range(count):
        at = float(number)
        lines += [
            ran(f"j{number}", at, at + 5),
            shown(at, f"j{number}", "running"),
            shown(at + 5, f"j{number}", "succeeded"),
        ]
    lines[1:] = sorted(lines[1:], key=lambda line: line.at)
    return lines


def test_memory_holds_what_lives_however_long_the_history_is() -> None:
    evaluation, most = Evaluation(), 0
    for line in lives(16_667):
        evaluation.take(line)
        most = max(most, len(evaluation.index.lineages) + len(evaluation.concurrency.starts))
    evaluation.finish()
    assert evaluation.number > 50_000
    assert evaluation.total.counted["completed-is-final", "RA-3.4"] == 16_667
    # Of one job a second: those of the last LATE seconds, and of the lines between two looks.
    assert most < 2 * (LATE + 4096 / 3) + 100


# ------------------------------------------------------------------ order
def of_one_instant(lines: list[AnyLine], dice: random.Random) -> list[AnyLine]:
    """The same history, with the observations of one instant in another order.

    The observations of one job, and those of one execution, keep their order: that is its life.
    """
    ordered: list[AnyLine] = []
    for _, group in groupby(lines, key=lambda line: (line.at, type(line) in (Seen, Witnessed))):
        queues: dict[str, list[AnyLine]] = {}
        for line in group:
            queues.setdefault(subject(line), []).append(line)
        while queues:
            name = dice.choice(list(queues))
            ordered.append(queues[name].pop(0))
            queues = {key: queue for key, queue in queues.items() if queue}
    return ordered


def subject(line: AnyLine) -> str:
    """What an observation is about; all else stays in one row."""
    if isinstance(line, Seen):
        return f"job {line.job.id}"
    return f"execution {line.execution.id}" if isinstance(line, Witnessed) else ""


@given(st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_observations_of_one_instant_turns_nothing_red(
    simulated: list[list[AnyLine]], dice: random.Random
) -> None:
    lines = dice.choice(simulated)
    assert examine(of_one_instant(lines, dice)).violations == ()


def test_a_simulated_history_is_judged_alike_whatever_is_put_away(
    simulated: list[list[AnyLine]],
) -> None:
    for lines in simulated[::7]:
        assert examine(lines, 1) == examine(lines)


# ------------------------------------------------------------------ nonsense
@given(st.lists(st.binary(max_size=40), max_size=5))
@settings(max_examples=100, deadline=None)
def test_nonsense_is_named_by_its_line_and_never_crashes(raws: list[bytes]) -> None:
    with pytest.raises(BadHistory, match=f"line {len(raws) + 1}: "):
        list(read([msgspec.json.encode(meta())] * len(raws) + [b"{" + b"".join(raws)]))


WORDS, NUMBERS = st.text(max_size=5), st.floats(allow_nan=False) | st.integers(-9, 9)
ANYTHING = st.recursive(
    st.none() | st.booleans() | WORDS | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


@given(st.integers(0, len(EXAMPLES) - 1), st.data())
@settings(max_examples=300, deadline=None)
def test_a_history_with_any_value_in_any_place_is_judged_or_named_malformed(
    which: int, data: st.DataObject
) -> None:
    lines: list[dict[str, Any]] = msgspec.to_builtins([meta(), *EXAMPLES[which].broken])
    line = data.draw(st.sampled_from(lines))
    inner: list[dict[str, Any]] = [one for one in line.values() if isinstance(one, dict)]
    place = data.draw(st.sampled_from([line, *inner]))
    place[data.draw(st.sampled_from(sorted(place) or ["at"]))] = data.draw(ANYTHING)
    if data.draw(st.booleans()):
        dice = data.draw(st.randoms(use_true_random=False))
        dice.shuffle(lines)
    with suppress(BadHistory):
        found = examine(read(msgspec.json.encode(one) for one in lines))
        assert found.lines == len(lines)


def test_a_history_begins_with_what_was_judged() -> None:
    with pytest.raises(BadHistory, match=r"line 1: .*`meta`"):
        examine([ran("j1", 1)])
    with pytest.raises(BadHistory, match=r"line 2: `meta` is the first line"):
        examine([meta(), Meta(at=1, system="s")])
