"""The extension of Sphinx that knows clauses, cases and diagrams."""

from typing import Any

from . import languages, mermaid, time_line
from .mermaid import Diagram, MermaidDirective, skip_diagram, visit_diagram
from .promise import LinkedMentions, PromiseDomain
from .time_line import Picture, TimeLineDirective, visit_picture


def setup(app: Any) -> dict[str, Any]:
    """Sphinx calls this when it loads the extension."""
    app.add_domain(PromiseDomain)
    app.add_transform(LinkedMentions)
    app.add_node(Diagram, html=(visit_diagram, None), gettext=(skip_diagram, None))
    app.add_node(Picture, html=(visit_picture, None), gettext=(skip_diagram, None))
    app.add_directive("mermaid", MermaidDirective)
    app.add_directive("time-line", TimeLineDirective)
    app.add_config_value("runall_other", "", "html")
    app.connect("html-page-context", languages.add_switch)
    app.connect("builder-inited", readable_in_the_dark, priority=1)
    for kind in (mermaid, time_line):
        app.connect("html-page-context", kind.add_scripts)
    app.connect("html-page-context", headings_with_a_level, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def readable_in_the_dark(app: Any) -> None:
    """Choose colours of code with contrast, before the theme looks, which brings this setting."""
    if "pygments_dark_style" in app.config:
        app.config.pygments_dark_style = "a11y-high-contrast-dark"


def headings_with_a_level(
    app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the captions of the sidebar, which the theme has made by now, the level they lack."""
    del app, pagename, templatename, doctree
    tree: str = context["furo_navigation_tree"]
    context["furo_navigation_tree"] = tree.replace(
        'role="heading">', 'role="heading" aria-level="2">'
    )
