"""The sources of the site: the pages of the checkout, in its folders, and those that are made.

The Markdown of the checkout is written for whoever browses the repository. So links that lead to a
file that is no page are turned: a feature file into the page of its cases, any other file into a
copy beside the pages (or its place in the repository, where one is named), a folder into plain
words.
"""

import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.places import CHECKOUT
from runall_harness.contract.translation import ENGLISH

from .bug_pages import bug_pages
from .case_pages import case_pages
from .command_pages import command_pages
from .languages import speaking
from .played import Played, Wanted, play, wanted_by
from .schema_pages import schema_pages
from .settings import SiteOptions
from .specification import specification
from .time_line import write_played

# Its links count from the top of the sources, so it is no page of the repository.
HOME = Path(__file__).with_name("home.myst")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
# Pages of the checkout that the site has in another form.
TURNED = {"README.md": "index.md", "docs/README.md": "index.md", "features": "cases/index.md"}
SPEC = "reference/SPEC.md"
# What is there in Chinese only is a page of the repository.
TRANSLATED = CHECKOUT / "docs" / "zh-CN"


def stage(source: Path, site: SiteOptions, commands: click.Group) -> None:
    """Write all sources into that folder. Raises `KitCannotRun` outside of a checkout."""
    if not (CHECKOUT / "docs").is_dir():
        raise KitCannotRun("the pages are not in a wheel", "run it in a checkout of the kit")
    written = {path: (CHECKOUT / path).read_text("utf-8") for path in kept_pages()}
    written[SPEC] = specification(written[SPEC])
    staged = set(written)
    for path, text in written.items():
        write(source / path, turned(text, path, staged, source, site))
    made = {"index.md": HOME.read_text("utf-8")} | case_pages() | bug_pages()
    made |= command_pages(commands) | schema_pages(commands)
    for path, text in made.items():
        write(source / path, text)
    write_played(source, played(frozenset(wanted_by(written.values()))))


@cache
def played(wanted: frozenset[Wanted]) -> dict[Wanted, Played]:
    """These runs. A process runs the features of one language only, so it is always English."""
    with speaking(ENGLISH), tempfile.TemporaryDirectory(prefix="runall-docs-") as folder:
        return play(wanted, Path(folder))


def kept_pages() -> Iterator[str]:
    """The pages of the checkout that the site has as they are."""
    yield from (SPEC, "CONTRIBUTING.md", "harness/schedulers/README.md")
    docs = CHECKOUT / "docs"
    for path in sorted(docs.rglob("*.md")):
        if path != docs / "README.md" and TRANSLATED not in path.parents:
            yield path.relative_to(CHECKOUT).as_posix()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def turned(text: str, page: str, staged: set[str], source: Path, site: SiteOptions) -> str:
    """The text of a page with its links turned; what it shows as code is left alone."""

    def turn(link: re.Match[str]) -> str:
        return turned_link(link, page, staged, source, site)

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(p if p.startswith("```") else LINK.sub(turn, p) for p in parts)


def turned_link(
    link: re.Match[str], page: str, staged: set[str], source: Path, site: SiteOptions
) -> str:
    words, (path, mark, anchor) = link[1], link[2].partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return link[0]
    target = (CHECKOUT / page).parent.joinpath(path).resolve()
    name = target.relative_to(CHECKOUT).as_posix()
    if name in staged:
        return link[0]
    if name in TURNED:
        return f"[{words}](/{TURNED[name]}{mark}{anchor})"
    if target.suffix == ".feature":
        return f"[{words}](/cases/{target.stem}.md)"
    if site.repository:
        return f"[{words}]({site.repository.rstrip('/')}/{name}{mark}{anchor})"
    if not target.is_file() or target.suffix == ".md":
        return words
    write(source / name, target.read_text("utf-8"))
    return link[0]
