"""A scheduler that a TOML file describes, as a system under test on real rigs."""

import secrets
import sys
from collections import defaultdict
from pathlib import Path

import msgspec

from ..rigs.base import KitCannotRun, NodeSpec, Site
from ..verdicts import Unsupported
from . import load_class
from .adapter import AdapterClient
from .base import Client, Timings
from .description import Names, Role, read_description


class FileSystem:
    """The system of one file, for one cluster: its secrets are made anew for each.

    Raises `KitCannotRun` for a file that is wrong, and for virtual time, which runs no programs.
    """

    policy = ""

    def __init__(self, path: Path, rig: str) -> None:
        if rig == "simulated":
            cause = f"virtual time runs no programs, and {path} describes some"
            raise KitCannotRun(cause, "take --rig processes or --rig docker")
        self.described = read_description(path)
        self.name, self.version = self.described.name, self.described.version
        self.capabilities = frozenset(self.described.capabilities)
        named = self.described.adapter.client
        self.make_client = load_class(named) if named else None
        self.folder = path.resolve().parent
        self.python = "python3" if rig == "docker" else sys.executable
        self.secrets: defaultdict[str, str] = defaultdict(lambda: secrets.token_urlsafe(24))

    @property
    def timings(self) -> Timings:
        """What the file says, in seconds."""
        return self.described.timings

    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        """The node that the file describes for that role, with every name filled in."""
        described: Role = getattr(self.described.roles, role)
        others = {p: site.dial(name, p) for p in primaries if p != name}
        values = self.values(site, name, role, others)
        words = [self.fill(word, values) for word in described.command]
        if len(primaries) > 1:
            words += [self.fill(word, values) for word in described.with_backups]
        for other, (host, port) in others.items():
            theirs = {"other.name": other, "other.host": host, "other.port": str(port)}
            words += [self.fill(word, values | theirs) for word in described.per_primary]
        return NodeSpec(
            name=name, role=role, command=tuple(words), serves=described.serves,
            env={key: self.fill(text, values) for key, text in described.env.items()},
            files={key: self.fill(text, values) for key, text in described.files.items()},
        )  # fmt: skip

    def values(
        self, site: Site, name: str, role: str, others: dict[str, tuple[str, int]]
    ) -> dict[str, str]:
        """What the names of a node's templates stand for."""
        place = site.place(name)
        told = ",".join(f"{host}:{port}" for host, port in others.values())
        return {
            "name": name, "role": role, "host": place.host, "port": str(place.port),
            "data": place.data, "witness": place.witness, "python": self.python, "others": told,
        }  # fmt: skip

    def fill(self, text: str, values: dict[str, str]) -> str:
        """A template with its names filled in; a secret is made when it is first asked for."""
        template = Names(text)
        asked = [name for name in template.get_identifiers() if name.startswith("secret.")]
        return template.substitute(values | {name: self.secrets[name] for name in asked})

    def unsafe(self, spec: NodeSpec) -> tuple[NodeSpec, str]:
        """The same node with the words that make it unsafe. Raises `Unsupported` without any."""
        unsafe = self.described.unsafe
        if unsafe is None:
            raise Unsupported("the system's file has no table [unsafe]")
        words = tuple(self.fill(word, {}) for word in unsafe.words)
        return msgspec.structs.replace(spec, command=(*spec.command, *words)), unsafe.refusal

    def client(self, site: Site, primaries: tuple[str, ...]) -> Client:
        """The program or the class that the file names, told where the primaries are."""
        adapter, urls = self.described.adapter, [site.url(primary) for primary in primaries]
        if self.make_client is not None:
            options = {k: self.fill(text, {}) for k, text in adapter.options.items()}
            return self.make_client(site.notify, urls, **options)
        values = {"primaries": " ".join(urls), "python": sys.executable}
        command = [self.fill(word, values) for word in adapter.command]
        env = {k: self.fill(text, values) for k, text in adapter.env.items()}
        return AdapterClient(command, env, self.folder, notify=site.notify)

    def close(self) -> None:
        """Nothing lies outside the site."""
