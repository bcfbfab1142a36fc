"""What became of a job: one outcome for each history, by what ran before what is shown."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from runall_harness.checks.context import Freeze
from runall_harness.checks.job_outcome import WORDS, JobOutcome, Outcome, Traces, outcome_of
from runall_harness.checks.job_traces import About, Gathered
from runall_harness.checks.records import BEAT
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import (
    Answer,
    AnyLine,
    Call,
    End,
    Fault,
    Gone,
    Ledger,
    Meta,
    Owed,
    Seen,
    Witnessed,
)
from runall_harness.evidence.views import JobView, LedgerView


def run(start: float, end: float | None, how: str = "killed", job: str = "j1") -> Execution:
    """An execution; one without an end was last heard of at its start."""
    return Execution(
        id=f"e{start}-{job}",
        node="w1",
        job=job,
        tag="job",
        claims={"JOB_ROOT": "j1"},
        started_at=start,
        ended_at=end,
        how=how,
    )


def view(state: str, attempt: int = 1) -> JobView:
    name = "j1" if attempt == 1 else f"j1#{attempt}"
    return JobView(id=name, event="report", root="j1", attempt=attempt, state=state, source="ann")


def shown(*views: JobView) -> list[AnyLine]:
    return [Seen(at=20, job=one) for one in views]


def ran(*runs: Execution) -> list[AnyLine]:
    return [Witnessed(at=20, execution=one) for one in runs]


def outcome_after(*lines: AnyLine, until: float | None = None) -> JobOutcome:
    """The outcome of a history with these lines; a rerun was owed until then, if at all."""
    owed = [Owed(at=10, what="rerun", job="j1", until=until)] if until else []
    whole = [Meta(at=0, system="s"), *owed, *lines, End(at=100)]
    return outcome_of(Gathered(whole).traces(About("j1")))


# ------------------------------------------------------------------ each outcome, by an example
LOST = run(1, 10)
REFUSAL = LedgerView(
    number=1, at=20, event="report", job="j1", root="j1", what="lost", decision="refused"
)


@pytest.mark.parametrize(
    ("lines", "until", "words"),
    [
        (ran(LOST, run(12, 15, "completed", "j1#2")), 26, "rerun once"),
        (ran(LOST, run(12, 13), run(14, 15, "completed")), 26, "rerun more than once"),
        (ran(LOST), 26, "not rerun within 16 s"),
        (ran(LOST) + shown(view("interrupted")), 26, "not rerun within 16 s"),
        (ran(LOST) + shown(view("failed")), 26, "failed for good"),
        (ran(LOST) + shown(view("timed_out")), None, "failed for good"),
        ([*ran(LOST), Ledger(at=20, entries=(REFUSAL,))], None, "failed for good"),
        (ran(run(1, 20), run(12, 15.2, "completed")), 26, "two at once for 3.2 s"),
        (ran(run(1, 9, "completed"), run(12, 15, "completed")), 26, "finished and then run again"),
        (ran(LOST) + shown(view("running")) + [Gone(at=21, job="j1")], 26, "record lost"),
        (ran(run(1, 9, "completed")) + shown(view("succeeded")), None, "undisturbed"),
        (ran(run(1, None, "running")) + shown(view("running")), 26, "undisturbed"),
        (ran(run(1, 9, "terminated")) + shown(view("aborted")), 26, "aborted by a user"),
        (shown(view("waiting")), 26, "never ran within 16 s"),
        (ran(LOST), None, "not watched to its end"),
        (ran(LOST), 101, "not watched to its end"),
    ],
)
def test_what_became_of_a_job_is_said_in_its_users_words(
    lines: list[AnyLine], until: float | None, words: str
) -> None:
    assert str(outcome_after(*lines, until=until)) == words


def test_every_outcome_has_words_of_its_own() -> None:
    assert sorted(WORDS) == sorted(Outcome)
    assert len(set(WORDS.values())) == len(Outcome)


def test_a_job_that_is_accepted_and_then_on_no_record_is_lost() -> None:
    asked = Call(at=1, number=1, verb="run", args={"event": "report"})
    promised = Answer(at=1.1, number=1, outcome="done", value="j1")
    other = JobView(id="k", event="other", root="k", attempt=1, state="running")
    lines = [asked, promised, Seen(at=2, job=other)]
    assert outcome_after(*lines, until=26).outcome == Outcome.LOST
    assert (
        outcome_after(*lines, Seen(at=3, job=view("waiting")), until=26).outcome
        == Outcome.NEVER_RAN
    )


def test_a_record_that_is_shown_again_is_not_lost() -> None:
    lines = [*ran(LOST), *shown(view("running")), Gone(at=21, job="j1")]
    assert outcome_after(*lines, *shown(view("interrupted")), until=26).outcome == Outcome.NOT_RERUN


def test_a_frozen_execution_does_not_overlap_with_another() -> None:
    woken, other = run(1, 20.1, "terminated"), run(12, 30, "completed")
    other.node = "w2"
    assert outcome_after(*ran(woken, other)).outcome == Outcome.AT_ONCE

    def pause(kind: str, at: float) -> Fault:
        return Fault(at=at, proof=Proof(kind=kind, node="w1", at=at, proven=True, evidence="e"))

    frozen = [pause("pause", 5), pause("unpause", 20)]
    assert outcome_after(*frozen, *ran(woken, other)).outcome == Outcome.RERUN_ONCE


def test_a_scheduled_job_that_comes_back_as_a_new_one_is_found_by_its_slot() -> None:
    claims = {"JOB_EVENT": "report", "JOB_SOURCE": ""}
    first, second = run(1, 10), run(12, 15, "completed", "k")
    for one in (first, second):
        one.tag, one.now, one.claims = "", "60", {**claims, "JOB_ROOT": one.job}
    views = [
        msgspec.structs.replace(view(state), id=name, root=name, cause="schedule", now=60)
        for name, state in (("j1", "interrupted"), ("k", "succeeded"))
    ]
    assert (
        outcome_after(*shown(*views), *ran(first, second), until=26).outcome == Outcome.RERUN_ONCE
    )


def test_a_tag_finds_what_the_scheduler_does_not_link() -> None:
    other = run(12, 15, "completed", "k")
    other.claims = {}
    lines = [Meta(at=0, system="s"), *ran(LOST, other), End(at=100)]
    linked, tagged = (Gathered(lines).traces(About("j1", tag)) for tag in ("", "job"))
    assert (len(linked.runs), len(tagged.runs)) == (1, 2)
    nothing = Gathered([Meta(at=0, system="s")]).traces(About("j1"))
    assert nothing.runs == [], "a history of no job"


# ------------------------------------------------------------------ its laws
ENDS = ("completed", "failed", "terminated", "killed")
STATES = ("running", "succeeded", "failed", "timed_out", "aborted", "interrupted")
TENTHS = st.integers(0, 60).map(lambda tenths: tenths / 10)


@st.composite
def executions(draw: st.DrawFn) -> list[Execution]:
    """Some executions of one job, in any order."""
    made: list[Execution] = []
    for number in range(draw(st.integers(0, 4))):
        start, lasts = draw(TENTHS), draw(TENTHS)
        how = draw(st.sampled_from((*ENDS, "running")))
        made.append(
            Execution(
                id=str(number),
                node=draw(st.sampled_from("ab")),
                job=str(number),
                started_at=start,
                beat_at=start + lasts,
                how=how,
                ended_at=start + lasts if how != "running" else None,
            )
        )
    return made


@st.composite
def histories(draw: st.DrawFn) -> Traces:
    """All that can be known of one job."""
    views = [view(state, n) for n, state in enumerate(draw(st.lists(st.sampled_from(STATES))), 1)]
    return Traces(
        runs=draw(executions()),
        shown=views,
        given_up=draw(st.booleans()),
        forgotten=draw(st.booleans()) and not views,
        waited=draw(st.none() | TENTHS),
    )


def lived(one: Execution) -> tuple[float, float]:
    return one.started_at, one.ended_at if one.ended_at is not None else one.beat_at


def overlapping(runs: Sequence[Execution]) -> bool:
    """Whether, when one of them begins, another has begun and goes on for more than a beat."""
    spans = [lived(one) for one in runs]
    return any(
        a <= c and b - c > BEAT
        for i, (a, b) in enumerate(spans)
        for j, (c, d) in enumerate(spans)
        if i != j and (a, b, i) < (c, d, j)
    )


@given(histories())
def test_each_history_has_one_outcome_and_only_its_own_measure(traces: Traces) -> None:
    found = outcome_of(traces)
    waited = found.outcome in (Outcome.NOT_RERUN, Outcome.NEVER_RAN)
    assert (found.within_s is not None) == waited
    assert (found.together_s is not None) == (found.outcome == Outcome.AT_ONCE)
    assert str(found)


@given(histories())
def test_two_are_at_once_exactly_where_two_executions_overlap(traces: Traces) -> None:
    assert (outcome_of(traces).outcome == Outcome.AT_ONCE) == overlapping(traces.runs)


@given(histories(), st.data())
def test_the_order_in_which_things_were_learned_makes_no_difference(
    traces: Traces, data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(traces.runs))
    again = Traces(
        runs=mixed,
        shown=traces.shown[::-1],
        given_up=traces.given_up,
        forgotten=traces.forgotten,
        waited=traces.waited,
    )
    assert outcome_of(again) == outcome_of(traces)


@given(histories())
@example(Traces(runs=[run(1, 2, "completed"), run(3, 4)]))
def test_what_ran_decides_before_anything_that_is_shown(traces: Traces) -> None:
    outcome = outcome_of(traces).outcome
    again = outcome_of(Traces(runs=traces.runs)).outcome
    if len(traces.runs) > 1:
        assert outcome == again
        assert outcome in (
            Outcome.AT_ONCE,
            Outcome.AFTER_END,
            Outcome.RERUN_ONCE,
            Outcome.RERUN_OFTEN,
        )
    else:
        assert "RERUN" not in outcome.name or outcome == Outcome.NOT_RERUN


@given(histories())
def test_a_rerun_that_nobody_waited_for_was_not_missed(traces: Traces) -> None:
    found = outcome_of(traces)
    assert found.within_s == (traces.waited if found.within_s is not None else None)
    if traces.waited is None:
        assert found.outcome not in (Outcome.NOT_RERUN, Outcome.NEVER_RAN)
    else:
        assert found.outcome != Outcome.OPEN


@given(executions())
def test_executions_on_a_node_that_stood_still_never_count_as_two_at_once(
    runs: list[Execution],
) -> None:
    still = {node: [Freeze(-1.0, 1e9)] for node in "ab"}
    assert outcome_of(Traces(runs=runs, frozen=still)).outcome != Outcome.AT_ONCE


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_executions_at_one_instant_none_follows_the_completed_one(swapped: bool) -> None:
    runs = [run(1.0, 1.0, "completed", "j1"), run(1.0, 1.0, "failed", "j2")]
    found = outcome_of(Traces(runs=runs[::-1] if swapped else runs))
    assert found.outcome == Outcome.RERUN_ONCE
