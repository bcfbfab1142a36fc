"""The processes of a cluster that search seeds, reached through a Dask scheduler.

Dask moves tasks between machines, and does a task again whose worker has died. A seed is a task
under a key of its own. Only so many are handed over that no worker waits for work: a scheduler that
holds millions of tasks is slow, and stopping the campaign would be too.
"""

import logging
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.kit_fingerprint import this_kit

from .searchers import Heard, Lost
from .work import Reported, search_here

# How long a scheduler may take to answer, and a first worker to come, in seconds.
CONNECT, FIRST_WORKER = 10.0, 30.0
# Seeds handed over for each thread of the cluster: one at work, and one that waits beside it.
AHEAD = 2
# How often the cluster is asked for its size, in seconds.
CENSUS = 1.0
INSTALL = "pip install 'runall-kit[campaign]'"


class DaskSearchers:
    """The workers of the cluster whose scheduler is at that address."""

    def __init__(self, address: str, plan: str, kit: str) -> None:
        """Connect, and see that all workers run this kit.

        Raises:
            KitCannotRun: Dask is not installed, nobody answers, or a worker runs something else.
        """
        self.address, self.plan, self.kit = address, plan, kit
        dask = load_dask()
        # What says of a task that it was lost, and not that it went wrong.
        self.losses: tuple[type[Exception], ...] = (dask.KilledWorker, dask.CancelledError, OSError)
        self.client = connect(dask, address)
        self.run = secrets.token_hex(4)
        self.under_way: dict[Any, int] = {}
        self.ended: SimpleQueue[Any] = SimpleQueue()
        self.begun = 0
        self.threads, self.counted = 0, 0.0
        try:
            self.see_workers()
        except BaseException:
            self.close()
            raise

    # ---------------------------------------------------------------- the workers
    def see_workers(self) -> None:
        """Wait for a worker; see that each one has this kit.

        Raises:
            KitCannotRun: there is none, or one has not; it is named.
        """
        try:
            self.client.wait_for_workers(1, timeout=FIRST_WORKER)
        except TimeoutError as error:
            raise KitCannotRun(
                f"the Dask scheduler at {self.address} has no workers",
                f"start some: dask worker {self.address} --nthreads 1 --nworkers -1",
            ) from error
        for worker, kit in self.client.run(this_kit, on_error="return").items():
            if kit != self.kit:
                raise self.unfit(worker, kit)

    def unfit(self, worker: str, kit: object) -> KitCannotRun:
        """The error for a worker that has another kit, or none."""
        has = f"runs another kit: {kit}" if isinstance(kit, str) else f"has no kit: {kit}"
        return KitCannotRun(
            f"the Dask worker {worker} {has}; the campaign's is {self.kit}",
            f"install the same kit and Python on every machine ({INSTALL}), "
            "and start its workers anew",
        )

    def room(self) -> int:
        """How many seeds may still be handed over."""
        if time.monotonic() - self.counted >= CENSUS:
            with self.reaching():
                self.threads = sum(self.client.nthreads().values())
            self.counted = time.monotonic()
        return AHEAD * self.threads - len(self.under_way)

    # ---------------------------------------------------------------- the seeds
    def begin(self, seed: int) -> None:
        """Hand a seed over."""
        # Never a key that was: the scheduler may still know it, or a worker be at it, although the
        # campaign that gave it was stopped.
        self.begun += 1
        key = f"runall-{self.run}-{seed}-{self.begun}"
        with self.reaching():
            future = self.client.submit(search_here, seed, self.plan, self.kit, key=key)
        self.under_way[future] = seed
        future.add_done_callback(self.ended.put)

    def heard(self, patience: float) -> list[Heard]:
        """What became of seeds."""
        futures = self.taken(patience)
        if self.client.status != "running":
            raise self.gone()
        results = self.fetched([future for future in futures if future.status == "finished"])
        seeds = [(future, self.under_way.pop(future)) for future in futures]
        return [results.get(future) or self.told(future, seed) for future, seed in seeds]

    @contextmanager
    def reaching(self) -> Generator[None]:
        """Whatever goes wrong because the scheduler is gone is told as just that."""
        try:
            yield
        except Exception as error:
            if self.client.status == "running" and not isinstance(error, OSError):
                raise
            raise self.gone() from error

    def gone(self) -> KitCannotRun:
        """The error for a scheduler that is lost. With it, all that it was given is."""
        return KitCannotRun(
            f"the Dask scheduler at {self.address} does not answer any more",
            "start it again, then give the same command: it goes on with what is stored",
        )

    def taken(self, patience: float) -> list[Any]:
        """The tasks that have ended since the last call."""
        futures: list[Any] = []
        try:
            futures.append(self.ended.get(timeout=patience))
            while True:
                futures.append(self.ended.get_nowait())
        except Empty:
            return futures

    def fetched(self, futures: list[Any]) -> dict[Any, Heard]:
        """The results of these tasks in one message: one for each is a hundred times as slow.

        Nothing where one of them is lost meanwhile: `told` finds out which.
        """
        with suppress(*self.losses):
            results = self.client.gather(futures)
            read = (msgspec.json.decode(result, type=Reported) for result in results)
            return dict(zip(futures, read, strict=True))
        return {}

    def told(self, future: Any, seed: int) -> Heard:
        """What a task says whose result did not come with the others."""
        try:
            return msgspec.json.decode(future.result(), type=Reported)
        except self.losses as error:
            return Lost(seed=seed, why=f"its worker or the scheduler died: {error}")
        except Exception as error:  # noqa: BLE001 - a worker can raise anything; the seed is named
            trouble = f"{type(error).__name__}: {error}"
            return Reported(seed=seed, by=self.address, trouble=trouble)

    def close(self) -> None:
        """Take back what is under way, and leave the cluster as it was."""
        self.client.cancel(list(self.under_way))
        self.client.close()


def load_dask() -> ModuleType:
    """Dask's part for clusters. Raises `KitCannotRun` where it is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise KitCannotRun(f"a cluster needs Dask, and it is not here: {error}", INSTALL) from error
    # It tells of every connection that ends, with a trace; what matters is heard from the tasks.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed


def connect(dask: ModuleType, address: str) -> Any:
    """A client of the scheduler at that address. Raises `KitCannotRun` if nobody answers there."""
    try:
        return dask.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise KitCannotRun(
            f"no Dask scheduler answers at {address}: {error}",
            "start one with `dask scheduler`, and give the address that it prints",
        ) from error
