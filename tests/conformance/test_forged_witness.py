"""A scheduler that writes the witness itself is found out, and never green."""

from pathlib import Path

from support.conform_runs import conform

FORGER = "tests.support.forging_reference:ForgingReference"
CASE = "side_effects/a-job-that-ended-well-is-not-run-again-when-its-server-dies/manual"


def test_a_case_in_which_the_scheduler_wrote_the_witness_is_inconclusive(tmp_path: Path) -> None:
    run = conform("--system", FORGER, "--rig", "processes", "--scenario", CASE, out=tmp_path)
    assert (run.code, run.verdicts()) == (2, {CASE: "inconclusive"})
    assert "forged-1-0: reported executions without the word" in run.report["cases"][0]["message"]
