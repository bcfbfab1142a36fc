"""Through an adapter program the cases get the verdicts that they get without one."""

import sys
from pathlib import Path

import psutil
import pytest
from support.conform_runs import conform
from support.places import SUPPORT
from support.reference_by_adapter import PROGRAM_OPTION, features_through_an_adapter


# The clock's jobs are in the second row, with the verbs that only they need.
@pytest.mark.parametrize(
    ("policy", "asked", "least"),
    [("reference", ("--trigger", "manual"), 10), ("cronicle-0.9.50", ("--scenario", "2_*"), 4)],
)
def test_the_five_failures_get_the_same_verdicts_through_an_adapter(
    policy: str, asked: tuple[str, ...], least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Virtual time knows no adapter; that it agrees with processes is a claim of its own.
    monkeypatch.setenv("RUNALL_FEATURES", str(features_through_an_adapter(tmp_path / "features")))
    asked = (*asked, "--policy", policy)
    expected = conform("--rig", "simulated", *asked, out=tmp_path / "simulated")
    found = conform("--rig", "processes", *asked, out=tmp_path / "processes")
    assert len(found.verdicts()) >= least
    assert {name[0] for name in found.verdicts()} == set("2" if "2_*" in asked else "12345")
    assert found.verdicts() == expected.verdicts()
    assert found.code == expected.code == (policy != "reference")


@pytest.mark.parametrize(
    ("faulty", "cause"),
    [
        ("Dies", "instead of answering jobs"),
        ("Hangs", "did not answer jobs within 10 s"),
        ("Prints", "answered jobs with an invalid line"),
    ],
)
def test_an_adapter_that_breaks_in_the_middle_of_a_case_is_an_error_and_leaves_nothing(
    faulty: str, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = features_through_an_adapter(tmp_path / "features")
    # With the test's own folder, for other tests may run the same program at this moment.
    program = f"{sys.executable} {SUPPORT / 'faulty_adapters.py'} {faulty} {tmp_path}"
    monkeypatch.setenv("RUNALL_FEATURES", str(features))
    monkeypatch.setenv(PROGRAM_OPTION, program)
    asked = ("--scenario", "5_*/its-job*by-a*", "--trigger", "manual", "--jobs", "1")
    found = conform("--rig", "processes", *asked, out=tmp_path / "out")
    assert found.code == 3
    assert set(found.verdicts().values()) == {"error"}
    messages = [line for case in found.report["cases"] for line in case["message"].splitlines()]
    assert any(cause in line for line in messages)
    assert all("; next step: " in line for line in messages), "cause and next step are in one line"
    commands = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    assert [command for command in commands if command == program] == []
