"""Reads files of an image, from a container of it that is never started and then removed."""

import io
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from docker.errors import NotFound

from runall_harness.contract.errors import KitCannotRun

from .engine import Engine, asking
from .ownership import owner_labels


def read_texts(engine: Engine, image: str, files: Mapping[str, str], run: str) -> dict[str, str]:
    """The texts of these files of an image; `files` maps names to paths in the image.

    `run` labels the container, so that `runall clean` finds it if the harness is killed. Raises
    `KitCannotRun` if there is no such image, or no such file in it.
    """
    api: Any = engine.client.api
    with asking(f"look into the image {image}"):
        try:
            made = api.create_container(image=image, command=["true"], labels=owner_labels(run))
        except NotFound as error:
            cause = f"the engine has no image {image!r}"
            raise KitCannotRun(cause, f"docker pull {image}, or correct the name") from error
        try:
            return {name: read_text(api, made["Id"], image, path) for name, path in files.items()}
        finally:
            api.remove_container(made["Id"], force=True, v=True)


def read_text(api: Any, container: str, image: str, path: str) -> str:
    """The text of one file, which the engine sends as an archive. Raises `KitCannotRun`."""
    with suppress(NotFound):
        chunks, _ = api.get_archive(container, path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.next()
            file = archive.extractfile(member) if member and member.isfile() else None
            if file:
                return file.read().decode("utf-8", "replace")
    cause = f"the image {image} has no file {path}"
    raise KitCannotRun(cause, "name one that has the scheduler, with --image")
