"""Which rig a run takes, and why, in one line.

`auto` prefers containers, because a server that dies there dies as a server does; it says what it
took and what kept it from taking the other. A rig that was asked for by name is never replaced:
if it can't be had, the kit cannot run.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from runall_harness.rigs.base import KitCannotRun, Rig

if TYPE_CHECKING:
    from runall_harness.rigs.docker.rig import DockerRig

NAMES = ("auto", "simulated", "processes", "docker")
Say = Callable[[str], None]


def choose(
    name: str, run: str, *, image: str | None = None, base: str | None = None, say: Say
) -> Rig:
    """The rig of that name for that run; the caller closes it.

    `image` is one to run the nodes in; without it, the reference's is built on `base`. `say` is
    told what was chosen and what takes time.

    Raises:
        KitCannotRun: the rig can't be had here.
        ValueError: there is no rig of that name.
    """
    if name == "auto":
        return choose_real(run, image, base, say)
    if name == "docker":
        return make_docker(run, image, base, say)
    if name == "processes":
        from runall_harness.rigs.processes import ProcessesRig

        return ProcessesRig(run)
    if name == "simulated":
        from runall_harness.rigs.simulated import SimulatedRig

        return SimulatedRig()
    raise ValueError(f"no rig is called {name!r}; there are {', '.join(NAMES)}")


def choose_real(run: str, image: str | None, base: str | None, say: Say) -> Rig:
    """Containers where that is possible, else processes."""
    try:
        rig = make_docker(run, image, base, say)
    except KitCannotRun as error:
        say(f"rig: processes, because {error.cause} (for docker: {error.hint})")
        return choose("processes", run, say=say)
    say(f"rig: docker, because an engine answers and has the image {rig.image}")
    return rig


def make_docker(run: str, image: str | None, base: str | None, say: Say) -> "DockerRig":
    """The docker rig, its image made first.

    Raises:
        KitCannotRun: no engine answers, or the image can't be made.
    """
    from runall_harness.images.build import build_image
    from runall_harness.rigs.docker import DockerRig, connect

    engine = connect()
    try:
        tag = image or build_image(engine, run, base, say)
        return DockerRig(run, tag, say, engine)
    except BaseException:
        engine.client.close()
        raise
