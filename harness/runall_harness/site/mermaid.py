"""State diagrams: drawn in the browser by a script that is copied beside the pages.

The script is one classic file, because pages that are opened from disk can load no modules. It is
put on a page with a diagram only.
"""

from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from runall_harness.contract.words import say

SCRIPTS = ("mermaid.tiny.js", "diagrams.js")


class Diagram(nodes.General, nodes.Element):
    """The source of a diagram, with a sentence for those who can't see it."""


class MermaidDirective(SphinxDirective):
    """The diagram of a fence that names mermaid as its language."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        titles = [line.partition(": ")[2] for line in self.content if line.startswith("title: ")]
        name = "".join(titles).removeprefix("title: ")
        label = say("State diagram: {name}. The table below says the same.", name=name)
        return [Diagram("", source="\n".join(self.content), label=label)]


def visit_diagram(writer: Any, node: Diagram) -> None:
    source, label = writer.encode(node["source"]), writer.attval(node["label"])
    writer.body.append(
        f'<figure class="diagram" role="img" aria-label="{label}"><pre>{source}</pre></figure>'
    )
    raise nodes.SkipNode


def skip_diagram(*_: Any) -> None:
    raise nodes.SkipNode


def add_scripts(
    app: Any, pagename: str, templatename: str, context: Any, doctree: nodes.document | None
) -> None:
    """Put the scripts on a page that has a diagram."""
    del pagename, templatename, context
    if doctree is not None and any(doctree.findall(Diagram)):
        for script in SCRIPTS:
            app.add_js_file(script, loading_method="defer")
