"""The list of cases: every feature file, compiled into the scenarios that would run.

Which cases there are must not depend on what a test runner happened to collect, because a case
that silently drops out is a false green. So the official Gherkin compiler makes the list, and
the plugin compares it with what pytest collected.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from .clauses import clauses
from .errors import KitCannotRun
from .translation import make_english
from .words import FEATURES, language

if TYPE_CHECKING:
    from gherkin.stream.id_generator import IdGenerator

TRIGGERS = ("manual", "scheduled", "either")
CLAUSE_TAG = re.compile(r"RA-\d+\.\d+")
# Tags of examples become marks of pytest as they are, and a mark has no colon: there it is
# @needs_hold what is @needs:hold elsewhere.
NEEDS = re.compile(r"needs[:_](.+)")
KEYWORDS = ("Given", "When", "Then", "Scenario:", "Example:", "Examples:", "Background:", "Rule:")
PLACEHOLDER = re.compile(r"<[^<>]*>")


class CasesError(KitCannotRun):
    """The feature files are missing or badly written."""


class NoMatch(Exception):
    """A selection matches no case: a usage error, whose message suggests similar ids."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario with one row of its examples.

    `id` names it in reports and on the command line. `trigger` is manual, scheduled or either.
    `needs` are the capabilities that the system must declare; `tags` are all tags, without `@`.
    `line` is that of the scenario or of its row of examples, `scenario_line` that of the
    scenario itself. `example` is the row, by column. A cluster that runs no scenario has a case
    without clauses and without a file.
    """

    id: str
    feature: str = ""
    scenario: str = ""
    trigger: str
    clauses: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    file: str = ""
    line: int = 0
    scenario_line: int = 0
    example: dict[str, str] = {}

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def shown_place(self) -> str:
        """The same without folders of this machine; empty for a case without a file."""
        path = Path(self.file)
        return f"{path.parent.name}/{path.name}:{self.line}" if self.file else ""


def feature_folder() -> Path:
    """Where the feature files are: in the package in a wheel, at the top of a checkout.

    RUNALL_FEATURES names another folder, and RUNALL_LANGUAGE those in another language.
    """
    if named := os.environ.get("RUNALL_FEATURES"):
        return Path(named).resolve()
    return FEATURES[language()]()


def foreign_features() -> str:
    """What to say of cases that are not the kit's own; empty where they are."""
    named = os.environ.get("RUNALL_FEATURES")
    return f"RUNALL_FEATURES: the cases are those of {feature_folder()}" if named else ""


def load_cases(folder: Path | None = None) -> list[Case]:
    """All cases of a folder, by file and then by line.

    Raises `CasesError`: a file cannot be parsed, a case is empty, two cases have one name or one
    id, a tag names a clause that the specification lacks, or there is no case at all.
    """
    where = folder or feature_folder()
    stats = [(path, path.stat()) for path in sorted(where.rglob("*.feature"))]
    files = tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)
    return list(compile_cases(where, files))


@lru_cache(maxsize=8)
def compile_cases(where: Path, files: tuple[tuple[Path, int, int], ...]) -> tuple[Case, ...]:
    """The cases of these files, each with its time and its size: compiled once for each state."""
    found = tuple(case for path, _, _ in files for case in read_feature(path))
    if not found:
        hint = "install runall-kit again, or set RUNALL_FEATURES to a folder with .feature files"
        raise CasesError(f"no scenario in {where}", hint)
    ids = ((f"have the id {case.id}", case.place) for case in found)
    check_unique("cases", ids, "give them different names or examples")
    check_clauses(found)
    return found


def read_feature(path: Path) -> list[Case]:
    """The cases of one file. Raises `CasesError`."""
    return [case for case, _ in compiled(path)[1]]


def compiled(
    path: Path, ids: "IdGenerator | None" = None
) -> tuple[dict[str, Any], list[tuple[Case, dict[str, Any]]]]:
    """The parsed file, and each of its cases with the pickle that it was made from.

    `ids` numbers all parts of several files. Raises `CasesError`.
    """
    from gherkin.ast_builder import AstBuilder
    from gherkin.errors import ParserError
    from gherkin.parser import Parser
    from gherkin.pickles.compiler import Compiler
    from gherkin.stream.id_generator import IdGenerator

    ids = ids or IdGenerator()
    try:
        document: dict[str, Any] = dict(Parser(AstBuilder(ids)).parse(path.read_text("utf-8")))
    except (OSError, UnicodeError, ParserError) as error:
        raise CasesError(f"{path} is not a feature file: {error}", "correct that file") from error
    make_english(document, path)
    scenarios = {each["id"]: each for each in all_scenarios(document)}
    if not scenarios:
        raise CasesError(f"{path} has no scenario", "write one, or remove the file")
    check_prose(path, document["feature"])
    names = (
        (f'are named "{each["name"]}"', f"{path}:{each['location']['line']}")
        for each in scenarios.values()
    )
    check_unique("scenarios", names, "give one of them another name; the first would never run")
    document["uri"] = str(path)
    made: Any = Compiler(ids).compile(cast(Any, document))
    pickles: list[dict[str, Any]] = list(made)
    cases = [make_case(path, scenarios[pickle["astNodeIds"][0]], pickle) for pickle in pickles]
    return document, list(zip(cases, pickles, strict=True))


def all_scenarios(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each scenario and outline of a parsed file, also those under a rule."""
    feature: dict[str, Any] = document.get("feature") or {"children": []}
    for child in feature["children"]:
        inner: list[dict[str, Any]] = child["rule"]["children"] if "rule" in child else [child]
        yield from (each["scenario"] for each in inner if "scenario" in each)


def check_prose(path: Path, node: Any) -> None:
    """Raise `CasesError` if a line of a description begins with a misspelt keyword."""
    if isinstance(node, list):
        for each in cast(list[Any], node):
            check_prose(path, each)
    elif isinstance(node, dict):
        inner = cast(dict[str, Any], node)
        for line in inner.get("description", "").splitlines():
            if keyword := nearly_keyword(line):
                where = f"{path}, below line {inner['location']['line']}"
                raise CasesError(f"{where}: {line.strip()!r} is only prose", f"mean {keyword}?")
        check_prose(path, list(inner.values()))


def nearly_keyword(line: str) -> str:
    """The keyword that the line seems to begin with; empty if it reads like prose."""
    word = next(iter(line.split()), "")
    near = get_close_matches(word.capitalize(), KEYWORDS, 1, cutoff=0.82)
    return near[0] if near and len(word) > 3 else ""


def check_unique(what: str, named: Iterable[tuple[str, str]], hint: str) -> None:
    """Raise `CasesError`, with both places, if two of these, each with its place, have one name."""
    seen: dict[str, str] = {}
    for name, place in named:
        if name in seen:
            raise CasesError(f"two {what} {name}: {seen[name]} and {place}", hint)
        seen[name] = place


def make_case(path: Path, scenario: dict[str, Any], pickle: dict[str, Any]) -> Case:
    """The case of one compiled scenario. Raises `CasesError` where it could prove nothing."""
    line: int = pickle["location"]["line"]
    if not pickle["steps"]:
        raise CasesError(f"{path}:{line} has no steps", "a scenario without steps always passes")
    if all(step["type"] != "Outcome" for step in pickle["steps"]):
        hint = "say what must be seen: a scenario that expects nothing always passes"
        raise CasesError(f"{path}:{line} has no Then", hint)
    tags = [tag["name"].lstrip("@") for tag in pickle["tags"]]
    example = row_of(scenario, pickle["astNodeIds"])
    trigger = trigger_of(f"{path}:{line}", tags, example)
    rest = [slug(value) for column, value in example.items() if column != "trigger"]
    base = slug(PLACEHOLDER.sub(" ", scenario["name"]))
    return Case(
        id=f"{path.stem}/{base}/{'-'.join([trigger, *filter(None, rest)])}",
        feature=path.stem,
        scenario=pickle["name"],
        trigger=trigger,
        clauses=tuple(tag for tag in tags if CLAUSE_TAG.fullmatch(tag)),
        needs=tuple(found[1] for tag in tags if (found := NEEDS.fullmatch(tag))),
        tags=frozenset(tags),
        file=str(path),
        line=line,
        scenario_line=scenario["location"]["line"],
        example=example,
    )


def row_of(scenario: dict[str, Any], nodes: Sequence[str]) -> dict[str, str]:
    """The row of examples that a compiled scenario stands for; empty without examples."""
    for table in scenario.get("examples", ()):
        for row in table.get("tableBody", ()):
            if row["id"] in nodes[1:]:
                columns = [cell["value"] for cell in table["tableHeader"]["cells"]]
                return dict(zip(columns, [cell["value"] for cell in row["cells"]], strict=True))
    return {}


def trigger_of(place: str, tags: Sequence[str], example: dict[str, str]) -> str:
    """What starts the job of a case: its `trigger` column, else its tag, else either."""
    if "trigger" in example:
        named = [example["trigger"]]
    else:
        named = [tag for tag in tags if tag in TRIGGERS] or ["either"]
    if len(named) > 1 or named[0] not in TRIGGERS:
        triggers = " and ".join(map(repr, named))
        raise CasesError(f"{place} has the trigger {triggers}", f"use one of {', '.join(TRIGGERS)}")
    return named[0]


def base_id(case: str) -> str:
    """The id of a case without the number of its repeat."""
    return case.partition("#")[0]


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def check_clauses(cases: Sequence[Case]) -> None:
    """Raise `CasesError` if a tag names a clause that the specification does not have."""
    known = clauses()
    for case in cases:
        if unknown := [clause for clause in case.clauses if clause not in known]:
            cause = f"{case.place} is tagged @{unknown[0]}, which the specification does not have"
            raise CasesError(cause, "correct the tag, or write the clause in reference/SPEC.md")


def select(cases: Sequence[Case], pattern: str = "", trigger: str = "") -> list[Case]:
    """The cases of a pattern and a trigger; an empty string asks for all.

    A pattern is an id, a part of an id or of a scenario's name, or a glob on either; upper and
    lower case are the same. A case that either trigger can start belongs to both. Raises
    `NoMatch` if no case is left; the message names what may have been meant.
    """
    named = [case for case in cases if not pattern or case.id == pattern]
    named = named or [case for case in cases if matches(case, pattern.lower())]
    if not named:
        raise NoMatch(f"no scenario matches {pattern!r}{meant(cases, pattern)}")
    chosen = [case for case in named if not trigger or case.trigger in (trigger, "either")]
    if not chosen:
        raise NoMatch(f"no scenario that matches {pattern!r} has a {trigger} trigger")
    return chosen


def matches(case: Case, pattern: str) -> bool:
    """Whether a pattern in small letters is in, or globs, the id or the scenario's name."""
    names = (case.id.lower(), case.scenario.lower())
    return any(pattern in name or fnmatchcase(name, pattern) for name in names)


def meant(cases: Sequence[Case], pattern: str) -> str:
    """The end of the message for a pattern that matches no case: the nearest ids and names."""
    names: dict[str, str] = {}
    for case in cases:
        parts = (case.id, *case.id.split("/"), case.scenario, *slug(case.scenario).split("-"))
        names.update({part.lower(): part for part in parts})
    near = get_close_matches(pattern.lower(), names, 4, cutoff=0.55)
    if not near:
        return "; `runall conform --list` shows all of them"
    return "; did you mean " + " or ".join(repr(names[name]) for name in near) + "?"
