"""The image of the reference: complete on a bare base, built once, and original about failures."""

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from docker import DockerClient
from runall_harness.contract.errors import KitCannotRun
from runall_harness.rigs.docker import DockerRig
from runall_harness.rigs.docker.engine import Engine, has_image
from runall_harness.rigs.docker.image import build, wheels
from runall_harness.rigs.docker.image.base import find_target, get_base, read_target
from runall_harness.rigs.docker.image.requirements import (
    NODE_REQUIREMENTS,
    kit_requirements,
    node_requirements,
    project_name,
)
from runall_harness.rigs.docker.image.wheels import Target
from runall_harness.rigs.docker.ownership import KIT, RUN, owner_labels

TARGET = Target(python="3.11", machine="x86_64", libc="glibc", libc_minor=36)


@pytest.fixture
def run() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def copy_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reference's package, where a test may change it."""
    source, copy = build.folder_of(build.PACKAGE), tmp_path / build.PACKAGE
    for file in build.package_files(source):
        target = copy / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    monkeypatch.setattr(build, "folder_of", {build.PACKAGE: copy}.get)
    return copy


@pytest.fixture
def repository(engine: Engine, run: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name for the images that a test makes, so that it never removes what others use."""
    client: Any = engine.client
    name = f"runall-{run}"
    monkeypatch.setattr(build, "REPOSITORY", name)
    yield name
    for image in client.images.list(name=name):
        for tag in image.tags:
            if tag.startswith(f"{name}:"):
                client.images.remove(tag)


def tags_of(engine: Engine, repository: str) -> set[str]:
    """The tags of all images of that name."""
    client: Any = engine.client
    tags: set[str] = {tag for image in client.images.list(name=repository) for tag in image.tags}
    return {tag for tag in tags if tag.startswith(f"{repository}:")}


def python_in(engine: Engine, image: str, run: str, code: str) -> str:
    """What a program prints in a container of that image."""
    client: Any = engine.client
    said: bytes = client.containers.run(
        image, ["python3", "-c", code], remove=True, network_mode="none", labels=owner_labels(run)
    )
    return said.decode().strip()


def test_a_node_of_the_image_has_all_its_libraries(engine: Engine, image: str, run: str) -> None:
    names = [name.replace("-", "_") for name in NODE_REQUIREMENTS]
    code = (
        f"import {', '.join(names)}; import runall_reference.brain.machines as m; print(m.__file__)"
    )
    assert python_in(engine, image, run, code).startswith("/opt/runall/lib/runall_reference/")


def test_nothing_is_compiled_when_a_node_starts(engine: Engine, image: str, run: str) -> None:
    code = """
import pathlib
library = pathlib.Path("/opt/runall/lib")
late = [p for p in library.rglob("*.py")
        if not list((p.parent / "__pycache__").glob(p.stem + ".*.pyc"))]
print(len(list(library.rglob("*.pyc"))) > 100, late)
"""
    assert python_in(engine, image, run, code) == "True []"


def test_a_base_without_pip_is_enough(engine: Engine, base: str, image: str, run: str) -> None:
    if python_in(engine, base, run, HAS_PIP) == "True":
        pytest.skip(f"{base} has pip; RUNALL_BASE_IMAGE=$(ci/base-image) names one without")
    assert python_in(engine, image, run, "import click; print(True)") == "True"


HAS_PIP = "import importlib.util; print(importlib.util.find_spec('pip') is not None)"


@pytest.mark.usefixtures("copy_of_the_package", "repository")
def test_the_second_build_makes_nothing(engine: Engine, base: str, run: str) -> None:
    client: Any = engine.client
    tag = build.build_image(engine, run, base)
    first = client.images.get(tag).id
    said: list[str] = []
    assert build.build_image(engine, run, base, said.append) == tag
    assert said == []
    assert client.images.get(tag).id == first


@pytest.mark.usefixtures("repository")
def test_a_change_of_the_reference_is_built_upon_the_same_libraries(
    engine: Engine, base: str, image: str, run: str, copy_of_the_package: Path
) -> None:
    (copy_of_the_package / "brain/machines.py").write_text("CHANGED = True\n", encoding="utf-8")
    tag = build.build_image(engine, run, base)
    assert tag.partition(":")[2] != image.partition(":")[2]
    code = "import runall_reference.brain.machines as m; print(m.CHANGED)"
    assert python_in(engine, tag, run, code) == "True"
    assert shared_layers(engine, tag, image) > shared_layers(engine, tag, base)


def shared_layers(engine: Engine, one: str, other: str) -> int:
    """How many layers two images have in common."""
    client: Any = engine.client
    layers = [set(client.images.get(name).attrs["RootFS"]["Layers"]) for name in (one, other)]
    return len(layers[0] & layers[1])


def test_only_the_newest_two_images_stay(
    engine: Engine, base: str, run: str, copy_of_the_package: Path, repository: str
) -> None:
    made: list[str] = []
    for number in range(3):
        (copy_of_the_package / "views.py").write_text(f"N = {number}\n", encoding="utf-8")
        made.append(build.build_image(engine, run, base))
    assert tags_of(engine, repository) == set(made[1:])


def test_a_name_that_others_gave_to_an_old_image_stays(
    engine: Engine, base: str, run: str, copy_of_the_package: Path, repository: str
) -> None:
    client: Any = engine.client
    other = f"somebody-{run}:1"
    client.images.get(build.build_image(engine, run, base)).tag(other)
    for number in range(3):
        (copy_of_the_package / "views.py").write_text(f"N = {number}\n", encoding="utf-8")
        build.build_image(engine, run, base)
    assert has_image(engine, other)
    assert len(tags_of(engine, repository)) == 2
    client.images.remove(other)


def test_an_old_image_stays_while_a_run_uses_it(
    engine: Engine, base: str, run: str, copy_of_the_package: Path, repository: str
) -> None:
    # Another content than that of other tests: an image with a second tag would lose this one.
    (copy_of_the_package / "views.py").write_text(f"RUN = {run!r}\n", encoding="utf-8")
    made = [build.build_image(engine, run, base)]
    with closing(DockerRig(run, made[0])) as rig:
        rig.site("a case")
        for number in range(2):
            (copy_of_the_package / "views.py").write_text(f"N = {number}\n", encoding="utf-8")
            made.append(build.build_image(engine, run, base))
        assert tags_of(engine, repository) == set(made)


def test_every_layer_of_the_kit_carries_its_label(engine: Engine, image: str) -> None:
    client: Any = engine.client
    assert client.images.get(image).labels[KIT] == "1"
    lines = build.DOCKERFILE.read_text(encoding="utf-8").splitlines()
    steps = [line.split()[0] for line in lines if line[:1].isupper()]
    assert steps[:3] == ["ARG", "FROM", "LABEL"]


def test_a_build_that_fails_names_the_line(
    engine: Engine, base: str, run: str, tmp_path: Path
) -> None:
    client: Any = engine.client
    ground = get_base(engine, base, print)
    (tmp_path / "Dockerfile").write_text(
        f"ARG BASE\nFROM ${{BASE}}\nLABEL {KIT}=1 {RUN}={run}\n"
        "RUN echo 'ERROR: the disk is a sieve' >&2; exit 7\n",
        encoding="utf-8",
    )
    with pytest.raises(KitCannotRun, match="the disk is a sieve"):
        build.run_build(engine, tmp_path, f"runall-{run}:never", str(ground.id))
    left = client.images.list(all=True, filters={"label": f"{RUN}={run}"})
    assert left, "what a failed build leaves can be found by its label"
    for layer in left:
        client.images.remove(layer.id)


def test_a_base_that_cannot_be_had_says_how_to_make_one(engine: Engine) -> None:
    with pytest.raises(KitCannotRun) as refused:
        get_base(engine, "127.0.0.1:9/nothing/here:1", print)
    assert "ci/base-image" in refused.value.hint
    assert "RUNALL_BASE_IMAGE" in refused.value.hint


def test_the_base_is_asked_what_python_it_has(engine: Engine, base: str, run: str) -> None:
    client: Any = engine.client
    found = find_target(engine, base, run)
    assert found.python == python_in(
        engine, base, run, "import sys; print('%d.%d' % sys.version_info[:2])"
    )
    assert found.machine == python_in(engine, base, run, "import os; print(os.uname().machine)")
    left = client.containers.list(all=True, filters={"label": f"io.runall.run={run}"})
    assert left == []


def test_a_base_with_an_old_python_is_refused() -> None:
    with pytest.raises(KitCannotRun, match=r"has Python 3\.9"):
        read_target("old:1", msgspec.json.encode(replace(TARGET, python="3.9")) + b"\n")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("python:3.12-slim", ("python", "3.12-slim")),
        ("python", ("python", "latest")),
        ("localhost:5000/python", ("localhost:5000/python", "latest")),
        ("localhost:5000/a/python:3", ("localhost:5000/a/python", "3")),
    ],
)
def test_one_tag_is_pulled_never_all(
    name: str, parts: tuple[str, str], empty_engine: tuple[Engine, list[str]]
) -> None:
    engine, asked = empty_engine
    with pytest.raises(KitCannotRun, match="could not be pulled"):
        get_base(engine, name, print)
    [pull] = [parse_qs(urlsplit(path).query) for path in asked if "/images/create" in path]
    assert (pull["fromImage"], pull["tag"]) == ([parts[0]], [parts[1]])


@pytest.fixture
def empty_engine() -> Iterator[tuple[Engine, list[str]]]:
    """An engine that has no image and gets none; and the paths that it was asked for."""
    asked: list[str] = []

    class NoImage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404 if self.command == "GET" else 200)
            self.end_headers()

        do_POST = do_GET

    with HTTPServer(("127.0.0.1", 0), NoImage) as server:
        threading.Thread(target=server.serve_forever).start()
        client = DockerClient(base_url=f"tcp://127.0.0.1:{server.server_port}", version="1.43")
        with closing(client):
            yield Engine(client, native=False, user=None, security=()), asked
        server.shutdown()


def test_glibc_wheels_are_those_that_the_base_is_new_enough_for() -> None:
    names = list(TARGET.platforms())
    assert names[0] == "manylinux_2_36_x86_64"
    assert {"manylinux_2_17_x86_64", "manylinux2014_x86_64", "linux_x86_64"} <= set(names)
    assert "manylinux_2_37_x86_64" not in names


def test_a_musl_base_gets_musl_wheels() -> None:
    target = Target(python="3.12", machine="aarch64", libc="musl", libc_minor=2)
    assert list(target.platforms())[:2] == ["musllinux_1_2_aarch64", "musllinux_1_1_aarch64"]
    assert not [name for name in target.platforms() if "many" in name]


def test_requirements_carry_the_ranges_of_the_kit() -> None:
    lines = node_requirements()
    assert [project_name(line) for line in lines] == list(NODE_REQUIREMENTS)
    assert set(lines) <= set(kit_requirements())
    assert all("<" in line for line in lines if "tzdata" not in line)


def test_wheels_that_cannot_be_fetched_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(KitCannotRun, match="click"):
        wheels.fetch_wheels(TARGET, ["click>=8"], print)
    assert list((tmp_path / "runall" / "wheels").iterdir()) == []


@pytest.fixture
def python_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `ensurepip`, in a Python that has no pip."""
    kept = ModuleSpec("ensurepip", None, is_package=True)
    kept.submodule_search_locations = [str(tmp_path)]

    def find(name: str) -> ModuleSpec | None:
        return kept if name == "ensurepip" else None

    monkeypatch.setattr(wheels.importlib.util, "find_spec", find)
    return tmp_path


def test_a_python_without_pip_uses_the_one_that_it_keeps(python_without_pip: Path) -> None:
    wheel = python_without_pip / "_bundled" / "pip-24.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.touch()
    assert wheels.pip() == [str(wheel / "pip")]


@pytest.mark.usefixtures("python_without_pip")
def test_a_python_without_any_pip_says_how_to_get_one() -> None:
    with pytest.raises(KitCannotRun, match="ensurepip"):
        wheels.pip()
