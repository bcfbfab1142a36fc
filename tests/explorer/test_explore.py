"""The explorer's findings: shrunk to their shortest story, put into sentences, kept in a file."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace
from rich.console import Console
from runall_harness.checks import examine
from runall_harness.evidence.history import load, schema
from runall_harness.explorer.exploration import Exploration, Explored, search_world
from runall_harness.explorer.moves import KINDS, AnyMove, Crash, Cut, Kill, Pause, crashes
from runall_harness.explorer.moves import Order as Ask
from runall_harness.explorer.play import Play
from runall_harness.explorer.printing import print_story
from runall_harness.explorer.real_replay import SPEED
from runall_harness.explorer.search import Found, Search
from runall_harness.explorer.shrink import shrink
from runall_harness.explorer.story import NoStory, Script, Story, play_script, read_script
from runall_harness.explorer.violations import Key, Violations, keys
from runall_harness.explorer.worlds import (
    FAULTS,
    HORIZON,
    LATE,
    RELEASED,
    UNDER_NEMESIS,
    Outline,
    named,
)
from runall_harness.mutants import by_name, planted
from support.places import DOCS
from support.plays import play_moves


def found(world: str, *moves: AnyMove) -> Found:
    """What breaks when these moves are made; the bug is planted."""
    broken = examine(play_moves(named(world), moves).history.lines).violations
    assert broken, "this story breaks nothing"
    return Found(outline=named(world), moves=moves, broken=broken)


def breaking(clause: str, story: Found) -> Key:
    """The check that finds that clause broken in it, and the clause."""
    return next(key for key in keys(story) if key[1] == clause)


def first_crash(world: str, node: str) -> Crash:
    """The first point in a world at which that node can crash after a commit; it is back late."""
    play = Play(named(world))
    while True:
        for move in crashes(play):
            assert isinstance(move, Crash)
            if (move.node, move.where, move.back) == (node, "after", LATE):
                return move
        assert play.step(), f"{node} never commits anything"


def words(story: Story) -> str:
    """A story as a log shows it."""
    out = StringIO()
    print_story(Console(file=out, width=160), story)
    return out.getvalue()


@pytest.fixture
def two_live() -> Iterator[None]:
    with planted(by_name("two_live")):
        yield


# ------------------------------------------------------------------ shrinking
@pytest.mark.usefixtures("two_live")
def test_what_does_not_matter_is_left_out_of_a_story() -> None:
    long = found(
        "quiet/scheduled",
        Ask(at=1, what="edits the event"),
        Kill(at=4, node="worker-2", back=1.0),
        Cut(at=26, node="primary", lasting=31.5),
        Pause(at=45, node="worker-2"),
        Ask(at=59, what="turns Run All off"),
    )
    short = shrink(long, breaking("RA-7.1", long))
    assert len(short.moves) == 1
    assert "RA-7.1" in short.clauses
    assert short.outline == named("quiet/manual")


@pytest.mark.usefixtures("two_live")
def test_the_same_finding_always_has_the_same_shortest_story() -> None:
    long = found(
        "quiet/manual", Ask(at=1, what="edits the event"), Cut(at=15, node="primary", lasting=24.0)
    )
    assert shrink(long) == shrink(long)


@pytest.mark.usefixtures("two_live")
def test_a_story_that_is_the_shortest_stays_as_it_is() -> None:
    short = shrink(found("quiet/manual", Cut(at=15, node="primary", lasting=24.0)))
    again = shrink(short)
    assert (again.outline, again.moves) == (short.outline, short.moves)


def test_a_world_that_breaks_by_itself_needs_no_move() -> None:
    with planted(by_name("schedule_only")):
        crash = Crash(at=0, node="primary", brain="primary", where="before", back=24.0)
        long = found("lost/manual", crash)
        assert shrink(long, breaking("RA-1.1", long)).moves == ()


def test_a_crash_inside_a_step_becomes_a_plain_kill_where_that_does_as_well() -> None:
    with planted(by_name("finalizes_twice")):
        long = found("quiet/manual", first_crash("quiet/manual", "worker-1"))
        short = shrink(long, breaking("RA-3.1", long))
    assert [type(move) for move in short.moves] == [Kill]


@pytest.mark.usefixtures("two_live")
def test_shrinking_ends_when_its_effort_is_spent() -> None:
    cut = Cut(at=15, node="primary", lasting=24.0)
    assert shrink(found("quiet/manual", cut), effort=1).moves == (cut,)


# ------------------------------------------------------------------ sentences
def test_a_story_is_put_into_numbered_sentences_with_their_seconds_and_the_clause() -> None:
    text = words(play_script(Script(outline=named("lost/manual"), mutant="schedule_only")))
    for line in (
        "1.    0.0 s  primary, worker-1 and worker-2 run, with the bug schedule_only; a person",
        "2.    3.0 s  worker-1 is killed, and stays away",
        "3.   17.0 s  j1 is given up as interrupted",
        "RA-1.1 A manual job that was interrupted MUST be run again.",
        "seen      nothing followed on its interruption",
    ):
        assert line in text


def test_the_chart_has_a_row_for_each_server_and_each_execution() -> None:
    text = words(play_script(Script(outline=named("lost/manual+backup"))))
    rows = {line.split()[0] for line in text.splitlines() if line.strip()}
    assert {"primary", "backup", "worker-1", "worker-2", "j1", "j1.2"} <= rows


def test_a_move_has_its_sentence_at_the_second_at_which_it_is_made() -> None:
    move = Cut(at=22, node="primary", lasting=2.0)
    story = play_script(Script(outline=named("quiet/manual"), moves=(move,)))
    sentences = [(round(s.at, 3), s.text) for s in story.sentences() if s.move]
    assert sentences == [(round(story.instants[0], 3), "primary is cut off for 2 s")]
    assert "primary can be reached again" in words(story)


# ------------------------------------------------------------------ keeping
def test_a_saved_story_is_a_history_that_breaks_the_same_clauses(tmp_path: Path) -> None:
    story = play_script(Script(outline=named("lost/manual"), mutant="schedule_only"))
    path = tmp_path / "new" / "story.jsonl"
    story.save(path)
    assert examine(load(path)).violations == story.broken


def test_each_line_of_a_saved_story_is_valid(tmp_path: Path) -> None:
    move = Cut(at=22, node="primary", lasting=2.0)
    play_script(Script(outline=named("lost/scheduled+backup"), moves=(move,))).save(tmp_path / "s")
    lines = [json.loads(line) for line in (tmp_path / "s").read_text().splitlines()]
    assert [line["kind"] for line in lines[:2]] == ["meta", "story"]
    for line in lines:
        jsonschema.validate(line, schema())


def test_a_saved_story_is_read_as_it_was_written(tmp_path: Path) -> None:
    moves = (
        Crash(at=3, node="primary", brain="primary", where="between", act=1, back=None),
        Ask(at=10, what="aborts the job"),
    )
    script = Script(outline=named("crash/scheduled+backup"), moves=moves, mutant="one_try")
    path = tmp_path / "story.jsonl"
    play_script(script).save(path)
    assert read_script(path)[0].outline == script.outline
    assert [move.sentence() for move in read_script(path)[0].moves] == [m.sentence() for m in moves]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not say how it came about"),
        ('{"kind":"end","at":1}\n', "does not say how it came about"),
        ("nonsense\n", "line 1"),
        ('{"kind":"story","at":1,"outline":{"fault":7}}\n', "does not understand"),
        ('{"kind":"story","at":1,"outline":{},"moves":[{"move":"dance","at":1}]}\n', "dance"),
    ],
)
def test_a_file_that_is_no_story_is_refused_with_the_reason(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text(text)
    with pytest.raises(NoStory, match=why):
        read_script(path)


# ------------------------------------------------------------------ the page
def test_the_page_names_every_failure_every_kind_of_move_and_the_speed() -> None:
    page = (DOCS / "explorer.md").read_text("utf-8")
    for name in [*FAULTS, "quiet"]:
        assert f"| `{name}/…` |" in page
    for kind in KINDS:
        assert f"| `{kind}` |" in page
    assert f"divided by {SPEED:g}," in page
    assert f"At second {RELEASED:g} every job" in page
    assert f"or at second {HORIZON:g}." in page


# ------------------------------------------------------------------ exploring
def explored(world: str, mutant: str = "", *, merge: bool = True) -> Explored:
    """One world, searched in this process for every crash."""
    outline = named(world)
    exploration = Exploration(outlines=(outline,), merge=merge, mutant=mutant)
    return search_world(exploration, lambda _: None, outline)


@pytest.mark.parametrize("mutant", ["", "schedule_only", "limbo_not_counted"])
def test_merged_and_unmerged_searches_find_the_same_clauses(mutant: str) -> None:
    merged, unmerged = (explored("back/manual", mutant, merge=merge) for merge in (True, False))
    assert set(merged.violations.found) == set(unmerged.violations.found)
    assert bool(merged.violations.found) == bool(mutant)
    assert merged.counts.merged > 0
    assert unmerged.counts.merged == 0


# Bugs that only an order of events shows, with a world and a kind of move that show them soon.
ORDERS_OF_EVENTS = (
    ("cursor_is_a_step_behind", "lost/scheduled", "crash"),
    ("recovery_is_a_step_behind", "lost/manual", "crash"),
    ("orders_once", "lost/manual", "crash"),
)


@pytest.mark.parametrize(("mutant", "world", "kind"), ORDERS_OF_EVENTS)
def test_a_bug_that_only_an_order_of_events_shows_is_found_by_its_own_clause(
    mutant: str, world: str, kind: str
) -> None:
    with planted(by_name(mutant)) as bug:
        assert not bug.clauses & clauses_of(Search(named(world), ()))
        assert bug.clauses & clauses_of(Search(named(world), (kind,)))


def clauses_of(search: Search) -> set[str]:
    return {clause for finding in search.run() for clause in finding.clauses}


def test_the_nemesis_is_in_a_few_worlds_unless_it_is_asked_for() -> None:
    worlds = [named("quiet/manual"), named("lost/manual")]
    usual = Exploration(outlines=(), kinds=tuple(KINDS), everywhere=False)
    assert [usual.kinds_in(world) for world in worlds] == [
        ("crash", "nemesis", "orders"),
        ("crash", "orders"),
    ]
    everywhere = replace(usual, everywhere=True)
    assert {everywhere.kinds_in(world) for world in worlds} == {tuple(KINDS)}


def test_the_worlds_of_the_nemesis_are_there() -> None:
    assert {named(name).name for name in UNDER_NEMESIS} == UNDER_NEMESIS


def test_findings_of_several_worlds_are_kept_by_the_fewest_moves() -> None:
    one, two = (
        Found(outline=Outline(), moves=moves, broken=())
        for moves in ((), (Kill(at=1, node="primary"),))
    )
    total = Explored()
    for each in (two, one, two):
        total.add(Explored(violations=Violations(found={("check", "RA-1.1"): each})))
    assert total.violations.found == {("check", "RA-1.1"): one}


def test_clauses_that_break_in_one_story_share_it() -> None:
    with planted(by_name("schedule_only")):
        finding = found("lost/manual", Ask(at=1, what="edits the event"))
    violations = Violations()
    assert len(violations.note(finding)) > 1
    assert [story.script.moves for story in violations.stories("schedule_only")] == [()]
