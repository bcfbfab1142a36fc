"""The words that the site itself adds to its pages, in the language of the pages.

What stands on a page is translated by Sphinx, page by page. What a directive adds is not, so its
words have a catalog of their own: docs/locales/LANGUAGE/LC_MESSAGES/site-words.po.
"""

from functools import cache
from typing import Final

from .settings import LOCALES

CATALOG: Final = "site-words.po"
# Each word, as pages in English have it.
WORDS: Final = (
    "core",
    "extended: {capability}",
    "{count} case",
    "{count} cases",
    "Last seen",
    "{had} of {total}",
    "not put to it",
    "pass",
    "fail",
    "known-failure",
    "unexpected-pass",
    "unsupported",
    "skipped",
    "inconclusive",
    "error",
    "expected",
    "seen",
    "State diagram: {name}. The table below says the same.",
)


@cache
def translations(language: str) -> dict[str, str]:
    """The words of a language, as far as its catalog has them."""
    path = LOCALES / language / "LC_MESSAGES" / CATALOG
    if not path.is_file():
        return {}
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id and one.string}


def word(text: str, language: str, **values: object) -> str:
    """A word in that language, or in English where nobody has translated it."""
    assert text in WORDS, text
    return translations(language).get(text, text).format(**values)
