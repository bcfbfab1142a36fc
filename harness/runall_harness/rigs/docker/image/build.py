"""Builds the image of the reference, unless an image of the same content exists.

The tag is a hash of the whole content: the base, the requirements, the Dockerfile and the
package's files. So a second build does nothing, and a build after a change of the reference takes
a second, since the libraries lie in a layer below it.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.kit_fingerprint import folder_of, named_content, package_files

from ..engine import ENGINE_ERRORS, Engine, asking, has_image
from ..ownership import KIT
from .base import BASE_OPTION, DEFAULT_BASE, find_target, get_base
from .requirements import node_requirements
from .wheels import Progress, failing_line, fetch_wheels

REPOSITORY = "runall-reference"
PACKAGE = "runall_reference"
DOCKERFILE = Path(__file__).with_name("Dockerfile")
KEPT = 2


def build_image(
    engine: Engine,
    run: str,
    base: str | None = None,
    say: Progress = lambda line: None,  # noqa: ARG005 - prints nothing
) -> str:
    """The tag of the reference's image on that base; built unless it is there.

    `say` gets a line before each step that takes time. Without `base`, RUNALL_BASE_IMAGE names it;
    the default is the official slim Python image. Raises `KitCannotRun`.
    """
    name = base or os.environ.get(BASE_OPTION) or DEFAULT_BASE
    requirements, package = node_requirements(), folder_of(PACKAGE)
    image = get_base(engine, name, say)
    tag = f"{REPOSITORY}:{content_hash(str(image.id), requirements, package)}"
    if not has_image(engine, tag):
        target = find_target(engine, name, run)
        wheels = fetch_wheels(target, requirements, say)
        say(f"building {tag} on {name}")
        with tempfile.TemporaryDirectory(prefix="runall-build-") as context:
            fill_context(Path(context), wheels, requirements, package)
            run_build(engine, Path(context), tag, str(image.id))
        remove_old(engine, tag)
    return tag


def content_hash(base_id: str, requirements: Iterable[str], package: Path) -> str:
    digest = hashlib.sha256(base_id.encode())
    digest.update("\n".join(requirements).encode())
    digest.update(DOCKERFILE.read_bytes())
    for content in named_content(package, package_files(package)):
        digest.update(content)
    return digest.hexdigest()[:16]


def fill_context(context: Path, wheels: Path, requirements: Iterable[str], package: Path) -> None:
    shutil.copyfile(DOCKERFILE, context / "Dockerfile")
    (context / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="utf-8")
    shutil.copytree(wheels, context / "wheels")
    shutil.copytree(package, context / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))


def run_build(engine: Engine, context: Path, tag: str, base: str) -> None:
    """Build the image from that folder. Raises `KitCannotRun` with the line that failed."""
    api: Any = engine.client.api
    output: list[str] = []
    with asking("build the image"):
        steps = api.build(
            path=str(context),
            tag=tag,
            buildargs={"BASE": base},
            rm=True,
            forcerm=True,
            decode=True,
            network_mode="none",
        )
        for step in steps:
            output.append(str(step.get("stream") or ""))
            if "error" in step:
                line = failing_line("".join(output))
                raise KitCannotRun(
                    f"the build of {tag} failed: {step['error']} ({line})",
                    "see that the base has python3 with the standard library, and a shell",
                )


def remove_old(engine: Engine, current: str) -> None:
    """Remove the kit's images beyond the newest two; those in use stay."""
    client: Any = engine.client
    with suppress(*ENGINE_ERRORS):  # a failed removal must not fail the run
        images: list[Any] = client.images.list(name=REPOSITORY, filters={"label": f"{KIT}=1"})
        images.sort(key=lambda image: str(image.attrs.get("Created") or ""), reverse=True)
        tags: list[str] = [tag for image in images for tag in image.tags]
        others = [tag for tag in tags if tag.startswith(f"{REPOSITORY}:") and tag != current]
        for tag in others[KEPT - 1 :]:
            with suppress(*ENGINE_ERRORS):
                client.images.remove(tag)
