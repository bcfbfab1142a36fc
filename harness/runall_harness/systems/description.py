"""The shape of a TOML file that describes a scheduler."""

from typing import Annotated, Any, Literal

import msgspec

from runall_harness.rigs.base import Readiness

from .base import Timings

SCHEMA = "runall-system/1"
Text = Annotated[str, msgspec.Meta(min_length=1)]
Words = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
RealRig = Literal["processes", "docker"]


class StopSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a node is stopped cleanly: which signal, and to the daemon alone or to all of it."""

    signal: Literal["SIGTERM", "SIGINT", "SIGQUIT"] = "SIGTERM"
    to: Literal["daemon", "group"] = "daemon"


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to run the nodes of one role. All texts and words are templates.

    per_primary: words that follow, once for each *other* node that may lead.
    with_backups: words that follow where several nodes may lead.
    with_store: words that follow where the store is a node of its own (`Roles.store`).
    env: added to an almost empty environment. files: by their path in the data folder, which
    survives a kill; written anew at each start. serves: the harness speaks with it over HTTP.
    image: what the docker rig runs it in, if not what all roles do. keep: folders of a container
    that survive a kill too, each with the name of its folder in the data folder; shared: folders
    that all nodes have in common. ready: what must be seen before the adapter is asked.
    """

    command: Words
    per_primary: tuple[str, ...] = ()
    with_backups: tuple[str, ...] = ()
    with_store: tuple[str, ...] = ()
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    serves: bool = False
    image: str = ""
    keep: dict[str, str] = {}
    shared: dict[str, str] = {}
    stop: StopSettings = StopSettings()
    ready: Readiness | None = None


class Roles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two roles of every case. A primary runs jobs of its own, too.

    store: the server of the store (a database, a broker), for the cases in which it dies. It is a
    node of its own there, at `${store}`. In all other cases that is the address of the primary.
    """

    primary: Role
    worker: Role
    store: Role | None = None


class AdapterSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the harness calls the scheduler's API.

    command: a program that speaks the adapter protocol, with `env` added to its environment. It
    runs in the file's own folder, beside the kit and not on a node. client: in its place a class,
    `module:Class`, that keeps the protocol `systems.base.Client`. It is called with a function to
    call after each change, with the addresses of the primaries, and with `options`. All words and
    texts are templates.
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
    """What is read from the image before any node starts, for systems whose settings are in it.

    files: paths in the image, by the names that `command` knows them by. command: a program that
    gets an object with their texts (`files`), the `options` and the `image` on its standard input,
    and prints the `version` and the `timings` that follow from them and replace those of the file.
    """

    files: dict[str, Text]
    command: Words


class Unsafe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words that make a node's settings unsafe, after its command, and a word of its refusal."""

    words: Words
    refusal: Text


class Namesake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A word with which the log of a worker says that it joined under the name of another one."""

    refusal: Text


class SystemDescription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file.

    merged: which of the kit's roles this scheduler merges, and with what; for readers.
    rigs: where it can run. own_hosts: each node needs a host name and an address of its own.
    image: what the docker rig runs the nodes in, a template; needs_image: how to get one, where
    the kit's own can't do. probe: a node is ready only after a job has run on it.
    cannot: faults under which it can't be tested, situations that it never gets into; the reasons.
    jobs: how many cases run at once by default, for a system that mostly waits for its timers.
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
    adapter: AdapterSettings
    setup: Setup | None = None
    from_image: FromImage | None = None
    unsafe: Unsafe | None = None
    namesake: Namesake | None = None
    cannot: dict[str, str] = {}
    options: dict[str, str] = {}
    policies: dict[str, dict[str, Any]] = {}
    known_failures: dict[str, str] = {}
    known_races: dict[str, str] = {}
