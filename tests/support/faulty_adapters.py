"""Adapters of the reference with one fault each, and a faultless one: `python FILE NAME`.

Each is the kit's own adapter with one method broken, as real adapters are: by a forgotten
argument, a cache, an eager answer, a stray print. `FAULTY` names the rules that each one breaks.
"""

import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

import msgspec
from runall_harness.adapter import Description, JobView, Rejected, Unreachable
from runall_harness.adapter.protocol import Jobs, Message, Question
from runall_harness.systems.reference.adapter_program import ReferenceAdapter


def changed(view: JobView, **fields: Any) -> JobView:
    """The view with other fields."""
    return msgspec.structs.replace(view, **fields)


class Faultless(ReferenceAdapter):
    """The kit's own adapter, unchanged."""


class SaysYes(ReferenceAdapter):
    """A refusal is logged somewhere, and the call counts as done."""

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        try:
            return super().run(event, params, source)
        except Rejected:
            return "accepted"


class SaysMaybe(ReferenceAdapter):
    """Any error at all is `maybe`."""

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        try:
            return super().run(event, params, source)
        except Rejected as refusal:
            raise Unreachable(str(refusal)) from refusal


class NeverRuns(ReferenceAdapter):
    """A run is answered as accepted, and no job starts."""

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:  # noqa: ARG002 - the verb's signature
        self.event(event)
        return f"{event}-1"


class RunsTwice(ReferenceAdapter):
    """A slow answer is taken for none, and the call is sent again."""

    def create_event(self, event: Mapping[str, Any]) -> None:
        super().create_event({**event, "max_children": 0})

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        super().run(event, params, source)
        return super().run(event, params, source)


class OneId(ReferenceAdapter):
    """A job has the id of its event."""

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        super().run(event, params, source)
        return event

    def jobs(self) -> list[JobView]:
        return [changed(view, id=view.event, root=view.event) for view in super().jobs()]

    def job(self, job: str) -> JobView | None:
        return next((view for view in self.jobs() if view.id == job), None)


class LosesOverrides(ReferenceAdapter):
    """The parameters of a run are forgotten."""

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:  # noqa: ARG002 - the verb's signature
        return super().run(event, {}, source)


class LosesQuotes(ReferenceAdapter):
    """Parameters go through a shell on their way."""

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        plain = {name: " ".join(value.replace('"', "").split()) for name, value in params.items()}
        return super().run(event, plain, source)


class LosesTheEventsOwn(ReferenceAdapter):
    """The parameters of a run replace those of the event, instead of going over them."""

    def create_event(self, event: Mapping[str, Any]) -> None:
        params = {name: value for name, value in event["params"].items() if name != "kept"}
        super().create_event({**event, "params": params})


class ShowsNoParams(ReferenceAdapter):
    """The parameters of a job are not shown, although nothing declares that."""

    def jobs(self) -> list[JobView]:
        return [changed(view, params={}) for view in super().jobs()]


class AllManual(ReferenceAdapter):
    """Every job is reported as a manual one."""

    def jobs(self) -> list[JobView]:
        return [changed(view, cause="manual") for view in super().jobs()]


class AllScheduled(ReferenceAdapter):
    """Every job is reported as a scheduled one."""

    def jobs(self) -> list[JobView]:
        return [changed(view, cause="schedule") for view in super().jobs()]


class CountsFromZero(ReferenceAdapter):
    """The first attempt is number 0."""

    def jobs(self) -> list[JobView]:
        return [changed(view, attempt=view.attempt - 1) for view in super().jobs()]


class AllWell(ReferenceAdapter):
    """Whatever has ended has succeeded."""

    def jobs(self) -> list[JobView]:
        views = super().jobs()
        return [changed(v, state="succeeded") if v.state == "failed" else v for v in views]


class OwnWords(ReferenceAdapter):
    """Its states are those of its scheduler, untranslated."""

    def jobs(self) -> list[JobView]:
        return [changed(view, state=view.state.upper()) for view in super().jobs()]


class Remembers(ReferenceAdapter):
    """A job that was shown once is shown like that for ever."""

    memory: ClassVar[dict[str, JobView]] = {}

    def jobs(self) -> list[JobView]:
        return [self.memory.setdefault(view.id, view) for view in super().jobs()]


class AbortsTheRecord(ReferenceAdapter):
    """An abort writes "aborted" beside a job that goes on."""

    aborted: ClassVar[set[str]] = set()

    def abort(self, job: str) -> None:
        self.aborted.add(job)

    def jobs(self) -> list[JobView]:
        views = super().jobs()
        return [changed(v, state="aborted") if v.id in self.aborted else v for v in views]


class EditsNothing(ReferenceAdapter):
    """An edit is done, and sent nowhere."""

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:  # noqa: ARG002 - the verb's signature
        self.event(event)


class DeletesNothing(ReferenceAdapter):
    """A deleted event is disabled, and can still be run."""

    def delete_event(self, event: str) -> None:
        super().update_event(event, {"enabled": False})


class LosesTheTiming(ReferenceAdapter):
    """An event's timing has another format elsewhere, and is left out."""

    def create_event(self, event: Mapping[str, Any]) -> None:
        super().create_event({name: v for name, v in event.items() if name != "timing"})


class NowIsTheStart(ReferenceAdapter):
    """The logical time of a job is when it was placed."""

    def jobs(self) -> list[JobView]:
        return [changed(view, now=view.placed_at) for view in super().jobs()]


class OwesForEver(ReferenceAdapter):
    """There is always more to come."""

    def owes(self, root: str) -> bool:  # noqa: ARG002 - the verb's signature
        return True


class Boasts(ReferenceAdapter):
    """It claims a capability that is none, and gives no reason for what it lacks."""

    def describe(self) -> Description:
        description = super().describe()
        return msgspec.structs.replace(
            description, capabilities=["exactly-once"], cannot={"reasons": ""}
        )


class Hangs(ReferenceAdapter):
    """It waits for its scheduler without a limit."""

    def jobs(self) -> list[JobView]:
        threading.Event().wait()
        return []


class Dies(ReferenceAdapter):
    """A fault ends it."""

    def jobs(self) -> list[JobView]:
        raise KeyError("state")


class Prints(ReferenceAdapter):
    """It prints words for people where the answers go."""

    def answer(self, question: Question) -> Message:
        assert self._output
        if isinstance(question, Jobs):
            self._output.write(b"listing the jobs\n")
        return super().answer(question)


class AnswersTwice(ReferenceAdapter):
    """Each answer is sent again, to be sure."""

    def _write(self, message: Message) -> None:
        super()._write(message)
        super()._write(message)


class AnswersAnother(ReferenceAdapter):
    """Its answers carry numbers of its own."""

    def answer(self, question: Question) -> Message:
        message = super().answer(question)
        with suppress(AttributeError, TypeError):
            return msgspec.structs.replace(message, id=0)
        return message


class Lingers(ReferenceAdapter):
    """It goes on when nobody can ask it any more."""

    def close(self) -> None:
        super().close()
        threading.Event().wait()


# Each with the rules that it breaks: the first for certain, the others as a consequence.
FAULTY: dict[type[ReferenceAdapter], tuple[str, ...]] = {
    SaysYes: ("refuses", "deletes"),
    SaysMaybe: ("refuses", "deletes"),
    NeverRuns: ("runs",),
    RunsTwice: ("runs", "ids", "aborts"),
    OneId: ("ids", "states", "schedules"),
    LosesOverrides: ("params",),
    LosesQuotes: ("params",),
    LosesTheEventsOwn: ("params",),
    ShowsNoParams: ("shows",),
    AllManual: ("triggers",),
    AllScheduled: ("triggers",),
    CountsFromZero: ("lineage",),
    AllWell: ("states",),
    OwnWords: ("states",),
    Remembers: ("states",),
    AbortsTheRecord: ("aborts",),
    EditsNothing: ("updates",),
    DeletesNothing: ("deletes",),
    LosesTheTiming: ("schedules",),
    NowIsTheStart: ("schedules",),
    OwesForEver: ("tells",),
    Boasts: ("describes",),
    Hangs: ("speaks",),
    Dies: ("speaks",),
    Prints: ("speaks",),
    AnswersTwice: ("speaks",),
    AnswersAnother: ("speaks",),
    Lingers: ("leaves",),
}

if __name__ == "__main__":
    adapters = {kind.__name__: kind for kind in (Faultless, *FAULTY)}
    adapters[sys.argv[1]](os.environ).serve()
