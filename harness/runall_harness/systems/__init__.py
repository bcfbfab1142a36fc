"""What a scheduler is to the harness: its nodes, its timings, and a client for its API."""

from .classes import NoSystem, load_class
from .lookup import REFERENCE, file_of, find, read_options

__all__ = ["REFERENCE", "NoSystem", "file_of", "find", "load_class", "read_options"]
