"""The probes: what is asked of an adapter in peace, and what must be seen then."""

from collections.abc import Callable
from typing import Any

from runall_reference.brain.machines import FINAL, LIVE

from runall_harness.adapter.protocol import REQUIRED, VERBS, Description
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Inconclusive, Unsupported, Verdict
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView, Rejected, Unreachable
from runall_harness.evidence.witness_job import LEAD_SLOTS, NOTE, exactly

from .exam import Exam
from .rules import (
    ABORTS,
    DELETES,
    DESCRIBES,
    IDS,
    LINEAGE,
    PARAMS,
    REFUSES,
    RUNS,
    SCHEDULES,
    SHOWS,
    STATES,
    TELLS,
    TRIGGERS,
    UPDATES,
    Rule,
)

SOURCE = "adapter check"
PREFIXES = ("event.", "run.", "job.")


# ---------------------------------------------------------------- what it says of itself
def description(exam: Exam) -> None:
    """What describe answers makes sense."""
    from ..reference.views import CAPABILITIES

    told = exam.client.describe()
    exam.hold(DESCRIBES, told.name.strip(), "the name is empty")
    exam.hold(DESCRIBES, told.version.strip(), "the version is empty")
    strange = sorted(set(told.capabilities) - CAPABILITIES)
    exam.hold(DESCRIBES, not strange, f"capabilities that nobody knows: {', '.join(strange)}")
    cannots(exam, told)


def cannots(exam: Exam, told: Description) -> None:
    """What it declares that can't be done names things that exist, each with a reason."""
    wrong = [n for n in told.cannot if n not in VERBS and not n.startswith(PREFIXES)]
    exam.hold(DESCRIBES, not wrong, f"`cannot` names what is no verb: {', '.join(wrong)}")
    needed = [name for name in told.cannot if name in REQUIRED]
    exam.hold(DESCRIBES, not needed, f"`cannot` names a required verb: {', '.join(needed)}")
    bare = [name for name, reason in told.cannot.items() if not reason.strip()]
    exam.hold(DESCRIBES, not bare, f"no reason is given for {', '.join(bare)}")


def readiness(exam: Exam) -> None:
    """Somebody takes work. Raises `KitCannotRun`: without a server nothing can be examined."""

    def taking() -> set[str]:
        """The nodes; none while nobody answers."""
        try:
            return exam.client.online()
        except (Rejected, Unreachable):
            return set()

    if not exam.wait(taking):
        raise KitCannotRun(
            f"no node takes work within {exam.patience:g} s, says `ready`",
            "start the scheduler and wait until it takes work; `ready` names the nodes that do",
        )


def refusals(exam: Exam) -> None:
    """What does not exist can't be run, and isn't shown."""
    require_refusal(exam, REFUSES, exam.name("never-created"))
    if exam.client.cannot("job"):
        return
    try:
        shown = exam.client.job(exam.name("no-such-job"))
    except (Rejected, Unreachable) as error:
        exam.hold(REFUSES, False, f"`job` of a job that does not exist gives an error: {error}")
    else:
        exam.hold(REFUSES, shown is None, f"`job` shows a job that does not exist: {shown}")


def require_refusal(exam: Exam, rule: Rule, event: str) -> None:
    """Running an event that is not there is refused."""
    try:
        job = exam.client.run(event, {}, SOURCE)
    except Rejected:
        exam.hold(rule, True, "")
    except Unreachable as error:
        exam.hold(rule, False, f"a run of an event that is not there is `maybe`: {error}")
    else:
        exam.hold(rule, False, f"a run of an event that is not there is `done`, as {job!r}")


# ---------------------------------------------------------------- by hand
def manual(exam: Exam) -> None:
    """A job that is run by hand: what it is given, how it is shown, how it ends."""
    event, tag = exam.name("manual"), exam.name("one")
    own = {"note": "the event's own", "record": "KEPT", "kept": "the event's"}
    exam.create(event, exam.params(tag, **own))
    given = given_to(exam, tag)
    job = exam.client.run(event, given, SOURCE)
    run = started(exam, job, tag)
    if given:
        gives(exam, run, PARAMS, TAG=tag, NOTE=NOTE)
    gives(exam, run, PARAMS, KEPT="the event's")
    shown = exam.await_state(job, "running")
    exam.hold(STATES, shown == "running", f"a job that runs is shown as {shown}")
    if view := exam.view(job):
        shows(exam, view, event, {**exam.params(tag, **own), **given})
    alike(exam, job)
    exam.witness.release(tag)
    ended(exam, job, "succeeded")
    tells(exam, job)
    once(exam, tag)
    again(exam, event, job)


def given_to(exam: Exam, tag: str) -> dict[str, str]:
    """The parameters of a run, where the scheduler takes any."""
    return {} if exam.client.cannot("run.params") else {"tag": tag, "note": NOTE}


def started(exam: Exam, job: str, tag: str) -> Execution:
    """The one execution of a job, which the job itself has told. Raises `Lie`, `Inconclusive`."""
    exam.require(IDS, job.strip(), "`run` answers an empty id")
    runs = exam.wait(lambda: exam.tagged(tag))
    listed = exam.view(job)
    if not runs and listed and not exam.site.executions():
        raise Inconclusive(
            f"no job has told the witness anything within {exam.patience:g} s: jobs must be able "
            f"to write to {exam.witness.folder} (see --witness)"
        )
    exam.require(RUNS, runs, f"`run` is done as {job}, and nothing ran")
    exam.hold(RUNS, listed, f"{job} is not listed by `jobs`")
    assert runs
    exam.hold(
        IDS, runs[0].job == job, f"`run` answers {job!r}, and the job calls itself {runs[0].job!r}"
    )
    return runs[0]


def gives(exam: Exam, run: Execution, rule: Rule, **wanted: str) -> None:
    """The job was given these parameters."""
    for name, value in wanted.items():
        got = run.params.get(name)
        exam.hold(rule, got == value, f"{name} is {value!r}, and the job got {got!r}")


def shows(exam: Exam, view: JobView, event: str, params: dict[str, str]) -> None:
    """The job is shown as it was started: by whom, with what, and as the first of its line."""
    exam.hold(SHOWS, view.event == event, f"it is of {event!r}, and shown as of {view.event!r}")
    wanted: dict[str, Any] = {"params": params, "source": SOURCE}
    if exam.caught(PARAMS):
        del wanted["params"]  # what it was not given can't be shown, and has been told
    for name, value in wanted.items():
        if not exam.client.cannot(f"job.{name}"):
            got = getattr(view, name)
            exam.hold(SHOWS, got == value, f"its {name} is {value!r}, and shown as {got!r}")
    exam.hold(TRIGGERS, view.cause == "manual", f"a run by hand is shown as {view.cause!r}")
    first(exam, view)


def first(exam: Exam, view: JobView) -> None:
    """The job replaces none."""
    told = (view.attempt, view.root, view.predecessor)
    exam.hold(
        LINEAGE,
        told == (1, view.id, ""),
        f"{view.id} is shown as attempt {view.attempt} of {view.root!r} after {view.predecessor!r}",
    )


def alike(exam: Exam, job: str) -> None:
    """`job` shows what `jobs` shows, no id is there twice, and each state is a known word."""
    views = exam.client.jobs()
    strange = sorted({view.state for view in views} - {*LIVE, *FINAL})
    exam.hold(STATES, not strange, f"states that nobody knows: {', '.join(strange)}")
    ids = [view.id for view in views]
    exam.hold(IDS, len(ids) == len(set(ids)), "`jobs` lists an id twice")
    if not exam.client.cannot("job"):
        one = exam.client.job(job)
        exam.hold(IDS, one and one.id == job, f"`job` of {job!r} shows {one.id if one else one!r}")


def ended(exam: Exam, job: str, state: str) -> None:
    """A job that has ended is shown in that state."""
    shown = exam.await_state(job, state)
    exam.hold(STATES, shown == state, f"a job that {state} is shown as {shown}")


def tells(exam: Exam, job: str) -> None:
    """What is said of a lineage that came to a good end, and of who leads."""
    owed = exam.client.owes(job)
    exam.hold(TELLS, not owed, f"something is owed for {job}, which has succeeded")
    if not exam.client.cannot("leader"):
        exam.hold(TELLS, exam.client.leader(), "the leader has no name")
    exam.client.ledger()
    exam.client.reasons(job)


def once(exam: Exam, tag: str) -> None:
    """It ran once."""
    exam.hold(RUNS, len(exam.tagged(tag)) == 1, f"one run, {len(exam.tagged(tag))} executions")


def again(exam: Exam, event: str, before: str) -> None:
    """The event is edited and run again, to fail: another job, given what the edit says."""
    tag = exam.name("two")
    edit = {"note": "edited", "record": "KEPT", "kept": "the edit's", "hold": "0", "ends": "3"}
    try:
        exam.client.update_event(event, {"params": exam.params(tag, **edit)})
    except Unsupported as reason:
        exam.leave_open((UPDATES,), Verdict.UNSUPPORTED, str(reason))
        return
    job = exam.client.run(event, {}, SOURCE)
    exam.hold(IDS, job != before, f"two runs have one id, {job!r}")
    runs = exam.wait(lambda: exam.tagged(tag))
    exam.require(UPDATES, runs, "after an edit of its parameters the event runs the old ones")
    assert runs
    gives(exam, runs[0], UPDATES, KEPT="the edit's")
    ended(exam, job, "failed")
    once(exam, tag)


def abort(exam: Exam) -> None:
    """A job that is aborted ends."""
    exam.client.require("abort")
    event, tag = exam.name("abort"), exam.name("aborted")
    exam.create(event, exam.params(tag))
    job = exam.client.run(event, {}, SOURCE)
    started(exam, job, tag)
    exam.client.abort(job)
    over = exam.wait(lambda: all(run.how != "running" for run in exam.tagged(tag)))
    exam.hold(ABORTS, over, "`abort` is done, and the job runs on")
    if exam.caught(STATES):
        return  # whatever is shown now has its reason there
    shown = exam.await_state(job, "aborted")
    exam.hold(ABORTS, shown == "aborted", f"an aborted job is shown as {shown}")


def deletion(exam: Exam) -> None:
    """A deleted event can't be run."""
    exam.client.require("delete_event")
    event = exam.name("deleted")
    exam.create(event, exam.params(exam.name("never"), hold="0"))
    exam.client.delete_event(event)
    require_refusal(exam, DELETES, event)


# ---------------------------------------------------------------- by the clock
def scheduled(exam: Exam) -> None:
    """An event that is due in one minute."""
    for needed in ("present_slot", "event.timing"):
        exam.client.require(needed)
    event, tag = exam.name("scheduled"), exam.name("slot")
    slot = exam.client.present_slot() + LEAD_SLOTS
    exam.create(event, exam.params(tag, hold="0", note=NOTE), timing=exactly(slot))
    over = exam.wait(
        lambda: exam.tagged(tag) or exam.client.present_slot() > slot + 1,
        (LEAD_SLOTS + 2) * exam.minute + exam.patience,
    )
    if not over:
        raise Inconclusive(f"minute {slot} did not come: is a minute {exam.minute:g} s? (--minute)")
    exam.require(SCHEDULES, exam.tagged(tag), f"minute {slot} has passed, and nothing ran")
    served(exam, event, tag, slot)


def served(exam: Exam, event: str, tag: str, slot: int) -> None:
    """The slot's job is shown as one of the clock, which stands for that minute."""
    run = exam.tagged(tag)[0]
    gives(exam, run, PARAMS, NOTE=NOTE)
    view = exam.wait(lambda: exam.view(run.job))
    exam.require(SCHEDULES, view, f"the slot's job, {run.job}, is not listed by `jobs`")
    assert view
    told = (view.cause, view.source)
    exam.hold(
        TRIGGERS,
        told == ("schedule", ""),
        f"a job of the clock is shown as {told[0]!r}, started by {told[1]!r}",
    )
    if not exam.client.cannot("job.now"):
        seen = f"its minute began at {slot * 60}, and `now` is {view.now:.0f}"
        exam.hold(SCHEDULES, view.now == slot * 60, seen)
    cursor = exam.client.event(event).cursor
    seen = f"slot {slot} was served, and the cursor is {cursor}"
    exam.hold(SCHEDULES, cursor is None or cursor >= slot, seen)
    first(exam, view)
    once(exam, tag)


Probe = Callable[[Exam], None]
PROBES: tuple[tuple[Probe, tuple[Rule, ...]], ...] = (
    (refusals, (REFUSES,)),
    (manual, (RUNS, IDS, PARAMS, SHOWS, TRIGGERS, LINEAGE, STATES, UPDATES, TELLS)),
    (abort, (ABORTS,)),
    (deletion, (DELETES,)),
    (scheduled, (SCHEDULES,)),
)
