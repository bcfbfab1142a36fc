"""What stands at a clause of the specification: its sentence, its cases, and what was last seen."""

from collections.abc import Iterator

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from runall_harness.contract.cases import Case
from runall_harness.contract.clauses import clauses
from runall_harness.contract.words import say, say_clause, translated
from runall_harness.reports.case_progress import MARKS
from runall_harness.reports.comparison import Cell

from .objects import CASE, CLAUSE, NAME, anchor_of, cases, fixed, page_link, permalink, xref
from .standing import Entrant, entrants


class PlacedDirective(SphinxDirective):
    """A directive that gives an object its place."""

    required_arguments = 1
    final_argument_whitespace = True

    def placed(self, kind: str, node: nodes.Element) -> nodes.Element:
        """The node, as the place of the object that the directive names."""
        name = self.arguments[0]
        domain = self.env.get_domain(NAME)
        domain.data["objects"][kind, name] = self.env.docname
        node["ids"].append(anchor_of(kind, name))
        return node


class CaseDirective(PlacedDirective):
    """A line with the id of a case, to which links lead."""

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        line = fixed(nodes.literal("", name), classes=["case"])
        line += permalink(anchor_of(CASE, name))
        return [self.placed(CASE, line)]


class ClauseDirective(PlacedDirective):
    """A clause: the content is its sentence and its reason; the rest is known."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        block = self.placed(CLAUSE, nodes.container(classes=["clause"]))
        text = nodes.container(classes=["clause-text"])
        text += self.head(name)
        text += fixed(nodes.Text(say_clause(name)))
        text += self.parse_content_to_nodes()[1:]
        block += text
        block += self.margin(name)
        return [block]

    def head(self, name: str) -> nodes.Element:
        clause = clauses()[name]
        level = say("core")
        if clause.capability:
            level = say("extended: {capability}", capability=clause.capability)
        line = fixed(nodes.strong("", name), classes=["clause-name"])
        line += nodes.inline("", f" ({level})")
        line += permalink(anchor_of(CLAUSE, name))
        return line

    def margin(self, name: str) -> nodes.Element:
        margin = nodes.container(classes=["clause-margin"])
        margin += self.results(name)
        margin += list(self.folded([case for case in cases().values() if name in case.clauses]))
        return margin

    def results(self, name: str) -> nodes.Element:
        listed = nodes.bullet_list(classes=["results"])
        for entrant in entrants():
            listed += self.result(entrant, entrant.of_clause(name))
        return listed

    def result(self, entrant: Entrant, cell: Cell | None) -> nodes.Element:
        """What was seen of a system: the worst verdict of these cases, and how many had it."""
        mark = MARKS[cell.verdict][0] if cell else "–"
        page = page_link(entrant.page, entrant.title, self.env.docname)
        words = nodes.Text(f": {self.seen(cell)}")
        return nodes.list_item("", fixed(nodes.inline("", mark, classes=["mark"]), page, words))

    def seen(self, cell: Cell | None) -> str:
        if cell is None:
            return say("not put to it")
        had, total = cell.cases[cell.verdict], sum(cell.cases.values())
        some = say("{had} of {total}", had=had, total=total) if had < total else ""
        return translated(", ").join(filter(None, (say(cell.verdict), some)))

    def folded(self, shown: list[Case]) -> Iterator[nodes.Node]:
        """The cases that show the clause, folded: one clause may have sixty."""
        words = say("{count} case" if len(shown) == 1 else "{count} cases", count=len(shown))
        yield nodes.raw("", f"<details><summary>{words}</summary>", format="html")
        listed = nodes.bullet_list()
        for case in shown:
            listed += nodes.list_item("", fixed(xref(CASE, case.id, self.env.docname)))
        yield listed
        yield nodes.raw("", "</details>", format="html")
