"""A story: what the explorer found, told in numbered sentences, and kept in a file.

The file is a history like any other, so that whoever has it can judge it (`runall check`); one
line of it says how it came about, so that it can be told again (`runall replay`).
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec

from runall_harness.checks import Broken, examine
from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.history import AnyLine, BadHistory, Fault, Reproduction, load

from .moves import AnyMove, Kill, Stop
from .play import Play
from .search import Found
from .sentences import Sentence, happenings
from .shrink import Tale, tell
from .worlds import FAILS, FAILURES, RELEASED, WORKERS, Outline

# Faults that are so near to each other are one, in seconds.
BRIEFLY = 0.001


class NoStory(KitCannotRun):
    """A file cannot be told again: it is no history, or nobody wrote down how it came about."""


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What a story is made of: its world, its moves, and the bug that was planted, if any."""

    outline: Outline
    moves: tuple[AnyMove, ...] = ()
    mutant: str = ""

    def planted(self) -> AbstractContextManager[Any]:
        """Plant that bug, for a while. Raises `NoSuchMutant`."""
        if not self.mutant:
            return nullcontext()
        from runall_harness.mutants import by_name, planted

        return planted(by_name(self.mutant))

    def told(self, at: float) -> Reproduction:
        """The line of a history that holds it."""
        outline, moves = msgspec.to_builtins((self.outline, self.moves))
        return Reproduction(at=at, outline=outline, moves=tuple(moves), mutant=self.mutant)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A script that was played to its end. `began` is the second from which the story counts."""

    script: Script
    began: float
    instants: tuple[float, ...]
    lines: list[AnyLine]
    broken: tuple[Broken, ...]
    victim: str

    def sentences(self) -> list[Sentence]:
        """What happens, in its order; nothing that comes after the last line of the proof."""
        proof = max((line for each in self.broken for line in each.lines), default=len(self.lines))
        causes = [Sentence(0.0, beginning(self), 1), *base(self), *moved(self), RELEASE]
        happened = happenings(self.lines, self.began)
        until = max((s.at for s in happened if s.line <= proof), default=0.0)
        seen = [*causes, *(s for s in happened if s.line <= proof)]
        return sorted((s for s in seen if s.at <= until), key=lambda s: round(s.at, 3))

    def save(self, path: Path) -> None:
        """Write it as a history."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in self.lines))


RELEASE = Sentence(RELEASED, "from now on every job comes to its own end", 0)


def tell_story(script: Script) -> Story:
    """Play a script to its end, with its bug planted, and judge what came of it."""
    with script.planted():
        play, tale = tell(Tale(script.outline, script.moves))
    return story_of(play, tale, script.mutant)


def story_of(play: Play, tale: Tale, mutant: str) -> Story:
    """The story of a play that is over."""
    script = Script(outline=tale.outline, moves=tale.moves, mutant=mutant)
    meta, *rest = play.history.lines
    lines: list[AnyLine] = [meta, script.told(meta.at), *rest]
    return Story(
        script=script,
        began=play.began,
        instants=tale.instants,
        lines=lines,
        broken=examine(lines).violations,
        victim=play.victim,
    )


def script_of(found: Found, mutant: str = "") -> Script:
    """The script of something that was found."""
    return Script(outline=found.outline, moves=found.moves, mutant=mutant)


# ------------------------------------------------------------------ from a file
def read_script(path: Path) -> tuple[Script, list[AnyLine]]:
    """The script of a saved story, and its history. Raises `NoStory`."""
    try:
        lines = load(path)
    except (OSError, BadHistory) as error:
        raise NoStory(f"{path} cannot be read: {error}", "name a file that explore saved") from None
    told = next((line for line in lines if isinstance(line, Reproduction)), None)
    if told is None:
        raise NoStory(
            f"{path} does not say how it came about, so it cannot be told again",
            "judge it by `runall check`; only what `runall explore` saved has a story",
        )
    try:
        parts = {"outline": told.outline, "moves": told.moves, "mutant": told.mutant}
        return msgspec.convert(parts, Script), lines
    except msgspec.ValidationError as error:
        raise NoStory(
            f"{path} has a story that this kit does not understand: {error}",
            "replay it with the version of the kit that wrote it",
        ) from None


# ------------------------------------------------------------------ its causes
def beginning(story: Story) -> str:
    """Who is there, and what is started."""
    *others, last = [*story.script.outline.primaries, *WORKERS]
    who = "a person" if story.script.outline.trigger == "manual" else "the clock"
    fields = "".join(f", {name} {value}" for name, value in story.script.outline.event.items())
    lied = f", with the bug {story.script.mutant}" if story.script.mutant else ""
    policy = story.script.outline.policy
    by = f", by the policy {policy}" if policy != "reference" else ""
    return (
        f"{', '.join(others)} and {last} run{lied}{by}; {who} starts the event report{fields}, "
        f"and its job runs on {story.victim}"
    )


def base(story: Story) -> list[Sentence]:
    """The failure that this world is about, if it came to it."""
    failure = FAILURES.get(story.script.outline.fault)
    came = any(
        isinstance(line, Fault)
        and abs(line.at - story.began - FAILS) < BRIEFLY
        and line.proof.node == story.victim
        for line in story.lines
    )
    if failure is None or not came:
        return []
    verb, back = failure
    move = {"kill": Kill, "stop": Stop}[verb](at=0, node=story.victim, back=back)
    return [Sentence(FAILS, move.sentence(), 0, True)]


def moved(story: Story) -> list[Sentence]:
    """The moves, each when it was made."""
    pairs = zip(story.script.moves, story.instants, strict=True)
    return [Sentence(when, move.sentence(), 0, True) for move, when in pairs]
