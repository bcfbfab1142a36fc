"""The words that people read, in the language of RUNALL_LANGUAGE.

A text is written in English where it is said, and looked up here. What has no translation stays
English: a test finds it. Evidence is never translated: what a step expected and saw, names, ids and
logs are shown as they are. Programs always read English.
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec

from .clauses import clause_text
from .errors import KitCannotRun
from .places import shipped
from .translation import ENGLISH, TABLE, read_sentences

# Where the features of each language are.
FEATURES: dict[str, Callable[[], Path]] = {
    ENGLISH: lambda: shipped("features", "features"),
    "zh-CN": lambda: shipped("features-zh-CN", "docs/zh-CN/features"),
}


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands for each English text: words, with `{}` for a value, and sentences of clauses."""

    words: dict[str, str] = {}
    clauses: dict[str, str] = {}


def language() -> str:
    """The language that a user asked for. Raises `KitCannotRun` if the kit doesn't speak it."""
    asked = os.environ.get("RUNALL_LANGUAGE") or ENGLISH
    if asked not in FEATURES:
        hint = f"unset it, or take one of {', '.join(FEATURES)}"
        raise KitCannotRun(f"RUNALL_LANGUAGE={asked} is no language of the kit", hint)
    return asked


@cache
def read_words(spoken: str) -> Words:
    """The table of that language."""
    if spoken == ENGLISH:
        return Words()
    path = Path(__file__).with_name(f"words-{spoken}.toml")
    return msgspec.toml.decode(path.read_bytes(), type=Words)


def translated(text: str) -> str:
    """A text in the user's language, with its `{}` still to be filled."""
    return read_words(language()).words.get(text, text)


def say(text: str, *values: object) -> str:
    """A text in the user's language, with these values where it has `{}`."""
    return translated(text).format(*values)


def say_clause(clause: str) -> str:
    """The sentence of a clause in the user's language. Raises `SpecError` if there is none."""
    text = clause_text(clause)
    return read_words(language()).clauses.get(text, text)


def say_scenario(name: str) -> str:
    """The name of a scenario in the user's language."""
    if language() == ENGLISH:
        return name
    return read_sentences(FEATURES[language()]() / TABLE).scenarios.get(name, name)
