"""The names of the site's objects, where each stands on its page, and a link to one."""

from functools import cache
from typing import Final

from docutils import nodes
from sphinx import addnodes

from runall_harness.contract.cases import Case, load_cases, slug
from runall_harness.contract.words import language, say

NAME: Final = "runall"
CLAUSE: Final = "clause"
CASE: Final = "case"


def cases() -> dict[str, Case]:
    """All cases by id. To read the features takes a second, and each clause asks for them."""
    return cases_in(language())


@cache
def cases_in(spoken: str) -> dict[str, Case]:
    del spoken  # load_cases reads the features of that language
    return {case.id: case for case in load_cases()}


def anchor_of(kind: str, name: str) -> str:
    """The place of an object on its page; other generators would each make up their own."""
    return name if kind == CLAUSE else f"case-{slug(name)}"


def xref(kind: str, name: str, docname: str, text: nodes.Node | None = None) -> nodes.Element:
    """A link to an object, which Sphinx resolves when all pages have been read."""
    shown = text or (nodes.literal("", name) if kind == CASE else nodes.inline("", name))
    return addnodes.pending_xref(
        "",
        shown,
        refdomain=NAME,
        reftype=kind,
        reftarget=name,
        refexplicit=text is not None,
        refwarn=True,
        refdoc=docname,
    )


def permalink(anchor: str) -> nodes.raw:
    label = say("Link to {}", anchor)
    html = f'<a class="headerlink" href="#{anchor}" title="{label}" aria-label="{label}">#</a>'
    return nodes.raw("", html, format="html")


def fixed(*inner: nodes.Node, **attributes: object) -> nodes.paragraph:
    """A paragraph that no catalog of sentences has: its words are translated here, or nowhere."""
    return nodes.paragraph("", "", *inner, translatable=False, **attributes)


def page_link(page: str, text: str, docname: str) -> nodes.Element:
    """A link to a page, by its path below the sources without an ending."""
    return addnodes.pending_xref(
        "",
        nodes.inline("", text),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{page}",
        refexplicit=True,
        refwarn=True,
        refdoc=docname,
    )
