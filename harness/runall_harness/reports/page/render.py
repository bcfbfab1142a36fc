"""Writes a page as one HTML file.

Whatever comes from outside is escaped by the template. The time lines and the logs are packed into
one compressed block, which the page opens when a reader opens the first case. So a page of hundreds
of cases stays small and opens at once.
"""

import base64
import zlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from runall_harness.checks import examine
from runall_harness.contract.clauses import clauses
from runall_harness.contract.words import (
    language,
    read_words,
    say,
    say_clause,
    say_feature,
    translated,
)
from runall_harness.evidence.history import AnyLine, Meta
from runall_harness.reports.timeline import Measured

from .entries import entry_of
from .model import Entry, Log, Page

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = files(__package__ or "")


def render(page: Page) -> str:
    """The page, as HTML."""
    template = environment().get_template("page.html")
    used = {name for entry in page.entries for name in entry.clauses}
    used |= {each.clause for entry in page.entries for each in entry.findings}
    return template.render(
        page=page,
        clauses=[clause for clause in clauses().values() if clause.id in used],
        pack=pack([entry for group in page.groups.values() for entry in group]),
        **assets(),
    )


def case_page(
    lines: Sequence[AnyLine],
    *,
    title: str = "",
    again: str = "",
    logs: Sequence[Log] = (),
    measured: Measured | None = None,
    notes: Sequence[str] = (),
) -> str:
    """The page of one history, judged: its verdict, its time line, its steps and its evidence."""
    found = examine(lines)
    meta = next((line for line in lines if isinstance(line, Meta)), None)
    verdict = "fail" if found.violations else ("inconclusive" if found.open else "pass")
    name = title or (meta.case if meta else "") or say("a history")
    passed = [clause for clause, verdict in found.verdicts.items() if verdict == "pass"]
    entry = entry_of(
        lines,
        found.violations,
        measured,
        id="case",
        title=name,
        verdict=verdict,
        message=found.open if verdict == "inconclusive" else "",
        clauses=(meta.clauses if meta else ()) or passed,
        again=again,
        logs=logs,
    )
    return render(
        Page(
            title=name,
            verdict=verdict,
            tested=tested(meta),
            again=again,
            notes=notes,
            entries=[entry],
        )
    )


def tested(meta: Meta | None) -> list[tuple[str, str]]:
    """What a history says it is about."""
    if meta is None:
        return []
    named = [
        (say("system"), f"{meta.system} {meta.version}".strip()),
        (say("policy"), meta.policy),
        (say("rig"), meta.rig),
    ]
    return [(name, value) for name, value in named if value]


def pack(entries: Sequence[Entry]) -> str:
    """What is drawn when it is opened, compressed, as base64."""
    drawn = [
        {"timeline": entry.timeline, "logs": entry.logs, "kept": [k for k in entry.kept if k.same]}
        for entry in entries
    ]
    return base64.b64encode(zlib.compress(msgspec.json.encode(drawn), 9)).decode()


@cache
def assets() -> dict[str, Any]:
    """The style and the scripts, which stand in the page itself."""
    from markupsafe import Markup

    def text(*names: str) -> Any:
        content = "\n".join(HERE.joinpath(*name.split("/")).read_text("utf-8") for name in names)
        return Markup(content)  # noqa: S704 - the kit's own files

    return {
        "style": text("page.css", "timeline.css"),
        "library": text("vendored/d3.min.js"),
        "script": text("timeline.js", "page.js"),
    }


@cache
def environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader(__package__ or "", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["anchor"] = anchor
    known: dict[str, Any] = made.globals
    for each in (language, say, say_clause, say_feature, translated, script_words):
        known[each.__name__] = each
    return made


def script_words() -> Any:
    """The words of the scripts in the user's language, as JSON in a page; nothing for English."""
    from markupsafe import Markup

    if not (words := read_words(language()).words):
        return ""
    text = msgspec.json.encode(words).decode().replace("<", "\\u003c")
    return Markup(f'<script type="application/json" id="words">{text}</script>')  # noqa: S704 - the kit's own table


def anchor(name: str) -> str:
    """An id as the end of a link to it: a repeat has a `#` of its own."""
    from urllib.parse import quote

    return quote(name, safe="/")
