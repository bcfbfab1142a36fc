"""The objects of the site: each clause and case has one place, and all that name it link there.

A link to a clause or a case that does not exist is a warning, and so fails the build. A clause that
prose names becomes a link by itself, and so does the id of a case that stands as code.
"""

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.domains import Domain, ObjType
from sphinx.roles import XRefRole
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import make_refnode

from .clause_block import CaseDirective, ClauseDirective
from .objects import CASE, CLAUSE, NAME, anchor_of, cases, xref

MENTION = re.compile(r"(RA-\d+\.\d+)")
# What stands there is no prose, leads somewhere already, or is the place itself.
LEFT_ALONE = (
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.title,
    nodes.raw,
    nodes.comment,
    addnodes.pending_xref,
    addnodes.download_reference,
)
PLACES = {"clause-name", "case"}


class PromiseDomain(Domain):
    """Clauses and cases, by their ids."""

    name = NAME
    label = "Run All"
    object_types = {  # noqa: RUF012 - Sphinx declares it so
        CLAUSE: ObjType("clause", CLAUSE),
        CASE: ObjType("case", CASE),
    }
    directives = {CLAUSE: ClauseDirective, CASE: CaseDirective}  # noqa: RUF012 - Sphinx declares it so
    roles = {  # noqa: RUF012 - Sphinx declares it so
        CLAUSE: XRefRole(warn_dangling=True),
        CASE: XRefRole(warn_dangling=True),
    }
    initial_data = {"objects": {}}  # noqa: RUF012 - Sphinx declares it so
    dangling_warnings = {  # noqa: RUF012 - Sphinx declares it so
        CLAUSE: "the specification has no clause %(target)s",
        CASE: "the features have no case %(target)s",
    }

    @property
    def objects(self) -> dict[tuple[str, str], str]:
        return self.data["objects"]

    def clear_doc(self, docname: str) -> None:
        for key in [key for key, place in self.objects.items() if place == docname]:
            del self.objects[key]

    def resolve_xref(
        self,
        env: Any,
        fromdocname: str,
        builder: Any,
        typ: str,
        target: str,
        node: addnodes.pending_xref,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        del env, node
        docname = self.objects.get((typ, target))
        if docname is None:
            return None
        return make_refnode(builder, fromdocname, docname, anchor_of(typ, target), contnode)

    def resolve_any_xref(
        self,
        env: Any,
        fromdocname: str,
        builder: Any,
        target: str,
        node: addnodes.pending_xref,
        contnode: nodes.Element,
    ) -> list[tuple[str, nodes.reference]]:
        """Only roles that say what they mean find a clause or a case."""
        del env, fromdocname, builder, target, node, contnode
        return []

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        for (kind, name), docname in self.objects.items():
            yield name, name, kind, docname, anchor_of(kind, name), 1


class LinkedMentions(SphinxTransform):
    """Links each clause that prose names, and each case whose id stands as code."""

    default_priority = 500  # once the text is in the language of the page

    def apply(self, **_: Any) -> None:
        for text in list(self.document.findall(nodes.Text)):
            if MENTION.search(text) and not is_left_alone(text):
                text.parent.replace(text, list(self.pieces(text)))
        for code in list(self.document.findall(nodes.literal)):
            if code.astext() in cases() and not is_left_alone(code):
                code.parent.replace(code, xref(CASE, code.astext(), self.env.docname))

    def pieces(self, text: nodes.Text) -> Iterator[nodes.Node]:
        for piece in MENTION.split(text):
            if MENTION.fullmatch(piece):
                yield xref(CLAUSE, piece, self.env.docname)
            elif piece:
                yield nodes.Text(piece)


def is_left_alone(node: nodes.Node) -> bool:
    above: Any = node.parent
    while above is not None:
        if isinstance(above, LEFT_ALONE) or PLACES & set(above.get("classes", ())):
            return True
        above = above.parent
    return False
