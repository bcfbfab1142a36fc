"""The guides are played by ci/wheel-check; here, that its player notices what is stale."""

import re
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from support.guide_player import Stale, blocks, play
from support.places import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"
BIN = Path(sys.executable).parent
FILE = "```sh greet\necho hello\nexit 3\n```\n"


def play_text(folder: Path, text: str) -> int:
    guide = folder / "guide.md"
    guide.write_text(text, "utf-8")
    return play(guide, folder, BIN)


def console(*lines: str) -> str:
    return "\n".join(("```console", *lines, "```", ""))


def test_files_commands_changes_and_exit_codes_are_played_in_their_order(tmp_path: Path) -> None:
    first = console("$ sh greet", "hello", "$ echo $?", "3")
    change = "```diff greet\n-echo hello\n+echo goodbye\n exit 3\n```\n"
    second = console("$ sh greet && true", "good...", "$ test -e guide.md")
    assert play_text(tmp_path, FILE + first + change + second) == 4


def test_what_varies_may_vary_and_nothing_else(tmp_path: Path) -> None:
    row = "$ echo '│ took │ 12.5 s │' 20260102-030405-abcd"
    assert play_text(tmp_path, console(row, "took 9.1 s 20251231-235959-0123"))
    with pytest.raises(Stale, match="took 13 s"):
        play_text(tmp_path, console("$ echo took 12 s", "took 13 s"))


@pytest.mark.parametrize(
    "stale",
    [
        console("$ sh greet", "hallo"),
        console("$ sh greet", "hello", "and more"),
        console("$ sh greet"),
        console("$ sh greet", "hello", "$ echo $?", "0"),
        "```diff greet\n-echo hallo\n+echo goodbye\n```\n",
        "```diff greet\n echo hello\n```\n",
    ],
)
def test_whatever_is_not_so_is_noticed(tmp_path: Path, stale: str) -> None:
    with pytest.raises(Stale):
        play_text(tmp_path, FILE + stale)


def test_what_a_block_leaves_running_is_ended(tmp_path: Path) -> None:
    text = console("$ sleep 987 > log 2>&1 &", "$ echo $! > pid")
    assert play_text(tmp_path, text) == 2
    with suppress(psutil.NoSuchProcess):  # it may be gone by now
        psutil.Process(int((tmp_path / "pid").read_text("utf-8"))).wait(20)


def test_each_guide_that_shows_what_to_type_is_played_from_the_wheel() -> None:
    script = (ROOT / "ci" / "wheel-check").read_text("utf-8")
    played = re.search(r"for guide in (.*); do", script)
    shown = {
        path.stem
        for path in (ROOT / "docs").glob("*.md")
        if any(block.kind == "console" for block in blocks(path))
    }
    assert played is not None
    assert set(played[1].split()) == shown
    assert TUTORIAL.stem in shown


def test_the_worked_example_is_whole() -> None:
    kinds = [block.kind for block in blocks(TUTORIAL)]
    assert kinds.count("console") >= 5
    assert kinds.count("diff") == 1
    assert {"tinycron.py", "tinycron.toml", "tinycron_adapter.py"} == {
        block.file for block in blocks(TUTORIAL) if block.file
    }
