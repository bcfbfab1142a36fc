"""The calls of one case to the API of the system under test.

Each call, each answer and each view goes into the history. A question that only looks (`ask`) has a
value for the time in which the system does not answer, because a primary that is down is no error.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from runall_harness.contract.verdicts import Unsupported
from runall_harness.evidence.history import Answer, AnswerOutcome, Call, History, Minute, Role
from runall_harness.evidence.views import JobView, LedgerView, Rejected, Unreachable
from runall_harness.evidence.witness_job import SCRIPT, script
from runall_harness.rigs.base import Site
from runall_harness.systems.base import Client

T = TypeVar("T")
# The event that a case is about, and the first letters of one that only shows that a server works.
EVENT, CANARY = "report", "canary-"

# The verbs that give an event its settings.
EDITS = ("create_event", "update_event")


class Calls:
    """Calls the system under test, as a user of it would."""

    def __init__(self, site: Site, history: History) -> None:
        self.site, self.history = site, history
        self.client: Client | None = None
        self.count = 0

    def connect(self, client: Client) -> None:
        """Speak to the API by that client from now on."""
        self.client = client

    def close(self) -> None:
        if self.client is not None:
            self.client.close()

    @property
    def api(self) -> Client:
        """The client; it exists once the first nodes were started."""
        assert self.client is not None, "the cluster is not up"
        return self.client

    def call(self, verb: str, **args: Any) -> Any:
        """Call a verb of the client, and write down the call and its answer."""
        self.count += 1
        number = self.count
        self.cast(verb, args)
        self.give_word(verb, args)
        ignored = tuple(sorted(self.api.ignores())) if verb in EDITS else ()
        line = Call(at=self.site.now(), number=number, verb=verb, args=args, ignored=ignored)
        self.history.add(line)
        try:
            value = getattr(self.api, verb)(**args)
        except (Rejected, Unreachable) as error:
            self.answer(number, "refused" if isinstance(error, Rejected) else "maybe", str(error))
            raise
        self.answer(number, "done", value)
        return value

    def cast(self, verb: str, args: Mapping[str, Any]) -> None:
        """Note what the executions of a tag will be, if this call gives an event a tag."""
        event, fields = args.get("event"), args
        if verb == "create_event":
            event, fields = args["event"]["id"], args["event"]
        elif verb == "update_event":
            fields = args["fields"]
        if tag := fields.get("params", {}).get("tag"):
            self.history.cast(tag, role_of(str(event)))

    def give_word(self, verb: str, args: Mapping[str, Any]) -> None:
        """Put a word into the script of an event, by which its jobs prove that they are ours.

        A run may have a script of its own.
        """
        event, fields = args.get("event"), args.get("fields", args)
        if verb == "create_event":
            event, fields = args["event"]["id"], args["event"]
        params = fields.get("params", {})
        if params.get("script") == SCRIPT:
            params["script"] = script(self.site.word(str(event)))

    def answer(self, number: int, outcome: AnswerOutcome, value: Any) -> None:
        at = self.site.now()
        self.history.add(Answer(at=at, number=number, outcome=outcome, value=value))

    def create(self, event: str, target: str, **fields: Any) -> None:
        """Create an event that runs the witness, with these fields."""
        params = {"script": SCRIPT, **fields.pop("params", {})}
        body = {"id": event, "title": event, "target": target, "params": params, **fields}
        self.call("create_event", event=body)

    def edit(self, event: str, **fields: Any) -> None:
        self.call("update_event", event=event, fields=fields)

    def run(self, event: str, params: Mapping[str, Any], source: str = "operator") -> str:
        """Run an event by hand; the id of the new job."""
        return self.call("run", event=event, params=params, source=source)

    def ask(self, question: Callable[[Client], T], otherwise: T) -> T:
        """The answer to a question; `otherwise` while the system does not answer, or refuses."""
        try:
            return question(self.api)
        except (Unreachable, Rejected):
            return otherwise

    def online(self) -> set[str]:
        """The nodes that take work; none while the primary does not answer."""
        return self.ask(lambda api: api.online(), set[str]())

    def present_slot(self) -> int:
        """The minute of the schedule that is running, written down."""
        slot = self.api.present_slot()
        self.history.add(Minute(at=self.site.now(), slot=slot))
        return slot

    def leader(self) -> str:
        """The server that leads, written down; empty while none answers."""
        leader = self.ask(lambda api: api.leader(), "")
        self.history.see_leader(self.site.now(), leader)
        return leader

    def note_leader(self) -> None:
        """Write down who leads, where the system can say so."""
        with suppress(Unsupported):
            self.leader()

    def owes(self, root: str) -> bool | None:
        """Whether the system still means to run something of a lineage.

        None: it can't say, or it does not answer.
        """
        return self.ask(lambda api: api.owes(root), None)

    def jobs(self) -> list[JobView]:
        """The jobs that the system shows, written down; none while it does not answer."""
        jobs = self.ask(lambda api: api.jobs(), None)
        if jobs is None:
            return []
        self.history.see_jobs(self.site.now(), jobs)
        self.history.miss_jobs(self.site.now(), jobs)
        return jobs

    def job(self, name: str) -> JobView | None:
        return next((job for job in self.jobs() if job.id == name), None)

    def state(self, name: str) -> str:
        """The state in which the system shows a job; `unknown` if it shows no such job."""
        view = self.job(name)
        return view.state if view else "unknown"

    def ledger_of(self, root: str) -> list[LedgerView]:
        """The ledger's lines about a lineage; none while the system does not answer."""
        return [line for line in self.ask(lambda api: api.ledger(), []) if line.root == root]


def role_of(event: str) -> Role:
    """What the jobs of an event are to the case."""
    if event == EVENT:
        return "subject"
    return "canary" if event.startswith(CANARY) else "other"
