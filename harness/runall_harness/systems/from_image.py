"""Reads from the image of a system which release is in it and which timings it has.

An operator's image has settings of its own, and deadlines derived from other settings are wrong.
So some files of the image are read before anything starts, and a program that comes with the
system, in any language, derives the timings from them.
"""

import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from runall_harness.contract.errors import KitCannotRun

from .base import Timings

PATIENCE = 30.0
HINT = "from_image.command must print an object with `version` and `timings`; run it by hand"


class ImageFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The program's answer: the release, and the timings (seconds) that differ from the file's."""

    version: str = ""
    timings: dict[str, float] = {}


@lru_cache
def ask(
    image: str,
    files: tuple[tuple[str, str], ...],
    command: tuple[str, ...],
    options: tuple[tuple[str, str], ...],
    folder: Path,
) -> ImageFacts:
    """The program's answer about those files of the image; each process asks once.

    Raises `KitCannotRun`: the image is not there or lacks a file, or the program fails.
    """
    texts = read_image(image, dict(files))
    question = {"image": image, "files": texts, "options": dict(options)}
    try:
        facts = msgspec.json.decode(run(command, folder, question), type=ImageFacts)
        check(facts.timings)
    except msgspec.MsgspecError as error:
        raise KitCannotRun(f"{' '.join(command)} printed a wrong answer: {error}", HINT) from error
    return facts


def read_image(image: str, files: Mapping[str, str]) -> dict[str, str]:
    """The texts of files in an image. Raises `KitCannotRun`, also if no engine answers."""
    from runall_harness.rigs.docker import connect
    from runall_harness.rigs.docker.image_files import read_texts
    from runall_harness.rigs.run_names import new_run_id

    engine = connect()
    try:
        return read_texts(engine, image, files, new_run_id())
    finally:
        engine.client.close()


def run(command: Sequence[str], folder: Path, question: Mapping[str, Any]) -> bytes:
    """The program's output. Raises `KitCannotRun` with its last line on standard error."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            input=msgspec.json.encode(question),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KitCannotRun(f"from_image.command cannot be run: {error}", HINT) from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no word"]
        raise KitCannotRun(f"{question['image']}: {words[0]}", "name another image, with --image")
    return done.stdout


def check(timings: Mapping[str, float]) -> None:
    """Raise `ValidationError` for an unknown timing, or one that is not a time."""
    known = Timings.__struct_fields__
    for name, seconds in timings.items():
        if name not in known or not seconds >= 0:
            raise msgspec.ValidationError(f"{name} = {seconds}; take seconds of {', '.join(known)}")
