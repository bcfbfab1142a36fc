"""A scheduler that a TOML file describes, as a system under test on real rigs."""

import secrets
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from runall_harness.adapter.wire import FIRST_LIMIT
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Unsupported
from runall_harness.rigs.base import STORE, NodeSpec, Site

from .adapter_client import AdapterClient
from .base import Client, Timings
from .classes import load_class
from .description import Role, Setup
from .description_file import read_description
from .from_image import ImageFacts, ask
from .setup import cache_for, require_programs, set_up
from .stores import ServerStore, Store
from .templates import OPTION, SECRET, Names, names_in, role_templates

# Where a container finds the system's own folder, and what its set-up made.
HERE, CACHE = "/runall/system", "/runall/cache"
NO_STORE = {"store": "its file has no table [roles.store]"}


class DescribedSystem:
    """The system of one file, for one cluster; each cluster gets new secrets.

    `policy` names one of the file's policies; `image` replaces that of the file, and `options`
    replace their defaults. Raises `KitCannotRun` for a wrong file, an unknown option, a rig that
    can't run the system, or a missing program.
    """

    def __init__(
        self,
        path: Path,
        rig: str,
        policy: str = "",
        image: str = "",
        options: Mapping[str, str] | None = None,
    ) -> None:
        if rig == "simulated":
            cause = f"virtual time runs no programs, and {path} describes some"
            raise KitCannotRun(cause, "take --rig processes or --rig docker")
        self.described = read_description(path, policy)
        self.name, self.jobs = self.described.name, self.described.jobs
        self.policy, self.rig = policy, rig
        self.capabilities = frozenset(self.described.capabilities)
        self.own_hosts, self.probe = self.described.own_hosts, self.described.probe
        self.cannot: Mapping[str, str] = {**NO_STORE, **self.described.cannot}
        if self.described.roles.store is not None:
            self.cannot = self.described.cannot
        self.merged = self.described.merged
        client = self.described.adapter.client
        self.make_client = load_class(client) if client else None
        self.folder = path.resolve().parent
        self.in_force = with_options(path, self.described.options, options or {})
        self.secrets: defaultdict[str, str] = defaultdict(lambda: secrets.token_urlsafe(24))
        self.image = image or self.fill(self.described.image, {})
        self.check_rig(path)
        self.facts = self.ask_image()
        self.version = self.facts.version or self.described.version
        self.nodes: list[str] = []
        # Whether the store is a node of its own, as in the cases in which it dies.
        self.apart = False

    def check_rig(self, path: Path) -> None:
        described = self.described
        if self.rig not in described.rigs:
            cause = f"{path}: {self.name} can't be run on the {self.rig} rig"
            raise KitCannotRun(cause, f"take --rig {described.rigs[0]}")
        if self.rig == "docker" and described.needs_image and not self.image:
            raise KitCannotRun(f"{self.name} needs an image of its own", described.needs_image)
        if self.rig == "processes" and described.setup:
            require_programs(described.setup.programs)

    def ask_image(self) -> ImageFacts:
        """The facts that its image holds. Raises `KitCannotRun`, also without such an image."""
        asked = self.described.from_image
        if asked is None or self.rig != "docker":
            return ImageFacts()
        here = {"here": str(self.folder), "python": sys.executable}
        command = tuple(self.fill(word, here) for word in asked.command)
        files, options = tuple(asked.files.items()), tuple(self.in_force.items())
        return ask(self.image, files, command, options, self.folder)

    @property
    def timings(self) -> Timings:
        """The timings in seconds: those that the image gives replace those of the file."""
        return msgspec.structs.replace(self.described.timings, **self.facts.timings)

    @cached_property
    def cache(self) -> Path:
        """The folder that its set-up filled. Raises `KitCannotRun` if the set-up failed."""
        setup = self.described.setup or Setup()
        cache = cache_for(self.name, self.folder, setup.command, setup.inputs)
        here = {"here": str(self.folder), "cache": str(cache), "python": sys.executable}
        if setup.command:
            set_up(cache, [self.fill(word, here) for word in setup.command])
        return cache

    def home(self, names: set[str], *, container: bool) -> dict[str, str]:
        """The values of those `names` that stand for its folders and for Python.

        A container sees the folders where they are mounted.
        """
        if container:
            return {"here": HERE, "python": "python3", "cache": CACHE}
        own = {"here": str(self.folder), "python": sys.executable}
        return own | ({"cache": str(self.cache)} if "cache" in names else {})

    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        return self.node_called(name, site, name, role, primaries)

    def node_called(
        self, called: str, site: Site, name: str, role: str, primaries: tuple[str, ...]
    ) -> NodeSpec:
        """The node at the place of `name`; it joins as `called`."""
        described: Role = getattr(self.described.roles, role)
        asked = names_in(*(text for _, text, _ in role_templates(role, described)))
        others = {p: site.dial(name, p) for p in primaries if p != name}
        if role != STORE:
            self.nodes.append(name)
        values = self.values(site, name, role, others)
        values["may_lead"] = " ".join(primaries)
        host, port = site.dial(name, STORE if self.apart else primaries[0])
        values |= {"name": called, "store": f"{host}:{port}"}
        values |= self.home(asked, container=self.rig == "docker")
        return NodeSpec(
            name=name,
            role=role,
            serves=described.serves,
            command=self.command(described, values, others, backups=len(primaries) > 1),
            env={key: self.fill(text, values) for key, text in described.env.items()},
            files={key: self.fill(text, values) for key, text in described.files.items()},
            image=self.fill(described.image, {}),
            keep=described.keep,
            shared=described.shared,
            stop_signal=described.stop.signal,
            stop_to=described.stop.to,
            ready=described.ready,
            lent=self.lent(asked),
        )

    def command(
        self,
        described: Role,
        values: Mapping[str, str],
        others: Mapping[str, tuple[str, int]],
        *,
        backups: bool,
    ) -> tuple[str, ...]:
        words = [self.fill(word, values) for word in described.command]
        if backups:
            words += [self.fill(word, values) for word in described.with_backups]
        if self.apart:
            words += [self.fill(word, values) for word in described.with_store]
        for other, (host, port) in others.items():
            theirs = {"other.name": other, "other.host": host, "other.port": str(port)}
            words += [self.fill(word, {**values, **theirs}) for word in described.per_primary]
        return tuple(words)

    def lent(self, asked: set[str]) -> dict[str, str]:
        """The folders of this machine that a container may read, by where they are mounted."""
        lent = {HERE: str(self.folder)} if "here" in asked else {}
        return lent | ({CACHE: str(self.cache)} if "cache" in asked else {})

    def values(
        self, site: Site, name: str, role: str, others: dict[str, tuple[str, int]]
    ) -> dict[str, str]:
        place = site.place(name)
        own = {"name": name, "role": role, "data": place.data, "witness": place.witness}
        addresses = ",".join(f"{host}:{port}" for host, port in others.values())
        return own | {"host": place.host, "port": str(place.port), "others": addresses}

    def fill(self, text: str, values: Mapping[str, str]) -> str:
        """A template with its names filled in; a secret is made when it is first asked for."""
        asked = [n for n in Names(text).get_identifiers() if n.startswith(SECRET)]
        own = {name: self.secrets[name] for name in asked}
        own |= {f"{OPTION}{name}": text for name, text in self.in_force.items()}
        return Names(text).substitute({**values, **own})

    def unsafe(self, spec: NodeSpec) -> tuple[NodeSpec, str]:
        """The same node with the words that make it unsafe. Raises `Unsupported` without any."""
        unsafe = self.described.unsafe
        if unsafe is None:
            raise Unsupported("the system's file has no table [unsafe]")
        words = tuple(self.fill(word, {}) for word in unsafe.words)
        return msgspec.structs.replace(spec, command=(*spec.command, *words)), unsafe.refusal

    def namesake(
        self, site: Site, called: str, name: str, primaries: tuple[str, ...]
    ) -> tuple[NodeSpec, str]:
        """A worker with a folder and an address of its own. Raises `Unsupported`."""
        namesake = self.described.namesake
        if namesake is None:
            raise Unsupported("the system's file has no table [namesake]")
        twin = self.node_called(called, site, name, "worker", primaries)
        return twin, namesake.refusal

    def store(self, site: Site, fault: str) -> Store:
        """The server that the file describes, as a node. Raises `Unsupported` without one."""
        if self.described.roles.store is None or fault == "lock":
            raise Unsupported("no words of the system's file can do that to its store")
        self.apart = True
        return ServerStore(site, self.node(site, STORE, STORE, (STORE,)), self.timings.stop)

    def other_release(self, spec: NodeSpec, data: str, release: str) -> tuple[NodeSpec, str]:
        """Raises `Unsupported`: a file describes one release."""
        del spec, data, release
        raise Unsupported("the system's file describes no second release")

    def client(self, site: Site, primaries: tuple[str, ...]) -> Client:
        adapter = self.described.adapter
        if self.make_client is not None:
            urls = [site.url(primary) for primary in primaries]
            options = {k: self.fill(text, {}) for k, text in adapter.options.items()}
            return self.make_client(site.notify, urls, **options)
        command, env = self.program(site, primaries)
        # On a machine that needs much slack the adapter is slow, too.
        limit = self.timings.slack if self.timings.slack > FIRST_LIMIT else None
        return AdapterClient(command, env, self.folder, notify=site.notify, limit=limit)

    def program(self, site: Site, primaries: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
        adapter = self.described.adapter
        asked = names_in(*adapter.command, *adapter.env.values())
        urls = " ".join(site.url(primary) for primary in primaries)
        nodes = " ".join(self.nodes)
        store = urlsplit(site.url(STORE if self.apart else primaries[0])).netloc
        values = {"primaries": urls, "nodes": nodes, "store": store}
        values |= self.home(asked, container=False)
        command = [self.fill(word, values) for word in adapter.command]
        return command, {key: self.fill(text, values) for key, text in adapter.env.items()}

    def close(self) -> None:
        """Do nothing: nothing lies outside the site."""


def with_options(
    path: Path, defaults: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """The file's options by name, each as it was set or else its default.

    Raises `KitCannotRun` for one that the file does not have.
    """
    if unknown := [name for name in given if name not in defaults]:
        known = f"it has {', '.join(defaults)}" if defaults else "it has none"
        raise KitCannotRun(f"{path} has no option {unknown[0]!r}", f"{known}; see [options]")
    return {**defaults, **given}
