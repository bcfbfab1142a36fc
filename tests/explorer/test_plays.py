"""A play can be copied at any act, its moves do what they say, and equal signatures go on alike."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from runall_harness.checks import examine
from runall_harness.evidence.history import Fault, Start
from runall_harness.explorer import signature as signing
from runall_harness.explorer.moves import (
    Crash,
    Cut,
    Kill,
    Message,
    Order,
    Pause,
    Stop,
    crash_points,
)
from runall_harness.explorer.phases import points
from runall_harness.explorer.play import Play
from runall_harness.explorer.search import Search
from runall_harness.explorer.signature import signature
from runall_harness.explorer.story import Script, play_script
from runall_harness.explorer.worlds import GRID, LATE, Outline, named, outlines, varied
from runall_harness.rigs.simulated.shared_world import EPOCH
from runall_reference.brain.records import Event
from support.plays import play_moves

QUIET, BACK = named("quiet/manual"), named("back/manual")
NAMES = [outline.name for outline in outlines()]


def ends(play: Play) -> list[tuple[str, str, str, float]]:
    """What became of each execution."""
    return [(e.job, e.node, e.how, e.started_at) for e in play.site.world.executions]


def after(outline: Outline, acts: int) -> Play:
    """A play after so many acts."""
    play = Play(outline)
    while play.acts < acts and play.step():
        pass
    return play


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 200))
def test_a_copy_goes_on_as_the_original_does(name: str, acts: int) -> None:
    play = after(named(name), acts)
    twin = play.copy()
    assert signature(twin) == signature(play)
    play.end()
    twin.end()
    assert ends(twin) == ends(play)
    assert twin.history.lines == play.history.lines


@pytest.mark.parametrize("name", NAMES)
def test_every_world_sees_its_job_run_and_come_to_a_good_end(name: str) -> None:
    play = play_moves(named(name), [])
    hows = [how for _, _, how, _ in ends(play)]
    assert hows.count("completed") >= 2
    assert (hows[0] == "completed") == (not named(name).fault)
    assert not examine(play.history.lines).violations


@pytest.mark.parametrize("outline", varied(), ids=lambda outline: outline.name)
def test_no_failure_of_a_further_world_breaks_a_clause(outline: Outline) -> None:
    play = play_moves(outline, [])
    assert not examine(play.history.lines).violations
    assert play.site.world.executions


def test_an_outage_of_many_minutes_is_made_up_for_slot_by_slot() -> None:
    play = play_moves(named("outage/manual+max_children+timing+params"), [])
    assert len(play.site.world.executions) > 60


def test_a_failure_has_its_sentence_at_its_second() -> None:
    story = play_script(Script(outline=named("failback/manual")))
    sentences = [(s.at, s.text) for s in story.sentences() if s.move]
    assert sentences == [
        (3.0, "primary is killed, and is back after 24 s"),
        (33.0, "backup is killed, and stays away"),
    ]


# ------------------------------------------------------------------ where moves are made
def test_moves_are_made_inside_each_phase_of_a_failure_however_short_it_is() -> None:
    outline = named("worker-restart/manual+params")
    play, inside = Play(outline), 0
    for act in points(play):
        play.reach(act)
        victim = play.site.node(play.victim)
        inside += victim.up and victim.worker is not None and draining(victim.worker.brain)
    assert inside >= 3


def draining(brain: Any) -> bool:
    return brain.draining


def test_a_large_world_is_played_as_it_is() -> None:
    search = Search(named("late/manual+target+max_children+runs"), ("crash", "orders"))
    assert list(search.run()) == []
    assert search.counts.schedules == 1


# ------------------------------------------------------------------ what moves do
MOVES = (
    (Kill(at=3, node="worker-1", back=None), ["kill worker-1"]),
    (Kill(at=3, node="primary"), ["kill primary", "start primary"]),
    (Stop(at=3, node="worker-1"), ["stop worker-1", "start worker-1"]),
    (Pause(at=3, node="worker-1"), ["pause worker-1", "unpause worker-1"]),
    (Cut(at=3, node="worker-1", lasting=LATE), ["cut worker-1", "join worker-1"]),
)


def faults_and_starts(play: Play) -> list[str]:
    """The faults in the history of a play, and the starts after its beginning."""
    found: list[str] = []
    for line in play.history.lines:
        if isinstance(line, Fault):
            found.append(f"{line.proof.kind} {line.proof.node}")
        elif isinstance(line, Start) and line.at > play.began:
            found.append(f"start {line.node}")
    return found


@pytest.mark.parametrize(("move", "expected"), MOVES, ids=lambda value: str(value)[:12])
def test_a_move_is_in_the_history_with_its_end(move: Any, expected: list[str]) -> None:
    assert faults_and_starts(play_moves(QUIET, [move])) == expected


def test_each_crash_point_that_is_found_is_a_point_at_which_the_node_dies() -> None:
    found = 0
    for acts in range(60):
        play = after(BACK, acts)
        for point in crash_points(play):
            twin = play.copy()
            crash = replace(point, back=None)
            crash.make(twin)
            assert not twin.site.alive(crash.node), crash.sentence()
            found += 1
    assert found > 40


@pytest.mark.parametrize("fate", ["lost", "late", "overtaken"])
def test_a_message_meets_its_fate_and_the_next_beat_mends_it(fate: Any) -> None:
    play = play_moves(QUIET, [Message(at=1, worker="worker-1", fate=fate)])
    assert not examine(play.history.lines).violations
    assert [how for _, _, how, _ in ends(play)][-1] == "completed"


def test_a_node_that_is_being_stopped_is_not_stopped_again() -> None:
    play = play_moves(named("restart/manual"), [Stop(at=5, node="primary")])
    assert faults_and_starts(play) == ["stop primary", "start primary"]


def test_a_primary_that_was_cut_off_from_its_store_for_a_moment_leads_again_once() -> None:
    play = play_moves(named("lost/manual+backup"), [Cut(at=23, node="primary", lasting=2.0)])
    leader = play.leader()
    assert leader is not None
    assert leader.state.epoch <= 3
    assert not examine(play.history.lines).violations


def test_a_primary_that_slept_through_a_takeover_shows_nothing_that_is_out_of_date() -> None:
    asleep, dies = Pause(at=0, node="primary", lasting=40.0), Kill(at=54, node="backup", back=None)
    play = play_moves(named("worker-restart/manual+backup"), [asleep, dies])
    assert not examine(play.history.lines).violations


def test_a_crash_of_the_primary_makes_no_loss_look_younger_than_it_is() -> None:
    crash = Crash(at=18, node="primary", brain="primary", where="between", back=2.0)
    play = play_moves(named("late/manual+target+rerun_age"), [crash])
    assert not examine(play.history.lines).violations
    states = [job.state for job in play.client.jobs() if job.root == play.root]
    assert states == ["interrupted"]


def test_a_worker_that_dials_a_primary_as_that_steps_down_dials_the_next_one_at_once() -> None:
    """Both come at one instant: the old primary goes on, and the worker is back."""
    killed = Kill(at=76, node="worker-1", back=1.0)
    play = play_moves(named("stall/manual+backup"), [killed])
    assert "start worker-1" in faults_and_starts(play)
    assert not examine(play.history.lines).violations


def test_an_order_is_a_call_with_its_answer() -> None:
    play = play_moves(QUIET, [Order(at=4, what="aborts the job")])
    assert ends(play)[0][2] == "terminated"


# ------------------------------------------------------------------ when plays are the same
def borders(outline: Outline, moves: list[Any]) -> Iterator[tuple[int, Any]]:
    """The signature at each instant of the grid, with what becomes of the play from there on."""
    play, seen = Play(outline), list[tuple[int, int]]()
    for move in moves:
        while play.acts < move.at and play.step():
            pass
        move.make(play)
    while not play.over():
        planned = play.site.world.time.next()
        if planned is None:
            break
        border = EPOCH + GRID * ((planned.at - EPOCH) // GRID)
        if play.site.now() < border:
            seen.append((signature(play, border), len(ends(play))))
        play.step()
    play.close()
    outcome = {entry.id: entry.state for entry in play.client.jobs()} if play.leader() else {}
    became = [(job, node, how) for job, node, how, _ in ends(play)]
    for state, begun in seen:
        starts = [round(started_at, 3) for _, _, _, started_at in ends(play)[begun:]]
        yield state, (outcome, became, starts)


def stories() -> Iterator[list[Any]]:
    """Many stories of one kill, restart, freeze or cut."""
    for acts in range(0, 60, 4):
        for node in ("primary", "worker-1", "worker-2"):
            yield [Kill(at=acts, node=node)]
            yield [Kill(at=acts, node=node, back=LATE)]
            yield [Stop(at=acts, node=node)]
            yield [Cut(at=acts, node=node)]


def futures(outline: Outline) -> dict[int, list[Any]]:
    """All that ever followed from each signature."""
    found: dict[int, list[Any]] = defaultdict(list)
    for moves in stories():
        for state, outcome in borders(outline, moves):
            if outcome not in found[state]:
                found[state].append(outcome)
    return found


def test_plays_with_equal_signatures_have_equal_futures() -> None:
    found = futures(BACK)
    assert len(found) > 100
    assert all(len(outcomes) == 1 for outcomes in found.values())


def parts(brain: Any) -> list[Any]:
    """A brain and all of its parts that can hold state of their own."""
    found: list[Any] = [brain]
    for one in found:
        held = cast(dict[str, Any], vars(one)).values()
        parts = (each for each in held if hasattr(each, "__dict__") and not callable(each))
        found += [each for each in parts if each not in found]
    return found


@pytest.mark.parametrize("role", ["primary", "worker", "standby"])
def test_state_that_a_bug_keeps_anywhere_in_a_brain_is_in_the_signature(role: str) -> None:
    play = after(named("back/manual+backup"), 40)
    runner = getattr(play.site.node("primary"), role)
    brain = runner if role == "standby" else runner.brain
    plain, seen = signature(play), set[int]()
    for part in parts(brain):
        part.own_of_a_bug = {"some job": [play.site.now()]}
        seen.add(signature(play))
        del part.own_of_a_bug
        assert signature(play) == plain
    assert plain not in seen
    assert len(seen) == len(parts(brain))


def test_a_record_that_only_a_brain_has_is_in_the_signature() -> None:
    play = after(BACK, 40)
    plain, leader = signature(play), play.leader()
    assert leader is not None
    leader.records.all(Event).clear()
    assert signature(play) != plain


def test_a_signature_without_times_takes_plays_for_equal_that_go_on_differently(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def timeless(self: Any, value: Any) -> Any:
        instant = isinstance(value, float) and value > signing.INSTANT
        return "some time" if instant else original(self, value)

    original = signing.Signing.value
    monkeypatch.setattr(signing.Signing, "value", timeless)
    assert any(len(outcomes) > 1 for outcomes in futures(BACK).values())
