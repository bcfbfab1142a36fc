"""Both languages say the same: the cases, their ids, the clauses and the words of the kit."""

import ast
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler
from jinja2.nodes import Call, Const, Name
from msgspec.structs import replace
from runall_harness.checks.job_outcome import WORDS as OUTCOMES
from runall_harness.contract.cases import Case, load_cases
from runall_harness.contract.clauses import clauses
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.translation import TABLE, read_sentences, sentences, unwrapped
from runall_harness.contract.verdicts import WORDS as ENDS
from runall_harness.contract.verdicts import Verdict
from runall_harness.contract.words import (
    language,
    read_words,
    say,
    say_clause,
    say_feature,
    say_scenario,
    say_step,
)
from runall_harness.reports.page.render import environment
from runall_harness.reports.translated_features import write_features
from support.places import ROOT
from support.project_files import files

PAGE = ROOT / "harness" / "runall_harness" / "reports" / "page"
ENGLISH = ROOT / "features"
CHINESE = ROOT / "docs" / "zh-CN" / "features"
TRANSLATED = re.compile(r"<!-- translation of (\S+), sha256 ([0-9a-f]{64}) -->")
ONE_CASE = "1_worker_lost/another-worker-of-the-group-takes-over/manual"
LOST = '"its server is killed and stays away" = '


def without_place(case: Case) -> Case:
    return replace(case, file="", line=0, scenario_line=0)


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNALL_LANGUAGE", "zh-CN")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The translated features, for a test that damages them."""
    folder = tmp_path / "features"
    folder.mkdir()
    for name in (TABLE, "1_worker_lost.feature"):
        (folder / name).write_text((CHINESE / name).read_text("utf-8"), "utf-8")
    return folder


def damage(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


# ------------------------------------------------------------------ the features
def test_both_languages_compile_to_the_same_cases() -> None:
    both = [map(without_place, load_cases(folder)) for folder in (ENGLISH, CHINESE)]
    assert list(both[0]) == list(both[1])


def test_the_translated_features_are_those_of_the_table_and_of_the_english_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / TABLE).write_text((CHINESE / TABLE).read_text("utf-8"), "utf-8")
    write_features(ENGLISH, tmp_path, "zh-CN")
    both = [
        {path.name: path.read_text("utf-8") for path in folder.glob("*.feature")}
        for folder in (tmp_path, CHINESE)
    ]
    assert both[0] == both[1], "run `runall spec --write-translations`"


@pytest.mark.usefixtures("chinese")
def test_a_step_as_it_was_taken_is_said_as_its_translated_feature_says_it() -> None:
    english, chinese = ([*steps_of(folder)] for folder in (ENGLISH, CHINESE))
    assert len(english) > 3000
    said: dict[str, set[str]] = {}
    for one, other in zip(english, chinese, strict=True):
        said.setdefault(one, set()).add(other)
    assert {one: say_step(one) for one in said if say_step(one) not in said[one]} == {}


def steps_of(folder: Path) -> Iterator[str]:
    """The steps of all cases, as these files write them."""
    for path in sorted(folder.glob("*.feature")):
        document: Any = Parser().parse(path.read_text("utf-8"))
        pickles: Any = Compiler().compile(document | {"uri": str(path)})
        for pickle in pickles:
            yield from (step["text"] for step in pickle["steps"])


def test_the_table_has_no_sentence_that_no_feature_says() -> None:
    table = read_sentences(CHINESE / TABLE)
    said: dict[int, set[str]] = {}
    for path in ENGLISH.glob("*.feature"):
        document: Any = Parser().parse(path.read_text("utf-8"))
        for holder, key, words, _ in sentences(document["feature"], table):
            text = unwrapped(holder[key]) if key == "description" else holder[key]
            said.setdefault(id(words), set()).add(text)
    parts = (table.features, table.descriptions, table.scenarios, table.steps, table.columns)
    for part in (*parts, *table.values.values()):
        assert set(part) - said.get(id(part), set()) == set()


def test_a_sentence_without_a_translation_is_named_with_its_place(copied: Path) -> None:
    damage(copied / "1_worker_lost.feature", "当 它的服务器被杀死", "当 它的服务器睡着了")
    with pytest.raises(
        KitCannotRun, match=r"1_worker_lost.feature:11: no translation of '它的服务器"
    ):
        load_cases(copied)


def test_two_sentences_with_one_translation_are_refused(copied: Path) -> None:
    damage(copied / TABLE, LOST, '"its server is hurt" = "它的服务器回来"\n' + LOST)
    with pytest.raises(KitCannotRun, match="are both '它的服务器回来'"):
        load_cases(copied)


def test_a_forgotten_tag_of_a_translated_feature_changes_its_cases(copied: Path) -> None:
    damage(copied / "1_worker_lost.feature", " @RA-4.3", "")
    kept = [case for case in load_cases(ENGLISH) if case.feature == "1_worker_lost"]
    assert list(map(without_place, load_cases(copied))) != list(map(without_place, kept))


def test_a_translated_feature_without_a_table_says_what_it_needs(copied: Path) -> None:
    (copied / TABLE).unlink()
    with pytest.raises(KitCannotRun, match="no table of sentences"):
        load_cases(copied)


# ------------------------------------------------------------------ the words
SAYS = ("say", "translated")


def constants(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def said_in_code() -> Iterator[str]:
    """The first argument of each `say(...)`, where it is written there."""
    for path in files("harness", suffix=".py"):
        text = path.read_text("utf-8")
        if "contract.words import" not in text:
            continue  # a function of that name is another one there
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYS and node.args:
                yield from constants(node.args[0])


def said_in_pages() -> Iterator[str]:
    """The same in the templates and the scripts of the pages."""
    for path in PAGE.glob("*.html"):
        for call in environment().parse(path.read_text("utf-8")).find_all(Call):
            if isinstance(call.node, Name) and call.node.name in SAYS:
                yield from (str(one.value) for one in call.args if isinstance(one, Const))
    for path in PAGE.glob("*.js"):
        for first in re.findall(r'\bsay\(((?:"[^"]*"|[^,)"])*)', path.read_text("utf-8")):
            yield from re.findall(r'"([^"]+)"', first)


def test_every_word_and_every_clause_has_a_translation_and_none_is_stale() -> None:
    table = read_words("zh-CN")
    assert set(table.clauses) == {clause.text for clause in clauses().values()}
    said = {*said_in_code(), *said_in_pages()}
    needed = {*said, *map(str, Verdict), *ENDS.values(), *OUTCOMES.values()}
    assert needed - set(table.words) == set()
    code = [
        ast.parse(path.read_text("utf-8")) for path in files("harness", "reference", suffix=".py")
    ]
    scripts = "".join(path.read_text("utf-8") for path in PAGE.glob("*.js"))
    written = {
        *needed,
        *chain.from_iterable(map(constants, code)),
        *re.findall(r'"([^"]+)"', scripts),
    }
    assert set(table.words) - written == set()


@pytest.mark.usefixtures("chinese")
def test_a_clause_a_scenario_and_a_word_are_said_in_the_language_of_the_user() -> None:
    assert say_clause("RA-1.1") == "被中断的手动作业必须重新运行。"
    assert say_scenario("Another worker of the group takes over") == "组内另一台工作服务器接手"
    assert say_feature("1_worker_lost") == "工作服务器宕机后不再回来"
    assert say("recovered in {}", say("{} s", "1.20")) == "恢复用时 1.20 秒"


def test_an_unknown_language_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNALL_LANGUAGE", "xx")
    with pytest.raises(KitCannotRun, match="RUNALL_LANGUAGE=xx is no language"):
        language()


def test_a_run_in_chinese_prints_chinese_and_reports_the_same_cases(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runall_harness.cli", "conform", "--language", "zh-CN"]
    words = ["--rig", "simulated", "--scenario", ONE_CASE, "--policy", "cronicle-0.9.49"]
    done = subprocess.run(
        [*command, *words, "--out", str(tmp_path)],
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert f"✗ 失败            {ONE_CASE}" in done.stdout
    assert re.search(r"条款 +RA-1.1 被中断的手动作业必须重新运行。", done.stdout)
    assert re.search(r"结论 +│ +不符合", done.stdout)
    assert f'"id": "{ONE_CASE}"' in (tmp_path / "report.json").read_text("utf-8")


# ------------------------------------------------------------------ the pages
def test_no_translated_page_is_stale() -> None:
    pages = list((ROOT / "docs" / "zh-CN").glob("*.md"))
    assert pages
    for page in pages:
        found = TRANSLATED.search(page.read_text("utf-8"))
        assert found, page
        now = hashlib.sha256((ROOT / found[1]).read_bytes()).hexdigest()
        assert found[2] == now, f"{found[1]} has changed: bring {page.name} up to date"
