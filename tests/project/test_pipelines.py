"""The action and the templates for pipelines are valid and pinned, and their scripts work."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.places import ROOT

ACTION = ROOT / "ci" / "github" / "action.yml"
TEMPLATES = ROOT / "ci" / "templates"
WORKFLOWS = sorted(path for path in TEMPLATES.glob("*.yml") if path.name != "gitlab.yml")
BIN = Path(sys.executable).parent
# What a user puts in, and what stands for it in a lint.
PLACEHOLDERS = {"OWNER/REPOSITORY": "someone/kit", "@COMMIT": "@" + "0" * 40}
ONE_CASE = "1_worker_lost/another-worker-of-the-group-takes-over/manual"
PINNED = re.compile(r"[\w./-]+@([0-9a-f]{40}|COMMIT)( # v\d+(\.\d+)*)?")


def lint(program: str, *words: str | Path) -> str:
    """What a linter says of these files; empty if it has nothing to say."""
    done = subprocess.run(
        [BIN / program, *words], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a pipeline does, in an empty folder, with the kit installed."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The templates, with what a user puts in."""
    for path in (ACTION, *TEMPLATES.iterdir()):
        text = path.read_text("utf-8")
        for placeholder, value in PLACEHOLDERS.items():
            text = text.replace(placeholder, value)
        (tmp_path / path.name).write_text(text, "utf-8")
    return tmp_path


def test_each_file_is_valid_by_its_schema(filled: Path) -> None:
    checked = "check-jsonschema"
    workflows = [filled / path.name for path in WORKFLOWS]
    assert not lint(checked, "--builtin-schema", "vendor.github-workflows", *workflows)
    assert not lint(checked, "--builtin-schema", "vendor.github-actions", filled / "action.yml")
    assert not lint(checked, "--builtin-schema", "vendor.gitlab-ci", filled / "gitlab.yml")


def test_no_input_of_a_user_can_become_a_command(filled: Path) -> None:
    files = [filled / path.name for path in (ACTION, *WORKFLOWS)]
    assert not lint("zizmor", "--offline", "--no-config", "--persona", "regular", *files)


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_each_action_is_pinned_to_a_commit(path: Path) -> None:
    lines = [line.partition("uses: ") for line in path.read_text("utf-8").splitlines()]
    used = [name for before, _, name in lines if name and "#" not in before]
    assert [name for name in used if not PINNED.fullmatch(name)] == []


# ------------------------------------------------------------------ the action
def step(folder: Path, **inputs: str) -> tuple[int, str, dict[str, str], str]:
    """Run the action's own step: its exit code, what it printed, its outputs and its summary."""
    output, summary = folder / "output", folder / "summary"
    usual = {"SYSTEM": "reference", "RIG": "simulated", "SCENARIO": ONE_CASE, "OUT": "out"}
    places = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    done = shell(str(ACTION.with_name("run")), folder, **(usual | places | inputs))
    found = dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())
    shown = summary.read_text("utf-8") if summary.exists() else done.stderr
    return done.returncode, done.stdout + done.stderr, found, shown


def test_a_conformant_run_is_green_and_leaves_outputs_a_badge_and_a_summary(tmp_path: Path) -> None:
    code, printed, outputs, summary = step(tmp_path)
    assert (code, outputs["exit-code"], outputs["verdict"]) == (0, "0", "conformant"), printed
    assert "::error" not in printed
    assert "conformant" in summary
    badge = yaml.safe_load((tmp_path / outputs["badge"]).read_text("utf-8"))
    assert badge["message"] == "conformant, 1 of 1"
    assert (tmp_path / outputs["report"]).exists()


def test_a_broken_promise_is_red_and_is_annotated_at_its_scenario(tmp_path: Path) -> None:
    code, printed, outputs, summary = step(tmp_path, POLICY="cronicle-0.9.49")
    assert (code, outputs["exit-code"], outputs["verdict"]) == (1, "1", "not conformant")
    (line,) = [line for line in printed.splitlines() if line.startswith("::")]
    place = r"::error file=features/1_worker_lost.feature,line=\d+,title=fail%3A 1_worker_lost/"
    assert re.match(place, line)
    assert "RA-1.1: A manual job" in line.split("::", 2)[2]
    assert ONE_CASE in summary


def test_the_exit_code_of_wrong_usage_gets_through(tmp_path: Path) -> None:
    code, _, outputs, _ = step(tmp_path, OPTIONS="--no-such-option")
    assert (code, outputs) == (64, {"exit-code": "64"})


def test_inputs_are_words_and_never_shell(tmp_path: Path) -> None:
    code, _, _, _ = step(tmp_path, SYSTEM="$(touch hurt); reference")
    assert code == 64
    assert not (tmp_path / "hurt").exists()


def test_outside_of_a_step_the_option_says_what_is_missing(tmp_path: Path) -> None:
    command = f"runall conform --github --rig simulated --scenario {ONE_CASE}"
    done = shell(command, tmp_path, GITHUB_OUTPUT="", GITHUB_STEP_SUMMARY="")
    assert done.returncode == 3
    assert "GITHUB_STEP_SUMMARY names no file" in done.stderr


# ------------------------------------------------------------------ the other services
def gitlab() -> Iterator[tuple[str, dict[str, str]]]:
    """The lines of the job's script, and its variables."""
    job: dict[str, Any] = yaml.safe_load((TEMPLATES / "gitlab.yml").read_text("utf-8"))["runall"]
    for line in job["script"]:
        yield line, job["variables"]


def jenkins() -> Iterator[tuple[str, dict[str, str]]]:
    text = (TEMPLATES / "Jenkinsfile").read_text("utf-8")
    variables = dict(re.findall(r"^\s+(RUNALL_\w+) = '(.*)'$", text, re.M))
    for line in re.findall(r"^\s+sh '(.*)'$", text, re.M):
        yield line, variables


@pytest.mark.parametrize("lines", [gitlab, jenkins])
def test_the_script_ends_as_the_run_ends(lines: Any, tmp_path: Path) -> None:
    *before, (line, variables) = lines()
    assert all("pip install" in each or "-m venv" in each for each, _ in before)
    line = line.replace("runall-venv/bin/", "") + f" --scenario {ONE_CASE}"
    line = line.replace("--rig processes", "--rig simulated")
    asked = variables | {"RUNALL_RIG": "simulated"}
    assert shell(line, tmp_path, **asked).returncode == 0
    assert (tmp_path / "runall-out" / "report.json").exists()
    broken = line + " --policy cronicle-0.9.49"
    assert shell(broken, tmp_path, **asked).returncode == 1
