"""What a container of a described system finds: folders that survive, are shared, or only lent.

Each claim is made by a shell in a real container that writes to, or reads from, a path that an
image of somebody else would have chosen.
"""

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from runall_harness.contract.errors import KitCannotRun
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.choose import fit, image_of
from runall_harness.rigs.docker import DockerRig
from runall_harness.rigs.docker.engine import Engine
from runall_harness.rigs.docker.site import DockerSite

SOON = 20.0


@pytest.fixture(scope="module")
def rig(image: str) -> Iterator[DockerRig]:
    with closing(DockerRig(f"test-{uuid.uuid4().hex[:8]}", image)) as made:
        yield made


@pytest.fixture
def site(rig: DockerRig) -> Iterator[DockerSite]:
    with closing(cast(DockerSite, rig.site("folders", cuttable=True))) as made:
        yield made


def said(site: DockerSite, node: str, script: str, **spec: Any) -> str:
    """What a shell script printed in a container of its own start, once it has ended."""
    before = len(site.logs(node))
    site.start(NodeSpec(name=node, role="worker", command=("sh", "-c", script), **spec))
    assert site.wait(lambda: not site.alive(node), SOON), site.logs(node)
    return site.logs(node)[before:]


def test_a_kept_folder_survives_also_when_the_container_is_made_anew(site: DockerSite) -> None:
    keep = {"/opt/acme/queue": "queue"}
    said(site, "n", "echo one > /opt/acme/queue/job", keep=keep)
    assert said(site, "n", "cat /opt/acme/queue/job; # another", keep=keep) == "one\n"
    assert (site.data_folder("n") / "queue/job").read_text() == "one\n"
    assert "No such file" in said(site, "m", "cat /opt/acme/queue/job", keep=keep), "it is its own"


def test_a_shared_folder_is_the_same_for_all_nodes_of_a_site_and_of_no_other(
    rig: DockerRig, site: DockerSite
) -> None:
    shared = {"/opt/acme/data": "data"}
    said(site, "n", "echo two > /opt/acme/data/record", shared=shared)
    assert said(site, "m", "cat /opt/acme/data/record", shared=shared) == "two\n"
    with closing(cast(DockerSite, rig.site("other", cuttable=True))) as other:
        assert "No such file" in said(other, "n", "cat /opt/acme/data/record", shared=shared)


def test_a_lent_folder_can_be_read_and_not_written(site: DockerSite, tmp_path: Path) -> None:
    (tmp_path / "adapter").write_text("three")
    lent = {"/runall/system": str(tmp_path)}
    assert said(site, "n", "cat /runall/system/adapter", lent=lent) == "three"
    assert "Read-only" in said(site, "n", "echo x > /runall/system/y", lent=lent)


def test_each_node_with_a_host_of_its_own_bears_its_name_and_is_found_by_it(
    site: DockerSite,
) -> None:
    script = "hostname; getent hosts $(hostname) >/dev/null && echo found"
    assert said(site, "worker-1", script).splitlines() == ["worker-1", "found"]


def test_an_image_that_the_engine_does_not_have_is_reported_before_anything_is_made(
    engine: Engine,
) -> None:
    with pytest.raises(KitCannotRun, match="the engine has no image 'acme/none:1'"):
        image_of(engine, "test-image", "acme/none:1", None, print)


def test_auto_says_why_containers_can_t_run_a_system() -> None:
    def find(rig: str) -> None:
        raise KitCannotRun(f"no {rig} for it", "make an image")

    said: list[str] = []
    assert fit("auto", find, said.append) == "processes"
    assert said == ["rig: processes, because no docker for it (for docker: make an image)"]
    assert fit("docker", find, said.append) == "docker", "what was asked for is never replaced"
