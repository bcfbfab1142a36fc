"""The docker rig: makes the sites of a run in the engine, and removes all of them at its end."""

import atexit
import itertools
import re
import shutil
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

from runall_harness.contract.errors import KitCannotRun

from ..base import Site
from ..real_site import abilities
from .clean import remove_run
from .death_events import DeathEvents
from .engine import connect
from .firewall import Firewall
from .networks import make_network
from .ownership import FOLDER, owner_labels
from .site import DockerSite, RunContext
from .site_networks import NetworkPool, SeparateInterfaces, SiteNetwork, shared_namespace

# Two cores gain nothing from more starts at once than this; removals run beside them.
WORKERS = 8
PREFIX = "runall-"


class DockerRig:
    """Sites made of containers of one image.

    `run` names the run in every label; letters, digits, dots and dashes. `store` is the address of
    a server that the nodes share: a node that is cut off is cut off from it too. Raises
    `KitCannotRun` if no engine answers.
    """

    name = "docker"

    def __init__(self, run: str, image: str, *, store: tuple[str, int] | None = None) -> None:
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", run) is None:
            raise ValueError(f"a run id is letters, digits, dots and dashes, not {run!r}")
        self.run, self.image, self.abilities = run, image, abilities()
        self._engine = connect()
        deaths = DeathEvents(self._engine, run)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{run}-")).resolve()
        labels = {**owner_labels(run), FOLDER: str(self._folder)}
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="runall-docker")
        self._removals: list[Future[None]] = []
        self._numbers = itertools.count(1)
        self._lock, self._closed = threading.RLock(), False
        atexit.register(self.close)
        self._context = RunContext(
            engine=self._engine,
            deaths=deaths,
            firewall=Firewall(labels, native=self._engine.native, store=store),
            workers=self._workers,
            image=image,
            labels=labels,
            prefix=f"{PREFIX}{run}",
        )
        self._network = self._workers.submit(make_network, self._engine, run, labels)
        self._shared = NetworkPool(self._make_shared, self._workers)
        # Started at once: it is needed soon, and an image in use is not removed as an old one.
        self._shared.prepare()
        self._separate = NetworkPool(self._make_separate, self._workers)

    def _make_shared(self) -> SiteNetwork:
        network, labels = self._network.result(), self._context.labels
        return shared_namespace(self._engine, self.run, self.image, network, labels)

    def _make_separate(self) -> SiteNetwork:
        """A network for one site alone, so that host names of two sites never meet."""
        return SeparateInterfaces(make_network(self._engine, self.run, self._context.labels))

    def site(
        self, case: str, *, cuttable: bool = False, orphans: bool = False, clocks: bool = False
    ) -> Site:
        """`cuttable` gives each node an interface, and `orphans` gives each daemon a supervisor."""
        self._context.deaths.check()
        pool = self._pool(cuttable)
        network, folder = pool.take(), self._folder / str(next(self._numbers))
        folder.mkdir()
        on_close = partial(self._remove_later, pool)
        ask = {"orphans": orphans, "clocks": clocks}
        return DockerSite(self._context, network, case, folder, on_close, **ask)

    def prepare(self, case: str, *, cuttable: bool = False) -> None:  # noqa: ARG002 - any case
        self._pool(cuttable).prepare()

    def _pool(self, cuttable: bool) -> NetworkPool:
        return self._separate if cuttable else self._shared

    def _remove_later(self, pool: NetworkPool, site: DockerSite) -> None:
        """Remove a closed site, and only then let another one use its network."""

        def remove() -> None:
            site.remove()
            pool.give_back(site.network)

        self._removals = [future for future in self._removals if not future.done()]
        self._removals.append(self._workers.submit(remove))

    def close(self) -> None:
        """Raises `KitCannotRun` if something is left; `runall clean` removes it later."""
        with self._lock:
            if self._closed:
                return
            wait(self._removals)
            self._workers.shutdown(wait=True, cancel_futures=True)
            self._context.deaths.close()
            try:
                remove_run(self._engine, self.run)
            except KitCannotRun:
                self._forget()
                raise
            # Not reached after a second Ctrl-C: then the exit of the process tries once more.
            self._forget()

    def _forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._closed = True
        atexit.unregister(self.close)
        self._engine.client.close()
