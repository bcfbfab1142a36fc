"""What an image says of itself is read from it before anything starts, and goes before the file.

The images are real; the program that makes timings of their files is a line of Python.
"""

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from runall_harness.conformance.workers.dispatcher import patience_with
from runall_harness.contract.errors import KitCannotRun
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.docker import DockerRig, connect
from runall_harness.systems import find
from runall_harness.systems.described_system import DescribedSystem
from runall_harness.systems.description_file import example
from runall_harness.systems.from_image import ask
from support.conform_runs import conform

DESCRIBES = """
import json, sys
asked = json.load(sys.stdin)
release = asked["files"]["release"].strip()
print(json.dumps({"version": release, "timings": {"notice": float(asked["options"]["notice"])}}))
"""
OPTIONS = '[options]\nnotice = "7"\n'


def described(folder: Path, *, program: str = DESCRIBES, path: str = "/etc/debian_version") -> Path:
    """A system file with a program that asks the image for one file."""
    (folder / "describe.py").write_text(program, "utf-8")
    table = f'[from_image]\nfiles = {{ release = "{path}" }}\n'
    table += 'command = ["${python}", "${here}/describe.py"]\n'
    file = folder / "s.toml"
    file.write_text(example().replace("[adapter]", f"{OPTIONS}{table}[adapter]", 1), "utf-8")
    return file


def system(file: Path, image: str, **options: str) -> DescribedSystem:
    """The system of that file in that image."""
    found = find(str(file), rig="docker", image=image, options=options)
    assert isinstance(found, DescribedSystem)
    return found


def refused(file: Path, image: str) -> str:
    """Why it can't be had."""
    with pytest.raises(KitCannotRun) as caught:
        system(file, image)
    return f"{caught.value.cause}; {caught.value.hint}"


def containers() -> set[str]:
    """All that the engine has, running or not, of this kit."""
    engine = connect()
    try:
        filters: dict[str, Any] = {"label": "io.runall.kit=1", "status": "created"}
        found: list[Any] = engine.client.containers.list(all=True, filters=filters)
        return {str(one.id) for one in found}
    finally:
        engine.client.close()


def test_version_and_timings_are_those_that_the_image_states(tmp_path: Path, image: str) -> None:
    file = described(tmp_path)
    before = containers()
    found = system(file, image)
    assert found.version[0].isdigit(), "the release of the image's Debian"
    assert found.timings.notice == 7.0
    assert found.timings.dead_job_timeout == found.described.timings.dead_job_timeout
    assert system(file, image, notice="9").timings.notice == 9.0
    assert containers() <= before, "the container that was looked into is gone"


def test_where_nodes_are_processes_the_file_alone_counts(tmp_path: Path) -> None:
    found = find(str(described(tmp_path)), rig="processes")
    assert (found.version, found.timings.notice) == ("0.1.0", 1.2)


def test_an_image_that_is_not_there_or_lacks_the_file_is_an_error_with_the_next_step(
    tmp_path: Path, image: str
) -> None:
    file = described(tmp_path)
    assert refused(file, "nobody/has:this").startswith("the engine has no image 'nobody/has:this'")
    lacking = described(tmp_path, path="/etc/no-such-file")
    assert refused(lacking, image).startswith(f"the image {image} has no file /etc/no-such-file")
    folder = described(tmp_path, path="/etc")
    assert "has no file /etc;" in refused(folder, image)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; sys.exit('no settings in it')", "no settings in it"),
        ("print('hello')", "printed a wrong answer"),
        ('print(\'{"timings": {"nap": 1}}\')', "nap = 1"),
        ('print(\'{"timings": {"notice": -1}}\')', "notice = -1"),
    ],
)
def test_a_program_that_cannot_read_the_image_is_an_error_with_the_reason(
    tmp_path: Path, image: str, program: str, why: str
) -> None:
    assert why in refused(described(tmp_path, program=program), image)


def test_an_image_is_looked_into_once(tmp_path: Path, image: str) -> None:
    file = described(tmp_path)
    system(file, image)
    hits = ask.cache_info().hits
    system(file, image)
    assert ask.cache_info().hits == hits + 1


# ------------------------------------------------------------------ an image of somebody else
@pytest.fixture
def with_entry_point(image: str) -> Iterator[str]:
    """An image that executes something of its own, whatever the command is."""
    engine = connect()
    api: Any = engine.client.api
    tag = f"runall-test:{uuid.uuid4().hex[:8]}"
    made = api.create_container(image=image, command=["true"])
    repository, _, version = tag.partition(":")
    changes = ['ENTRYPOINT ["echo", "not", "the", "node:"]']
    api.commit(made["Id"], repository=repository, tag=version, changes=changes)
    api.remove_container(made["Id"])
    yield tag
    api.remove_image(tag, force=True)
    engine.client.close()


def test_the_words_of_a_node_go_in_the_place_of_an_images_entry_point(
    image: str, with_entry_point: str
) -> None:
    with (
        closing(DockerRig(f"test-{uuid.uuid4().hex[:8]}", image)) as rig,
        closing(rig.site("words", cuttable=True)) as site,
    ):
        words = ("sh", "-c", 'echo "says $0"', "it")
        site.start(NodeSpec(name="n", role="worker", command=words, image=with_entry_point))
        assert site.wait(lambda: not site.alive("n"), 20.0)
        assert site.logs("n") == "says it\n"


# ------------------------------------------------------------------ how many at once
def test_a_system_says_how_many_of_its_cases_run_at_once(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(example().replace("# What it says of its own", "jobs = 1\n# What it", 1))
    done = conform(
        "--rig",
        "processes",
        "--system",
        str(file),
        "--trigger",
        "manual",
        "--scenario",
        "5_worker_restart/its-job*",
        out=tmp_path / "o",
    )
    lived = sorted(
        (min(run["started_at"] for run in runs), max(run["ended_at"] for run in runs))
        for case in done.report["cases"]
        if (runs := case["executions"])
    )
    assert done.code == 0
    assert len(lived) == 2
    assert lived[0][1] < lived[1][0], "one after the other"


def test_whoever_waits_for_slow_timers_is_not_taken_for_dead(tmp_path: Path) -> None:
    timings = find(str(described(tmp_path)), rig="processes").timings
    assert patience_with(replace(timings, dead_job_timeout=600.0)) > 10 * 600
