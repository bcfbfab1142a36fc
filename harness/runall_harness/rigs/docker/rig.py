"""The docker rig: what a run has made in the engine, and that none of it outlives the run."""

import atexit
import itertools
import re
import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

from runall_harness.contract.errors import KitCannotRun

from ..base import Site
from .clean import remove_run
from .death_events import Deaths
from .engine import Engine, connect
from .firewall import Firewall
from .networks import Network, make_network
from .ownership import FOLDER, owner_labels
from .site import DockerSite, Ground
from .site_networks import Bench, Benches, make_mesh, make_shared

Progress = Callable[[str], None]
# A few starts at once is all that two cores have to gain; removals run beside them.
WORKERS = 8
PREFIX = "runall-"
# Cut off from a store that is a file nobody can be: only one on the network is lost with it.
ABILITIES = frozenset(
    {"kill", "stop", "restart", "pause", "partition", "daemon", "job", "group", "failpoint"}
)


class DockerRig:
    """Sites made of containers of one image.

    `run` names the run in every label; letters, digits, dots and dashes. `progress` is told in
    one line what takes a moment. `engine` is one that was connected to already. `store` is where
    a server listens that the nodes share: who is cut off is cut off from it too.

    Raises:
        KitCannotRun: no engine answers.
    """

    name = "docker"

    def __init__(
        self,
        run: str,
        image: str,
        progress: Progress | None = None,
        engine: Engine | None = None,
        *,
        store: tuple[str, int] | None = None,
    ) -> None:
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", run) is None:
            raise ValueError(f"a run id is letters, digits, dots and dashes, not {run!r}")
        self.run, self.image, self.store = run, image, store
        self.abilities = ABILITIES | frozenset({"netstore"} if store else ())
        self._say = progress or silent
        self._engine = engine or connect()
        deaths = Deaths(self._engine, run)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{run}-")).resolve()
        self._labels = {**owner_labels(run), FOLDER: str(self._folder)}
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="runall-docker")
        self._closing: list[Future[None]] = []
        self._numbers = itertools.count(1)
        self._shutting, self._closed = threading.RLock(), False
        atexit.register(self.close)
        self._ground = self._make_ground(deaths)
        self._home: Future[Network] = self._workers.submit(
            make_network, self._engine, run, self._labels
        )
        self._shared = Benches(self._make_shared, self._workers)
        # At once: it is wanted soon, and an image in use is not removed as an old one.
        self._shared.prepare()
        self._meshes = Benches(partial(make_mesh, self._engine, run, self._labels), self._workers)

    def _make_ground(self, deaths: Deaths) -> Ground:
        return Ground(
            engine=self._engine,
            deaths=deaths,
            firewall=Firewall(self._labels, native=self._engine.native, store=self.store),
            store=self.store,
            workers=self._workers,
            image=self.image,
            labels=self._labels,
            prefix=f"{PREFIX}{self.run}",
        )

    def site(self, case: str, *, cuttable: bool = False, orphans: bool = False) -> Site:
        """A fresh site for one case. `cuttable` gives each node a network interface of its own.

        `orphans` gives each daemon a keeper, so that its container can outlive it.

        Raises:
            KitCannotRun: the engine is lost, or could not make a network.
        """
        self._ground.deaths.check()
        benches = self._benches(cuttable)
        bench = benches.take()
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()

        def leave() -> None:
            self._closing = [*(f for f in self._closing if not f.done()), clearing()]

        def clearing() -> Future[None]:
            return self._workers.submit(clear, site, benches, bench)

        site = DockerSite(self._ground, bench, case, folder, leave, orphans=orphans)
        return site

    def prepare(self, case: str, *, cuttable: bool = False) -> None:  # noqa: ARG002 - any case
        """Begin to make what the next site will stand on."""
        self._benches(cuttable).prepare()

    def settle(self) -> None:
        """Wait until all closed sites are removed.

        Raises:
            KitCannotRun: one could not be.
        """
        pending, self._closing = self._closing, []
        for future in pending:
            future.result()

    def close(self) -> None:
        """Remove everything that this run made. Safe to call twice.

        Raises:
            KitCannotRun: something is left; `runall clean` removes it later.
        """
        with self._shutting:
            if self._closed:
                return
            self._finish_work()
            try:
                remove_run(self._engine, self.run)
            except KitCannotRun:
                self._let_go()
                raise
            # Not reached after a second Ctrl-C: then the exit of the process tries once more.
            self._let_go()

    def _let_go(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._closed = True
        atexit.unregister(self.close)
        self._engine.client.close()

    def _finish_work(self) -> None:
        wait(self._closing)
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._ground.deaths.close()

    def _benches(self, cuttable: bool) -> Benches:
        return self._meshes if cuttable else self._shared

    def _make_shared(self) -> Bench:
        return make_shared(self._engine, self.run, self.image, self._home.result(), self._labels)


def clear(site: DockerSite, benches: Benches, bench: Bench) -> None:
    """Remove a closed site, and only then let another one stand where it stood."""
    site.clear()
    benches.give_back(bench)


def silent(line: str) -> None:
    """Progress that nobody asked for."""
