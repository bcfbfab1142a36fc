"""A scheduler described by a TOML file: its shape, and what is wrong with one.

Whoever writes such a file has never seen this code, so an error names the key, the cause and the
next step, and an unknown key is an error too: a misspelt one would say nothing and seem to work.
`file` makes a system of a description.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from string import Template
from typing import Annotated, Any, Literal, cast

import msgspec

from ..json_schemas import schema_of
from ..known import TABLE, check_table, read_toml
from ..rigs.base import KitCannotRun
from .base import Timings
from .reference import CAPABILITIES

SCHEMA = "runall-system/1"
Text = Annotated[str, msgspec.Meta(min_length=1)]
Words = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class Names(Template):
    """Text with names to fill in, `${data}` or `${secret.token}`; `$$` is a dollar sign."""

    idpattern = r"(?a:[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)"


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to run the nodes of one role. All texts and words are templates.

    per_primary: words that follow, once for each *other* node that may lead.
    with_backups: words that follow where several nodes may lead.
    env: added to an almost empty environment. files: by their path in the data folder, which
    survives a kill; written anew at each start. serves: the harness speaks with it over HTTP.
    """

    command: Words
    per_primary: tuple[str, ...] = ()
    with_backups: tuple[str, ...] = ()
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    serves: bool = False


class Roles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two roles of every case. A primary runs jobs of its own, too."""

    primary: Role
    worker: Role


class Adapter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who speaks the scheduler's API.

    command: a program that speaks the adapter protocol, with `env` added to its environment. It
    runs in the file's own folder, beside the kit and not on a node.
    client: in its place a class, `module:Class`, that keeps the protocol `systems.base.Client`. It
    is called with something to call when it saw a change, with the addresses of the primaries, and
    with `options`. All words and texts are templates.
    """

    command: tuple[str, ...] = ()
    env: dict[str, str] = {}
    client: str = ""
    options: dict[str, str] = {}


class Unsafe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words that follow a node's command and make its settings unsafe; what its refusal says."""

    words: Words
    refusal: Text


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. `known_failures` has a reason for each id or glob of cases."""

    schema: Literal["runall-system/1"]
    name: Text
    version: Text
    capabilities: tuple[str, ...] = ()
    timings: Timings
    roles: Roles
    adapter: Adapter
    unsafe: Unsafe | None = None
    known_failures: dict[str, str] = {}


# ------------------------------------------------------------------ reading
def read_description(path: Path) -> Description:
    """The description in that file.

    Raises:
        KitCannotRun: the file cannot be read, or something in it is wrong: which key, and why.
    """
    raw = read_toml(path)
    check_table(path, raw.get(TABLE, {}))
    try:
        check_timings(raw)
        described = msgspec.convert(raw, Description)
    except msgspec.ValidationError as error:
        hint = "`runall system new NAME` writes a file that says what belongs where"
        raise KitCannotRun(f"{path}: {tell(error)}", hint) from error
    if mistakes := list(find_mistakes(described)):
        hint = "correct the file; `runall system schema` prints what it may hold"
        raise KitCannotRun("\n".join(f"{path}: {each}" for each in mistakes), hint)
    return described


def tell(error: msgspec.ValidationError) -> str:
    """The key that is wrong, and then why."""
    why, _, place = str(error).partition(" - at `$")
    return f"{place.removesuffix('`').lstrip('.') or 'the file'}: {why}"


def check_timings(raw: Mapping[str, Any]) -> None:
    """Refuse a timing that nobody asks for: `Timings` itself does not. Raises `ValidationError`."""
    timings: object = raw.get("timings")
    known = Timings.__struct_fields__
    told_of = cast(dict[str, object], timings) if isinstance(timings, dict) else {}
    if strange := [name for name in told_of if name not in known]:
        told = f"Object contains unknown field `{strange[0]}`; take one of {', '.join(known)}"
        raise msgspec.ValidationError(f"{told} - at `$.timings`")


def find_mistakes(described: Description) -> Iterator[str]:
    """What the shape of the file cannot tell: each mistake with its key."""
    for capability in described.capabilities:
        if capability not in CAPABILITIES:
            known = ", ".join(sorted(CAPABILITIES))
            yield f"capabilities: there is no {capability!r}; take any of {known}"
    for name in Timings.__struct_fields__:
        if not getattr(described.timings, name) >= 0:
            yield f"timings.{name}: a time is a number of seconds, and not below zero"
    for role in ROLES:
        strays = filter(leads_out, getattr(described.roles, role).files)
        yield from (f"roles.{role}.files: {stray!r} is not in the data folder" for stray in strays)
    if bool(described.adapter.command) == bool(described.adapter.client):
        yield "adapter: name either a command or a client, and not both"
    for key, text, names in templates(described):
        yield from (f"{key}: {why}" for why in unfilled(text, names))


def leads_out(file: str) -> bool:
    """Whether the path of a file leads out of its folder, or nowhere."""
    path = PurePosixPath(file)
    return path.is_absolute() or ".." in path.parts or not path.parts


# ------------------------------------------------------------------ templates
ROLES = ("primary", "worker")
NODE_NAMES = ("name", "role", "host", "port", "data", "witness", "python", "others")
ADAPTER_NAMES = ("primaries", "python")
OTHER_NAMES = ("other.name", "other.host", "other.port")


def templates(described: Description) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every template with its key, and the names that it may hold beside secrets."""
    for name in ROLES:
        role: Role = getattr(described.roles, name)
        key, other = f"roles.{name}", (*NODE_NAMES, *OTHER_NAMES)
        yield from ((f"{key}.command", word, NODE_NAMES) for word in role.command)
        yield from ((f"{key}.with_backups", word, NODE_NAMES) for word in role.with_backups)
        yield from ((f"{key}.per_primary", word, other) for word in role.per_primary)
        yield from ((f"{key}.env.{k}", text, NODE_NAMES) for k, text in role.env.items())
        yield from ((f"{key}.files.{k}", text, NODE_NAMES) for k, text in role.files.items())
    for word in described.unsafe.words if described.unsafe else ():
        yield "unsafe.words", word, ()
    asked = described.adapter
    yield from (("adapter.command", word, ADAPTER_NAMES) for word in asked.command)
    yield from ((f"adapter.env.{k}", text, ADAPTER_NAMES) for k, text in asked.env.items())
    yield from ((f"adapter.options.{k}", text, ()) for k, text in asked.options.items())


def unfilled(text: str, names: Collection[str]) -> Iterator[str]:
    """What is wrong with a template for which there are these names, and any secret."""
    template = Names(text)
    if not template.is_valid():
        yield f"a `$` stands alone in {text!r}; write `$$` for a dollar sign"
        return
    for name in template.get_identifiers():
        if name not in names and not name.startswith("secret."):
            known = ", ".join(f"${{{each}}}" for each in (*names, "secret.NAME"))
            yield f"there is no ${{{name}}} here; take {known}, or `$$` for a `$`"


def description_schema() -> dict[str, Any]:
    """The JSON Schema of a file that describes a system."""
    return schema_of(Description, SCHEMA)


def example() -> str:
    """The file that describes the reference, with its comments: what new ones begin with."""
    return (Path(__file__).parent / "files" / "reference.toml").read_text("utf-8")


def named(name: str) -> str:
    """The example under another name."""
    return example().replace('name = "reference"', f"name = {msgspec.json.encode(name).decode()}")
