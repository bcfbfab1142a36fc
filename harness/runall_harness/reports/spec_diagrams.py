"""The generated part of SPEC.md: a diagram and a table for each of the three state machines.

Diagrams by hand become wrong in time. So both are made from the machines that the brains run, and a
test fails if the page differs. Only this module needs the drawing part of the library, so no daemon
loads it.
"""

from inspect import cleandoc
from pathlib import Path
from typing import Any

from runall_reference.brain.machines import JOB, LINK, ROLE, Life, Token
from transitions.extensions import GraphMachine

from .generated_section import END, GeneratedPart, table, write_anew

BEGIN = "<!-- generated from brain/machines.py by `runall spec --write-diagrams` -->"
PART = GeneratedPart("SPEC.md", BEGIN, "diagrams")
MACHINES = {"The life of a job": JOB, "The role of a primary": ROLE, "The link to a worker": LINK}
CONDITIONS = ("reached", "good", "aborted", "overdue")
INTRODUCTION = """\
One machine serves all jobs, one all primaries, one all links. Where a trigger has several rows
for one state, the first row whose conditions hold is taken; a trigger without a row in a state
is an error of the program. The conditions are facts of the moment:"""
PLAIN = {"fillcolor": "white", "color": "black"}


class Drawn(Token):
    """A token to which the drawing library may add attributes."""


def draw(life: Life) -> str:
    drawing: Any = GraphMachine(
        model=Drawn(life.initial, frozenset()),
        states=list(life.states),
        initial=life.initial,
        auto_transitions=False,
        show_conditions=True,
        graph_engine="mermaid",
        title=f"title: {life.name}",
    )
    for rule, source in life.rows():
        drawing.add_transition(rule.trigger, source, rule.dest, list(rule.given))
    # No machine runs here, so the library must not highlight a present state.
    drawing.style_attributes = {"node": {"default": PLAIN, "active": PLAIN}}
    text: str = drawing.get_combined_graph().draw(None)
    return "\n".join(line.rstrip() for line in text.splitlines())


def tabulate(life: Life) -> str:
    """A line for each transition, in the order in which they are tried."""
    rows = [(r.trigger, source, r.dest, " and ".join(r.given)) for r, source in life.rows()]
    return table(("trigger", "from", "to", "given"), rows)


def condition(name: str) -> str:
    """A line about a condition, with the words of its docstring."""
    words = cleandoc(getattr(Token, name).__doc__ or "").rstrip(".")
    return f"- *{name}*: {words[0].lower()}{words[1:]}."


def generated() -> str:
    parts = [BEGIN, "\n".join([INTRODUCTION, "", *map(condition, CONDITIONS)])]
    for title, life in MACHINES.items():
        parts += [f"### {title}", f"```mermaid\n{draw(life)}\n```", tabulate(life)]
    return "\n\n".join([*parts, END])


def renewed(page: str) -> str:
    return PART.renewed(page, generated())


def write_diagrams(path: Path) -> bool:
    return write_anew(path, renewed(path.read_text("utf-8")))
