"""The three state machines: a job's life, a primary's role, the link to a worker.

One `transitions` Machine serves every job: what moves through it is a small token that carries
a state and the facts that the conditions ask for. `fire` is a pure function of state, trigger
and facts, so it is memoised and costs next to nothing; the machine stays the only place where
the rules are written, and the diagrams in SPEC.md are drawn from it.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from transitions import Machine, MachineError


class Token:
    """What moves through a machine: a state, and the facts that hold at this moment."""

    __slots__ = ("facts", "state")

    def __init__(self, state: str, facts: frozenset[str]) -> None:
        self.state = state
        self.facts = facts

    # The conditions. Each is one fact that the caller states by naming it in `fire`.
    def aborted(self, *_: Any) -> bool:
        """A user wants this lineage to end."""
        return "aborted" in self.facts

    def overdue(self, *_: Any) -> bool:
        """The job was stopped because it was over its time limit."""
        return "overdue" in self.facts

    def reached(self, *_: Any) -> bool:
        """The process ended by itself: nobody made it stop."""
        return "reached" in self.facts

    def good(self, *_: Any) -> bool:
        """The exit status says success."""
        return "good" in self.facts


class Rule(NamedTuple):
    """One row of a machine's table. `given` names conditions of `Token`, all of which must hold."""

    trigger: str
    source: str | tuple[str, ...]
    dest: str
    given: tuple[str, ...] = ()


class Life:
    """A state machine with a name, made of the rows of a table."""

    def __init__(self, name: str, states: Iterable[str], initial: str, rules: Iterable[Rule]):
        self.name, self.initial = name, initial
        self.states, self.rules = tuple(states), tuple(rules)
        self.machine = Machine(
            model=None, states=list(self.states), initial=initial, auto_transitions=False
        )
        for rule, source in self.rows():
            self.machine.add_transition(rule.trigger, source, rule.dest, list(rule.given))
        self.fire = lru_cache(maxsize=None)(self._fire)

    def rows(self) -> Iterator[tuple[Rule, str]]:
        """Each transition: its rule, and the one state that it starts from."""
        for rule in self.rules:
            for source in (rule.source,) if isinstance(rule.source, str) else rule.source:
                yield rule, source

    def _fire(self, state: str, trigger: str, *facts: str) -> str:
        """The state after `trigger`. Raises `MachineError` when the table has no such row."""
        token = Token(state, frozenset(facts))
        if not self.machine.events[trigger].trigger(token):
            raise MachineError(f"{self.name}: no row for {trigger!r} in {state!r} given {facts}")
        return token.state


ACTIVE = ("starting", "running", "stopping")
LIVE = ("waiting", *ACTIVE)
FINAL = ("succeeded", "failed", "timed_out", "aborted", "interrupted")

JOB = Life(
    "job",
    (*LIVE, *FINAL),
    "waiting",
    (
        Rule("place", "waiting", "starting"),
        Rule("begin", "starting", "running"),
        Rule("stop", ACTIVE, "stopping"),
        Rule("cancel", "waiting", "aborted"),
        # A job that ended by itself keeps its result, whatever was ordered or happened meanwhile.
        Rule("end", ACTIVE, "succeeded", given=("reached", "good")),
        Rule("end", ACTIVE, "failed", given=("reached",)),
        # A process that was stopped: a user's abort outranks the time limit.
        Rule("end", "stopping", "aborted", given=("aborted",)),
        Rule("end", "stopping", "timed_out", given=("overdue",)),
        # A process whose end nobody asked for: its server took it down.
        Rule("end", ("starting", "running"), "interrupted"),
    ),
)

ROLE = Life(
    "role",
    ("standby", "primary", "draining", "retired"),
    "standby",
    (
        Rule("lead", "standby", "primary"),
        Rule("drain", "primary", "draining"),
        Rule("retire", "draining", "retired"),
    ),
)

LINK = Life(
    "link",
    ("lost", "suspect", "online", "draining"),
    "lost",
    (
        Rule("beat", ("lost", "suspect", "online"), "online"),
        Rule("last_beats", ("lost", "suspect", "online", "draining"), "draining"),
        # The worker has started again while its last start was still draining.
        Rule("beat", "draining", "online"),
        Rule("miss", ("online", "draining"), "suspect"),
        Rule("give_up", "suspect", "lost"),
    ),
)
