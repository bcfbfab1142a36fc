"""The docker rig: nodes are real containers, hurt by the engine that runs them."""

from runall_harness.rigs.docker.clean import clean_containers, clean_images
from runall_harness.rigs.docker.engine import connect, trouble
from runall_harness.rigs.docker.rig import DockerRig

__all__ = ["DockerRig", "clean_containers", "clean_images", "connect", "trouble"]
