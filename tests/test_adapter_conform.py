"""Through an adapter program the cases get the verdicts that they get without one."""

from pathlib import Path

import pytest
from adapted import features_through_an_adapter
from judged import conform


@pytest.mark.parametrize(
    ("policy", "scenario", "least"), [("reference", "*", 20), ("cronicle-0.9.50", "2_*", 4)]
)
def test_the_five_failures_get_the_same_verdicts_through_an_adapter(
    policy: str, scenario: str, least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Virtual time knows no adapter; that it agrees with processes is a claim of its own.
    monkeypatch.setenv("RUNALL_FEATURES", str(features_through_an_adapter(tmp_path / "features")))
    asked = ("--policy", policy, "--scenario", scenario)
    expected = conform("--rig", "simulated", *asked, out=tmp_path / "simulated")
    found = conform("--rig", "processes", *asked, out=tmp_path / "processes")
    assert len(found.verdicts()) >= least
    assert found.verdicts() == expected.verdicts()
    assert found.code == expected.code == (policy != "reference")
