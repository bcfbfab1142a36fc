"""What else becomes a page: judged histories, stories, caught bugs, and saved runs."""

from pathlib import Path

import msgspec
from click.testing import CliRunner
from runall_harness.checks import examine
from runall_harness.cli.check import check
from runall_harness.cli.report import report
from runall_harness.conformance.run_report import encode, make_report, report_case, unknown
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Verdict
from runall_harness.evidence.history import History
from runall_harness.explorer.story import Script, Story
from runall_harness.explorer.story_page import page_of_stories
from runall_harness.explorer.worlds import outlines
from runall_harness.mutants import by_name
from runall_harness.reports.runs_page import changes_between, spread_of
from runall_harness.scoring.score import Score
from runall_harness.scoring.score_page import page_of_score
from runall_harness.scoring.trial import MutantKill, Trial
from support.example_history import example


def saved(path: Path, month: str = "May") -> Path:
    History(example(month_of_the_rerun=month)).save(path)
    return path


def test_check_writes_a_page_and_keeps_its_answer_and_its_exit_code(tmp_path: Path) -> None:
    good, bad = saved(tmp_path / "good.jsonl"), saved(tmp_path / "bad.jsonl", "June")
    told, shown = (
        CliRunner().invoke(check, [str(good), str(bad), "--format", "json", *more])
        for more in ([], ["--html", str(tmp_path / "page.html")])
    )
    assert shown.stdout == told.stdout
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.index("RA-4.3") < page.index('id="cases"'), "the first trouble is at the top"
    assert page.count('class="case"') == 2


def test_a_malformed_history_is_on_the_page_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "h.jsonl").write_text('{"kind":"end","at":1}\n{"kind":"nonsense"}\n')
    where = ["--html", str(tmp_path / "page.html")]
    CliRunner().invoke(check, [str(tmp_path / "h.jsonl"), *where])
    assert "line 2: " in (tmp_path / "page.html").read_text("utf-8")


def test_a_page_of_caught_bugs_shows_the_case_that_caught_each(tmp_path: Path) -> None:
    caught, survived = by_name("one_try"), by_name("two_live")
    saved(tmp_path / "one_try/histories/f/s/manual.jsonl", "June")
    kill = MutantKill(by="f/s/manual", clause=caught.clause, seconds=0.5, after=2)
    trials = (Trial(name="one_try", kills=[kill]), Trial(name="two_live"))
    mutants = (caught, survived)
    page = page_of_score(Score(reference=Trial(name="r"), mutants=mutants, trials=trials), tmp_path)
    assert [entry.verdict for entry in page.entries] == ["killed", "survived"]
    assert [entry.timeline is not None for entry in page.entries] == [True, False]
    assert "f/s/manual, after 2 cases" in page.entries[0].note
    assert page.first_trouble is page.entries[1]


def test_saved_runs_become_one_page_or_their_folder_anew(tmp_path: Path) -> None:
    for name, verdict in (("monday", Verdict.PASS), ("tuesday", Verdict.FAIL)):
        history = saved(tmp_path / name / "histories/f/a/manual.jsonl")
        case = Case(id="f/a/manual", feature="f", scenario="a", trigger="manual")
        made = report_case(
            case, verdict, "", history=history.relative_to(tmp_path / name).as_posix()
        )
        whole = make_report(unknown("mine", ""), "simulated", 1.0, [made])
        (tmp_path / name / "report.json").write_text(encode(whole))
    monday, tuesday = str(tmp_path / "monday"), str(tmp_path / "tuesday")
    page = tmp_path / "elsewhere" / "page.html"
    assert CliRunner().invoke(report, [monday, tuesday, "--html", str(page)]).exit_code == 0
    assert "pass became fail" in page.read_text("utf-8")
    assert CliRunner().invoke(report, [monday, "--html", str(page)]).exit_code == 0
    assert 'href="../monday/histories/f/a/manual.jsonl"' in page.read_text("utf-8")
    assert CliRunner().invoke(report, [monday]).exit_code == 0
    assert (tmp_path / "monday" / "junit.xml").is_file()


def test_what_changed_is_told_for_each_case_with_the_worse_marked() -> None:
    def a_run(**verdicts: tuple[Verdict, float | None]):
        cases = [
            report_case(
                Case(id=f"f/{name}/manual", trigger="manual"),
                verdict,
                "",
                recovery_s=took,
                deadline_s=7.0,
            )
            for name, (verdict, took) in verdicts.items()
        ]
        return make_report(unknown("mine", ""), "simulated", 1.0, cases)

    before = a_run(a=(Verdict.PASS, 3.0), b=(Verdict.FAIL, None), c=(Verdict.PASS, 1.0))
    after = a_run(a=(Verdict.PASS, 5.0), b=(Verdict.PASS, None), d=(Verdict.PASS, 1.0))
    told = {change.case: (change.words, change.worse) for change in changes_between(before, after)}
    assert told == {
        "f/a/manual": ("recovered in 3.00 s of 7.0 s, now 5.00 s of 7.0 s", True),
        "f/b/manual": ("fail became pass", False),
        "f/c/manual": ("not run: was pass", True),
        "f/d/manual": ("new: pass", False),
    }
    assert list(changes_between(before, msgspec.structs.replace(before))) == []
    assert spread_of("m", before).parts == [0.143, 0.429]


def test_a_story_of_the_explorer_is_told_in_its_sentences_with_its_time_line() -> None:
    lines = example(month_of_the_rerun="June")
    story = Story(
        script=Script(outline=outlines("reference")[0]),
        began=0.0,
        instants=(),
        lines=lines,
        broken=examine(lines).violations,
        victim="w1",
    )
    [entry] = page_of_stories([story], "violation", ["runall replay story.jsonl"]).entries
    assert entry.steps
    assert entry.timeline is not None
    assert any(bar.guilty for bar in entry.timeline.bars)
    assert entry.again == "runall replay story.jsonl"
