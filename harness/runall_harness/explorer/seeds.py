"""Stories drawn by lot, many moves long: what lies beyond the bounded worlds' ends.

A seed is the unit of a campaign. It tells some stories, always the same ones, and says what it
has seen, so that it makes no difference where it is searched, or how often. Within a seed the
search steers: what befalls a play is drawn more often the more pairs of it are still missing.
"""

import random
import time
from collections import Counter
from collections.abc import Collection, Iterable

import msgspec

from runall_harness.checks import Broken, Findings, examine
from runall_harness.mutants import by_name
from runall_harness.mutants.mutant import lying

from .coverage import Ear, Pair, Telling, transitions
from .moves import KINDS, AnyMove
from .search import Found
from .worlds import RELEASED, Outline, named, outlines, varied

# How many acts pass before a move, at the most: a move upon the last, soon after it, much later.
PATIENCE = (2, 12, 40, 120)
# What a move may last, and how long a node may stay away, in seconds: around each timeout.
LASTING = (0.5, 2.0, 4.5, 7.0, 11.0, 16.0, 24.0, 40.0)

# How much more often something befalls a node on which a job runs than any other.
BUSY = 4


def counts(broken: Iterable[Broken], clauses: Collection[str]) -> bool:
    """Whether anything is broken that was looked for: one of these clauses, or any without them."""
    return any(not clauses or one.clause in clauses for one in broken)


def node_of(move: AnyMove) -> str:
    """The node that a move befalls, or whose link; empty for what a user does."""
    return getattr(move, "node", "") or getattr(move, "worker", "")


class SeedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to search.

    `worlds` are names of bounded worlds, none meaning all; `kinds` those of `moves.KINDS`. `mutant`
    is the bug that is planted meanwhile, if any. One seed tells so many `stories`, each with up
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


class SeedResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a seed has seen: nothing but `seconds` differs when it is searched again.

    `pairs` are those of transition and fault that were taken, sorted. `exercised` counts what each
    check had to judge. `found` is the first story that breaks something, as it was told; the
    seed's search ends with it.
    """

    seed: int
    stories: int
    acts: int
    seconds: float
    pairs: tuple[Pair, ...]
    exercised: dict[str, int]
    found: Found | None


def search_seed(seed: int, plan: SeedPlan) -> SeedResult:
    """Tell the stories of a seed until one breaks something.

    Raises `KeyError` for a world or a kind that there is not, `NoSuchMutant` for a mutant.
    """
    began = time.monotonic()
    with lying(by_name(plan.mutant) if plan.mutant else None), Ear() as ear:
        teller = Teller(seed, plan, ear)
        found = next(filter(None, (teller.tell() for _ in range(plan.stories))), None)
    return SeedResult(
        seed=seed,
        stories=teller.stories,
        acts=teller.acts,
        seconds=time.monotonic() - began,
        pairs=tuple(sorted(ear.pairs)),
        exercised=dict(teller.exercised),
        found=found,
    )


class Teller:
    """Tells the stories of one seed, and remembers what they have come to."""

    def __init__(self, seed: int, plan: SeedPlan, ear: Ear) -> None:
        self.plan, self.ear = plan, ear
        self.worlds = plan.outlines()
        self.lot = random.Random(seed)  # noqa: S311 - stories are drawn, not secrets
        self.stories = self.acts = 0
        self.exercised: Counter[str] = Counter()

    def tell(self) -> Found | None:
        """Tell one story to its end, and judge it."""
        telling = Telling(self.lot.choice(self.worlds), self.ear)
        # The first story of a seed is a world as it is.
        for _ in range(self.lot.randint(1, self.plan.most_moves) if self.stories else 0):
            if not self.wait(telling):
                break
            telling.make(self.draw(telling))
        telling.end()
        self.stories += 1
        self.acts += telling.play.acts
        return self.judged(telling)

    def wait(self, telling: Telling) -> bool:
        """Let some acts pass; whether a move can still be made then."""
        for _ in range(self.lot.randint(0, self.lot.choice(PATIENCE))):
            if telling.play.over() or not telling.step():
                return False
        return telling.play.site.now() < telling.play.began + RELEASED

    def draw(self, telling: Telling) -> AnyMove:
        """Draw a move: first its kind, by how much of it has not been seen yet, then which."""
        moves = [move for kind in self.plan.kinds for move in KINDS[kind](telling.play)]
        faults = sorted({move.fault for move in moves})
        seen = Counter(fault for _, fault in self.ear.pairs)
        weights = [1 + len(transitions()) - seen[fault] for fault in faults]
        fault = self.lot.choices(faults, weights)[0]
        alike = [move for move in moves if move.fault == fault]
        busy = {node.name for node in telling.play.nodes() if node.processes}
        weights = [BUSY if busy & {node_of(move)} else 1 for move in alike]
        return self.varied(self.lot.choices(alike, weights)[0])

    def varied(self, move: AnyMove) -> AnyMove:
        """The same move, but of another length."""
        for name in ("lasting", "back"):
            if getattr(move, name, None) is not None:
                return msgspec.structs.replace(move, **{name: self.lot.choice(LASTING)})
        return move

    def judged(self, telling: Telling) -> Found | None:
        """What the checks say of a story."""
        findings: Findings = examine(telling.play.history.lines)
        self.exercised.update(findings.exercised)
        if not counts(findings.violations, self.plan.clauses):
            return None
        return Found(outline=telling.play.outline, moves=telling.moves, broken=findings.violations)
