"""Templates: texts with names that the kit fills in, and which names they may hold.

A description is written before anybody knows on which port a node will listen, or where its folder
will be. So its texts hold names, and an unknown name is reported before anything starts.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from string import Template

from .description import Role, SystemDescription

ROLES = ("primary", "worker", "store")
HOME_NAMES = ("here", "cache", "python")
OWN_NAMES = ("name", "role", "host", "port", "data", "witness")
NODE_NAMES = (*OWN_NAMES, "others", "may_lead", "store", *HOME_NAMES)
ADAPTER_NAMES = ("primaries", "nodes", "store", *HOME_NAMES)
IMAGE_NAMES = ("here", "python")
OTHER_NAMES = ("other.name", "other.host", "other.port")
# What the names of secrets and of the file's own options begin with.
SECRET, OPTION = "secret.", "option."
Found = tuple[str, str, tuple[str, ...]]


class Names(Template):
    """A text that holds names like `${data}` or `${secret.token}`; `$$` is a dollar sign."""

    idpattern = r"(?a:[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)"


def names_in(*texts: str) -> set[str]:
    return {name for text in texts for name in Names(text).get_identifiers()}


def templates(described: SystemDescription) -> Iterator[Found]:
    """Every template with its key and the names that it may hold besides secrets and options."""
    for name, role in roles_of(described):
        yield from role_templates(f"roles.{name}", role)
    adapter, setup, unsafe = described.adapter, described.setup, described.unsafe
    from_image = described.from_image
    yield from each("unsafe.words", unsafe.words if unsafe else ())
    yield from each("adapter.command", adapter.command, ADAPTER_NAMES)
    yield from each("adapter.env", adapter.env, ADAPTER_NAMES)
    yield from each("adapter.options", adapter.options)
    yield from each("setup.command", setup.command if setup else (), HOME_NAMES)
    yield from each("from_image.command", from_image.command if from_image else (), IMAGE_NAMES)
    yield "image", described.image, ()


def roles_of(described: SystemDescription) -> Iterator[tuple[str, Role]]:
    """The roles that the file describes, by their names."""
    found = ((name, getattr(described.roles, name)) for name in ROLES)
    return ((name, role) for name, role in found if role is not None)


def role_templates(key: str, role: Role) -> Iterator[Found]:
    """The templates of a role, each with its key and the names that it may hold."""
    yield from each(f"{key}.command", role.command, NODE_NAMES)
    yield from each(f"{key}.with_backups", role.with_backups, NODE_NAMES)
    yield from each(f"{key}.with_store", role.with_store, NODE_NAMES)
    yield from each(f"{key}.per_primary", role.per_primary, (*NODE_NAMES, *OTHER_NAMES))
    yield from each(f"{key}.env", role.env, NODE_NAMES)
    yield from each(f"{key}.files", role.files, NODE_NAMES)
    yield f"{key}.image", role.image, ()


def each(
    key: str, texts: Sequence[str] | Mapping[str, str], names: tuple[str, ...] = ()
) -> Iterator[Found]:
    if isinstance(texts, Mapping):
        yield from ((f"{key}.{name}", text, names) for name, text in texts.items())
    else:
        yield from ((key, text, names) for text in texts)


def unfilled(text: str, names: Collection[str], options: Collection[str]) -> Iterator[str]:
    """The errors in a template that may hold these names, these options and any secret."""
    template = Names(text)
    if not template.is_valid():
        yield f"a `$` stands alone in {text!r}; write `$$` for a dollar sign"
        return
    allowed = (*names, *(f"{OPTION}{name}" for name in options))
    for name in template.get_identifiers():
        if name not in allowed and not name.startswith(SECRET):
            known = ", ".join(f"${{{each}}}" for each in (*allowed, "secret.NAME"))
            yield f"there is no ${{{name}}} here; take {known}, or `$$` for a `$`"
