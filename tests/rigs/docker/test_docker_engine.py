"""The engine that answers, that doesn't, and that goes away; and which rig a run then takes."""

import threading
import uuid
from contextlib import closing, suppress
from pathlib import Path
from typing import cast

import pytest
from runall_harness.contract.errors import KitCannotRun
from runall_harness.rigs import choose
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.docker import DockerRig, clean
from runall_harness.rigs.docker.engine import Engine, connect, observe
from runall_harness.rigs.docker.site import DockerSite
from support.engine_relay import Relay

NAP = ("python3", "-c", "import signal; signal.pause()")


def new_run() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


def test_an_engine_that_vanishes_ends_every_wait_at_once(
    engine: Engine, image: str, relay: Relay
) -> None:
    rig = DockerRig(new_run(), image)
    try:
        site = cast(DockerSite, rig.site("a case"))
        spec = NodeSpec(name="worker", role="worker", command=NAP)
        site.start(spec)
        began = site.now()
        threading.Timer(0.3, relay.close).start()
        with pytest.raises(KitCannotRun, match="went away during the run"):
            site.wait(lambda: None, 60.0)
        for step in (lambda: site.start(spec), lambda: site.kill("worker"), rig.close):
            with pytest.raises(KitCannotRun):
                step()
        assert site.now() - began < 10.0
    finally:
        clean.remove_run(engine, rig.run)


def test_a_stop_does_not_sit_out_its_grace_when_the_engine_vanishes(
    engine: Engine, image: str, relay: Relay
) -> None:
    rig = DockerRig(new_run(), image)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    try:
        site = cast(DockerSite, rig.site("a case"))
        command = ("python3", "-c", f"{deaf}; signal.pause()")
        site.start(NodeSpec(name="worker", role="worker", command=command))
        assert site.wait(lambda: "deaf" in site.logs("worker"), 20.0)
        began = site.now()
        threading.Timer(0.3, relay.close).start()
        with pytest.raises(KitCannotRun, match="went away during the run"):
            site.stop("worker", 60.0)
        assert site.now() - began < 10.0
        with pytest.raises(KitCannotRun):
            rig.close()
    finally:
        clean.remove_run(engine, rig.run)


def test_an_engine_behind_a_virtual_machine_shares_no_kernel(engine: Engine) -> None:
    info = engine.client.info()
    desktop = observe(engine.client, {**info, "OperatingSystem": "Docker Desktop"})
    machine = observe(engine.client, {**info, "KernelVersion": "6.6.12-linuxkit"})
    assert (desktop.native, machine.native) == (False, False)
    assert (desktop.user, machine.user) == (None, None)


def test_an_engine_that_says_little_is_not_taken_for_native(engine: Engine) -> None:
    assert observe(engine.client, {}).native is False


@pytest.mark.usefixtures("no_engine")
def test_no_engine_is_reported_in_one_line_with_the_next_step() -> None:
    with pytest.raises(KitCannotRun) as refused:
        connect()
    assert "\n" not in str(refused.value)
    assert "next step: start a Docker engine" in str(refused.value)


@pytest.mark.usefixtures("no_engine")
def test_docker_is_never_replaced_when_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(KitCannotRun, match="no container engine answers"):
        choose.choose("docker", new_run(), say=print)


@pytest.mark.usefixtures("engine")
def test_docker_without_an_image_says_what_to_do() -> None:
    with pytest.raises(KitCannotRun) as refused:
        choose.choose("docker", new_run(), base="127.0.0.1:9/nothing/here:1", say=print)
    assert "could not be pulled" in refused.value.cause
    assert "ci/base-image" in refused.value.hint
    assert "RUNALL_BASE_IMAGE" in refused.value.hint


@pytest.mark.usefixtures("no_engine")
def test_auto_takes_processes_without_an_engine_and_says_why() -> None:
    said: list[str] = []
    with closing(choose.choose("auto", new_run(), say=said.append)) as rig:
        assert rig.name == "processes"
    assert len(said) == 1
    assert "no container engine answers" in said[0]


@pytest.mark.usefixtures("engine")
def test_auto_takes_processes_with_an_engine_but_no_image_and_says_why() -> None:
    said: list[str] = []
    base = "127.0.0.1:9/nothing/here:1"
    with closing(choose.choose("auto", new_run(), base=base, say=said.append)) as rig:
        assert rig.name == "processes"
    assert "could not be pulled" in said[-1]
    assert "ci/base-image" in said[-1]
    assert "\n" not in said[-1]


def test_auto_takes_docker_where_an_engine_and_an_image_are(image: str) -> None:
    said: list[str] = []
    with closing(choose.choose("auto", new_run(), image=image, say=said.append)) as rig:
        assert rig.name == "docker"
    assert said == [f"rig: docker, because an engine answers and has the image {image}"]


def test_an_unknown_rig_is_named() -> None:
    with pytest.raises(ValueError, match="no rig is called 'moon'"):
        choose.choose("moon", new_run(), say=print)


def test_connecting_does_not_change_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.delenv("DOCKER_HOST", raising=False)
    before = dict(os.environ)
    with suppress(KitCannotRun):
        connect().client.close()
    assert dict(os.environ) == before
