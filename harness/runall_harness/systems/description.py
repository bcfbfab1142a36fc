"""A scheduler described by a TOML file: its shape, and how it is read.

Whoever writes such a file has never seen this code, so an error names the key, the cause and the
next step, and an unknown key is an error too: a misspelt one would say nothing and seem to work.
`mistakes` has what the shape can't tell, `file` makes a system of a description.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.json_schemas import schema_of
from runall_harness.rigs.base import Readiness

from .base import NoPolicy, Timings
from .declared_failures import RACES, TABLE, check_table, read_toml
from .mistakes import find_mistakes

SCHEMA = "runall-system/1"
POLICIES = "policies"
Text = Annotated[str, msgspec.Meta(min_length=1)]
Words = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
RealRig = Literal["processes", "docker"]


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a node is stopped cleanly: which signal, and to the daemon alone or to all of it."""

    signal: Literal["SIGTERM", "SIGINT", "SIGQUIT"] = "SIGTERM"
    to: Literal["daemon", "group"] = "daemon"


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to run the nodes of one role. All texts and words are templates.

    per_primary: words that follow, once for each *other* node that may lead.
    with_backups: words that follow where several nodes may lead.
    env: added to an almost empty environment. files: by their path in the data folder, which
    survives a kill; written anew at each start. serves: the harness speaks with it over HTTP.
    image: what the docker rig runs it in, if not what all roles do. keep: folders of a container
    that survive a kill too, each with the name of its folder in the data folder; shared: folders
    that all nodes have in common. ready: what must be seen before the adapter is asked.
    """

    command: Words
    per_primary: tuple[str, ...] = ()
    with_backups: tuple[str, ...] = ()
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    serves: bool = False
    image: str = ""
    keep: dict[str, str] = {}
    shared: dict[str, str] = {}
    stop: Stop = Stop()
    ready: Readiness | None = None


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


class Setup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the system needs beside the kit.

    programs: what must be on the PATH where nodes are processes, each with how to get it.
    command: run once in the empty folder `${cache}`, and again whenever it, or one of the `inputs`
    (files of the system's own folder), has changed.
    """

    programs: dict[str, Text] = {}
    command: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


class FromImage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is read of the image before anything starts, for systems whose settings lie there.

    files: paths in the image, by the names that `command` knows them by. command: a program that
    gets an object with their texts (`files`), the `options` and the `image` on its standard input,
    and prints the `version` and the `timings` that it makes of them, which go before the file's.
    """

    files: dict[str, Text]
    command: Words


class Unsafe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words that follow a node's command and make its settings unsafe; what its refusal says."""

    words: Words
    refusal: Text


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file.

    merged: which of the kit's roles this scheduler merges, and with what; for readers.
    rigs: where it can run. own_hosts: each node needs a host name and an address of its own.
    image: what the docker rig runs the nodes in, a template; needs_image: how to get one, where
    the kit's own can't do. probe: a node is ready only after a job has run on it.
    cannot: faults that it can't be shown under, situations that it knows not; each with the reason.
    jobs: how many cases run at once if nobody says, for a system that mostly waits for its timers.
    options: names that a user may set, with their defaults; `${option.NAME}` in templates.
    policies: other settings of the same scheduler, each laid over this file.
    known_failures: a reason for each id or glob of cases. known_races: the same of cases that fail
    in some runs only.
    """

    schema: Literal["runall-system/1"]
    name: Text
    version: Text
    capabilities: tuple[str, ...] = ()
    merged: str = ""
    rigs: Annotated[tuple[RealRig, ...], msgspec.Meta(min_length=1)] = ("processes", "docker")
    own_hosts: bool = False
    image: str = ""
    needs_image: str = ""
    probe: bool = False
    jobs: Annotated[int, msgspec.Meta(ge=1, le=64)] | None = None
    timings: Timings
    roles: Roles
    adapter: Adapter
    setup: Setup | None = None
    from_image: FromImage | None = None
    unsafe: Unsafe | None = None
    cannot: dict[str, str] = {}
    options: dict[str, str] = {}
    policies: dict[str, dict[str, Any]] = {}
    known_failures: dict[str, str] = {}
    known_races: dict[str, str] = {}


# ------------------------------------------------------------------ reading
def read_description(path: Path, policy: str = "") -> Description:
    """The description in that file, with the settings of one of its policies.

    Raises:
        NoPolicy: it has no policy of that name.
        KitCannotRun: the file cannot be read, or something in it is wrong: which key, and why.
    """
    raw = read_toml(path)
    try:
        raw = with_policy(path, raw, policy)
        for name in (TABLE, RACES):
            check_table(path, raw.get(name, {}), name)
        check_timings(raw)
        described = msgspec.convert(raw, Description)
    except msgspec.ValidationError as error:
        hint = "`runall system new NAME` writes a file that says what belongs where"
        raise KitCannotRun(f"{path}: {tell(error)}", hint) from error
    if mistakes := list(find_mistakes(described)):
        hint = "correct the file; `runall system schema` prints what it may hold"
        raise KitCannotRun("\n".join(f"{path}: {each}" for each in mistakes), hint)
    return described


def with_policy(path: Path, raw: dict[str, Any], policy: str) -> dict[str, Any]:
    """The file with a policy laid over it, whose known failures are its own alone.

    Raises `NoPolicy`, and `ValidationError` for a table of policies that is none.
    """
    policies = msgspec.convert({POLICIES: raw.get(POLICIES, {})}, dict[str, dict[str, Any]])
    if not policy:
        return raw
    if policy not in policies[POLICIES]:
        known = f"take one of {', '.join(policies[POLICIES])}" if policies[POLICIES] else ""
        raise NoPolicy(f"{path} has no policy {policy!r}", known or "leave --policy away")
    over = msgspec.convert(policies[POLICIES][policy], dict[str, Any])
    return laid_over(raw, over) | {name: over.get(name, {}) for name in (TABLE, RACES)}


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One table over another: what both are tables for is joined, else the upper one counts."""
    joined = deepcopy(dict(below))
    for key, value in above.items():
        under = joined.get(key)
        if isinstance(value, dict) and isinstance(under, dict):
            value = laid_over(cast(dict[str, Any], under), cast(dict[str, Any], value))
        joined[key] = value
    return joined


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


def description_schema() -> dict[str, Any]:
    """The JSON Schema of a file that describes a system."""
    return schema_of(Description, SCHEMA)


def example() -> str:
    """The file that describes the reference, with its comments: what new ones begin with."""
    return (Path(__file__).parent / "files" / "reference.toml").read_text("utf-8")
