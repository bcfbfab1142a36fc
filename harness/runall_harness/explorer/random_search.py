"""The random search: stories of several moves, drawn by seeds, beyond the bounds of the worlds.

A seed plays some stories, always the same ones: it makes no difference where a seed is searched, or
how often. Within a seed the search steers: a kind of fault is drawn more often the more of its
pairs with a transition have not been seen.
"""

import random
from collections import Counter
from collections.abc import Iterable

import msgspec

from runall_harness.checks import examine
from runall_harness.contract.verdicts import BrokenClause
from runall_harness.mutants import with_bug

from .coverage import ROWS, Pair, RecordedPlay, TransitionRecorder
from .moves import KINDS, AnyMove
from .play import Play
from .search import Found
from .worlds import RELEASED, Outline, named, outlines, varied

# At most how many acts pass before a move: it comes at once, soon, or much later.
PATIENCE = (2, 12, 40, 120)
# What a move may last, and how long a node may stay away, in seconds: around each timeout.
LASTING = (0.5, 2.0, 4.5, 7.0, 11.0, 16.0, 24.0, 40.0)
# How many times as often a node that runs a job is hit by a fault.
BUSY = 4


class SeedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What one seed searches.

    `worlds` are names of bounded worlds, none meaning all; `kinds` those of `moves.KINDS`. `mutant`
    is the bug that is planted meanwhile, if any. One seed plays so many `stories`, each with up
    to `most_moves` moves, until one breaks something: one of these `clauses`, if any are named.
    """

    worlds: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("crash", "nemesis", "orders")
    policy: str = "reference"
    mutant: str = ""
    stories: int = 20
    most_moves: int = 6
    clauses: tuple[str, ...] = ()

    def outlines(self) -> list[Outline]:
        """The worlds to search. Raises `KeyError` for a name that there is not."""
        chosen = [named(name, self.policy) for name in self.worlds]
        return chosen or [*outlines(self.policy), *varied(self.policy)]

    def wants(self, broken: Iterable[BrokenClause[int]]) -> bool:
        """Whether one of the named clauses is broken, or any if none are named."""
        return any(not self.clauses or each.clause in self.clauses for each in broken)


class SeedResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a seed, the same each time that it is searched.

    `pairs` are those of transition and fault that were taken, sorted. `exercised` counts what each
    check had to judge. `found` is the first story that breaks something, as it was played; the
    search of the seed ends with it.
    """

    seed: int
    stories: int
    acts: int
    pairs: tuple[Pair, ...]
    exercised: dict[str, int]
    found: Found | None


def search_seed(seed: int, plan: SeedPlan) -> SeedResult:
    """Play the stories of a seed until one breaks something.

    Raises `KeyError` for a world or a kind that there is not, `NoSuchMutant` for a mutant.
    """
    with with_bug(plan.mutant), TransitionRecorder() as recorder:
        search = RandomSearch(seed, plan, recorder)
        found = next(filter(None, (search.play() for _ in range(plan.stories))), None)
    return SeedResult(
        seed=seed,
        stories=search.stories,
        acts=search.acts,
        pairs=tuple(sorted(recorder.pairs)),
        exercised=dict(search.exercised),
        found=found,
    )


class RandomSearch:
    """Plays the stories of one seed, and remembers which pairs they have taken."""

    def __init__(self, seed: int, plan: SeedPlan, recorder: TransitionRecorder) -> None:
        self.seed, self.plan, self.recorder = seed, plan, recorder
        self.worlds = plan.outlines()
        self.random = random.Random(seed)  # noqa: S311 - stories are drawn, not secrets
        self.stories = self.acts = 0
        self.exercised: Counter[str] = Counter()

    def play(self) -> Found | None:
        recorded = RecordedPlay(self.random.choice(self.worlds), self.recorder)
        # The first story of a seed is a world as it is.
        for _ in range(self.random.randint(1, self.plan.most_moves) if self.stories else 0):
            if not self.wait(recorded):
                break
            recorded.make(self.draw(recorded))
        recorded.end()
        self.stories += 1
        self.acts += recorded.play.acts
        return self.judge(recorded.play, recorded.moves)

    def wait(self, recorded: RecordedPlay) -> bool:
        """Let some acts pass; whether a move can still be made then."""
        for _ in range(self.random.randint(0, self.random.choice(PATIENCE))):
            if recorded.play.over() or not recorded.step():
                return False
        return recorded.play.site.now() < recorded.play.began + RELEASED

    def draw(self, recorded: RecordedPlay) -> AnyMove:
        """Draw a move: first its kind, by how many of its pairs are unseen, then the move."""
        moves = [move for kind in self.plan.kinds for move in KINDS[kind](recorded.play)]
        faults = sorted({move.fault for move in moves})
        seen = Counter(fault for _, fault in self.recorder.pairs)
        weights = [1 + len(ROWS) - seen[fault] for fault in faults]
        fault = self.random.choices(faults, weights)[0]
        alike = [move for move in moves if move.fault == fault]
        busy = {node.name for node in recorded.play.nodes() if node.processes}
        weights = [BUSY if busy & {node_of(move)} else 1 for move in alike]
        return self.vary(self.random.choices(alike, weights)[0])

    def vary(self, move: AnyMove) -> AnyMove:
        for name in ("lasting", "back"):
            if getattr(move, name, None) is not None:
                return msgspec.structs.replace(move, **{name: self.random.choice(LASTING)})
        return move

    def judge(self, play: Play, moves: tuple[AnyMove, ...]) -> Found | None:
        findings = examine(play.history.lines)
        self.exercised.update(findings.exercised)
        if not self.plan.wants(findings.violations):
            return None
        return Found(outline=play.outline, moves=moves, broken=findings.violations, seed=self.seed)


def node_of(move: AnyMove) -> str:
    """The node of a move, or of its link; empty for an order of a user."""
    return getattr(move, "node", "") or getattr(move, "worker", "")
