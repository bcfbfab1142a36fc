"""The project's own claims, as tests: what CONTRIBUTING.md asks of people is checked here.

A rule that nothing checks is forgotten by the third commit. Each test collects every offender
before it fails, so that one run names them all.
"""

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.kinds import CHAINS, LONG, REAL, SPREAD, TESTS
from support.places import ROOT
from support.project_files import files

MODULE_LINES = 400
FUNCTION_LINES = 45
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
# Names that two classes of one package share, each with the reason.
TWICE = {
    "Link": "the simulated and the processes rig each carry what a node sends in their own way",
    "Message": "an adapter's answer, and the explorer's move that decides a message's fate",
    "Order": "what a run of cases was asked for, and the explorer's move in which a user orders",
    "Run": "the adapter protocol's verb, and a run of cases",
}

# In pieces, so that this file does not hold what it forbids.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("hub", "docker", "com"),
        ("deb", "debian", "org"),
    )
]
REGISTRY_SETTINGS = [
    "index" + "-url",
    "extra-index" + "-url",
    '"resolved": ' + '"http',
    "/simple" + "/",
]
HOME_FOLDERS = re.compile(r"(?<![\w.~}$-])/(?:home|Users)/\w+|(?<![\w.~}$-])/[r]oot/")
SUPPRESSION = re.compile(r"#\s*(?:noqa|pyright:\s*ignore|type:\s*ignore|pragma:\s*no cover)(.*)")
CODES = re.compile(r"^\s*(?::\s*)?(?:\[[\w, -]+\]|[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?")


def lines(suffix: str = "") -> Iterator[tuple[str, str]]:
    """Each line of all files with this ending, with its place."""
    for path in files(suffix=suffix):
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def table(header: str) -> list[str]:
    """The lines of one table of pyproject.toml, comments included: a TOML parser drops those."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return text.split(f"\n[{header}]\n", 1)[1].split("\n[", 1)[0].splitlines()


def declared() -> list[str]:
    """Every dependency, those of the extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(name for extra in extras for name in extra)]


def without_reason(rows: list[str]) -> list[str]:
    """The rows of an array of strings that no comment follows."""
    return [row for row in rows if re.match(r'\s+"', row) and not re.search(r'",\s+# \w.{7,}', row)]


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module; many claims ask for each of them."""
    return ast.parse(path.read_text("utf-8"))


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a module, nested ones too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def scripts() -> list[Path]:
    """What people and build servers call: every file with a shebang in ci/ and .ci/."""
    return [path for path in files("ci", ".ci") if path.read_bytes().startswith(b"#!")]


def test_every_dependency_has_a_reason_beside_it() -> None:
    rows = table("project") + table("project.optional-dependencies")
    assert all(any(f'"{name}"' in row for row in rows) for name in declared()), "one name a line"
    dependencies = [row for row in rows if re.match(r'\s+"[\w\[\]-]+[<>=~!]', row)]
    assert len(dependencies) == len(declared())
    assert without_reason(dependencies) == []


def test_every_dependency_has_a_lower_end() -> None:
    assert [name for name in declared() if ">=" not in name] == []


def test_every_lint_exception_has_a_reason_beside_it() -> None:
    ignored = "\n".join(table("tool.ruff.lint")).split("ignore = [", 1)[1].splitlines()
    rows = ignored + table("tool.ruff.lint.per-file-ignores")
    assert len(rows) > 5
    assert without_reason(rows) == []


def test_every_suppression_in_the_code_says_why() -> None:
    bare = [
        f"{place}: {line.strip()}"
        for place, line in lines(".py")
        if (found := SUPPRESSION.search(line)) and len(CODES.sub("", found[1], count=1)) < 10
    ]
    assert bare == []


def unexplained_marks(path: Path) -> list[str]:
    """The skip and xfail marks of a module that give no reason."""
    nodes = list(ast.walk(parsed(path)))
    explained = {
        node.func
        for node in nodes
        if isinstance(node, ast.Call) and any(word.arg == "reason" for word in node.keywords)
    }
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in nodes
        if isinstance(node, ast.Attribute) and node not in explained
        if re.fullmatch(r"(pytest\.)?mark\.(skip|skipif|xfail)", ast.unparse(node))
    ]


def test_every_skip_and_xfail_says_why() -> None:
    assert [place for path in files(suffix=".py") for place in unexplained_marks(path)] == []


def test_no_file_names_a_package_registry() -> None:
    forbidden = REGISTRY_HOSTS + REGISTRY_SETTINGS
    found = [f"{place}: {word}" for place, line in lines() for word in forbidden if word in line]
    assert found == []


def test_no_file_names_a_folder_of_somebody_s_machine() -> None:
    here = f"{ROOT}/"
    found = [
        f"{place}: {line.strip()}"
        for place, line in lines()
        if here in line or HOME_FOLDERS.search(line)
    ]
    assert found == []


def test_no_module_is_longer_than_a_reader_s_patience() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {size} lines"
        for path in files("reference", "harness", suffix=".py")
        if (size := len(path.read_text("utf-8").splitlines())) > MODULE_LINES
    ]
    assert long == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {function.name}, {size} lines"
        for path in files("reference", "harness", suffix=".py")
        for function in functions(path)
        if (size := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    ]
    assert long == []


def test_every_module_says_why_it_exists() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in files("reference", "harness", suffix=".py")
        if not ast.get_docstring(parsed(path))
    ]
    assert silent == []


@pytest.mark.parametrize("script", scripts(), ids=lambda path: str(path.relative_to(ROOT)))
class TestEachScript:
    """What holds for every command in ci/."""

    def test_is_executable(self, script: Path) -> None:
        assert script.stat().st_mode & 0o111

    def test_is_valid_bash_that_stops_at_the_first_error(self, script: Path) -> None:
        done = subprocess.run(
            ["bash", "-n", str(script)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "\nset -euo pipefail\n" in script.read_text("utf-8")

    def test_explains_itself_without_setting_anything_up(self, script: Path) -> None:
        done = subprocess.run([str(script), "--help"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        name = str(script.relative_to(ROOT))
        assert name in done.stdout
        assert len(done.stdout.splitlines()) >= 4


def test_an_environment_of_a_python_that_is_missing_is_never_ready() -> None:
    done = subprocess.run(
        [ROOT / "ci/environment"],
        env={**os.environ, "PYTHON": "python3.99"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "at PYTHON=python3.99" in done.stderr


def test_the_readme_and_contributing_name_only_commands_that_exist() -> None:
    named = {
        word
        for document in ("README.md", "CONTRIBUTING.md")
        for word in re.findall(r"(?<![\w/])\.?ci/[\w-]+", (ROOT / document).read_text("utf-8"))
    }
    assert {"ci/conform", "ci/test"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_what_is_named_as_real_or_as_a_chain_exists() -> None:
    assert [name for name in (*REAL, *LONG, *CHAINS, *SPREAD) if not (TESTS / name).exists()] == []


# ------------------------------------------------------------------ plain names and plain English
def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Each module of these folders, with its place in the project."""
    for path in files(*folders, suffix=".py"):
        yield str(path.relative_to(ROOT)), parsed(path)


def test_no_module_is_outside_of_a_subpackage() -> None:
    packages = [ROOT / "harness" / "runall_harness", ROOT / "reference" / "runall_reference"]
    found = {path for package in packages for path in package.glob("*.py")}
    assert {path.name for path in found} <= {"__init__.py", "__main__.py"}


def test_no_step_function_is_without_a_name() -> None:
    found = [
        f"{place}:{node.lineno}"
        for place, tree in trees("reference", "harness", "features")
        for node in ast.walk(tree)
        if isinstance(node, Function) and node.name == "_"
    ]
    assert found == []


def test_the_formatter_alone_decides_how_code_is_laid_out() -> None:
    exception = re.compile(r"#\s*fmt:\s*(?:skip|off)")
    assert [place for place, line in lines(".py") if exception.search(line)] == []


# The reference and the harness each have their own view of the same thing, and a reader meets one
# of the two at a time. Within one of them a name means one thing.
def test_a_class_name_stands_for_one_thing() -> None:
    for package in ("reference/runall_reference", "harness/runall_harness"):
        places: dict[str, list[str]] = {}
        for place, tree in trees(package):
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    places.setdefault(node.name, []).append(place)
        found = {name: where for name, where in places.items() if len(where) > 1}
        assert {name: found[name] for name in found.keys() - TWICE.keys()} == {}


def test_a_docstring_says_more_than_three_words() -> None:
    found = [
        f"{place}: {text}"
        for place, tree in trees("reference", "harness", "features", "tests", "ci")
        for node in ast.walk(tree)
        if isinstance(node, Documented) and (text := ast.get_docstring(node))
        if len(text.split()) <= 3
    ]
    assert found == []
