"""Plays that tests make: a world with given moves, played to its end."""

from collections.abc import Iterable

from runall_harness.explorer.coverage import Pair, RecordedPlay, TransitionRecorder
from runall_harness.explorer.moves import AnyMove
from runall_harness.explorer.play import Play
from runall_harness.explorer.worlds import Outline


def play_moves(outline: Outline, moves: Iterable[AnyMove]) -> Play:
    """Play a world to its end, with these moves."""
    play = Play(outline)
    for move in moves:
        play.reach(move.at)
        move.make(play)
    play.end()
    return play


def pairs_of(outline: Outline, moves: Iterable[AnyMove]) -> set[Pair]:
    """The pairs of transition and fault that a world takes with these moves."""
    with TransitionRecorder() as recorder:
        recorded = RecordedPlay(outline, recorder)
        for move in moves:
            while recorded.play.acts < move.at and recorded.step():
                pass
            recorded.make(move)
        recorded.end()
    return recorder.pairs
