"""`runall check` of the history that a case saved says what the case said, and by which clause."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from runall_harness.checks.files import judge_file
from runall_harness.checks.report import HistoryReport
from runall_harness.contract.cases import load_cases
from runall_harness.contract.verdicts import EXIT_CODES, WORDS, Verdict
from runall_harness.mutants import ALL, Mutant
from runall_harness.scoring.trial import try_scenarios
from support.conform_runs import ConformRun, conform_once

RELEASES = ("cronicle-0.9.49", "cronicle-0.9.50", "cronicle-0.9.52")
OPTIONS = [("--rig", "simulated"), *(("--rig", "simulated", "--policy", one) for one in RELEASES)]


def checked(path: Path) -> HistoryReport:
    with path.open("rb") as file:
        return judge_file(str(path), file)


def word_of(verdict: str) -> str:
    """What a history says by itself of a case that ended so."""
    # A case that no rig or system could show proves nothing, and one alone never ends a run well.
    proves_nothing = verdict in (Verdict.UNSUPPORTED, Verdict.SKIPPED)
    return WORDS[EXIT_CODES[Verdict.INCONCLUSIVE if proves_nothing else Verdict(verdict)]]


def differing(folder: Path, said: Mapping[str, str]) -> Iterator[str]:
    """The cases whose histories say another thing. `said` is a verdict or the broken clause."""
    for case, verdict in said.items():
        found = checked(folder.joinpath(*case.split("/"), "history.jsonl"))
        clause = verdict if verdict.startswith("RA-") else ""
        first = found.violations[0].clause if found.violations else ""
        if found.verdict != word_of("fail" if clause else verdict) or clause not in ("", first):
            yield f"{case}: {verdict}; its history: {found.verdict} {first} {found.reason}"


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


def differing_of(mutant: Mutant, folder: Path, *, first: bool) -> list[str]:
    """The cases of the mutant's clauses, up to the first kill or all, that differ."""
    own = [case for case in load_cases() if mutant.clauses & {*case.clauses}]
    trial = try_scenarios(mutant, own, first=first, out=folder)
    assert trial.troubles == []
    assert first or trial.verdicts.keys() == {case.id for case in own}
    saved = {
        case: said
        for case, said in trial.verdicts.items()
        if folder.joinpath(*case.split("/"), "history.jsonl").exists()
    }
    assert saved or {*trial.verdicts.values()} <= {Verdict.UNSUPPORTED.value}
    return list(differing(folder, saved))


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_the_case_that_kills_a_mutant_is_judged_again_as_it_was(
    tmp_path: Path, mutant: Mutant
) -> None:
    assert differing_of(mutant, tmp_path, first=True) == []


@pytest.mark.real
@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_every_case_of_the_clauses_of_a_mutant_is_judged_again_as_it_was(
    tmp_path: Path, mutant: Mutant
) -> None:
    assert differing_of(mutant, tmp_path, first=False) == []


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
