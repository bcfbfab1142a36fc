"""A scheduler that a file describes is judged like one that the kit knows.

The file of the reference is shipped, and it is what `runall system new` writes; so these tests hold
it to the reference itself, and every other file to the rules in its comments.
"""

import json
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from runall_harness.conformance.run_report import encode
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.verdicts import Unsupported
from runall_harness.rigs.processes.rig import ProcessesRig
from runall_harness.systems import find
from runall_harness.systems.base import System, Timings
from runall_harness.systems.description import SCHEMA, SystemDescription
from runall_harness.systems.description_file import example
from support.conform_runs import conform
from support.places import ROOT
from support.small_features import runall

SHIPPED = ROOT / "harness/runall_harness/systems/files/reference.toml"


# What the shipped file says of its adapter.
PROGRAM = example().partition("[adapter]\n")[2].partition("# Or a class")[0]


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    """The shipped file with some of its text replaced."""
    text = example()
    for old, new in changes:
        assert old in text, f"{old!r} is not in the file any more"
        text = text.replace(old, new)
    path = folder / "s.toml"
    path.write_text(text, "utf-8")
    return path


def both(rig: str) -> tuple[System, System]:
    return find(str(SHIPPED), rig=rig), find("reference", rig=rig)


# ------------------------------------------------------------------ the shipped file
def test_the_file_says_of_the_reference_what_the_reference_says_of_itself() -> None:
    described, known = both("processes")
    assert (described.name, described.version) == (known.name, known.version)
    # A file doesn't say how a node of another release is run.
    assert described.capabilities == known.capabilities - {"releases"}
    exact, here = msgspec.structs.asdict(known.timings), msgspec.structs.asdict(described.timings)
    assert here == pytest.approx(exact)


def options(command: tuple[str, ...]) -> dict[str, list[str]]:
    """The options of a command, in no order."""
    words, found = command[4:], dict[str, list[str]]()
    for name, value in zip(words[::2], words[1::2], strict=True):
        # The file listens everywhere, for containers too; the reference on this machine alone.
        shown = value.removeprefix("0.0.0.0:").removeprefix("127.0.0.1:")
        found.setdefault(name, []).append(shown if name == "--listen" else value)
    return found


@pytest.mark.parametrize("primaries", [("primary",), ("primary", "b1", "b2")])
@pytest.mark.parametrize(("name", "role"), [("primary", "primary"), ("w1", "worker")])
def test_the_nodes_of_the_file_are_those_of_the_reference(
    tmp_path: Path, primaries: tuple[str, ...], name: str, role: str
) -> None:
    with closing(ProcessesRig("files", records=tmp_path)) as rig:
        site = rig.site("c")
        described, known = (each.node(site, name, role, primaries) for each in both("processes"))
    assert described.command[:4] == known.command[:4]
    assert options(described.command) == options(known.command)
    assert (described.serves, set(described.env)) == (known.serves, set(known.env))
    if role == "worker" or len(primaries) > 1:
        assert "--primary" in described.command, "the claim is not empty"


def test_a_secret_is_one_for_all_nodes_of_a_case_and_another_for_the_next(tmp_path: Path) -> None:
    with closing(ProcessesRig("secrets", records=tmp_path)) as rig:
        site, one, two = rig.site("c"), *(find(str(SHIPPED), rig="processes") for _ in "12")
        specs = [one.node(site, n, "worker", ("primary",)) for n in ("w1", "w2")]
        other = two.node(site, "w1", "worker", ("primary",))
    assert specs[0].env == specs[1].env
    assert specs[0].env["RUNALL_SECRET"] != specs[0].env["RUNALL_TOKEN"]
    assert other.env["RUNALL_SECRET"] != specs[0].env["RUNALL_SECRET"]


def test_its_cases_end_on_real_nodes_as_those_of_the_reference_do(tmp_path: Path) -> None:
    one = ("--rig", "processes", "--scenario", "5_worker_restart/its-job-is-run-again-by-a*")
    done = conform(*one, "--system", str(SHIPPED), out=tmp_path / "file")
    known = conform(*one, out=tmp_path / "known")
    assert done.code == known.code == 0
    reports = [
        json.loads((tmp_path / n / "report.json").read_text("utf-8")) for n in ("file", "known")
    ]
    ends = [{c["id"]: c["verdict"] for c in report["cases"]} for report in reports]
    assert ends[0] == ends[1]
    assert set(ends[0].values()) == {"pass"}


def test_a_class_in_the_place_of_the_program_is_given_the_same(tmp_path: Path) -> None:
    client = 'client = "runall_harness.systems.reference.http_client:HttpClient"\n'
    path = write(tmp_path, (PROGRAM, f'{client}options = {{ token = "${{secret.token}}" }}\n'))
    one = (
        "--rig",
        "processes",
        "--scenario",
        "5_*/its-job-is-run-again-by-a*",
        "--trigger",
        "manual",
    )
    done = conform(*one, "--system", str(path), out=tmp_path / "out")
    assert set(done.verdicts().values()) == {"pass"}


# ------------------------------------------------------------------ what a file may hold
def test_the_schema_accepts_the_shipped_file_and_no_unknown_key() -> None:
    raw: dict[str, Any] = tomllib.loads(example())
    jsonschema.validate(raw, schema_of(SystemDescription, SCHEMA))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**raw, "nodes": 1}, schema_of(SystemDescription, SCHEMA))


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("[roles.worker]", "[roles.wroker]", "roles: Object contains unknown field `wroker`"),
        ('schema = "runall-system/1"', 'schema = "runall-system/9"', "schema: Invalid enum value"),
        ("serves = true", 'serves = "yes"', "roles.primary.serves: Expected `bool`"),
        ('"limbo"', '"limbus"', "capabilities: there is no 'limbus'; take any of bounds"),
        ("notice = 1.2", "notice = -1.2", "timings.notice: a time is a number of seconds"),
        ("notice = 1.2", "notice = nan", "timings.notice: a time is a number of seconds"),
        ("notice = 1.2", "notices = 1.2", "timings: Object contains unknown field `not"),
        ("notice = 1.2", "", "timings: Object missing required field `notice`"),
        ('"${name}", "--data"', '"${nmae}", "--data"', "primary.command: there is no ${nmae}"),
        ('"${name}", "--data"', '"$ {name}", "--data"', "a `$` stands alone"),
        ('words = ["--fence"', 'words = ["${name}"', "unsafe.words: there is no ${name} here"),
        ('# [roles.primary.files]\n# "conf', '[roles.primary.files]\n"..', "'../settings.json'"),
        ("# client = ", "client = ", "adapter: name either a command or a client"),
        ("${primaries}", "${leaders}", "adapter.env.RUNALL_URLS: there is no ${leaders} here"),
        (PROGRAM, 'client = "runall_harness.nothing:Nobody"\n', "cannot be loaded"),
        ("[known_failures]\n", "[known_failures]\n'z' = 'gone'\n", "'z' names no case"),
        ("[known_failures]\n", "[known_failures]\n'z' = ''\n", "known_failures.'z' has no reason"),
        ("[timings]", "[timings", "is not TOML"),
    ],
)
def test_each_mistake_is_reported_with_its_key_its_cause_and_the_next_step(
    tmp_path: Path, old: str, new: str, error: str
) -> None:
    path = write(tmp_path, (old, new))
    done = runall(None, "system", "check", str(path), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{path}" in done.stderr or "nothing:Nobody" in done.stderr
    assert error in done.stderr
    assert "next step:" in done.stderr


def test_a_wrong_file_ends_a_run_before_it_begins(tmp_path: Path) -> None:
    path = write(tmp_path, ("serves = true", "serve = true"))
    done = runall(None, "conform", "--rig", "processes", "--system", str(path), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "unknown field `serve`" in done.stderr
    assert sorted(tmp_path.iterdir()) == [path], "nothing is left"


def test_virtual_time_runs_no_programs_and_says_so(tmp_path: Path) -> None:
    arguments = ("conform", "--rig", "simulated", "--system", str(SHIPPED))
    done = runall(None, *arguments, "--scenario", "hold/*", cwd=tmp_path)
    assert done.returncode == 3
    assert "take --rig processes or --rig docker" in done.stderr


# ------------------------------------------------------------------ nodes
FILES = (
    '# [roles.primary.files]\n# "conf/settings.json" = \'{"port": ${port}}\'',
    '[roles.primary.files]\n"conf/settings.json" = \'{"port": ${port}, "pay": "$$5"}\'',
)


def test_the_files_of_a_node_are_there_when_it_starts_and_again_after_it_spoilt_them(
    tmp_path: Path,
) -> None:
    command = '"${python}", "-m", "runall_reference", "primary", "--name", "${name}"'
    read = '"sh", "-c", "cat conf/settings.json; echo spoilt > conf/settings.json", "sh", "${name}"'
    system = find(str(write(tmp_path, FILES, (command, read))), rig="processes")
    with closing(ProcessesRig("furnish", records=tmp_path)) as rig:
        site = rig.site("c")
        spec = system.node(site, "primary", "primary", ("primary",))
        place = site.place("primary")
        inside = msgspec.structs.replace(spec, command=("env", "-C", place.data, *spec.command))
        for _ in "12":
            site.start(inside)
            assert site.wait(lambda: not site.alive("primary"), 20.0)
        assert site.logs("primary") == f'{{"port": {place.port}, "pay": "$5"}}' * 2


def test_a_file_without_unsafe_settings_cannot_show_that_they_are_refused(tmp_path: Path) -> None:
    gone = ('[unsafe]\nwords = ["--fence", "4.5"]\nrefusal = "shorten the fence"\n', "")
    system = find(str(write(tmp_path, gone)), rig="processes")
    with closing(ProcessesRig("unsafe", records=tmp_path)) as rig:
        spec = system.node(rig.site("c"), "w1", "worker", ("primary",))
    with pytest.raises(Unsupported, match=r"no table \[unsafe\]"):
        system.unsafe(spec)
    unsafe, word = find(str(SHIPPED), rig="processes").unsafe(spec)
    assert (unsafe.command[-2:], word) == (("--fence", "4.5"), "shorten the fence")


def test_a_second_worker_under_one_name_has_a_place_of_its_own_and_a_word_to_refuse_it(
    tmp_path: Path,
) -> None:
    with closing(ProcessesRig("namesake", records=tmp_path)) as rig:
        site = rig.site("c")
        twin, word = find(str(SHIPPED), rig="processes").namesake(site, "w1", "twin", ("primary",))
        given, place = options(twin.command), site.place("twin")
        assert (twin.name, given["--name"], given["--data"]) == ("twin", ["w1"], [place.data])
        assert word == "refuses this worker"
        gone = ('[namesake]\nrefusal = "refuses this worker"\n', "")
        silent = find(str(write(tmp_path, gone)), rig="processes")
        with pytest.raises(Unsupported, match=r"no table \[namesake\]"):
            silent.namesake(site, "w1", "twin", ("primary",))


def test_a_store_beside_a_file_is_refused() -> None:
    with pytest.raises(KitCannotRun, match="leave --store-url away"):
        find(str(SHIPPED), rig="processes", store="postgresql://nobody@nowhere/x")


# ------------------------------------------------------------------ runall system
def test_a_new_file_bears_its_name_is_right_and_never_takes_the_place_of_another(
    tmp_path: Path,
) -> None:
    assert runall(None, "system", "new", 'my "own"', cwd=tmp_path).returncode == 0
    (path,) = tmp_path.iterdir()
    checked = runall(None, "system", "check", path.name, cwd=tmp_path)
    assert checked.returncode == 0
    assert 'my "own" 0.1.0; bounds, failover' in checked.stdout
    path.write_text("mine", "utf-8")
    assert runall(None, "system", "new", 'my "own"', cwd=tmp_path).returncode == 64
    assert path.read_text("utf-8") == "mine"
    assert runall(None, "system", "new", "no/folder", cwd=tmp_path).returncode == 64


def test_the_schema_on_standard_output_is_the_one_that_is_published(tmp_path: Path) -> None:
    done = runall(None, "system", "schema", cwd=tmp_path)
    assert json.loads(done.stdout) == json.loads(encode(schema_of(SystemDescription, SCHEMA)))
    jsonschema.Draft202012Validator.check_schema(json.loads(done.stdout))


def test_every_timing_is_explained_in_the_file() -> None:
    lines = example().splitlines()
    for name in Timings.__struct_fields__:
        assert any(line.startswith(f"{name} = ") and "# " in line for line in lines), name
