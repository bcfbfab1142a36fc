"""`runall check` of the history that a case saved says what the case said, and by which clause."""

import pytest
from support.conform_runs import ConformRun, conform_once
from support.saved_cases import differing

RELEASES = ("cronicle-0.9.49", "cronicle-0.9.50", "cronicle-0.9.52")
OPTIONS = [("--rig", "simulated"), *(("--rig", "simulated", "--policy", one) for one in RELEASES)]


def said_by(run: ConformRun) -> dict[str, str]:
    """The verdict of each case that saved a history, or the clause that it found broken."""
    kept = [case for case in run.report["cases"] if case["history"]]
    said = {case["id"]: case["verdict"] for case in kept}
    return said | {name: words.partition(":")[0] for name, words in run.red().items()}


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options[-1])
def test_each_saved_case_is_judged_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...]
) -> None:
    run, folder = conform_once(tmp_path_factory, *options)
    said = said_by(run)
    assert len(said) > 150
    assert bool(run.red()) == ("--policy" in options)
    assert list(differing(folder, said)) == []


@pytest.mark.real
def test_each_saved_case_of_real_processes_is_judged_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    which = ("--scenario", "1_worker_lost/*", "--policy", "cronicle-0.9.49")
    run, folder = conform_once(tmp_path_factory, "--rig", "processes", *which)
    said = said_by(run)
    assert run.red()
    assert "pass" in said.values()
    assert list(differing(folder, said)) == []
