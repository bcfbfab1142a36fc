"""Removes objects of runs from the engine: those of one run at its end, or those of dead runs.

It looks only at objects with the kit's label, and removes those of dead runs only if the owner is
known to be dead. Images are kept for the next run; `runall clean --images` removes them.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.errors import APIError

from .engine import Engine, asking, connected
from .firewall import sweep_rules
from .ownership import FOLDER, KIT, NODE, RUN, owner_is_dead


def clean_containers() -> list[str]:
    """Remove all that dead runs left in the engine; one line for each removed object."""
    with connected() as engine:
        return remove_where(engine, f"{KIT}=1", owner_is_dead) + sweep_rules()


def clean_images() -> list[str]:
    """Remove the kit's images that no container uses; one line for each."""
    removed: list[str] = []
    with connected() as engine:
        with asking("list its images"):
            images = engine.client.images.list(filters={"label": f"{KIT}=1"})
        for image in images:
            # Without force: an image that a run uses stays.
            with suppress(APIError):
                for tag in image.tags or [str(image.id)]:
                    engine.client.images.remove(tag)
                    removed.append(f"image {tag}")
    return removed


def remove_run(engine: Engine, run: str) -> list[str]:
    """Remove everything of that run, whoever owns it; one line for each removed object."""
    removed = remove_where(engine, f"{RUN}={run}", lambda labels: labels.get(KIT) == "1")
    return removed + sweep_rules(run)


def remove_where(
    engine: Engine, label: str, chosen: Callable[[Mapping[str, str]], bool]
) -> list[str]:
    """Remove containers, then networks, whose labels `chosen` accepts, and their folders."""
    client: Any = engine.client
    with asking("list what the kit made"):
        # Sparse: a full listing inspects each container, and fails if one vanishes meanwhile.
        found = client.containers.list(all=True, sparse=True, filters={"label": label})
        nets = client.networks.list(filters={"label": label})
    containers = [thing for thing in found if chosen(labels_of(thing))]
    networks = [thing for thing in nets if chosen(labels_of(thing))]
    # A pause container goes last: the others live in its network.
    containers.sort(key=lambda container: labels_of(container).get(NODE) == "(pause)")
    lines = [*for_each(remove_container, containers), *for_each(remove_network, networks)]
    folders = {labels_of(thing).get(FOLDER, "") for thing in (*containers, *networks)}
    for folder in filter(None, folders):
        remove_folder(Path(folder))
    return lines


def labels_of(thing: Any) -> dict[str, str]:
    return dict(thing.attrs.get("Labels") or {})


def remove_container(container: Any) -> str:
    name = ((container.attrs.get("Names") or [container.id])[0]).lstrip("/")
    with asking(f"remove the container {name}", missing_ok=True):
        container.remove(force=True, v=True)
    return f"container {name}"


def remove_network(network: Any) -> str:
    name = str(network.attrs.get("Name"))
    with asking(f"remove the network {name}", missing_ok=True):
        network.remove()
    return f"network {name}"


def remove_folder(folder: Path) -> None:
    """Remove a run's folder. Its path is from a label, so it must look like a folder of the kit."""
    temporary = Path(tempfile.gettempdir()).resolve()
    if folder.parent == temporary and folder.name.startswith("runall-"):
        shutil.rmtree(folder, ignore_errors=True)


def for_each(step: Callable[[Any], str], things: Iterable[Any]) -> list[str]:
    remaining = list(things)
    try:
        with ThreadPoolExecutor(4) as workers:
            return list(workers.map(step, remaining))
    except RuntimeError:  # no thread can start while the interpreter shuts down
        return [step(thing) for thing in remaining]
