"""Plays a guide to the letter, in an empty folder: `python guide.py GUIDE BIN`.

A guide is Markdown. A block whose first line names a file (```python tinycron.py) is that file; one
that begins with ```diff and a file is a change of it; in a ```console block the lines behind `$ `
are typed, and all others must be what is printed then, where `...` stands for anything. Times, run
ids and the frames of tables may differ. BIN is the folder of the commands that the reader has
installed. This module needs nothing but Python, for ci/wheel-check calls it with a bare one.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "@@@"
FRAMES = re.compile(r"[─│┌┐└┘├┤┬┴┼\s]+")
VARIES = {r"\d{8}-\d{6}-[0-9a-f]{4}": "RUN", r"\d+\.\d+": "TIME"}
LIMIT = 600


class Stale(Exception):
    """The guide says what is not so."""


class Block(NamedTuple):
    """A block of a guide: its language, the file that it names, its text."""

    kind: str
    file: str
    text: str


def play(guide: Path, folder: Path, commands: Path) -> int:
    """Do what the guide says, in that folder; how many commands were typed. Raises `Stale`."""
    typed = 0
    for block in blocks(guide):
        path = folder / block.file
        if block.kind == "diff":
            path.write_text(change(path.read_text("utf-8"), block.text), "utf-8")
        elif block.kind == "console":
            typed += len(type_all(block.text, folder, commands))
        elif block.file:
            path.write_text(block.text, "utf-8")
    return typed


def blocks(guide: Path) -> Iterator[Block]:
    """The blocks of a guide, in their order."""
    for kind, file, text in BLOCK.findall(guide.read_text("utf-8")):
        yield Block(kind, file, text)


def change(text: str, diff: str) -> str:
    """The text with the lines of a diff in the place of the old ones. Raises `Stale`."""
    lines = [(line[:1], line[1:]) for line in diff.splitlines(keepends=True)]
    old = "".join(line for sign, line in lines if sign != "+")
    new = "".join(line for sign, line in lines if sign != "-")
    if text.count(old) != 1 or old == new:
        raise Stale(f"the change does not fit, or changes nothing:\n{diff}")
    return text.replace(old, new)


def type_all(block: str, folder: Path, commands: Path) -> list[str]:
    """Type the commands of a block, and compare what they print. Raises `Stale`."""
    typed = list(steps(block))
    script = "code=0; again() { return $code; }\n"
    for command, _ in typed:
        script += f"printf '{MARK}\\n'; again\n{command}\ncode=$?\n"
    said = run(script, folder, commands).split(f"{MARK}\n")[1:]
    for (command, expected), seen in zip(typed, said, strict=True):
        if not alike(expected, seen):
            raise Stale(f"$ {command}\n--- the guide says:\n{expected}\n--- printed was:\n{seen}")
    return [command for command, _ in typed]


def steps(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a block, with the output that follows it there."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = re.sub(r"\\\n\s*", "", part).partition("\n")
        yield command, output


def run(script: str, folder: Path, commands: Path) -> str:
    """What a shell prints that carries out a script; all that it started is ended then."""
    env = {
        k: v for k, v in os.environ.items() if not k.startswith(("RUNALL_", "PYTHON", "PYTEST_"))
    }
    env |= {"PATH": f"{commands}{os.pathsep}{env['PATH']}"}
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=env,
        text=True,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as shell:
        try:
            return shell.communicate(timeout=LIMIT)[0]
        except subprocess.TimeoutExpired:
            raise Stale(f"no end within {LIMIT} s of:\n{script}") from None
        finally:
            with suppress(ProcessLookupError):  # it left nothing behind
                os.killpg(shell.pid, signal.SIGKILL)


def alike(expected: str, seen: str) -> bool:
    """Whether that is what was expected, but for what may differ."""
    pieces = [re.escape(plain(piece)) for piece in expected.split("...")]
    return re.fullmatch(r"\s*" + ".*?".join(pieces) + r"\s*", plain(seen), re.DOTALL) is not None


def plain(text: str) -> str:
    """Text without what may differ, its white space made one."""
    for pattern, name in VARIES.items():
        text = re.sub(pattern, name, text)
    return FRAMES.sub(" ", text).strip()


def main() -> None:
    """Play the guide that the command line names, here."""
    guide, commands = map(Path, sys.argv[1:])
    try:
        typed = play(guide, Path.cwd(), commands)
    except Stale as error:
        sys.exit(f"{guide}: {error}")
    if not typed:
        sys.exit(f"{guide} has nothing to type")
    print(f"{guide.name}: {typed} commands did what the guide says")  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
