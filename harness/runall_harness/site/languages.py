"""The languages of the site: which pages are translated, and how a reader gets to the other one.

The prose of a translated page has a catalog of gettext in docs/locales. What directives add, what
clauses say and what features say is in the tables of the kit, and in no catalog.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, Final

from runall_harness.contract.translation import ENGLISH
from runall_harness.contract.words import language

VARIABLE: Final = "RUNALL_LANGUAGE"
CHINESE: Final = "zh-CN"
NAMES: Final = {ENGLISH: "English", CHINESE: "中文"}
# The pages whose prose is in the catalogs.
IN_CATALOGS: Final = (
    "index",
    "reference/SPEC",
    "docs/stories/*",
    "docs/what-a-pass-cant-prove",
    "docs/first-minute",
    "docs/running",
    "docs/tutorial",
    "docs/adapters",
    "docs/queues",
    "docs/reading-a-report",
    "docs/pipelines",
    "docs/explorer",
    "docs/how-the-reference-works",
)
# The pages that are made of translated features.
FROM_FEATURES: Final = "cases/*"
ONLY_ENGLISH: Final = "本页只有英文。"


def is_in_catalogs(page: str) -> bool:
    return any(fnmatchcase(page, pattern) for pattern in IN_CATALOGS)


def is_translated(page: str) -> bool:
    return is_in_catalogs(page) or fnmatchcase(page, FROM_FEATURES)


def add_switch(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Begin a page with the link to the same one in the other language."""
    del templatename
    if not app.config.runall_other or doctree is None:
        return
    other = ENGLISH if language() == CHINESE else CHINESE
    top = "../" * pagename.count("/")
    href = f"{top}{app.config.runall_other}{pagename}.html"
    link = f'<a href="{href}" lang="{other}" hreflang="{other}">{NAMES[other]}</a>'
    body = context["body"]
    if language() == CHINESE and not is_translated(pagename):
        link = f"{ONLY_ENGLISH} {link}"
        body = f'<div lang="{ENGLISH}">{body}</div>'
    context["body"] = f'<p class="languages">{link}</p>{body}'


@contextmanager
def speaking(language: str) -> Generator[None]:
    """What is said meanwhile is said in that language."""
    before = os.environ.get(VARIABLE, "")
    os.environ[VARIABLE] = language
    try:
        yield
    finally:
        os.environ[VARIABLE] = before
