"""Removing what runs left in the engine: a run's own, at its end, or that of the dead.

Only objects with the kit's label are ever looked at, and of those only such whose owner is known
to be dead. Images are kept, since the next run needs them, until somebody asks.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from .engine import Engine, asking, connect, missing_error
from .firewall import sweep_rules
from .ownership import FOLDER, KIT, NODE, RUN, owner_is_dead

T = TypeVar("T")
IMAGE_LABEL = f"{KIT}=1"


def clean_containers() -> list[str]:
    """Remove all that dead runs left in the engine, and say what it was, one line each.

    Raises:
        KitCannotRun: no engine answers, or it refused to remove something.
    """
    engine = connect()
    try:
        return remove_where(engine, f"{KIT}=1", owner_is_dead) + sweep_rules()
    finally:
        engine.client.close()


def clean_images() -> list[str]:
    """Remove the kit's images that no container uses, and say which.

    Raises:
        KitCannotRun: no engine answers.
    """
    from docker.errors import APIError

    engine = connect()
    removed: list[str] = []
    with asking("list its images"):
        images = engine.client.images.list(filters={"label": IMAGE_LABEL})
    for image in images:
        try:
            # Without force: an image that a run uses stays.
            for tag in image.tags or [str(image.id)]:
                engine.client.images.remove(tag)
                removed.append(f"image {tag}")
        except APIError:
            continue
    engine.client.close()
    return removed


def remove_run(engine: Engine, run: str) -> list[str]:
    """Remove everything of that run, whoever owns it, and say what it was."""
    removed = remove_where(engine, f"{RUN}={run}", lambda labels: labels.get(KIT) == "1")
    return removed + sweep_rules([run])


def remove_where(
    engine: Engine, label: str, doomed: Callable[[Mapping[str, str]], bool]
) -> list[str]:
    """Remove containers, then networks, with that label and that fate; and their folders."""
    client: Any = engine.client
    with asking("list what the kit made"):
        # Sparse: a full listing inspects each container, and fails if one vanishes meanwhile.
        found = client.containers.list(all=True, sparse=True, filters={"label": label})
        nets = client.networks.list(filters={"label": label})
    containers = [each for each in found if doomed(labels_of(each))]
    networks = [each for each in nets if doomed(labels_of(each))]
    # A pause container goes last: the others live in its network.
    containers.sort(key=lambda each: labels_of(each).get(NODE) == "(pause)")
    lines = [*each(remove_container, containers), *each(remove_network, networks)]
    folders = {labels_of(thing).get(FOLDER, "") for thing in (*containers, *networks)}
    for folder in filter(None, folders):
        remove_folder(Path(folder))
    return lines


def labels_of(thing: Any) -> dict[str, str]:
    """The labels of a container or a network."""
    return dict(thing.attrs.get("Labels") or {})


def remove_container(container: Any) -> str:
    """Remove it, running or not; fine if it is gone already."""
    name = ((container.attrs.get("Names") or [container.id])[0]).lstrip("/")
    with asking(f"remove the container {name}"):
        try:
            container.remove(force=True, v=True)
        except missing_error():
            pass
    return f"container {name}"


def remove_network(network: Any) -> str:
    """Remove it; fine if it is gone already."""
    name = str(network.attrs.get("Name"))
    with asking(f"remove the network {name}"):
        try:
            network.remove()
        except missing_error():
            pass
    return f"network {name}"


def remove_folder(folder: Path) -> None:
    """Remove a run's folder. The path comes from a label, so it must look like one of ours."""
    temporary = Path(tempfile.gettempdir()).resolve()
    if folder.parent == temporary and folder.name.startswith("runall-"):
        shutil.rmtree(folder, ignore_errors=True)


def each(step: Callable[[Any], T], things: Iterable[Any]) -> list[T]:
    """The step done with each of them: several at once, or one by one where that can't be.

    While the interpreter shuts down, no thread can be started any more.
    """
    remaining = list(things)
    try:
        with ThreadPoolExecutor(4) as workers:
            return list(workers.map(step, remaining))
    except RuntimeError:
        return [step(thing) for thing in remaining]
