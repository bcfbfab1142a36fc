"""The numbered clauses of SPEC.md, so that reports quote the specification and nothing else.

The page is written for people. What a program needs of it is a small grammar: a clause is one list
item, `- **RA-1.2** (core) One sentence with MUST.`, or `(extended: hold)` in place of `(core)`.
Indented lines continue it, and an indented `> ` begins its reason, which is not normative. Whatever
looks like a clause and is not one is an error: a clause that is passed over is a promise without a
test.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import msgspec
import runall_reference

from .errors import KitCannotRun

HEADING = re.compile(r"#+\s+(.*?)\s*")
LOOKS_LIKE_ONE = re.compile(r"\s*[-*+]\s+\W*RA-\d")
CLAUSE = re.compile(r"- \*\*(RA-\d+\.\d+)\*\* \((?:core|extended: ([a-z]+))\) (.+)")
MODAL = re.compile(r"\b(?:MUST|SHOULD|MAY)\b")
FORM = "- **RA-1.2** (core) One sentence with MUST, SHOULD or MAY."


class SpecError(KitCannotRun):
    """The specification is missing, badly written, or lacks a clause that was asked for."""


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One promise. `level` is core or extended; `capability` is empty for a core clause.

    `text` is the sentence with its white space folded, `section` the heading above it, and
    `line` where it stands in the page.
    """

    id: str
    level: str
    capability: str
    text: str
    section: str
    line: int


@cache
def clauses() -> dict[str, Clause]:
    """All clauses of the specification by id, in its own order. Raises `SpecError`."""
    path = spec_path()
    return read_clauses(path.read_text("utf-8"), path.name)


def clause_text(clause: str) -> str:
    """The sentence of a clause. Raises `SpecError` if there is none."""
    known = clauses()
    if clause in known:
        return known[clause].text
    near = get_close_matches(clause, known, 3)
    meant = f"did you mean {' or '.join(near)}?" if near else "`runall spec` lists all clauses"
    raise SpecError(f"the specification has no clause {clause}", meant)


def spec_path() -> Path:
    """Where SPEC.md is: inside the package in a wheel, beside it in a checkout."""
    package = Path(runall_reference.__file__).parent
    places = [package / "SPEC.md", package.parent / "SPEC.md"]
    for place in places:
        if place.is_file():
            return place
    sought = ", ".join(map(str, places))
    raise SpecError(f"SPEC.md was not found ({sought})", "install runall-kit again, from its wheel")


def read_clauses(text: str, name: str = "SPEC.md") -> dict[str, Clause]:
    """The clauses of a page in the grammar above. Raises `SpecError` with every line at fault."""
    found: dict[str, Clause] = {}
    wrong: list[str] = []
    for section, number, item in items(text):
        clause = read_clause(section, number, item)
        if isinstance(clause, str):
            wrong.append(f"{name}:{number}: {clause}")
        elif clause.id in found:
            first = found[clause.id].line
            wrong.append(f"{name}:{number}: {clause.id} was defined before, in line {first}")
        else:
            found[clause.id] = clause
    if wrong or not found:
        raise SpecError("\n".join(wrong) or f"{name} has no clause", f"a clause reads: {FORM}")
    return found


def read_clause(section: str, number: int, item: str) -> Clause | str:
    """The clause that a list item stands for, or what is wrong with it."""
    match = CLAUSE.fullmatch(item)
    if match is None:
        return f"not the form of a clause: {item}"
    if not MODAL.search(match[3]):
        return f"{match[1]} has no MUST, SHOULD or MAY"
    if not match[3].endswith("."):
        return f"{match[1]} is not a sentence that ends with a full stop"
    return Clause(
        id=match[1],
        level="extended" if match[2] else "core",
        capability=match[2] or "",
        text=" ".join(match[3].split()),
        section=section,
        line=number,
    )


def items(text: str) -> Iterator[tuple[str, int, str]]:
    """Each list item that looks like a clause: its section, its line, its text on one line."""
    section, start, parts = "", 0, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if parts and continues(line):
            parts.append(line.strip())
            continue
        if parts:
            yield section, start, " ".join(parts)
            parts = []
        if heading := HEADING.fullmatch(line):
            section = heading[1]
        elif LOOKS_LIKE_ONE.match(line):
            start, parts = number, [line.rstrip()]


def continues(line: str) -> bool:
    """Whether the line goes on with the item above: indented, and no reason and no item itself."""
    reason = line.lstrip().startswith(">")
    return line[:1].isspace() and bool(line.strip()) and not (reason or LOOKS_LIKE_ONE.match(line))
