"""Stories that are bred: Hypothesis's stateful machine plays, aims at what is new, and shrinks.

A seed draws its stories one by one. Here Hypothesis tells them: it prefers stories that take more
pairs of transition and fault than any before, and what it finds it makes shorter itself. Then it
is made plain as everything else is, for Hypothesis knows numbers and not moves. Nothing is kept on
disk. A seed gives the same search again in the same program; what else is loaded may change it,
for Hypothesis draws on the numbers that it finds there.
"""

from collections.abc import Callable
from typing import Any

import msgspec

try:
    from hypothesis import HealthCheck, Phase, Verbosity, settings, target
    from hypothesis import seed as seeded
    from hypothesis import strategies as st
    from hypothesis.stateful import (
        RuleBasedStateMachine,
        initialize,
        precondition,
        rule,
        run_state_machine_as_test,
    )
except ModuleNotFoundError as missing:
    from runall_harness.contract.errors import KitCannotRun

    hint = "install the extra: pip install 'runall-kit[breeding]'"
    raise KitCannotRun("Hypothesis, which breeds stories, is not installed", hint) from missing

from runall_harness.checks import examine
from runall_harness.mutants import by_name
from runall_harness.mutants.mutant import lying

from .coverage import Ear, Pair, Telling
from .moves import KINDS
from .search import Found
from .seeds import SeedPlan, counts
from .shrink import shrink
from .worlds import RELEASED, Outline

# How many acts may pass at once.
ACTS = 120


class Bred(msgspec.Struct, frozen=True, kw_only=True):
    """What a search by Hypothesis has seen: how many stories, which pairs, and what breaks."""

    stories: int
    pairs: tuple[Pair, ...]
    found: Found | None


class Broke(Exception):
    """A story breaks something: Hypothesis shrinks what raises this."""

    def __init__(self, found: Found) -> None:
        super().__init__(f"{found.broken[0].check}: {found.broken[0].clause}")
        self.found = found


class Search:
    """What all stories of one search share: the plan, the ear, and what was taken so far."""

    def __init__(self, plan: SeedPlan, ear: Ear) -> None:
        self.plan, self.ear, self.worlds = plan, ear, plan.outlines()
        self.stories, self.pairs = 0, set[Pair]()

    def judge(self, telling: Telling) -> None:
        """Take in a story that was told to its end. Raises `Broke`."""
        target(float(len(self.ear.pairs - self.pairs)), label="new pairs of transition and fault")
        self.stories += 1
        self.pairs |= self.ear.pairs
        broken = examine(telling.play.history.lines).violations
        if counts(broken, self.plan.clauses):
            raise Broke(Found(outline=telling.play.outline, moves=telling.moves, broken=broken))


def search(plan: SeedPlan, seed: int, examples: int) -> Bred:
    """Breed so many stories, and shrink the first one that breaks something.

    Raises `KeyError` for a world or a kind that there is not, `NoSuchMutant` for a mutant.
    """
    found: Found | None = None
    with lying(by_name(plan.mutant) if plan.mutant else None), Ear() as ear:
        shared = Search(plan, ear)
        try:
            run_state_machine_as_test(
                seeded(seed)(machine(shared)), settings=effort(plan, examples)
            )
        except Broke as broke:
            found = shrink(broke.found)
    return Bred(stories=shared.stories, pairs=tuple(sorted(shared.pairs)), found=found)


def effort(plan: SeedPlan, examples: int) -> settings:
    """How Hypothesis goes about it: no time limits, nothing on disk, nothing printed."""
    return settings(
        max_examples=examples,
        stateful_step_count=2 * plan.most_moves + 1,
        deadline=None,
        database=None,
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.target, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )


def machine(shared: Search) -> type[RuleBasedStateMachine]:
    """The machine of one search: its rules are to let acts pass, and each kind of move."""

    class Teller(RuleBasedStateMachine):
        telling: Telling | None = None

        @initialize(outline=st.sampled_from(shared.worlds))
        def begin(self, outline: Outline) -> None:
            shared.ear.pairs = set()
            self.telling = Telling(outline, shared.ear)

        @rule(acts=st.integers(1, ACTS))
        def wait(self, acts: int) -> None:
            assert self.telling is not None
            for _ in range(acts):
                if not (goes_on(self) and self.telling.step()):
                    return

        def teardown(self) -> None:
            if self.telling is not None:
                self.telling.end()
                shared.judge(self.telling)

    for kind in shared.plan.kinds:
        setattr(Teller, kind, making(kind, shared.plan.most_moves))
    return Teller


def goes_on(machine: Any) -> bool:
    """Whether a move can still be made."""
    play = machine.telling.play
    return not play.over() and play.site.now() < play.began + RELEASED


def making(kind: str, most: int) -> Callable[..., None]:
    """The rule that makes a move of that kind, if one can be made."""

    def make(self: Any, data: st.DataObject) -> None:
        moves = KINDS[kind](self.telling.play) if goes_on(self) else []
        if moves:
            self.telling.make(data.draw(st.sampled_from(moves)))

    def may(self: Any) -> bool:
        return len(self.telling.moves) < most

    make.__name__ = kind
    return precondition(may)(rule(data=st.data())(make))
