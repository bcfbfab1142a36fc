"""The messages between the kit and an adapter, `runall-adapter/1`: one JSON object a line.

An adapter is a program that translates the kit's verbs into a scheduler's own API. It is started
once for each cluster, reads questions from its standard input, writes one answer to each on its
standard output, and ends when its input ends. Both ends of the connection, the JSON Schema and the
guide (docs/adapters.md) follow the types of this module.
"""

from typing import Any

import msgspec

from runall_harness.contract.json_schemas import DIALECT
from runall_harness.evidence.views import EventView, JobView, LedgerView

PROTOCOL = "runall-adapter/1"


class Question(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="verb", forbid_unknown_fields=True
):
    """A question of the kit. Questions are numbered, and asked one at a time."""

    id: int

    @classmethod
    def verb(cls) -> str:
        """The name of the verb."""
        return str(cls.__struct_config__.tag)


class Describe(Question, frozen=True, tag="describe"):
    """Say what the scheduler is; always the first question. The value is a `Description`."""

    protocol: str = PROTOCOL


class Ready(Question, frozen=True, tag="ready"):
    """Name the nodes that take work at this moment, as the kit named them; none is an answer."""


class CreateEvent(Question, frozen=True, tag="create_event"):
    """Create an event, with the fields of the reference's Event; its `id` is chosen by the kit."""

    event: dict[str, Any]


class UpdateEvent(Question, frozen=True, tag="update_event"):
    """Change those fields of an event, and leave all others as they are."""

    event: str
    fields: dict[str, Any]


class DeleteEvent(Question, frozen=True, tag="delete_event"):
    """Delete an event: nothing of it starts any more."""

    event: str


class Run(Question, frozen=True, tag="run"):
    """Start an event by hand. `params` go over those of the event. The value is the job's id."""

    event: str
    params: dict[str, Any]
    source: str


class Abort(Question, frozen=True, tag="abort"):
    """End a job for good: nothing may follow it."""

    job: str


class Jobs(Question, frozen=True, tag="jobs"):
    """All jobs that the scheduler shows, live and finished: a list of job views."""


class OneJob(Question, frozen=True, tag="job"):
    """Show one job as `jobs` does. The value is null for an unknown job."""

    job: str


class PresentSlot(Question, frozen=True, tag="present_slot"):
    """The minute of the schedule that is running, in minutes since the epoch."""


class OneEvent(Question, frozen=True, tag="event"):
    """How far the schedule of an event has been served: an event view."""

    event: str


class Leader(Question, frozen=True, tag="leader"):
    """The name of the node that says that it leads."""


class Owes(Question, frozen=True, tag="owes"):
    """Whether something is still to be run for the lineage of that root; null: can't say."""

    root: str


class LedgerLines(Question, frozen=True, tag="ledger"):
    """The operator's ledger, oldest line first: a list of ledger views."""


class Reasons(Question, frozen=True, tag="reasons"):
    """Give the scheduler's own reasons for its decisions about that lineage; may be empty."""

    root: str


AnyQuestion = (
    Describe
    | Ready
    | CreateEvent
    | UpdateEvent
    | DeleteEvent
    | Run
    | Abort
    | Jobs
    | OneJob
    | PresentSlot
    | OneEvent
    | Leader
    | Owes
    | LedgerLines
    | Reasons
)


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an adapter says of itself and of its scheduler.

    `capabilities` are the extended ones that the scheduler claims. `cannot` has a reason for each
    verb that the scheduler can't do, and for each field of a verb that it can't honour, as
    `event.FIELD` and `run.params`: a case that needs one is unsupported, with that reason.
    """

    protocol: str
    name: str
    version: str
    capabilities: list[str] = []
    cannot: dict[str, str] = {}


# The type of the value in each verb's answer; the value of any other verb is null.
VALUES: dict[type[Question], Any] = {
    Describe: Description,
    Ready: list[str],
    Run: str,
    Jobs: list[JobView],
    OneJob: JobView | None,
    PresentSlot: int,
    OneEvent: EventView,
    Leader: str,
    Owes: bool | None,
    LedgerLines: list[LedgerView],
    Reasons: str,
}
QUESTIONS: tuple[type[Question], ...] = AnyQuestion.__args__
VERBS = {question.verb(): question for question in QUESTIONS}
# Every case needs these: a scheduler that lacks one cannot be tested.
REQUIRED = ("describe", "ready", "create_event", "run", "jobs")
OPTIONAL = tuple(verb for verb in VERBS if verb not in REQUIRED)


class Message(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="answer", forbid_unknown_fields=True
):
    """A message of the adapter: an answer, or a notice of a change."""


class Done(Message, frozen=True, tag="done"):
    """It was done. The value is what the verb asks for, or null if it asks for nothing."""

    id: int
    value: Any = None


class Refused(Message, frozen=True, tag="refused"):
    """Definite: it did not happen, and will not. `code` is a word that programs may compare."""

    id: int
    code: str
    message: str


class Maybe(Message, frozen=True, tag="maybe"):
    """Indefinite: it may have happened, or may still happen. The kit allows for both."""

    id: int
    message: str


class Changed(Message, frozen=True, tag="changed"):
    """A notice that something may have changed, so that the kit asks again. Optional."""


Answer = Done | Refused | Maybe
AnyMessage = Done | Refused | Maybe | Changed


def schema() -> dict[str, Any]:
    """The JSON Schema of the protocol: a line is a `question` or a `message`; see `values`."""
    types = {"question": AnyQuestion, "message": AnyMessage}
    types |= {f"value of {question.verb()}": kind for question, kind in VALUES.items()}
    schemas, definitions = msgspec.json.schema_components(
        types.values(), ref_template="#/$defs/{name}"
    )
    named = dict(zip(types, schemas, strict=True))
    values = {name.removeprefix("value of "): s for name, s in named.items() if " " in name}
    return {
        "$schema": DIALECT,
        "title": PROTOCOL,
        "anyOf": [named["question"], named["message"]],
        "$defs": definitions,
        "values": values,
    }
