"""Copies of a play that share with it all that never changes.

Most of a play is what is over: the lines of its history, the records on its disks, the messages on
their way. None of that is ever edited, so each copy holds the same objects, and only what changes
is written out and read again: nodes, brains, links and what is planned.
"""

import pickle
from abc import ABCMeta
from collections.abc import Iterator
from io import BytesIO
from types import FunctionType
from typing import Any, TypeVar, get_args

import msgspec
from runall_reference.brain import inputs
from runall_reference.brain.clock import Clock
from runall_reference.brain.messages import Message, Result
from runall_reference.brain.record_set import Drop, Put
from runall_reference.brain.records import Record
from runall_reference.brain.settings import Settings
from runall_reference.brain.timing import Timing

from runall_harness.evidence.facts import Proof
from runall_harness.evidence.history import AnyLine
from runall_harness.evidence.views import JobView

from .worlds import Outline

T = TypeVar("T")
# What brains remember and tell each other. None of it is edited: a change is another object.
VALUES: frozenset[type] = frozenset(
    {
        *Record.__subclasses__(),
        *get_args(Message),
        Result,
        *get_args(inputs.PrimaryInput),
        *get_args(inputs.WorkerInput),
        *get_args(inputs.Order),
        Put,
        Drop,
    }
)
# Classes and functions are shared too: so none of them is looked up by its name again.
KINDS_OF_CODE = frozenset({type, ABCMeta, type(msgspec.Struct), FunctionType})
SHARED = (
    VALUES | KINDS_OF_CODE | {*get_args(AnyLine), JobView, Proof, Clock, Settings, Timing, Outline}
)


class Writer(pickle.Pickler):
    """Writes what changes, and puts what never does on a shelf."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.shelf: list[Any] = []
        self.places: dict[int, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) not in SHARED:
            return None
        place = self.places.setdefault(id(obj), len(self.shelf))
        if place == len(self.shelf):
            self.shelf.append(obj)
        return place


def copies_of(original: T) -> Iterator[T]:
    """Any number of independent copies, of the original as it is when the first is asked for."""
    file = BytesIO()
    writer = Writer(file)
    writer.dump(original)
    while True:
        reader: Any = pickle.Unpickler(BytesIO(file.getvalue()))  # noqa: S301 - our own bytes
        reader.persistent_load = writer.shelf.__getitem__
        yield reader.load()
