"""`runall check` judges a history of any origin, and never claims more than it read."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator
from runall_harness.cli import exit_code_of
from runall_harness.contract.clauses import clause_text
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import AnyLine, Line, Reproduction, schema
from runall_harness.evidence.views import JobView, LedgerView
from support.places import DOCS
from support.small_histories import created, fault, meta, ran, shown

PAGE = DOCS / "history.md"


def saved(path: Path, *lines: AnyLine) -> str:
    """A history in a file."""
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return str(path)


def right(path: Path) -> str:
    """A history of a job that was killed, and run again."""
    return saved(
        path,
        meta("fencing"),
        *created(),
        fault("kill", 5),
        ran("j1", 1, 5, "killed"),
        shown(5, "j1", "interrupted"),
        ran("j1.2", 6, 8),
        shown(8, "j1.2", "succeeded"),
    )


def broken(path: Path) -> str:
    """A history of a job that ran twice at once."""
    return saved(
        path, meta("fencing"), *created(), fault("cut", 5), ran("j1", 1, 9), ran("j1.2", 6, 10)
    )


def checked(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON report of `runall check`."""
    code = exit_code_of(["check", "--format", "json", *arguments])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def example() -> str:
    """The example of the page."""
    return PAGE.read_text("utf-8").split("```json\n")[1].split("```")[0]


# ------------------------------------------------------------------ verdicts
def test_a_clean_history_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = checked(right(tmp_path / "h"), capsys=capsys)
    assert (code, report["verdict"], report["histories"][0]["violations"]) == (0, "conformant", [])
    verdicts = {one["clause"]: one["verdict"] for one in report["histories"][0]["clauses"]}
    assert verdicts["RA-7.1"] == "pass"
    assert verdicts["RA-3.3"] == "inconclusive"
    assert verdicts["RA-8.4"] == "unsupported"


def test_a_broken_clause_is_quoted_with_every_line_that_proves_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = broken(tmp_path / "h")
    code, report = checked(file, capsys=capsys)
    raws = Path(file).read_text("utf-8").splitlines()
    (violation,) = report["histories"][0]["violations"]
    assert (code, violation["clause"]) == (1, "RA-7.1")
    assert violation["text"] == clause_text("RA-7.1")
    assert violation["lines"] == [{"number": n, "text": raws[n - 1]} for n in (5, 6)]
    assert exit_code_of(["check", file]) == 1
    words = capsys.readouterr().out
    assert all(part in words for part in (clause_text("RA-7.1"), "line 5", raws[4], raws[5]))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([meta()], "no job ran"),
        ([meta(), ran("j1", 1, 5)], "no server failed in it"),
        ([meta(), fault("kill", 3, proven=False), ran("j1", 1, 5)], "not proven"),
    ],
    ids=["nothing ran", "nothing was interrupted", "an unproven fault"],
)
def test_a_history_that_proves_nothing_is_inconclusive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[AnyLine], reason: str
) -> None:
    code, report = checked(saved(tmp_path / "h", *lines), capsys=capsys)
    assert (code, report["verdict"]) == (2, "inconclusive")
    assert reason in report["histories"][0]["reason"]


def test_malformed_lines_are_all_named_and_nothing_is_claimed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(broken(tmp_path / "h"))
    raws = file.read_text("utf-8").splitlines()
    wrong = [raws[0], "", *raws[1:], "{", '{"kind":"answer","at":9,"number":77,"outcome":"done"}']
    file.write_text("\n".join(wrong) + "\n", "utf-8")
    code, report = checked(str(file), capsys=capsys)
    (history,) = report["histories"]
    assert (code, history["verdict"], history["malformed"]) == (3, "error", 3)
    assert [one["line"] for one in history["malformed_lines"]] == [2, 8, 9]
    # What was understood is still shown, by its numbers in the file.
    assert [one["number"] for one in history["violations"][0]["lines"]] == [6, 7]
    assert exit_code_of(["check", str(file)]) == 3
    assert f"{file}, line 9: an answer to call 77, which nobody made" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "hello\n", '{"kind":"start","at":1,"node":"w1"}\n'])
def test_what_is_no_history_is_no_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "h").write_text(text, "utf-8")
    assert checked(str(tmp_path / "h"), capsys=capsys)[0] == (3 if text else 2)


def test_the_worst_history_decides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [right(tmp_path / "a"), broken(tmp_path / "b"), saved(tmp_path / "c", meta())]
    code, report = checked(*files, capsys=capsys)
    assert code == 1
    assert [one["verdict"] for one in report["histories"]] == [
        "conformant",
        "not conformant",
        "inconclusive",
    ]
    assert checked(files[0], files[2], capsys=capsys)[0] == 2


def test_a_stream_is_judged_as_a_file_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runall_harness.cli", "check", "-"]
    raw = Path(broken(tmp_path / "h")).read_bytes()
    done = subprocess.run(command, input=raw, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert b"standard input: RA-7.1 is broken" in done.stdout
    assert b"line 6" in done.stdout


def test_wrong_usage_has_an_exit_code_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["check"]) == 64
    assert exit_code_of(["check", str(tmp_path / "nowhere")]) == 64
    assert exit_code_of(["check", "-", "-"]) == 64
    assert "standard input can be read once" in capsys.readouterr().err


# ------------------------------------------------------------------ what is published
def test_both_schemas_are_printed_and_the_answer_keeps_to_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["check", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(schema()))
    assert exit_code_of(["check", "--report-schema"]) == 0
    validator: Any = Draft202012Validator(json.loads(capsys.readouterr().out))
    for file in (right(tmp_path / "a"), broken(tmp_path / "b")):
        validator.validate(checked(file, capsys=capsys)[1])


def test_the_example_of_the_page_is_clean_and_kept_to_the_schema(
    example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validator: Any = Draft202012Validator(schema())
    for line in example.splitlines():
        validator.validate(json.loads(line))
    (tmp_path / "h").write_text(example, "utf-8")
    code, report = checked(str(tmp_path / "h"), capsys=capsys)
    assert (code, report["histories"][0]["reason"]) == (0, "")
    counts = {one["clause"]: one["judged"] for one in report["histories"][0]["clauses"]}
    assert all(counts[clause] for clause in ("RA-1.1", "RA-1.4", "RA-4.3", "RA-6.1", "RA-7.1"))


def test_the_example_breaks_the_clause_that_the_page_says(
    example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raws = example.splitlines()
    raws[15:17] = [raw.replace("May", "June") for raw in raws[15:17]]
    (tmp_path / "h").write_text("\n".join(raws) + "\n", "utf-8")
    code, report = checked(str(tmp_path / "h"), capsys=capsys)
    (violation,) = report["histories"][0]["violations"]
    assert (code, violation["clause"]) == (1, "RA-4.3")
    assert [line["number"] for line in violation["lines"]] == [8, 16]


def test_the_page_names_every_field_of_every_line() -> None:
    words = PAGE.read_text("utf-8").split("## The lines")[1]
    types: list[Any] = [*get_args(AnyLine), Execution, JobView, LedgerView, Proof]
    fields = {
        field.encode_name
        for one in types
        if one is not Reproduction  # the explorer's own
        for field in msgspec.structs.fields(one)
    } - set(Line.__struct_fields__)
    inner = {"proof", "execution", "job", "entries", "schema"}
    missing = {name for name in fields - inner if f"`{name}`" not in words}
    assert missing - {"args", "verb"} == set()


def test_the_page_says_of_every_clause_what_its_check_needs() -> None:
    from runall_harness.checks import CHECKS

    needs = PAGE.read_text("utf-8").split("## What each check needs")[1]
    named = set(re.findall(r"RA-\d+\.\d+", needs))
    assert {
        clause for check in CHECKS for clause in (check.clause, *check.clauses)
    } - named == set()
