"""Builds HTML of elements, so that the library which prints it escapes whatever a user wrote."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, tostring

Node = Element | str


def element(tag: str, *children: Node, **attributes: str) -> Element:
    """An element; an attribute that is no Python name gets a dash for each underscore."""
    made = Element(tag, {k.rstrip("_").replace("_", "-"): v for k, v in attributes.items()})
    for child in children:
        append(made, child)
    return made


def append(parent: Element, child: Node) -> None:
    """Put a child, or text, behind what is there already."""
    if isinstance(child, Element):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + child
    else:
        parent.text = (parent.text or "") + child


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Node]]) -> Element:
    """A table with a caption, or the sentence that there is nothing of the kind."""
    lines = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    title = element("h2", caption)
    if not lines:
        return element("section", title, element("p", "none", class_="none"))
    head = element("tr", *(element("th", name, scope="col") for name in columns))
    grid = element("table", element("thead", head), element("tbody", *lines))
    scrolled = element(
        "div", grid, class_="scrolled", tabindex="0", role="region", aria_label=caption
    )
    return element("section", title, scrolled)


def html(root: Element) -> str:
    return tostring(root, "unicode", method="html")
