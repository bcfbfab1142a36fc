"""The pictures of README.md show what is so, and say it to those who can't see them."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.machine import give_up
from support.places import DOCS, ROOT

NAMES = ("terminal.svg", "time-line.svg")
READMES = (ROOT / "README.md", DOCS / "zh-CN" / "README.md")
PICTURE = re.compile(r"!\[([^\]]+)\]\((\S*pictures/(\S+))\)")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pictures, drawn anew; without the set-up of the environment that ci/pictures does."""
    if shutil.which("chromium-headless-shell") is None:
        give_up("chromium-headless-shell is not installed")
    folder = tmp_path_factory.mktemp("pictures")
    command = [sys.executable, str(ROOT / "ci" / "readme_pictures.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def words(picture: Path) -> list[tuple[str, str]]:
    """What a terminal says, and where; how rich writes it down may differ among its releases."""
    return re.findall(r'<text [^>]*? (x="[\d.]+" y="[\d.]+")[^>]*>([^<]*)<', text_of(picture))


def text_of(picture: Path) -> str:
    return picture.read_text("utf-8")


@pytest.mark.parametrize(("name", "shown"), [*zip(NAMES, (words, text_of), strict=True)])
def test_a_picture_shows_what_would_be_drawn_now(
    drawn: Path, name: str, shown: Callable[[Path], object]
) -> None:
    assert shown(drawn / name)
    assert shown(DOCS / "pictures" / name) == shown(drawn / name), "run ci/pictures"


@pytest.mark.parametrize("readme", READMES, ids=["English", "Chinese"])
def test_each_picture_has_a_text_for_those_who_can_not_see_it(readme: Path) -> None:
    told = {name: text for text, _, name in PICTURE.findall(readme.read_text("utf-8"))}
    assert tuple(told) == NAMES
    for name, text in told.items():
        drawing = (DOCS / "pictures" / name).read_text("utf-8")
        title = re.findall(r"<title>([^<]*)</title>", drawing)[0]
        if readme == READMES[0]:
            assert text == title
        numbers = re.findall(r"\d+\.\d+", text)
        assert set(numbers) <= set(re.findall(r"\d+\.\d+", title))


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_loads_nothing_from_elsewhere(name: str) -> None:
    text = (DOCS / "pictures" / name).read_text("utf-8")
    outside = re.findall(r"(?:href|src)=|url\((?!#)|@import|@font-face|<script", text)
    assert outside == []
