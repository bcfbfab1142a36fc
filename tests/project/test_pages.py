"""The pages name commands, options, files and headings that exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from runall_harness.cli import runall
from support.places import ROOT
from support.project_files import files

PAGES = [path for path in files(suffix=".md") if path.relative_to(ROOT).parts[0] != "tests"]
COMMAND = re.compile(r"^(?: {4}|\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(runall|\.?ci/[\w-]+)( .*|$)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# What stands for a value of the reader's own.
PLACEHOLDER = re.compile(r"^[A-Z_]+$|\.\.\.")


def code_lines(page: Path) -> Iterator[str]:
    """The lines of a page that are shown as code."""
    fenced = False
    for line in page.read_text("utf-8").splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each command that a page shows, with its words up to a comment, a pipe or a redirection."""
    for line in code_lines(page):
        if found := COMMAND.match(line.strip() if line.startswith("    ") else line):
            words = shlex.split(found[2].replace("\\", ""), comments=True)
            ends = [n for n, word in enumerate(words) if word in ("|", ">", "&", "&&", ";")]
            yield found[1], words[: min(ends, default=len(words))]


def unknown_words(words: list[str]) -> list[str]:
    """The subcommands and options of a `runall` line that do not exist."""
    command: click.Command = runall
    context = click.Context(runall, info_name="runall")
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        found = command.get_command(context, name)
        if found is None:
            return [] if PLACEHOLDER.search(name) else [name]
        command, context = found, click.Context(found, parent=context, info_name=name)
    known = {option for param in command.get_params(context) for option in param.opts}
    given = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    return [option for option in given if option not in known]


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    return {slug(m[1]) for m in re.finditer(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)}


def dangling(page: Path) -> Iterator[str]:
    """The links of a page that lead nowhere in this project."""
    for link in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        missing = not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target)
        )
        if missing:
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
class TestEachPage:
    """What holds for every page of the project."""

    def test_shows_no_command_or_option_that_does_not_exist(self, page: Path) -> None:
        wrong = {
            " ".join((name, *words)): bad
            for name, words in commands(page)
            if (bad := unknown_words(words) if name == "runall" else missing_script(name))
        }
        assert wrong == {}

    def test_has_no_link_that_leads_nowhere(self, page: Path) -> None:
        assert list(dangling(page)) == []


def missing_script(name: str) -> list[str]:
    """The script, if it does not exist."""
    return [] if (ROOT / name).is_file() else [name]


def test_commands_are_found_on_the_pages() -> None:
    found = [command for page in PAGES for command in commands(page)]
    assert len(found) > 60
    assert {"runall", "ci/conform", "ci/test"} <= {name for name, _ in found}


@pytest.mark.parametrize(
    "line", ["conform --rgi docker", "confrom", "system nwe mine", "spec --write-diagram"]
)
def test_a_wrong_command_is_noticed(line: str) -> None:
    assert unknown_words(shlex.split(line))
