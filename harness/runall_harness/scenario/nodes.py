"""The nodes of one cluster: how each is run, and whether it takes work."""

import re
from functools import partial

from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.history import History, Start
from runall_harness.rigs.base import STORE, NodeSpec, Readiness, Site
from runall_harness.systems.base import System
from runall_harness.systems.stores import Store

from .calls import Calls

PRIMARY = "primary"
LAST_LINES = 5
ANSWER_WITHIN = 1.0  # seconds for one answer; the node is asked repeatedly


class Evidence:
    """What the nodes of one site have shown since each was started last.

    A daemon that listens may not be ready, and a line in its log may stem from an earlier start. So
    only what was shown since this start counts, besides the adapter's answer.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.earlier: dict[str, int] = {}

    def starts(self, spec: NodeSpec) -> None:
        """Note that a node is about to start: its earlier output proves nothing from now on."""
        if spec.ready and spec.ready.log:
            self.earlier[spec.name] = len(self.site.logs(spec.name))

    def shows(self, spec: NodeSpec) -> bool:
        """Whether the node shows what its description asks for; yes where that is nothing."""
        ready = spec.ready
        if ready is None:
            return True
        if ready.log:
            printed = self.site.logs(spec.name)[self.earlier.get(spec.name, 0) :]
            return any(re.search(ready.log, line) for line in printed.splitlines())
        return answers(self.site.url(spec.name), ready)


def answers(url: str, ready: Readiness) -> bool:
    """Whether a node serves the path that it must, without an error and with the right text."""
    import httpx

    try:
        answer = httpx.get(f"{url}{ready.http}", timeout=ANSWER_WITHIN, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.is_success and ready.holds in answer.text


class Nodes:
    """Starts the nodes of a system on a site, and waits until they take work."""

    def __init__(self, system: System, site: Site, calls: Calls, history: History) -> None:
        self.system, self.site, self.calls, self.history = system, site, calls, history
        self.evidence = Evidence(site)
        self.specs: dict[str, NodeSpec] = {}
        self.primaries: tuple[str, ...] = (PRIMARY,)
        # The nodes that are of another release than the others. `reason` is a word of the refusal
        # between two releases that can't work together.
        self.releases: dict[str, str] = {}
        self.reason = ""

    def start(self, *workers: str, backups: tuple[str, ...] = ()) -> None:
        """Start the primary and the workers. The backups are described too, and start later."""
        self.primaries = (PRIMARY, *backups)
        for name in (*self.primaries, *workers):
            self.specs[name] = self.described(name)
        self.launch(*(self.specs[name] for name in (PRIMARY, *workers)))
        self.calls.connect(self.system.client(self.site, self.primaries))

    def described(self, name: str) -> NodeSpec:
        """How that node is run, in its release if it has one of its own."""
        role = "primary" if name in self.primaries else "worker"
        spec = self.system.node(self.site, name, role, self.primaries)
        if release := self.releases.get(name):
            data = self.site.place(name).data
            spec, self.reason = self.system.other_release(spec, data, release)
        return spec

    def start_backups(self) -> None:
        self.launch(*(self.specs[name] for name in self.primaries[1:]))

    def restart(self, node: str, spec: NodeSpec | None = None) -> None:
        """Start a node again that had ended; `spec` is how, if not as before."""
        self.launch(spec or self.specs[node])

    def start_store(self, store: Store) -> None:
        """Start the server of a store that has one; the history notes the store in any case."""
        if store.spec is None:
            self.history.add(Start(at=self.site.now(), node=STORE, role=STORE))
            return
        self.launch(store.spec)
        self.await_store(store.spec)

    def await_store(self, spec: NodeSpec) -> None:
        """Wait until the server of the store shows what it must. Raises `KitCannotRun`."""
        if not self.site.wait(partial(self.evidence.shows, spec), self.system.timings.start):
            raise KitCannotRun(
                f"the store did not come up; last words of {self.last_words(spec.name)}",
                "read its log, and try its command by hand",
            )

    def launch(self, *specs: NodeSpec) -> None:
        for spec in specs:
            self.history.add(Start(at=self.site.now(), node=spec.name, role=spec.role))
            self.evidence.starts(spec)
        self.site.start(*specs)

    def await_online(self, *nodes: str) -> None:
        """Wait until these nodes take work. Raises `KitCannotRun` with what they printed last."""
        if missing := self.await_missing(*nodes):
            raise KitCannotRun(
                f"{', '.join(missing)} did not come up; last words of {self.last_words(*missing)}",
                "read the node's log, and try its command by hand",
            )

    def await_missing(self, *nodes: str) -> list[str]:
        """Wait until these nodes take work, or one of them has died; those that take none then."""
        wanted = set(nodes)

        def settled() -> set[str]:
            dead = {node for node in wanted if not self.site.alive(node)}
            shown = self.shown(wanted) == wanted
            return dead or (wanted if shown and wanted <= self.calls.online() else set())

        settled_on = self.site.wait(settled, self.system.timings.start)
        if settled_on == wanted and all(self.site.alive(node) for node in wanted):
            return []
        return sorted(settled_on or wanted - (self.shown(wanted) & self.calls.online()))

    def shown(self, nodes: set[str]) -> set[str]:
        """The nodes that have shown, since their start, what their description asks for."""
        return {node for node in nodes if self.evidence.shows(self.specs[node])}

    def last_words(self, *nodes: str) -> str:
        """The end of what each of these nodes printed, in one line."""
        ends = {node: self.site.logs(node).splitlines()[-LAST_LINES:] for node in nodes}
        said = {node: " / ".join(filter(None, map(str.strip, end))) for node, end in ends.items()}
        return "; ".join(f"{node}: {words or '(nothing)'}" for node, words in said.items())
