"""The words that people read, in the language of RUNALL_LANGUAGE.

A text is written in English where it is said, and looked up here. What has no translation stays
English: a test finds it. Evidence is never translated: what a step expected and saw, names, ids and
logs are shown as they are. Programs always read English.
"""

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from .clauses import clause_text
from .errors import KitCannotRun
from .places import shipped
from .translation import ENGLISH, TABLE, Sentences, read_sentences

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


def say(text: str, *values: object, **named: object) -> str:
    """A text in the user's language, with these values where it has `{}`, or `{name}`."""
    return translated(text).format(*values, **named)


def say_clause(clause: str) -> str:
    """The sentence of a clause in the user's language. Raises `SpecError` if there is none."""
    return say_sentence(clause_text(clause))


def say_sentence(text: str) -> str:
    """The sentence of a clause in the user's language, where only the sentence is known."""
    return read_words(language()).clauses.get(text, text)


def feature_sentences() -> Sentences | None:
    """What the features say in the user's language; None where that is English."""
    if language() == ENGLISH:
        return None
    return read_sentences(FEATURES[language()]() / TABLE)


def say_feature(name: str) -> str:
    """What a feature file is about, in the user's language; in English its name says it."""
    path = FEATURES[language()]() / f"{name}.feature"
    if language() == ENGLISH or not path.is_file():
        return name.replace("_", " ")
    lines = path.read_text("utf-8").splitlines()
    return next(line.partition(": ")[2] for line in lines if line[:1] not in ("#", "@", ""))


def say_scenario(name: str) -> str:
    """The name of a scenario in the user's language."""
    table = feature_sentences()
    return table.scenarios.get(name, name) if table else name


def say_step(text: str) -> str:
    """A step, as a run has taken it, in the user's language."""
    table = feature_sentences()
    return table.step(text) if table else text


def say_example(example: Mapping[str, str]) -> list[str]:
    """The values of a row of examples in the user's language."""
    table = feature_sentences()
    values = table.values if table else {}
    return [values.get(column, {}).get(value, value) for column, value in example.items()]
