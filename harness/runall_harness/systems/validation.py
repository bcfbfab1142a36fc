"""Finds errors in the description of a system that its shape does not exclude.

The author of such a file has never seen this code, so each error is reported with its key and its
cause. Most are about templates: a name without a value would end up in a command line.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from runall_harness.rigs.faults import FAULTS, SITUATIONS

from .base import Timings
from .description import Role, SystemDescription
from .reference.views import CAPABILITIES
from .templates import roles_of, templates, unfilled


def find_errors(described: SystemDescription) -> Iterator[str]:
    """The errors that the shape of the file does not exclude, each with its key."""
    yield from find_unknown_words(described)
    for name in Timings.__struct_fields__:
        if not getattr(described.timings, name) >= 0:
            yield f"timings.{name}: a time is a number of seconds, and not below zero"
    for name, role in roles_of(described):
        yield from find_in_role(f"roles.{name}", role)
    if bool(described.adapter.command) == bool(described.adapter.client):
        yield "adapter: name either a command or a client, and not both"
    if described.own_hosts and "processes" in described.rigs:
        yield 'own_hosts: processes of one machine share its name; say rigs = ["docker"]'
    for key, text, names in templates(described):
        yield from (f"{key}: {why}" for why in unfilled(text, names, described.options))


def find_unknown_words(described: SystemDescription) -> Iterator[str]:
    for capability in described.capabilities:
        if capability not in CAPABILITIES:
            known = ", ".join(sorted(CAPABILITIES))
            yield f"capabilities: there is no {capability!r}; take any of {known}"
    tags = sorted(FAULTS | SITUATIONS)
    for fault, reason in described.cannot.items():
        if fault not in tags:
            yield f"cannot: there is no fault {fault!r}; take any of {', '.join(tags)}"
        if not reason.strip():
            yield f"cannot.{fault}: say why, in a text that is not empty"


def find_in_role(key: str, role: Role) -> Iterator[str]:
    """The errors in a role: paths that leave their folder, and its readiness."""
    strays = [name for name in (*role.files, *role.keep.values()) if leads_out(name)]
    yield from (f"{key}: {stray!r} is not in the data folder" for stray in strays)
    for mount in (*role.keep, *role.shared):
        if not PurePosixPath(mount).is_absolute():
            yield f"{key}: {mount!r} is a path in the container, and begins with /"
    for name in role.shared.values():
        if leads_out(name) or "/" in name:
            yield f"{key}.shared: {name!r} is no name of a folder"
    yield from (f"{key}.ready: {why}" for why in find_in_readiness(role))


def find_in_readiness(role: Role) -> Iterator[str]:
    ready = role.ready
    if ready is None:
        return
    if bool(ready.http) == bool(ready.log):
        yield "name either http, a path, or log, a regular expression, and not both"
    if ready.http and not role.serves:
        yield "http needs serves = true, or the node is not reachable"
    try:
        re.compile(ready.log)
    except re.error as error:
        yield f"log is no regular expression: {error}"


def leads_out(file: str) -> bool:
    """Whether the path of a file leaves its folder, or names no file."""
    path = PurePosixPath(file)
    return path.is_absolute() or ".." in path.parts or not path.parts
