"""Writes the features of another language, from the English ones and the table of sentences."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gherkin.dialect import Dialect
from gherkin.parser import Parser
from rich.cells import cell_len, set_cell_size

from runall_harness.contract.translation import TABLE, read_sentences, translate

KEYWORDS = ("feature", "scenario", "scenario_outline", "examples", "given", "when", "then", "and")


def write_features(english: Path, translated: Path, language: str) -> list[Path]:
    """Write the files anew, and take out those whose English one is gone; return what changed.

    Raises `KitCannotRun` for a sentence without a translation.
    """
    table = translated / TABLE
    texts = {
        translated / path.name: translation(path, table, language)
        for path in english.glob("*.feature")
    }
    changed = [path for path, text in texts.items() if differs(path, text)]
    for path in changed:
        path.write_text(texts[path], "utf-8")
    gone = [path for path in translated.glob("*.feature") if path not in texts]
    for path in gone:
        path.unlink()
    return sorted([*changed, *gone])


def differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text("utf-8") != text


def translation(path: Path, table: Path, language: str) -> str:
    """The text of a feature file in that language."""
    document: dict[str, Any] = dict(Parser().parse(path.read_text("utf-8")))
    translate(document, read_sentences(table), path)
    words = keywords(language)
    return "\n".join([f"# language: {language}", *feature_lines(document["feature"], words), ""])


def keywords(language: str) -> dict[str, str]:
    """The keyword of that language for each English one. The first of a kind may be an asterisk."""
    english, other = Dialect.for_name("en"), Dialect.for_name(language)
    found: dict[str, str] = {}
    for kind in KEYWORDS:
        word = next(word for word in getattr(other, f"{kind}_keywords") if word != "* ")
        found.update(dict.fromkeys(getattr(english, f"{kind}_keywords"), word))
    return found


def feature_lines(feature: dict[str, Any], words: dict[str, str]) -> Iterator[str]:
    yield from tag_lines(feature, "")
    yield f"{words['Feature']}: {feature['name']}"
    yield from (f"  {line}。" for line in feature["description"].split("。") if line)
    for child in feature["children"]:
        yield ""
        yield from scenario_lines(child["scenario"], words)


def tag_lines(holder: dict[str, Any], margin: str) -> Iterator[str]:
    if tags := [tag["name"] for tag in holder["tags"]]:
        yield margin + " ".join(tags)


def scenario_lines(scenario: dict[str, Any], words: dict[str, str]) -> Iterator[str]:
    yield from tag_lines(scenario, "  ")
    yield f"  {words[scenario['keyword']]}: {scenario['name']}"
    for step in scenario["steps"]:
        yield f"    {words[step['keyword']]} {step['text']}"
    for examples in scenario["examples"]:
        yield ""
        yield from tag_lines(examples, "    ")
        yield f"    {words['Examples']}:"
        yield from row_lines([examples["tableHeader"], *examples["tableBody"]])


def row_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The rows of a table, aligned by the width of their characters on a screen."""
    texts = [[cell["value"] for cell in row["cells"]] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        cells = [set_cell_size(text, width) for text, width in zip(row, widths, strict=True)]
        yield f"      | {' | '.join(cells)} |"
