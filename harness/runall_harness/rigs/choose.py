"""Which rig a run takes, and why, in one line.

`auto` prefers containers, because a server that dies there dies as a server does; it says what it
took and what kept it from taking the other. A rig that was asked for by name is never replaced:
if it can't be had, the kit cannot run.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from runall_harness.contract.errors import KitCannotRun

from .base import Rig

if TYPE_CHECKING:
    from .docker.engine import Engine
    from .docker.rig import DockerRig

NAMES = ("auto", "simulated", "processes", "docker")
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
    """The rig of that name for that run; the caller closes it.

    `image` is one to run the nodes in; without it, the reference's is built on `base`. `store` is
    where a server listens that the nodes share. `say` is told what was chosen and what takes time.

    Raises:
        KitCannotRun: the rig can't be had here.
        ValueError: there is no rig of that name.
    """
    if name == "auto":
        return choose_real(run, image, base, store, say)
    if name == "docker":
        return make_docker(run, image, base, store, say)
    if name == "processes":
        from .processes.rig import ProcessesRig

        return ProcessesRig(run, store=store)
    if name == "simulated":
        from .simulated.rig import SimulatedRig

        return SimulatedRig()
    raise ValueError(f"no rig is called {name!r}; there are {', '.join(NAMES)}")


def fit(name: str, find: Callable[[str], object], say: Say) -> str:
    """The rig that was asked for; `auto` is processes where containers can't run the system.

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


def settle(
    name: str, run: str, *, image: str | None = None, base: str | None = None, say: Say
) -> Choice:
    """Which rig it will be, with its image made, for several processes that will share a run.

    `image` and `say` are used as by `choose`. Raises `KitCannotRun`: the rig can't be had here.
    """
    if name not in ("auto", "docker"):
        return Choice(name, None)
    try:
        image = ready_image(run, image, base, say)
    except KitCannotRun as error:
        if name == "docker":
            raise
        say(why_processes(error))
        return Choice("processes", None)
    if name == "auto":
        say(why_docker(image))
    return Choice("docker", image)


def ready_image(run: str, image: str | None, base: str | None, say: Say) -> str:
    """The image for the nodes, made if need be. Raises `KitCannotRun`."""
    from .docker import connect

    engine = connect()
    try:
        return image_of(engine, run, image, base, say)
    finally:
        engine.client.close()


def image_of(engine: "Engine", run: str, image: str | None, base: str | None, say: Say) -> str:
    """The image that was named, if the engine has it; else that of the reference, made if need be.

    Raises:
        KitCannotRun: it does not have it, or the reference's can't be made.
    """
    from .docker.image.build import build_image, present

    if not image:
        return build_image(engine, run, base, say)
    if not present(engine, image):
        raise KitCannotRun(
            f"the engine has no image {image!r}", f"docker pull {image}, or correct the name"
        )
    return image


def why_docker(image: str) -> str:
    """What `auto` says when it took containers."""
    return f"rig: docker, because an engine answers and has the image {image}"


def why_processes(error: KitCannotRun) -> str:
    """What `auto` says when it could not."""
    return f"rig: processes, because {error.cause} (for docker: {error.hint})"


def choose_real(
    run: str, image: str | None, base: str | None, store: Address | None, say: Say
) -> Rig:
    """Containers where that is possible, else processes."""
    try:
        rig = make_docker(run, image, base, store, say)
    except KitCannotRun as error:
        say(why_processes(error))
        return choose("processes", run, store=store, say=say)
    say(why_docker(rig.image))
    return rig


def make_docker(
    run: str, image: str | None, base: str | None, store: Address | None, say: Say
) -> "DockerRig":
    """The docker rig, its image made first.

    Raises:
        KitCannotRun: no engine answers, or the image can't be made.
    """
    from .docker import DockerRig, connect

    engine = connect()
    try:
        tag = image_of(engine, run, image, base, say)
        return DockerRig(run, tag, engine, store=store)
    except BaseException:
        engine.client.close()
        raise
