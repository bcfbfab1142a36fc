"""Feature files in another language, which are read as the English ones that they translate.

A folder of translated features has a table, `sentences.toml`: each English sentence and what stands
for it. A sentence of a translated file becomes its English one as soon as the file is parsed. So
there is one set of step functions, and a case has the same id in each language. A sentence that the
table doesn't have, or has twice, is an error.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import msgspec

from .errors import KitCannotRun

TABLE = "sentences.toml"
ENGLISH = "en"
PLACEHOLDER = re.compile(r"<([^<>]+)>")


class Sentences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands for each sentence of the features in the other language.

    `values` are the cells of the examples, by the column in which they stand: one word may mean two
    things in two columns.
    """

    features: dict[str, str]
    descriptions: dict[str, str]
    scenarios: dict[str, str]
    steps: dict[str, str]
    columns: dict[str, str]
    values: dict[str, dict[str, str]]

    def inverted(self, path: Path) -> "Sentences":
        """The way back to English. Raises `KitCannotRun` if two sentences have one translation."""
        return Sentences(
            features=flipped(self.features, path),
            descriptions=flipped(self.descriptions, path),
            scenarios=flipped(self.scenarios, path),
            steps=flipped(self.steps, path),
            columns=flipped(self.columns, path),
            values={
                self.columns[column]: flipped(values, path)
                for column, values in self.values.items()
            },
        )

    def step(self, text: str) -> str:
        """A step with the values of its example in it; one that is unknown stays as it is."""
        if text in self.steps:
            return self.steps[text]
        for pattern in filter(PLACEHOLDER.search, self.steps):
            if found := re.fullmatch(self.expression(pattern), text):
                return PLACEHOLDER.sub(self.filler(found.groupdict()), self.steps[pattern])
        return text

    def expression(self, pattern: str) -> str:
        """What matches the steps of a pattern: a column has the values that its table knows."""

        def cells(column: str) -> str:
            return "|".join(map(re.escape, self.values.get(column, {}))) or ".+"

        parts = PLACEHOLDER.split(pattern)
        columns = [f"(?P<{column}>{cells(column)})" for column in parts[1::2]]
        fixed = map(re.escape, parts[::2])
        return "".join(chain.from_iterable(zip_longest(fixed, columns, fillvalue="")))

    def filler(self, found: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
        values = {
            self.columns[column]: self.values.get(column, {}).get(value, value)
            for column, value in found.items()
        }
        return lambda place: values[place[1]]


def flipped(table: dict[str, str], path: Path) -> dict[str, str]:
    back: dict[str, str] = {}
    for english, other in table.items():
        if other in back:
            cause = f"{path}: {english!r} and {back[other]!r} are both {other!r}"
            raise KitCannotRun(cause, "translate one of them by other words")
        back[other] = english
    return back


@cache
def read_sentences(path: Path) -> Sentences:
    """The table of a folder of translated features. Raises `KitCannotRun` if it is none."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Sentences)
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        hint = f"a feature in another language needs {TABLE} beside it"
        raise KitCannotRun(f"{path} is no table of sentences: {error}", hint) from error


def make_english(document: dict[str, Any], path: Path) -> None:
    """Put the English sentences into a parsed feature file of another language.

    Raises `KitCannotRun` for a sentence that the table beside the file doesn't have.
    """
    feature: dict[str, Any] | None = document.get("feature")
    if feature is None or feature["language"] == ENGLISH:
        return
    table = path.with_name(TABLE)
    translate(document, read_sentences(table).inverted(table), path)


def translate(document: dict[str, Any], words: Sentences, path: Path) -> None:
    """Put other words for each sentence of a parsed feature file, in place."""
    for holder, key, table, line in sentences(document["feature"], words):
        text = unwrapped(holder[key]) if key == "description" else holder[key]
        if text and text not in table:
            cause = f"{path}:{line}: no translation of {text!r}"
            raise KitCannotRun(cause, f"write it into {TABLE}")
        holder[key] = table.get(text, text)


def unwrapped(description: str) -> str:
    """The text of a description without its breaks of lines.

    English has a blank between two words, and Chinese has none.
    """
    text = " ".join(line.strip() for line in description.strip().splitlines())
    return text if text.isascii() else text.replace("。 ", "。")


Place = tuple[dict[str, Any], str, dict[str, str], int]


def sentences(feature: dict[str, Any], words: Sentences) -> Iterator[Place]:
    """Each place of a sentence: its holder, the key there, its table, and its line in the file."""
    yield feature, "name", words.features, feature["location"]["line"]
    yield feature, "description", words.descriptions, feature["location"]["line"]
    for child in feature["children"]:
        scenario = child["scenario"]
        yield scenario, "name", words.scenarios, scenario["location"]["line"]
        for step in scenario["steps"]:
            yield step, "text", words.steps, step["location"]["line"]
        for examples in scenario["examples"]:
            yield from sentences_of_table(examples, words)


def sentences_of_table(examples: dict[str, Any], words: Sentences) -> Iterator[Place]:
    columns = [cell["value"] for cell in examples["tableHeader"]["cells"]]
    for row in examples["tableBody"]:
        for column, cell in zip(columns, row["cells"], strict=True):
            yield cell, "value", words.values.get(column, {}), row["location"]["line"]
    for cell in examples["tableHeader"]["cells"]:
        yield cell, "value", words.columns, examples["tableHeader"]["location"]["line"]
