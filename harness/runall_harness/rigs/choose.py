"""Which rig a run takes, and why, in one line.

`auto` prefers containers, because a container dies as a whole server does. It says which rig it
took, and why not the other. A rig that the user named is never replaced: if it is not available,
the kit cannot run.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from runall_harness.contract.errors import KitCannotRun

from .base import Rig

if TYPE_CHECKING:
    from .docker.engine import Engine

NAMES = ("auto", "simulated", "processes", "docker")
# Said where the processes rig can't keep a job in its node.
UNCONTAINED = (
    "no control groups can be made here (cgroup v2): a job that leaves its session and its parents "
    "escapes a kill, and if it shows signs of life after that, its case is inconclusive"
)
Say = Callable[[str], None]
Address = tuple[str, int]


class Choice(NamedTuple):
    """A rig by its name, and the image of its nodes where they are containers."""

    rig: str
    image: str | None


def choose(
    name: str,
    run: str,
    *,
    image: str | None = None,
    base: str | None = None,
    store: Address | None = None,
    say: Say,
) -> Rig:
    """Make the rig of that name for that run; the caller closes it.

    `store` is the address of a server that the nodes share; the rest is as for `settle`. Raises
    `KitCannotRun` if the rig can't be had here, and `ValueError` if none has that name.
    """
    choice = settle(name, run, image=image, base=base, say=say)
    if choice.image is not None:
        from .docker.rig import DockerRig

        return DockerRig(run, choice.image, store=store)
    if choice.rig == "processes":
        from .processes.rig import ProcessesRig

        rig = ProcessesRig(run)
        if rig.groups is None:
            say(UNCONTAINED)
        return rig
    if choice.rig == "simulated":
        from .simulated.rig import SimulatedRig

        return SimulatedRig()
    raise ValueError(f"no rig is called {name!r}; there are {', '.join(NAMES)}")


def settle(
    name: str, run: str, *, image: str | None = None, base: str | None = None, say: Say
) -> Choice:
    """Choose the rig, and build its image if it is missing.

    `image` is one to run the nodes in; without it, the reference's is built on `base`. `say` gets
    a line about what was chosen and about what takes time. Raises `KitCannotRun`.
    """
    if name not in ("auto", "docker"):
        return Choice(name, None)
    from .docker.engine import connected

    try:
        with connected() as engine:
            image = image_of(engine, run, image, base, say)
    except KitCannotRun as error:
        if name == "docker":
            raise
        say(why_processes(error))
        return Choice("processes", None)
    if name == "auto":
        say(f"rig: docker, because an engine answers and has the image {image}")
    return Choice("docker", image)


def fit(name: str, find: Callable[[str], object], say: Say) -> str:
    """Choose the rig; `auto` takes processes where containers can't run the system.

    `find` gets the system for a rig of that name, or raises `KitCannotRun`.
    """
    if name != "auto":
        return name
    try:
        find("docker")
    except KitCannotRun as error:
        say(why_processes(error))
        return "processes"
    return name


def image_of(engine: "Engine", run: str, image: str | None, base: str | None, say: Say) -> str:
    """The named image, which the engine must have; without a name, that of the reference."""
    from .docker.engine import has_image
    from .docker.image.build import build_image

    if not image:
        return build_image(engine, run, base, say)
    if not has_image(engine, image):
        raise KitCannotRun(
            f"the engine has no image {image!r}", f"docker pull {image}, or correct the name"
        )
    return image


def why_processes(error: KitCannotRun) -> str:
    return f"rig: processes, because {error.cause} (for docker: {error.hint})"
