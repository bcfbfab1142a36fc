"""What lies in an image: read from a container that is made of it, never started, and removed."""

import io
import tarfile
from collections.abc import Mapping
from typing import Any

from runall_harness.contract.errors import KitCannotRun

from .engine import Engine, asking, missing_error
from .ownership import owner_labels


def read_texts(engine: Engine, image: str, files: Mapping[str, str], run: str) -> dict[str, str]:
    """The texts of these files of an image, by the names that they are given here.

    `run` labels the container, so that one that a killed harness left is found.

    Raises:
        KitCannotRun: the engine has no such image, or the image no such file.
    """
    api: Any = engine.client.api
    with asking(f"look into the image {image}"):
        try:
            made = api.create_container(image=image, command=["true"], labels=owner_labels(run))
        except missing_error() as error:
            cause = f"the engine has no image {image!r}"
            raise KitCannotRun(cause, f"docker pull {image}, or correct the name") from error
        try:
            found = {name: read_text(api, made["Id"], path) for name, path in files.items()}
        finally:
            api.remove_container(made["Id"], force=True, v=True)
    if lacking := [files[name] for name, text in found.items() if text is None]:
        cause = f"the image {image} has no file {lacking[0]}"
        raise KitCannotRun(cause, "name one that has the scheduler, with --image")
    return {name: text for name, text in found.items() if text is not None}


def read_text(api: Any, container: str, path: str) -> str | None:
    """One file of a container, which the engine hands over in an archive; None for none."""
    try:
        chunks, _ = api.get_archive(container, path)
    except missing_error():
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        member = archive.next()
        file = archive.extractfile(member) if member and member.isfile() else None
        return file.read().decode("utf-8", "replace") if file else None
