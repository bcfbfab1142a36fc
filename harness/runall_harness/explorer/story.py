"""A story: what the explorer found, as numbered sentences, and kept in a file.

The file is a history like any other, which `runall check` can judge. One line of it says how it
came about, so that `runall replay` can play it again.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from runall_harness.checks import examine
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import BrokenClause
from runall_harness.evidence.history import AnyLine, BadHistory, Fault, History, Reproduction, load
from runall_harness.mutants import with_bug

from .moves import AnyMove, Cut, Kill, Pause, Stop
from .sentences import Narrator, Sentence
from .shrink import Candidate, play_candidate
from .worlds import FAILURES, RELEASED, WORKERS, Outline

# The failure of a world is made at its second, give or take the error of floating point.
BRIEFLY = 0.001
RELEASE = Sentence(RELEASED, "from now on every job comes to its own end", 0)


class NoStory(KitCannotRun):
    """A file can't be replayed: it is no history, or it does not say how it came about."""


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What a story is made of: its world, its moves, and the bug that was planted, if any."""

    outline: Outline
    moves: tuple[AnyMove, ...] = ()
    mutant: str = ""

    def line(self, at: float) -> Reproduction:
        outline, moves = msgspec.to_builtins((self.outline, self.moves))
        return Reproduction(at=at, outline=outline, moves=tuple(moves), mutant=self.mutant)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A script that was played to its end. `began` is the second from which the story counts.

    `instants` are the seconds of its moves from then on; `victim` is the server of its first job.
    """

    script: Script
    began: float
    instants: tuple[float, ...]
    lines: list[AnyLine]
    broken: tuple[BrokenClause[int], ...]
    victim: str

    def sentences(self) -> list[Sentence]:
        """What happens, in its order; nothing that comes after the last line of the proof."""
        proof = max((line for each in self.broken for line in each.lines), default=len(self.lines))
        happened = [s for s in Narrator(self.lines, self.began).sentences() if s.line <= proof]
        until = max((s.at for s in happened), default=0.0)
        causes = [Sentence(0.0, beginning(self), 1), *failure(self), *moves(self), RELEASE]
        seen = [s for s in (*causes, *happened) if s.at <= until]
        return sorted(seen, key=lambda s: round(s.at, 3))

    def save(self, path: Path) -> None:
        History(self.lines).save(path)


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A story that was played again: its history this time, and the second from which it counts.

    It has no lines if it could not be played on that rig; the notes say why.
    """

    script: Script
    rig: str
    story: Story | None = None
    lines: list[AnyLine] = []
    began: float = 0.0
    notes: Sequence[str] = ()


def play_script(script: Script) -> Story:
    """Play a script to its end, with its bug planted, and judge the history."""
    with with_bug(script.mutant):
        play, played = play_candidate(Candidate(script.outline, script.moves))
    script = Script(outline=played.outline, moves=played.moves, mutant=script.mutant)
    meta, *rest = play.history.lines
    lines: list[AnyLine] = [meta, script.line(meta.at), *rest]
    return Story(
        script=script,
        began=play.began,
        instants=played.instants,
        lines=lines,
        broken=examine(lines).violations,
        victim=play.victim,
    )


def read_script(path: Path) -> tuple[Script, list[AnyLine]]:
    """The script of a saved story, and its history. Raises `NoStory`."""
    try:
        lines = load(path)
    except (OSError, BadHistory) as error:
        raise NoStory(f"{path} cannot be read: {error}", "name a file that explore saved") from None
    line = next((line for line in lines if isinstance(line, Reproduction)), None)
    if line is None:
        raise NoStory(
            f"{path} does not say how it came about, so it can't be replayed",
            "judge it by `runall check`; only what `runall explore` saved has a story",
        )
    try:
        return msgspec.convert(line, Script, from_attributes=True), lines
    except msgspec.ValidationError as error:
        raise NoStory(
            f"{path} has a story that this kit does not understand: {error}",
            "replay it with the version of the kit that wrote it",
        ) from None


def beginning(story: Story) -> str:
    script, outline = story.script, story.script.outline
    *others, last = [*outline.primaries, *WORKERS]
    who = "a person" if outline.trigger == "manual" else "the clock"
    fields = "".join(f", {name} {value}" for name, value in outline.event.items())
    bug = f", with the bug {script.mutant}" if script.mutant else ""
    by = f", by the policy {outline.policy}" if outline.policy != "reference" else ""
    return (
        f"{', '.join(others)} and {last} run{bug}{by}; {who} starts the event report{fields}, "
        f"and its job runs on {story.victim}"
    )


def failure(story: Story) -> list[Sentence]:
    """The failures that this world is named after, as far as it came to them."""
    found: list[Sentence] = []
    for after, verb, how, server in FAILURES.get(story.script.outline.fault, ()):
        node = server or story.victim
        if any(
            isinstance(line, Fault)
            and abs(line.at - story.began - after) < BRIEFLY
            and line.proof.node == node
            for line in story.lines
        ):
            found.append(Sentence(after, sentence(verb, node, how), 0, True))
    return found


def sentence(verb: str, node: str, how: float | None) -> str:
    if verb in ("pause", "cut"):
        return {"pause": Pause, "cut": Cut}[verb](at=0, node=node, lasting=how or 0.0).sentence()
    return {"kill": Kill, "stop": Stop}[verb](at=0, node=node, back=how).sentence()


def moves(story: Story) -> list[Sentence]:
    pairs = zip(story.script.moves, story.instants, strict=True)
    return [Sentence(when, move.sentence(), 0, True) for move, when in pairs]
