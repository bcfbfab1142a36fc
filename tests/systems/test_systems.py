"""Which system a name stands for, and what `--strict` makes of one that declares little."""

from pathlib import Path

import pytest
from runall_harness.systems import NoSystem, find
from runall_harness.systems.reference.system import Reference
from support.small_features import STEPS, conform, report_of, runall, write_folder

MINE = """\
from runall_harness.systems.reference.system import Reference

class Mine(Reference):
    name = "mine"

nothing = 3
"""


def test_a_name_stands_for_the_reference_or_for_a_class() -> None:
    assert isinstance(find("reference", rig="processes", policy="cronicle-0.9.50"), Reference)
    named = find("runall_harness.systems.reference.system:Reference", rig="processes")
    assert isinstance(named, Reference)
    assert named.rig == "processes"


@pytest.mark.parametrize(
    "name", ["quartz", "no_module_of_that_name:X", "json:Nothing", "json:loads", ":", "json:"]
)
def test_a_name_that_stands_for_nothing_says_what_may(name: str) -> None:
    with pytest.raises(NoSystem) as caught:
        find(name, rig="processes")
    assert "module:Class" in caught.value.hint


def test_a_class_in_the_working_folder_is_the_system_of_a_run_in_one_process_and_in_several(
    tmp_path: Path,
) -> None:
    folder = write_folder(tmp_path / "f", {"run again": STEPS["run again"], "lost": STEPS["lost"]})
    (folder / "mine.py").write_text(MINE, "utf-8")
    for jobs in ("1", "2"):
        done = conform(folder, "--system", "mine:Mine", "--format", "json", "--jobs", jobs)
        assert done.returncode == 1, done.stderr
        assert report_of(done)["system"]["name"] == "mine"
    shown = conform(folder, "--system", "mine:Mine")
    assert "--system mine:Mine" in shown.stdout, "the command that runs it again"
    assert conform(folder, "--system", "mine:nothing").returncode == 64


# ------------------------------------------------------------------ --strict
@pytest.mark.parametrize(
    ("names", "strict", "code", "word"),
    [
        (["run again", "needy"], False, 0, "conformant"),
        (["run again", "needy"], True, 1, "not conformant"),
        (["run again", "cut"], True, 2, "inconclusive"),
        (["needy"], True, 1, "not conformant"),
        (["run again", "needy", "broken"], True, 3, "error"),
        (["run again"], True, 0, "conformant"),
    ],
)
def test_strictly_a_capability_that_is_not_declared_is_a_broken_clause(
    tmp_path: Path, names: list[str], strict: bool, code: int, word: str
) -> None:
    steps = {name: STEPS.get(name, STEPS["run again"]) for name in names}
    folder = write_folder(tmp_path / "f", steps)
    done = conform(folder, "--format", "json", *(["--strict"] if strict else []))
    assert (done.returncode, report_of(done)["verdict"]) == (code, word)


def test_strictly_the_reference_is_whole_and_a_release_of_history_is_not() -> None:
    one = ("conform", "--rig", "simulated", "--scenario", "hold/the-event-is-moved*", "--strict")
    here = Path.cwd()
    assert runall(None, *one, cwd=here).returncode == 0
    done = runall(None, *one, "--policy", "cronicle-0.9.52", cwd=here)
    assert done.returncode in (1, 2), done.stdout
