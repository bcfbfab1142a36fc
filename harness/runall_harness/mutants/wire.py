"""Bugs between two releases: what one says and the other can't read, or is never told."""

import msgspec
from runall_reference.brain import messages
from runall_reference.brain.messages import Ack, Refuse, Stop, ToWorker
from runall_reference.brain.records import Job
from runall_reference.daemon import wire
from runall_reference.daemon.wire import Formats

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant


@mutant(source="the first release of this kit's reference", clause="RA-13.1")
def sends_a_new_field_to_an_old_worker(plant: Plant) -> None:
    """A job has one more field by now, and a worker of the last release reads no job that has."""
    plant(wire, "FORMAT_1_JOB", f"{wire.FORMAT_1_JOB} orphaned")


@mutant(source="a decoder that is strict by default", clause="RA-13.1")
def refuses_fields_it_does_not_know(plant: Plant) -> None:
    """An order of a later primary is no order, because its job says more than is known here."""
    fields = [(f.name, f.type, f.default) for f in msgspec.structs.fields(Job)]
    job = msgspec.defstruct("StrictJob", fields, kw_only=True, forbid_unknown_fields=True)
    start = msgspec.defstruct("Start", [("job", job)], tag="start")
    read, check = messages.decode_order, msgspec.json.Decoder(Ack | start | Stop | Refuse).decode

    def decode_order(said: bytes) -> ToWorker:
        check(said)
        return read(said)

    plant(messages, "decode_order", decode_order)


@mutant(source=FROM_THE_RULE, clause="RA-13.1")
def links_without_a_common_format(plant: Plant) -> None:
    """Whoever shows the secret is linked, whatever it speaks, and nobody says why nothing works."""

    def agreed(worker: Formats, primary: Formats) -> int:
        del worker, primary
        return wire.SPOKEN.newest

    plant(wire, "agreed", agreed)
