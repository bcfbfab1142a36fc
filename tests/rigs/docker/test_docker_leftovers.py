"""What a docker run leaves: nothing, however it ends, and nothing of another run is touched."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from runall_harness.contract.errors import KitCannotRun
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.docker import DockerRig, clean, firewall, networks, ownership, subnets
from runall_harness.rigs.docker.engine import Engine
from runall_harness.rigs.docker.site import DockerSite

NAP = ("python3", "-c", "import signal; signal.pause()")


def new_run() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


def open_site(rig: DockerRig) -> DockerSite:
    return cast(DockerSite, rig.site("a case"))


def nap(name: str) -> NodeSpec:
    return NodeSpec(name=name, role="worker", command=NAP)


def with_run(engine: Engine, run: str) -> list[str]:
    """All containers and networks of a run."""
    client: Any = engine.client
    wanted = {"label": f"{ownership.RUN}={run}"}
    containers = client.containers.list(all=True, filters=wanted)
    found = (*containers, *client.networks.list(filters=wanted))
    return sorted(str(thing.name) for thing in found)


def folders(run: str) -> list[Path]:
    """The temporary folders of a run."""
    return list(Path(tempfile.gettempdir()).glob(f"runall-{run}-*"))


def start_harness(run: str, image: str, then: str) -> subprocess.Popen[str]:
    """Another harness, that makes a site with two nodes and a cut, and then runs `then`."""
    script = f"""
import sys
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.docker import DockerRig
rig = DockerRig({run!r}, {image!r})
site = rig.site("a case", cuttable=True)
site.start(*(NodeSpec(name=name, role="worker", command={NAP!r}) for name in ("one", "two")))
site.cut("one")
print("ready", flush=True)
{then}
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script]
    return subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_closing_a_site_leaves_nothing_of_it(engine: Engine, image: str) -> None:
    rig = DockerRig(new_run(), image)
    with closing(rig):
        site = open_site(rig)
        site.start(nap("worker"))
        assert [name for name in with_run(engine, rig.run) if "worker" in name]
        site.close()
        site.close()
        wait(rig._removals)
        assert not [name for name in with_run(engine, rig.run) if "worker" in name]
        assert not list(rig._folder.iterdir())
    rig.close()
    assert with_run(engine, rig.run) == []
    assert folders(rig.run) == []


def test_a_run_that_is_closed_with_its_sites_open_leaves_nothing(
    engine: Engine, image: str
) -> None:
    rig = DockerRig(new_run(), image)
    with closing(rig):
        open_site(rig).start(nap("worker"))
        rig.prepare("the next case")
    assert with_run(engine, rig.run) == []
    assert folders(rig.run) == []


@pytest.mark.parametrize("end", ["raise KeyboardInterrupt", "raise SystemExit(1)", "1 / 0"])
def test_a_run_that_breaks_off_leaves_nothing(engine: Engine, image: str, end: str) -> None:
    run = new_run()
    output, _ = start_harness(run, image, end).communicate(timeout=60)
    assert output == "ready\n"
    assert with_run(engine, run) == []
    assert folders(run) == []
    assert not list(firewall.stale_rules(run))


def test_after_the_harness_is_killed_cleaning_removes_its_things_and_no_live_run_s(
    engine: Engine, image: str
) -> None:
    dead, live = new_run(), new_run()
    harnesses = [start_harness(run, image, "sys.stdin.read()") for run in (dead, live)]
    try:
        for harness in harnesses:
            assert harness.stdout is not None
            assert harness.stdout.readline() == "ready\n"
        harnesses[0].send_signal(signal.SIGKILL)
        harnesses[0].wait()
        before = with_run(engine, live)
        rules = list(firewall.stale_rules(live))
        removed = clean.clean_containers()
        assert {f"container runall-{dead}-1-one", f"container runall-{dead}-1-two"} <= set(removed)
        assert with_run(engine, dead) == []
        assert folders(dead) == []
        assert not list(firewall.stale_rules(dead))
        assert with_run(engine, live) == before != []
        assert list(firewall.stale_rules(live)) == rules
        assert not [line for line in removed if live in line]
    finally:
        harnesses[1].communicate("", timeout=60)
        harnesses[0].communicate(timeout=60)
    assert with_run(engine, live) == []


def test_sites_use_the_same_network_one_after_another(image: str) -> None:
    with closing(DockerRig(new_run(), image)) as rig:
        hosts: set[str] = set()
        for _ in range(3):
            with closing(open_site(rig)) as site:
                hosts.add(site.place("worker").host)
            wait(rig._removals)
    assert len(hosts) == 1


def test_two_sites_at_once_do_not_share_their_network(image: str) -> None:
    with closing(DockerRig(new_run(), image)) as rig:
        assert open_site(rig).place("worker").host != open_site(rig).place("worker").host


def test_two_runs_do_not_share_a_network(image: str) -> None:
    with closing(DockerRig(new_run(), image)) as one, closing(DockerRig(new_run(), image)) as two:
        addresses = {open_site(rig).place("worker").host for rig in (one, two)}
    assert len({address.rsplit(".", 1)[0] for address in addresses}) == 2


def test_a_range_that_was_taken_a_moment_ago_is_passed_over(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = engine.client
    run = new_run()
    labels = ownership.owner_labels(run)
    # Both runs saw this list of free ranges; only one can have the first.
    seen = list(itertools.islice(subnets.free_ranges(run, client.networks.list()), 2))

    def stale(*_: Any) -> Iterator[subnets.Range]:
        return iter(seen)

    monkeypatch.setattr(networks, "free_ranges", stale)
    made = [networks.make_network(engine, run, labels) for _ in seen]
    try:
        assert [net.addresses[0].rsplit(".", 1)[0] for net in made] == [
            str(subnet.network_address).rsplit(".", 1)[0] for subnet in seen
        ]
        with pytest.raises(KitCannotRun, match="gave no network"):
            networks.make_network(engine, run, labels)
    finally:
        clean.remove_run(engine, run)
    assert with_run(engine, run) == []


def test_a_range_in_use_is_no_candidate() -> None:
    taken = next(iter(subnets.free_ranges("same-run", [])))
    other = next(iter(subnets.free_ranges("same-run", [Listed(str(taken))])))
    assert not other.overlaps(taken)


class Listed:
    """A network as the engine lists it."""

    def __init__(self, subnet: str) -> None:
        self.attrs = {"IPAM": {"Config": [{"Subnet": subnet}]}}


def test_the_owner_of_a_pid_that_is_used_again_is_dead() -> None:
    labels = ownership.owner_labels("run")
    assert not ownership.owner_is_dead(labels)
    assert ownership.owner_is_dead({**labels, ownership.BORN: "another boot:1"})


def test_what_another_host_made_is_never_taken_for_dead() -> None:
    labels = {**ownership.owner_labels("run"), ownership.BORN: "another boot:1"}
    assert not ownership.owner_is_dead({**labels, ownership.HOST: "elsewhere"})


def test_an_owner_is_read_back_from_a_firewall_rule() -> None:
    labels = ownership.owner_labels("run")
    rule = f'-A FORWARD -s 10.213.0.2/32 --comment "{ownership.stamp(labels)}" -j DROP'
    assert ownership.read_stamp(rule) == labels


def test_only_a_folder_that_looks_like_ours_is_removed(tmp_path: Path) -> None:
    (tmp_path / "runall-x").mkdir()
    clean.remove_folder(tmp_path / "runall-x")
    assert (tmp_path / "runall-x").exists()
