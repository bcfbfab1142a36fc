"""The extension of Sphinx that knows clauses, cases and diagrams."""

from typing import Any

from .mermaid import Diagram, MermaidDirective, add_scripts, skip_diagram, visit_diagram
from .promise import LinkedMentions, PromiseDomain
from .time_line import TimeLineDirective


def setup(app: Any) -> dict[str, Any]:
    """Sphinx calls this when it loads the extension."""
    app.add_domain(PromiseDomain)
    app.add_transform(LinkedMentions)
    app.add_node(Diagram, html=(visit_diagram, None), gettext=(skip_diagram, None))
    app.add_directive("mermaid", MermaidDirective)
    app.add_directive("time-line", TimeLineDirective)
    app.connect("builder-inited", readable_in_the_dark, priority=1)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def readable_in_the_dark(app: Any) -> None:
    """Choose colours of code with contrast, before the theme looks, which brings this setting."""
    if "pygments_dark_style" in app.config:
        app.config.pygments_dark_style = "a11y-high-contrast-dark"
