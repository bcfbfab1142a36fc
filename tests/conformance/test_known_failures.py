"""A declared failure is excused, with its reason, for as long as it fails, and no longer.

The rules are tried as such, and then in runs over small feature folders (`small_features`).
"""

from fnmatch import translate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runall_harness.conformance.known_failures import Declared, Race, declared, load, save, updated
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Verdict
from support.small_features import (
    STEPS,
    Done,
    conform,
    plain_pytest,
    report_of,
    verdicts,
    write_folder,
)

CASES = [f"{feature}/{name}/manual" for feature in "ab" for name in ("one", "two", "three")]
PATTERNS = [*CASES, "a/*", "b/*", "*/one/*", "*/t*/manual", "*"]
NAMED = STEPS | {"sometimes": "a pretended job that is lost every second time"}
assert translate("a/*"), "globs are those of fnmatch"


# ------------------------------------------------------------------ the rules
def test_the_entry_of_a_case_wins_over_a_glob_and_the_first_glob_over_the_next() -> None:
    entries = {"a/*": "first", "*/one/*": "second", "a/two/manual": "own"}
    assert declared(entries, "a/one/manual") == ("a/*", "first")
    assert declared(entries, "b/one/manual") == ("*/one/*", "second")
    assert declared(entries, "a/two/manual") == ("a/two/manual", "own")
    assert declared(entries, "b/two/manual") is None


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_declaration_turns_a_failure_and_a_pass_and_nothing_else(verdict: Verdict) -> None:
    turned = Declared("x", "y").turn(verdict)
    changed = {Verdict.FAIL: "known-failure", Verdict.PASS: "unexpected-pass"}
    assert turned == changed.get(verdict, verdict)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_race_that_was_won_is_a_known_failure_too(verdict: Verdict) -> None:
    race = declared({"a/*": "either may win"}, "a/one/manual", Race)
    assert race
    decided = verdict in (Verdict.FAIL, Verdict.PASS)
    assert race.turn(verdict) == ("known-failure" if decided else verdict)
    assert race.message(Verdict.KNOWN_FAILURE, "") == (
        "either may win\na race: this time the promise was kept"
    )


def ends(entries: dict[str, str], raw: dict[str, Verdict]) -> dict[str, Verdict]:
    """How cases that end so are judged under these entries."""
    known = {case: declared(entries, case) for case in raw}
    return {case: k.turn(raw[case]) if (k := known[case]) else raw[case] for case in raw}


@given(
    st.dictionaries(st.sampled_from(PATTERNS), st.sampled_from(["x", "y"])),
    st.dictionaries(
        st.sampled_from(CASES),
        st.sampled_from([Verdict.PASS, Verdict.FAIL, Verdict.UNSUPPORTED, Verdict.INCONCLUSIVE]),
    ),
)
def test_after_an_update_the_same_run_holds_no_failure_and_no_surprise(
    entries: dict[str, str], raw: dict[str, Verdict]
) -> None:
    seen = ends(entries, raw)
    now = updated(entries, CASES, seen, dict.fromkeys(CASES, "new"))
    assert not {Verdict.FAIL, Verdict.UNEXPECTED_PASS} & set(ends(now, raw).values())
    for case in CASES:
        if seen.get(case) not in (Verdict.FAIL, Verdict.UNEXPECTED_PASS):
            before, after = declared(entries, case), declared(now, case)
            assert (before and before.reason) == (after and after.reason), "others keep theirs"
    same = updated(now, CASES, ends(now, raw), {})
    assert list(same.items()) == list(now.items()), "and a second update changes nothing"


# ------------------------------------------------------------------ the file
TEXT = """\
# what we know of
name = "mine"

[known_failures] # see issue 12
"b/one/manual" = "the second"  # stays
# about the first
"a/one/manual" = "the first"

[other]
x = 1
"""


def test_comments_order_and_other_tables_of_the_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text(TEXT, "utf-8")
    assert save(path, {"b/one/manual": "the second", "a/two/manual": 'a "new" one'})
    assert path.read_text("utf-8") == TEXT.replace(
        '"a/one/manual" = "the first"\n', '"a/two/manual" = "a \\"new\\" one"\n'
    )
    assert load(path, CASES) == {"b/one/manual": "the second", "a/two/manual": 'a "new" one'}
    assert not save(path, load(path, CASES)), "nothing to change, nothing written"
    assert [each.name for each in tmp_path.iterdir()] == ["f.toml"]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[known_failures]\n'a/one/manual' = ''", "'a/one/manual' has no reason"),
        ("[known_failures]\n'a/one/manual' = 3", "'a/one/manual' has no reason"),
        ("[known_failures]\n'z/*' = 'gone'", "'z/*' names no case"),
        ("[known_failures]\n'*' = 'all of it'", "'*' names no feature"),
        ("[known_failures]\n'*/one/manual' = 'many'", "'*/one/manual' names no feature"),
        ("[known-failures]\n'a/*' = 'misspelt'", "no table [known_failures]"),
        ("known_failures = 1", "is not a table"),
        ("[known_failures\n", "line 1"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_file_is_reported_with_its_key_and_the_next_step(
    tmp_path: Path, text: str | None, cause: str
) -> None:
    path = tmp_path / "f.toml"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(KitCannotRun) as caught:
        load(path, CASES)
    assert str(path) in caught.value.cause
    assert cause in caught.value.cause
    assert caught.value.hint


# ------------------------------------------------------------------ whole runs
@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    steps = {name: NAMED[name] for name in ("run again", "lost", "condemned", "unproven")}
    folder = write_folder(tmp_path_factory.mktemp("known") / "f", steps)
    (folder / "known.toml").write_text(
        "[known_failures]\n"
        '"small/lost/*" = "it never comes back"\n'
        '"small/condemned/manual" = "issue 7"\n'
        '"small/unproven/manual" = "who knows"\n',
        "utf-8",
    )
    return folder


def run(folder: Path, *arguments: str) -> Done:
    return conform(folder, "--known-failures", "known.toml", *arguments)


def test_a_known_failure_is_excused_with_its_reason_and_an_unproven_one_is_not(
    folder: Path,
) -> None:
    done = run(folder, "--format", "json")
    report = report_of(done)
    assert verdicts(report) == {
        "run again": "pass",
        "lost": "known-failure",
        "condemned": "known-failure",
        "unproven": "inconclusive",
    }
    messages = {case["scenario"]: case["message"] for case in report["cases"]}
    assert messages["lost"].startswith("it never comes back\nRA-1.1: A manual job")
    assert report["summary"]["known-failure"] == 2
    assert (done.returncode, report["verdict"]) == (2, "inconclusive")


def test_a_run_of_known_failures_and_passes_is_conformant_and_says_why(folder: Path) -> None:
    for jobs in ("1", "2"):
        done = run(folder, "--scenario", "*[!u]*/[rlc]*", "--jobs", jobs)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "known-failure: it never comes back (1 case)" in done.stdout
        assert "clause" not in done.stdout, "what is known is not shown as a failure"


@pytest.fixture
def surprised(tmp_path: Path) -> Path:
    folder = write_folder(tmp_path / "f", {n: NAMED[n] for n in ("run again", "lost", "condemned")})
    known = '[known_failures]\n# all of them\n"small/*" = "nothing works"\n'
    (folder / "known.toml").write_text(known, "utf-8")
    return folder


def test_a_declared_case_that_passes_fails_the_run_until_the_file_follows(surprised: Path) -> None:
    done = run(surprised)
    assert done.returncode == 1
    assert "'small/*' is declared as failing (nothing works), and it passes" in done.stdout
    assert "--known-failures known.toml" in done.stdout, "the command that runs it again"
    updating = run(surprised, "--update-known-failures")
    assert updating.returncode == 1, "a run ends as the file had it when it began"
    assert "known.toml: updated" in updating.stderr
    assert load(surprised / "known.toml", [f"small/{n}/manual" for n in ("lost", "condemned")]) == {
        "small/lost/manual": "nothing works",
        "small/condemned/manual": "nothing works",
    }
    assert "# all of them" in (surprised / "known.toml").read_text("utf-8")
    assert run(surprised).returncode == 0


def test_an_update_makes_the_file_and_leaves_out_what_is_unsteady(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {n: NAMED[n] for n in ("run again", "lost", "sometimes")})
    done = run(folder, "--update-known-failures", "--repeat", "2")
    assert done.returncode == 1
    written = (folder / "known.toml").read_text("utf-8")
    assert '"small/lost/manual" = "unexplained: RA-1.1: A manual job' in written
    assert "sometimes" not in written


def test_an_update_without_a_file_is_wrong_usage_and_a_missing_one_without_it_an_error(
    folder: Path,
) -> None:
    assert conform(folder, "--update-known-failures").returncode == 64
    done = conform(folder, "--known-failures", "nowhere.toml")
    assert (done.returncode, done.stdout) == (3, "")
    assert "nowhere.toml cannot be read" in done.stderr


def test_a_run_that_broke_leaves_the_file_alone(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"lost": NAMED["lost"]})
    (folder / "conftest.py").write_text("import nothing_of_that_name\n", "utf-8")
    done = run(folder, "--update-known-failures")
    assert done.returncode == 3
    assert not (folder / "known.toml").exists()


def test_to_plain_pytest_a_known_failure_is_expected_and_strictly_so(
    folder: Path, surprised: Path
) -> None:
    expected = plain_pytest(folder, "--runall-known-failures", str(folder / "known.toml"), "-rx")
    assert "2 xfailed" in expected.stdout
    assert "it never comes back" in expected.stdout
    strict = plain_pytest(surprised, "--runall-known-failures", str(surprised / "known.toml"))
    assert strict.returncode == 1
    assert "1 failed, 2 xfailed" in strict.stdout


def test_a_declared_race_ends_alike_in_each_run_whoever_wins(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {n: NAMED[n] for n in ("run again", "sometimes")})
    races = '[known_failures]\n[known_races]\n"small/sometimes/*" = "two messages cross"\n'
    (folder / "known.toml").write_text(races, "utf-8")
    done = run(folder, "--repeat", "2", "--format", "json")
    cases = report_of(done)["cases"]
    messages = [case["message"] for case in cases if case["verdict"] == "known-failure"]
    assert (done.returncode, len(messages)) == (0, 2)
    assert all(message.startswith("two messages cross\n") for message in messages)
    assert sum("this time the promise was kept" in message for message in messages) == 1
    shown = run(folder, "--repeat", "2")
    assert "unsteady" not in shown.stdout
    asked = (f"--runall-known-failures={folder / 'known.toml'}", "--runall-repeat=2")
    plain = plain_pytest(folder, *asked)
    assert "2 passed, 2 xfailed" in plain.stdout


@pytest.mark.parametrize("pattern", ["*", "small/*", "*/lost/*"])
def test_a_race_names_a_scenario_and_never_all_of_them(pattern: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"lost": NAMED["lost"]})
    races = f'[known_failures]\n[known_races]\n"{pattern}" = "who knows"\n'
    (folder / "known.toml").write_text(races, "utf-8")
    done = run(folder)
    assert done.returncode == 3
    assert f"known_races.{pattern!r} names no scenario" in done.stderr


def test_a_race_that_names_no_case_is_an_error(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", {"lost": NAMED["lost"]})
    (folder / "known.toml").write_text("[known_failures]\n[known_races]\n'z' = 'gone'\n", "utf-8")
    done = run(folder)
    assert done.returncode == 3
    assert "known_races.'z' names no case" in done.stderr
