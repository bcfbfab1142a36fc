"""The docker rig: nodes are real containers, and the engine that runs them injects the faults."""

from .clean import clean_containers, clean_images
from .engine import connect
from .rig import DockerRig

__all__ = ["DockerRig", "clean_containers", "clean_images", "connect"]
