"""What SPEC.md draws is what the machines do: the generated part is never stale."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from runall_harness.cli.spec import spec
from runall_harness.contract.clauses import clauses, spec_path
from runall_harness.contract.errors import KitCannotRun
from runall_harness.reports.spec_diagrams import (
    BEGIN,
    CONDITIONS,
    END,
    MACHINES,
    draw,
    generated,
    renewed,
    tabulate,
    write_diagrams,
)
from runall_reference.brain.machines import JOB, LINK, Life, Rule

PAGE = spec_path().read_text("utf-8")


def test_the_page_has_the_diagrams_and_tables_that_the_machines_give() -> None:
    assert generated() in PAGE, "run `runall spec --write-diagrams`"
    assert (PAGE.count(BEGIN), PAGE.count(END)) == (1, 1)


def test_a_stale_part_is_made_anew_and_nothing_else_is_touched() -> None:
    stale = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert renewed(stale) == f"before\n{generated()}\nafter\n"
    assert renewed(PAGE.replace("| miss | online | suspect |  |\n", "")) == PAGE


def test_a_page_that_is_up_to_date_is_not_written(tmp_path: Path) -> None:
    page = tmp_path / "SPEC.md"
    page.write_text(PAGE, "utf-8")
    page.chmod(0o444)
    assert not write_diagrams(page)


def test_a_page_without_marks_is_an_error_with_the_next_step() -> None:
    with pytest.raises(KitCannotRun, match=r"no place for its diagrams(.|\n)*next step: put"):
        renewed("# A page\n")


@pytest.mark.parametrize("title", MACHINES)
def test_each_machine_has_a_heading_a_diagram_and_a_table(title: str) -> None:
    part = generated().split(f"### {title}\n")[1].split("\n### ")[0]
    assert f"```mermaid\n{draw(MACHINES[title])}\n```" in part
    assert tabulate(MACHINES[title]) in part


@pytest.mark.parametrize("title", MACHINES)
def test_every_transition_is_an_arrow_and_a_line_of_the_table(title: str) -> None:
    life = MACHINES[title]
    for rule, source in life.rows():
        assert f"{source} --> {rule.dest}: {rule.trigger}" in draw(life)
        assert f"| {rule.trigger} | {source} | {rule.dest} |" in tabulate(life)


def test_a_transition_that_is_added_to_a_machine_makes_the_page_stale() -> None:
    more = Life("link", LINK.states, LINK.initial, (*LINK.rules, Rule("miss", "lost", "suspect")))
    assert draw(more) not in PAGE
    assert tabulate(more) not in PAGE


def test_every_condition_of_a_rule_is_explained() -> None:
    named = {name for rule in JOB.rules for name in rule.given}
    assert named == set(CONDITIONS)
    assert all(f"- *{name}*: " in generated() for name in CONDITIONS)


def test_the_command_says_whether_the_page_was_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "SPEC.md"
    page.write_text(f"{BEGIN}\n{END}\n", "utf-8")
    monkeypatch.setattr("runall_harness.contract.clauses.spec_path", lambda: page)
    for what in ("drawn anew", "was up to date"):
        done = CliRunner().invoke(spec, ["--write-diagrams"])
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{page}: {what}\n")
    assert page.read_text("utf-8") == f"{generated()}\n"


def test_no_daemon_loads_what_draws() -> None:
    code = (
        "import sys, runall_reference.daemon.primary_daemon\n"
        "import runall_reference.daemon.worker_daemon\n"
        "sys.exit([m for m in sys.modules if m.startswith('transitions.ext')] or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_generated_part_adds_no_clause() -> None:
    assert all(clause.line < PAGE[: PAGE.index(BEGIN)].count("\n") for clause in clauses().values())
