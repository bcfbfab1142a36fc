"""The probes: each asks an adapter for something while nothing fails, and judges the answer."""

from collections.abc import Callable
from typing import Any

from runall_reference.brain.machines import FINAL, LIVE

from runall_harness.adapter.protocol import REQUIRED, VERBS, Description
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Inconclusive, Unsupported, Verdict
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView, Rejected, Unreachable
from runall_harness.evidence.witness_job import LEAD_SLOTS, NOTE, exactly

from .report import Rule
from .session import AdapterCheck

TRIES = 5
SOURCE = "adapter check"
PREFIXES = ("event.", "run.", "job.")


def description(check: AdapterCheck) -> None:
    """`describe` answers a name, a version, and capabilities that exist."""
    from ..reference.views import CAPABILITIES

    described = check.client.describe()
    check.hold(Rule.DESCRIBES, described.name.strip(), "the name is empty")
    check.hold(Rule.DESCRIBES, described.version.strip(), "the version is empty")
    strange = sorted(set(described.capabilities) - CAPABILITIES)
    check.hold(Rule.DESCRIBES, not strange, f"unknown capabilities: {', '.join(strange)}")
    cannots(check, described)


def cannots(check: AdapterCheck, described: Description) -> None:
    """`cannot` names verbs and fields that exist, each with a reason."""
    wrong = [n for n in described.cannot if n not in VERBS and not n.startswith(PREFIXES)]
    check.hold(
        Rule.DESCRIBES, not wrong, f"`cannot` names unknown verbs or fields: {', '.join(wrong)}"
    )
    needed = [name for name in described.cannot if name in REQUIRED]
    check.hold(Rule.DESCRIBES, not needed, f"`cannot` names a required verb: {', '.join(needed)}")
    bare = [name for name, reason in described.cannot.items() if not reason.strip()]
    check.hold(Rule.DESCRIBES, not bare, f"no reason is given for {', '.join(bare)}")


def readiness(check: AdapterCheck) -> None:
    """Wait until a node takes work. Raises `KitCannotRun` if none does."""

    def taking() -> set[str]:
        try:
            return check.client.online()
        except (Rejected, Unreachable):
            return set()

    if not check.wait(taking):
        raise KitCannotRun(
            f"no node takes work within {check.patience:g} s, says `ready`",
            "start the scheduler and wait until it takes work; `ready` names the nodes that do",
        )


def refusals(check: AdapterCheck) -> None:
    """An event that does not exist cannot be run, and a job that does not exist is not shown."""
    require_refusal(check, Rule.REFUSES, check.name("never-created"))
    if check.client.cannot("job"):
        return
    try:
        shown = check.client.job(check.name("no-such-job"))
    except (Rejected, Unreachable) as error:
        check.hold(
            Rule.REFUSES, False, f"`job` of a job that does not exist gives an error: {error}"
        )
    else:
        check.hold(Rule.REFUSES, shown is None, f"`job` shows a job that does not exist: {shown}")


def require_refusal(check: AdapterCheck, rule: Rule, event: str) -> None:
    """A run of an event that does not exist is refused."""
    try:
        job = check.client.run(event, {}, SOURCE)
    except Rejected:
        check.hold(rule, True, "")
    except Unreachable as error:
        check.hold(rule, False, f"a run of an event that is not there is `maybe`: {error}")
    else:
        check.hold(rule, False, f"a run of an event that is not there is `done`, as {job!r}")


def manual(check: AdapterCheck) -> None:
    """A manual job gets its parameters, is shown correctly, and runs once."""
    event, tag = check.name("manual"), check.name("one")
    own = {"note": "the event's own", "record": "KEPT", "kept": "the event's"}
    check.create(event, check.params(tag, **own))
    given = {} if check.client.cannot("run.params") else {"tag": tag, "note": NOTE}
    job = check.client.run(event, given, SOURCE)
    run = started(check, job, tag)
    if given:
        gives(check, run, Rule.PARAMS, TAG=tag, NOTE=NOTE)
    gives(check, run, Rule.PARAMS, KEPT="the event's")
    shown = check.await_state(job, "running")
    check.hold(Rule.STATES, shown == "running", f"a job that runs is shown as {shown}")
    if view := check.view(job):
        shows(check, view, event, {**check.params(tag, **own), **given})
    alike(check, job)
    check.witness.release(tag)
    ended(check, job, "succeeded")
    tells(check, job)
    once(check, tag)
    again(check, event, job)


def started(check: AdapterCheck, job: str, tag: str) -> Execution:
    """The one execution of a job, as the job reports it. Raises `RuleBroken`, `Inconclusive`."""
    check.require(Rule.IDS, job.strip(), "`run` answers an empty id")
    runs = check.wait(lambda: check.tagged(tag))
    listed = check.view(job)
    if not runs and listed and not check.site.executions():
        raise Inconclusive(
            f"no job has written to the witness within {check.patience:g} s: jobs must be able "
            f"to write to {check.witness.folder} (see --witness)"
        )
    check.require(Rule.RUNS, runs, f"`run` is done as {job}, and nothing ran")
    check.hold(Rule.RUNS, listed, f"{job} is not listed by `jobs`")
    assert runs
    check.hold(
        Rule.IDS,
        runs[0].job == job,
        f"`run` answers {job!r}, and the job calls itself {runs[0].job!r}",
    )
    return runs[0]


def gives(check: AdapterCheck, run: Execution, rule: Rule, **wanted: str) -> None:
    for name, value in wanted.items():
        got = run.params.get(name)
        check.hold(rule, got == value, f"{name} is {value!r}, and the job got {got!r}")


def shows(check: AdapterCheck, view: JobView, event: str, params: dict[str, str]) -> None:
    """Judge whether a job is shown with its event, parameters, source, and as a first attempt."""
    check.hold(
        Rule.SHOWS, view.event == event, f"it is of {event!r}, and shown as of {view.event!r}"
    )
    wanted: dict[str, Any] = {"params": params, "source": SOURCE}
    if check.caught(Rule.PARAMS):
        del wanted["params"]  # a parameter that the job did not get is reported already
    for name, value in wanted.items():
        if not check.client.cannot(f"job.{name}"):
            got = getattr(view, name)
            check.hold(Rule.SHOWS, got == value, f"its {name} is {value!r}, and shown as {got!r}")
    check.hold(Rule.TRIGGERS, view.cause == "manual", f"a run by hand is shown as {view.cause!r}")
    first(check, view)


def first(check: AdapterCheck, view: JobView) -> None:
    """Judge whether a job that replaces no other is shown as the first of its own lineage."""
    links = (view.attempt, view.root, view.predecessor)
    check.hold(
        Rule.LINEAGE,
        links == (1, view.id, ""),
        f"{view.id} is shown as attempt {view.attempt} of {view.root!r} after {view.predecessor!r}",
    )


def alike(check: AdapterCheck, job: str) -> None:
    views = check.client.jobs()
    strange = sorted({view.state for view in views} - {*LIVE, *FINAL})
    check.hold(Rule.STATES, not strange, f"unknown states: {', '.join(strange)}")
    ids = [view.id for view in views]
    check.hold(Rule.IDS, len(ids) == len(set(ids)), "`jobs` lists an id twice")
    if not check.client.cannot("job"):
        one = check.client.job(job)
        check.hold(
            Rule.IDS, one and one.id == job, f"`job` of {job!r} shows {one.id if one else one!r}"
        )


def ended(check: AdapterCheck, job: str, state: str) -> None:
    shown = check.await_state(job, state)
    check.hold(Rule.STATES, shown == state, f"a job that {state} is shown as {shown}")


def tells(check: AdapterCheck, job: str) -> None:
    """Judge whether nothing is owed for a lineage that succeeded, and the leader has a name."""
    owed = check.client.owes(job)
    check.hold(Rule.TELLS, not owed, f"something is owed for {job}, which has succeeded")
    if not check.client.cannot("leader"):
        check.hold(Rule.TELLS, check.client.leader(), "the leader has no name")
    check.client.ledger()
    check.client.reasons(job)


def once(check: AdapterCheck, tag: str) -> None:
    check.hold(
        Rule.RUNS, len(check.tagged(tag)) == 1, f"one run, {len(check.tagged(tag))} executions"
    )


def again(check: AdapterCheck, event: str, before: str) -> None:
    """An edited event runs again with the edited parameters, as another job, which fails."""
    tag = check.name("two")
    edit = {"note": "edited", "record": "KEPT", "kept": "the edit's", "hold": "0", "ends": "3"}
    try:
        check.client.update_event(event, {"params": check.params(tag, **edit)})
    except Unsupported as reason:
        check.leave_open((Rule.UPDATES,), Verdict.UNSUPPORTED, str(reason))
        return
    job = check.client.run(event, {}, SOURCE)
    check.hold(Rule.IDS, job != before, f"two runs have one id, {job!r}")
    runs = check.wait(lambda: check.tagged(tag))
    check.require(Rule.UPDATES, runs, "after an edit of its parameters the event runs the old ones")
    assert runs
    gives(check, runs[0], Rule.UPDATES, KEPT="the edit's")
    ended(check, job, "failed")
    once(check, tag)


def abort(check: AdapterCheck) -> None:
    """An aborted job ends, and is shown as aborted."""
    check.client.require("abort")
    event, tag = check.name("abort"), check.name("aborted")
    check.create(event, check.params(tag))
    job = check.client.run(event, {}, SOURCE)
    started(check, job, tag)
    check.client.abort(job)
    over = check.wait(lambda: all(run.how != "running" for run in check.tagged(tag)))
    check.hold(Rule.ABORTS, over, "`abort` is done, and the job runs on")
    if check.caught(Rule.STATES):
        return  # a wrong state is reported already
    shown = check.await_state(job, "aborted")
    check.hold(Rule.ABORTS, shown == "aborted", f"an aborted job is shown as {shown}")


def deletion(check: AdapterCheck) -> None:
    """A run of a deleted event is refused."""
    check.client.require("delete_event")
    event = check.name("deleted")
    check.create(event, check.params(check.name("never"), hold="0"))
    check.client.delete_event(event)
    require_refusal(check, Rule.DELETES, event)


def scheduled(check: AdapterCheck) -> None:
    """An event that is due in one minute runs once in that minute."""
    for needed in ("present_slot", "event.timing"):
        check.client.require(needed)
    event, tag, slot = planned(check)
    over = check.wait(
        lambda: check.tagged(tag) or check.client.present_slot() > slot + 1,
        (LEAD_SLOTS + 2) * check.minute + check.patience,
    )
    if not over:
        raise Inconclusive(
            f"minute {slot} did not come: is a minute {check.minute:g} s? (--minute)"
        )
    runs = check.wait(lambda: check.tagged(tag))
    check.require(Rule.SCHEDULES, runs, f"minute {slot} has passed, and nothing ran")
    served(check, event, tag, slot)


def planned(check: AdapterCheck) -> tuple[str, str, int]:
    """An event, the tag of its job, and the slot at which it is due. Raises `Inconclusive`.

    A slot may begin before the scheduler has taken in the event, so another one is tried then.
    """
    for number in range(TRIES):
        event, tag = check.name(f"scheduled-{number}"), check.name(f"slot-{number}")
        slot = check.client.present_slot() + LEAD_SLOTS
        check.create(event, check.params(tag, hold="0", note=NOTE), timing=exactly(slot))
        if check.client.present_slot() < slot:
            return event, tag, slot
    raise Inconclusive(
        f"each slot began before its event was there: is a minute {check.minute:g} s?"
    )


def served(check: AdapterCheck, event: str, tag: str, slot: int) -> None:
    """The job of a slot is shown as scheduled, and for that minute."""
    run = check.tagged(tag)[0]
    gives(check, run, Rule.PARAMS, NOTE=NOTE)
    view = check.wait(lambda: check.view(run.job))
    check.require(Rule.SCHEDULES, view, f"the slot's job, {run.job}, is not listed by `jobs`")
    assert view
    seen = f"a job of the clock is shown as {view.cause!r}, started by {view.source!r}"
    check.hold(Rule.TRIGGERS, (view.cause, view.source) == ("schedule", ""), seen)
    if not check.client.cannot("job.now"):
        seen = f"its minute began at {slot * 60}, and `now` is {view.now:.0f}"
        check.hold(Rule.SCHEDULES, view.now == slot * 60, seen)
    cursor = check.client.event(event).cursor
    seen = f"slot {slot} was served, and the cursor is {cursor}"
    check.hold(Rule.SCHEDULES, cursor is None or cursor >= slot, seen)
    first(check, view)
    once(check, tag)


Probe = Callable[[AdapterCheck], None]
BY_HAND = (Rule.RUNS, Rule.IDS, Rule.PARAMS, Rule.SHOWS, Rule.TRIGGERS, Rule.LINEAGE, Rule.STATES)
PROBES: tuple[tuple[Probe, tuple[Rule, ...]], ...] = (
    (refusals, (Rule.REFUSES,)),
    (manual, (*BY_HAND, Rule.UPDATES, Rule.TELLS)),
    (abort, (Rule.ABORTS,)),
    (deletion, (Rule.DELETES,)),
    (scheduled, (Rule.SCHEDULES,)),
)
