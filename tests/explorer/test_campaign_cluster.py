"""A campaign on a cluster: a real Dask scheduler and real workers, of which some die."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import psutil
import pytest
from runall_harness.cli import exit_code_of
from runall_harness.contract.errors import KitCannotRun
from runall_harness.explorer.campaign import cluster as clusters
from runall_harness.explorer.campaign.cluster import DaskSearchers
from runall_harness.explorer.campaign.totals import Totals
from runall_harness.host.kit_fingerprint import PACKAGES, folder_of
from support.campaigns import KIT, PLAN, alone, campaign, makers, rows, text

# Where CI is true, a missing extra fails the tests: skipped, they would be a false green.
if os.environ.get("CI") == "true":
    importlib.import_module("distributed")
else:
    pytest.importorskip("distributed", reason="needs runall-kit[campaign]")

LOOPBACK = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")


class Cluster:
    """A scheduler on a free port of this machine, and the workers that a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[subprocess.Popen[str]] = []
        self.address = self.start("dask_scheduler", "Scheduler at:", "--port", "0").split()[-1]

    def worker(self, path: Path | None = None) -> int:
        """Start a worker, on the kit in that folder if one is given; its pid."""
        alone = ("--no-nanny", "--nthreads", "1", "--local-directory", str(self.folder))
        self.start("dask_worker", "Registered to:", self.address, *alone, path=path)
        return self.parts[-1].pid

    def start(self, module: str, ready: str, *arguments: str, path: Path | None = None) -> str:
        """Start a part of the cluster; the line in which it says that it is ready."""
        command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments, *LOOPBACK]
        env = os.environ | ({"PYTHONPATH": str(path)} if path else {})
        part = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
        self.parts.append(part)
        assert part.stderr is not None
        return line_with(ready, part.stderr)

    def searchers(self) -> DaskSearchers:
        """Those who search: all workers that there are."""
        return DaskSearchers(self.address, text(), KIT)

    def kill(self, pid: int) -> None:
        """End one part with SIGKILL."""
        (part,) = (part for part in self.parts if part.pid == pid)
        part.kill()
        part.wait()

    def close(self) -> None:
        """End every part."""
        for part in self.parts:
            self.kill(part.pid)


def line_with(words: str, output: IO[str]) -> str:
    """The first line with these words; a thread reads on, so that nobody waits for a reader."""
    said: list[str] = []
    for line in output:
        said.append(line)
        if words in line:
            threading.Thread(target=output.read, daemon=True).start()
            return line
    raise AssertionError(f"it ended without a word of {words!r}: {''.join(said)}")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with closing(Cluster(tmp_path)) as cluster:
        yield cluster


class Reaper:
    """Kills the maker of a first result with SIGKILL while it has other seeds to search.

    The maker is frozen first: what the scheduler says of its tasks stays true then.
    """

    def __init__(self, folder: Path, cluster: Cluster, client: Any) -> None:
        self.folder, self.cluster, self.client = folder, cluster, client
        self.addresses = {pid: worker for worker, pid in client.run(os.getpid).items()}
        self.killed: int | None = None
        self.orphans: set[int] = set()

    def __call__(self, totals: Totals) -> None:
        """Something was stored, perhaps."""
        if self.killed is not None or not totals.new:
            return
        maker = psutil.Process(makers(self.folder)[0])
        maker.suspend()
        tasks = self.client.processing()[self.addresses[maker.pid]]
        if tasks:
            self.killed = maker.pid
            self.orphans = {int(key.split("-")[2]) for key in tasks}
            self.cluster.kill(maker.pid)
        else:
            maker.resume()


def test_a_killed_worker_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    workers = {cluster.worker() for _ in range(3)}
    searchers = cluster.searchers()
    reaper = Reaper(tmp_path, cluster, searchers.client)
    course = campaign(tmp_path, "40-seeds", lambda: searchers, reaper)
    assert reaper.killed in workers
    made = dict(zip(rows(tmp_path), makers(tmp_path), strict=True))
    assert reaper.orphans, "it was killed while it had seeds to search"
    assert {made[seed] for seed in reaper.orphans} <= workers - {reaper.killed}
    assert set(made.values()) <= workers
    assert rows(tmp_path) == {seed: alone(seed).result for seed in range(1, 41)}
    assert course.totals.new == course.totals.seeds == 40


class Counted(DaskSearchers):
    """Those who search, and how many seeds they had at the most."""

    most = 0

    def begin(self, seed: int) -> None:
        """Hand a seed over."""
        super().begin(seed)
        self.most = max(self.most, len(self.under_way))


def test_no_more_seeds_are_handed_over_than_keep_each_worker_at_work(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.worker()
    counted = Counted(cluster.address, text(), KIT)
    campaign(tmp_path, "9-seeds", lambda: counted)
    assert counted.most == 2
    assert len(rows(tmp_path)) == 9


def test_a_campaign_goes_on_from_the_cluster_to_this_machine(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.worker()
    campaign(tmp_path, "3-seeds", cluster.searchers)
    campaign(tmp_path, "6-seeds")
    assert rows(tmp_path) == {seed: alone(seed).result for seed in range(1, 7)}


def test_workers_that_come_late_take_up_what_was_lost_with_all_others(
    cluster: Cluster, tmp_path: Path
) -> None:
    first, second = cluster.worker(), list[int]()

    def replace(totals: Totals) -> None:
        if totals.new and not second:
            cluster.kill(first)
            second.append(cluster.worker())

    campaign(tmp_path, "12-seeds", cluster.searchers, replace)
    assert set(makers(tmp_path)) == {first, *second}
    assert rows(tmp_path) == {seed: alone(seed).result for seed in range(1, 13)}


def test_the_command_line_reaches_a_cluster(
    cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = cluster.worker()
    asked = ["explore", "--world", *PLAN.worlds, "--budget", "2-seeds", "--format", "json"]
    assert exit_code_of([*asked, "--campaign", str(tmp_path), "--dask", cluster.address]) == 0
    report = json.loads(capfd.readouterr().out)
    assert (report["schema"], report["verdict"]) == ("runall-campaign/1", "clean")
    assert (report["seeds"], report["stories"]) == (2, 40)
    assert set(makers(tmp_path)) == {worker}


def test_a_scheduler_that_dies_is_named_and_what_is_stored_stays(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.worker()

    def end(totals: Totals) -> None:
        if totals.new:
            cluster.kill(cluster.parts[0].pid)

    with pytest.raises(KitCannotRun, match=rf"{cluster.address} does not answer any more"):
        campaign(tmp_path, "500-seeds", cluster.searchers, end)
    assert 0 < len(rows(tmp_path)) < 500
    assert rows(tmp_path) == {seed: alone(seed).result for seed in rows(tmp_path)}


def test_a_worker_without_the_kit_is_named(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "runall_harness.py").write_text("raise ModuleNotFoundError('no such module')\n")
    cluster.worker(tmp_path)
    with pytest.raises(KitCannotRun, match=r"worker tcp://\S+ has no kit(.|\n)*pip install"):
        campaign(tmp_path, "1-seed", cluster.searchers)


def test_a_worker_with_another_kit_is_named(cluster: Cluster, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(folder_of(package), tmp_path / package)
    with (tmp_path / "runall_harness/contract/verdicts.py").open("a") as module:
        module.write("# changed\n")
    cluster.worker(tmp_path)
    with pytest.raises(KitCannotRun, match=r"worker tcp://\S+ runs another kit: \S+, sources "):
        campaign(tmp_path, "1-seed", cluster.searchers)


def test_a_cluster_without_workers_is_told_how_to_get_some(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "FIRST_WORKER", 0.1)
    with pytest.raises(KitCannotRun, match=f"no workers; .*dask worker {cluster.address}"):
        campaign(tmp_path, "1-seed", cluster.searchers)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://here", ""])
def test_an_address_at_which_nobody_answers_is_told(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "CONNECT", 0.5)
    with pytest.raises(KitCannotRun, match=f"no Dask scheduler answers at {address}"):
        DaskSearchers(address, text(), KIT)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(KitCannotRun, match=r"next step: pip install 'runall-kit\[campaign\]'"):
        DaskSearchers("tcp://127.0.0.1:9", text(), KIT)
