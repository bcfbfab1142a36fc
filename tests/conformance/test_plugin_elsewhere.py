"""The features run in anybody's suite: with its settings, beside its tests, with its fixtures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from runall_harness.contract.cases import load_cases
from runall_harness.systems.description_file import example
from support.installed_kit import ROOT, install_wheel
from support.small_features import STEPS, plain_pytest, write_folder

FEATURES = ("--pyargs", "runall_harness.features")
ONE = "--runall-cases=5_worker_restart/its-job-is-run-again-by-another-worker/manual"
SETTINGS = """
[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = ["--strict-markers", "--strict-config"]
filterwarnings = ["error"]
"""
# Names that are ours, too, for other things.
CONFTEST = """
import pytest

@pytest.fixture
def cluster():
    return "a cluster of stars"

@pytest.fixture(scope="session")
def system():
    return "a system of equations"
"""
TESTS = """
import pytest

@pytest.fixture
def case():
    return "a case of wine"

def test_theirs(case, cluster, system):
    assert [w.split()[-1] for w in (case, cluster, system)] == ["wine", "stars", "equations"]
"""
# What a suite may put in the place of ours, asking for ours and for a fixture of its own.
OVERRIDES = """
import pytest

@pytest.fixture(scope="session")
def database():
    print("their database is up")
    yield "db"
    print("their database is down")

@pytest.fixture(scope="session")
def rig(rig, database):
    print("their rig:", rig.name, database)
    return rig

@pytest.fixture(scope="session")
def new_system(new_system):
    def new():
        system = new_system()
        system.version = "their version"
        return system
    return new

@pytest.fixture(scope="session")
def cluster_class(cluster_class):
    class Theirs(cluster_class):
        def judge(self):
            print("their cluster judges", self.system.version)
            super().judge()
    return Theirs
"""
BROKEN = """
import pytest

@pytest.fixture(scope="session")
def rig():
    raise OSError("no network")
"""
POWERLESS = """
import pytest

@pytest.fixture(scope="session")
def new_system(new_system):
    def new():
        system = new_system()
        system.capabilities = frozenset()
        return system
    return new
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the kit from a wheel."""
    return install_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(params=["wheel", "checkout"])
def python(request: pytest.FixtureRequest) -> Path:
    """A Python that has the kit in one of the two ways."""
    return request.getfixturevalue("wheel") if request.param == "wheel" else Path(sys.executable)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's project with strict settings, and a test with fixtures of its own."""
    write(tmp_path, "pyproject.toml", SETTINGS)
    write(tmp_path, "conftest.py", CONFTEST)
    write(tmp_path, "tests/test_theirs.py", TESTS)
    return tmp_path


def write(project: Path, name: str, text: str) -> Path:
    path = project / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def run(
    project: Path, *arguments: str, python: Path | str = sys.executable, rig: str = "simulated"
) -> tuple[int, str]:
    """Run pytest there; its exit status and all that it said."""
    options = ["-p", "no:cacheprovider", "-rsx", "--runall-rig", rig]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "RUNALL_"))}
    done = subprocess.run(
        [python, "-m", "pytest", *options, *arguments],
        cwd=project,
        check=False,
        timeout=200,
        capture_output=True,
        text=True,
        env={**clean, "COLUMNS": "200"},
    )
    return done.returncode, done.stdout + done.stderr


# ------------------------------------------------------------------ beside their own
def test_all_cases_pass_beside_tests_whose_fixtures_have_the_same_names(
    project: Path, python: Path
) -> None:
    theirs_first = python != Path(sys.executable)  # what is collected first sees less: try both
    asked = ("tests", *FEATURES) if theirs_first else (*FEATURES, "tests")
    status, said = run(project, *asked, f"--junitxml={project / 'j.xml'}", python=python)
    assert status == 0, said
    found = verdicts(project / "j.xml")
    assert len(found) > 200
    assert set(found) == {"pass"}
    assert f"{len(found) + 1} passed" in said


def verdicts(junit: Path) -> list[str]:
    """The verdict of each case in a JUnit file."""
    return re.findall(r'<property name="runall" value="([a-z-]+)"', junit.read_text("utf-8"))


def test_the_wheel_is_what_is_tested_and_not_the_checkout(wheel: Path, project: Path) -> None:
    write(project, "where.py", "import runall_harness.features as f; print(f.__file__)")
    done = subprocess.run([wheel, "where.py"], cwd=project, capture_output=True, text=True)
    assert done.stdout.startswith(str(wheel.parent.parent)), done.stdout + done.stderr
    assert str(ROOT) not in done.stdout


def test_a_suite_that_does_not_ask_for_the_features_notices_nothing(project: Path) -> None:
    status, said = run(project, "--fixtures")
    assert status == 0
    assert "new_system" not in said
    assert run(project)[0] == 0


def test_cases_are_chosen_by_expression_by_tag_and_by_id(project: Path) -> None:
    chosen = [
        ("-k", "back_before_the_timeout and scheduled"),
        ("-m", "needs_limbo and partition"),
        (ONE,),
    ]
    counts: list[int] = []
    for asked in chosen:
        status, said = run(project, *FEATURES, *asked, "-q")
        assert status == 0, said
        found = re.search(r"(\d+) passed", said)
        counts.append(int(found[1]) if found else 0)
    assert counts[0] == counts[2] == 1
    assert 1 <= counts[1] < 30


def test_histories_are_saved_where_they_were_asked_for(project: Path) -> None:
    assert run(project, *FEATURES, ONE, "--runall-out", "traces")[0] == 0
    assert [path.stem for path in (project / "traces" / "histories").rglob("*.jsonl")] == ["manual"]


# ------------------------------------------------------------------ with their fixtures
def test_fixtures_of_the_root_conftest_take_the_place_of_ours(project: Path, python: Path) -> None:
    write(project, "conftest.py", CONFTEST + OVERRIDES)
    status, said = run(project, "tests", *FEATURES, ONE, "-s", python=python)
    assert status == 0, said
    assert_overridden(said)


def test_fixtures_of_a_plugin_take_the_place_of_ours(project: Path, python: Path) -> None:
    write(project, "theirs.py", OVERRIDES)
    # A plugin that -p names is imported before pytest looks into the project.
    status, said = run(project, "-p", "theirs", *FEATURES, "tests", ONE, "-s", python=python)
    assert status == 0, said
    assert_overridden(said)


def assert_overridden(said: str) -> None:
    words = ["database is up", "rig: simulated db", "judges their version", "database is down"]
    places = [said.find(word) for word in words]
    assert -1 not in places, said
    assert places == sorted(places), said


def test_a_conftest_wins_over_a_plugin_as_everywhere_in_pytest(project: Path) -> None:
    write(project, "theirs.py", OVERRIDES)
    nearer = OVERRIDES.replace("their version", "the conftest's version").replace("database", "db")
    write(project, "conftest.py", CONFTEST + nearer)
    status, said = run(project, "-p", "theirs", *FEATURES, ONE, "-s")
    assert status == 0, said
    assert "judges the conftest's version" in said
    assert "their rig: simulated db\n" in said, "the conftest's goes over the plugin's,"
    assert said.count("their rig:") == 2, "which it asked for"


# ------------------------------------------------------------------ no false green
def test_a_rig_that_cannot_be_set_up_fails_the_run(project: Path) -> None:
    broken = (
        "import pytest\n@pytest.fixture(scope='session')\ndef rig():\n    raise OSError('no')\n"
    )
    write(project, "conftest.py", broken)
    status, said = run(project, *FEATURES, ONE)
    assert status == 1
    assert "1 error" in said


def test_a_run_without_a_case_fails(project: Path) -> None:
    assert run(project, *FEATURES, "-k", "no_such_case")[0] == 5
    status, said = run(project, *FEATURES, "--runall-cases=no/such/case")
    assert (status, "names no case: no/such/case" in said) == (4, True)
    status, said = run(project, "tests", *FEATURES, "-k", "theirs")
    assert f"Run All: none of the {len(load_cases())} collected cases was selected" in said


def test_a_system_file_that_is_wrong_fails_the_run(project: Path) -> None:
    write(project, "mine.toml", example().replace("[roles.worker]", "[roles.wroker]"))
    status, said = run(project, *FEATURES, ONE, "--runall-system=mine.toml", rig="processes")
    assert status != 0
    assert "unknown field `wroker`" in said
    assert "next step:" in said


def test_an_undefined_step_fails_the_run(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "small", {"undefined": STEPS["undefined"]})
    done = plain_pytest(folder)
    assert done.returncode == 1
    assert "Step definition is not found" in done.stdout


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_run_in_which_no_case_was_judged_fails_and_says_so(
    project: Path, more: tuple[str, ...]
) -> None:
    write(project, "conftest.py", CONFTEST + POWERLESS)
    status, said = run(
        project,
        "tests",
        *FEATURES,
        "-m",
        "needs_hold or not RA-1.1",
        "-k",
        "theirs or outside_the_target",
        *more,
    )
    assert status == 1, said
    assert "unsupported: the system does not declare the capability hold" in said
    assert "Run All: 2 unsupported; no case was judged, so this run claims nothing" in said
    assert "1 passed, 2 skipped" in said


def test_cases_run_in_several_processes_of_xdist(project: Path) -> None:
    write(project, "conftest.py", CONFTEST + OVERRIDES)
    junit = project / "j.xml"
    asked = ("-m", "not needs_slots and not needs_bounds", f"--junitxml={junit}")
    status, said = run(project, "-n", "2", "tests", *FEATURES, *asked)
    assert status == 0, said
    found = verdicts(junit)
    assert len(found) > 20
    assert f"{len(found) + 1} passed" in said


# ------------------------------------------------------------------ a scheduler of their own
def test_a_system_file_is_run_with_its_limits_and_its_known_failures(
    project: Path, wheel: Path
) -> None:
    lost = "5_worker_restart/its-job-is-run-again-by-another-worker/manual"
    text = example().replace('"--policy", "reference"', '"--policy", "cronicle-0.9.49"')
    text = re.sub(r"capabilities = \[[^]]*\]", "capabilities = []", text)
    write(project, "mine.toml", f'{text}\n"{lost}" = "issue 12: jobs started by hand are lost"\n')
    limits = "--runall-cases=1_worker_lost/a-live-worker-outside-the-target-group-gets-nothing-"
    cases = (
        f"--runall-cases={lost}",
        ONE.replace("manual", "scheduled"),
        f"{limits}and-the-wait-is-listed/manual",
    )
    status, said = run(
        project,
        "tests",
        *FEATURES,
        *cases,
        "--runall-system=mine.toml",
        python=wheel,
        rig="processes",
    )
    assert status == 0, said
    assert re.search(r"2 passed, 1 skipped, \d+ deselected, 1 xfailed", said), said
    assert "issue 12: jobs started by hand are lost" in said
    assert "unsupported: the system does not declare the capability hold" in said
