"""Texts with names to fill in: which names there are, and where.

A description is written before anybody knows on which port a node will listen, or where its folder
will be. So its texts hold names, and a name that nobody fills in is told before anything starts.
"""

from collections.abc import Collection, Iterator
from string import Template

from .description import Role, SystemDescription

ROLES = ("primary", "worker")
HOME_NAMES = ("here", "cache", "python")
NODE_NAMES = ("name", "role", "host", "port", "data", "witness", "others", "may_lead", *HOME_NAMES)
ADAPTER_NAMES = ("primaries", "nodes", *HOME_NAMES)
IMAGE_NAMES = ("here", "python")
OTHER_NAMES = ("other.name", "other.host", "other.port")
# Names that a file may make up itself: of secrets, and of its own options.
SECRET, OPTION = "secret.", "option."
Found = tuple[str, str, tuple[str, ...]]


class Names(Template):
    """Text with names to fill in, `${data}` or `${secret.token}`; `$$` is a dollar sign."""

    idpattern = r"(?a:[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)"


def names_in(*texts: str) -> set[str]:
    """The names that these texts hold."""
    return {name for text in texts for name in Names(text).get_identifiers()}


def templates(described: SystemDescription) -> Iterator[Found]:
    """Every template with its key, and the names that it may hold beside secrets and options."""
    for name in ROLES:
        yield from role_templates(f"roles.{name}", getattr(described.roles, name))
    for word in described.unsafe.words if described.unsafe else ():
        yield "unsafe.words", word, ()
    asked = described.adapter
    yield from (("adapter.command", word, ADAPTER_NAMES) for word in asked.command)
    yield from ((f"adapter.env.{k}", text, ADAPTER_NAMES) for k, text in asked.env.items())
    yield from ((f"adapter.options.{k}", text, ()) for k, text in asked.options.items())
    for word in described.setup.command if described.setup else ():
        yield "setup.command", word, HOME_NAMES
    for word in described.from_image.command if described.from_image else ():
        yield "from_image.command", word, IMAGE_NAMES
    yield "image", described.image, ()


def role_templates(key: str, role: Role) -> Iterator[Found]:
    """The templates of a role."""
    other = (*NODE_NAMES, *OTHER_NAMES)
    yield from ((f"{key}.command", word, NODE_NAMES) for word in role.command)
    yield from ((f"{key}.with_backups", word, NODE_NAMES) for word in role.with_backups)
    yield from ((f"{key}.per_primary", word, other) for word in role.per_primary)
    yield from ((f"{key}.env.{k}", text, NODE_NAMES) for k, text in role.env.items())
    yield from ((f"{key}.files.{k}", text, NODE_NAMES) for k, text in role.files.items())
    yield f"{key}.image", role.image, ()


def unfilled(text: str, names: Collection[str], options: Collection[str]) -> Iterator[str]:
    """What is wrong with a template for which there are these names, these options, any secret."""
    template = Names(text)
    if not template.is_valid():
        yield f"a `$` stands alone in {text!r}; write `$$` for a dollar sign"
        return
    allowed = (*names, *(f"{OPTION}{name}" for name in options))
    for name in template.get_identifiers():
        if name not in allowed and not name.startswith(SECRET):
            known = ", ".join(f"${{{each}}}" for each in (*allowed, "secret.NAME"))
            yield f"there is no ${{{name}}} here; take {known}, or `$$` for a `$`"
