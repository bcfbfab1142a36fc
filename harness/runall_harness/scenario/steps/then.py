"""Then steps: what must be seen, wherever possible from the reports of the jobs."""

from pytest_bdd import parsers, then

from ..due_slots import TAG, moment_of, slot_of
from ..expectations import Scenario, require, require_ended_before

STATES = {
    "has ended well": ("succeeded", "RA-2.9", "RA-3.4"),
    "has failed": ("failed", "RA-2.7"),
    "has timed out": ("timed_out", "RA-2.6"),
    "was aborted": ("aborted", "RA-3.3"),
    "was interrupted": ("interrupted", "RA-1.3"),
    "counts as timed out": ("timed_out", "RA-11.4"),
}


@then("the job ends as interrupted")
def require_interruption(scenario: Scenario) -> None:
    clause = scenario.interruption_clause()
    state = scenario.await_end(scenario.work, clause).state
    require(state == "interrupted", clause, "it ends as interrupted", f"it ends as {state}")


@then("the job ends as interrupted before the dead-job timeout has passed")
def require_prompt_interruption(scenario: Scenario) -> None:
    view = scenario.await_end(scenario.work, "RA-2.2")
    took, limit = scenario.ended_at(view) - scenario.since, scenario.timings.dead_job_timeout
    expected, seen = f"interrupted within {limit:g} s", f"{view.state} after {took:.2f} s"
    prompt = view.state == "interrupted" and took < limit
    require(prompt, "RA-2.2", f"{expected} of the return", seen)


@then(parsers.re(f"the job (?P<end>{'|'.join(STATES)}), and is not run again"))
def require_end_without_rerun(scenario: Scenario, end: str) -> None:
    state, *own = STATES[end]
    clause = scenario.clause("RA-13.2", "RA-9.10", *own)
    scenario.await_state(end, state, clause=clause)
    follows = scenario.clause("RA-9.10", "RA-3.3", *own)
    scenario.require_nothing_follows(scenario.work, 1, follows)


@then("the job runs nowhere")
def require_no_rerun(scenario: Scenario) -> None:
    scenario.require_nothing_follows(scenario.work, 1, scenario.interruption_clause())


@then("the job starts again on another server")
def require_rerun_start(scenario: Scenario) -> None:
    scenario.await_rerun(scenario.work, "another server")


@then(parsers.re("the job is run again, once(?:, on (?P<where>another server|the same server))?"))
def require_rerun(scenario: Scenario, where: str | None) -> None:
    scenario.await_rerun(scenario.work, where)
    scenario.finish(scenario.work, 2)


@then("the job is run again, once, on the second worker")
def require_rerun_on_second_worker(scenario: Scenario) -> None:
    node = scenario.await_rerun(scenario.work).node
    expected = "it runs where its event may run now"
    require(node == "worker-2", "RA-6.5", expected, f"it ran on {node}")
    scenario.finish(scenario.work, 2)


@then("the job of the other event is run again, once, on another server")
def require_other_rerun(scenario: Scenario) -> None:
    other, cluster = scenario.works["other"], scenario.cluster
    scenario.require_in_time(
        "RA-4.11", "what can start does", lambda: len(cluster.tagged("other")) > 1
    )
    scenario.await_rerun(other, "another server")
    scenario.finish(other, 2)


@then("each of the three is run again, once, with its own parameters")
def require_three_reruns(scenario: Scenario) -> None:
    for work in scenario.works.values():
        scenario.await_rerun(work, "the same server")
        scenario.require_faithful_rerun(work)
    for work in scenario.works.values():
        scenario.finish(work, 2)


@then("the rerun is faithful to the job")
def require_faithful(scenario: Scenario) -> None:
    scenario.require_faithful_rerun(scenario.work)


@then("the rerun names its root, its predecessor, its number and its cause")
def require_lineage(scenario: Scenario) -> None:
    work = scenario.work
    reruns = scenario.cluster.attempts(work.root)[1:]
    named = [(view.root, view.predecessor, view.attempt, view.cause) for view in reruns]
    owed = [(work.root, work.first.job, 2, "interrupted")]
    require(named == owed, "RA-4.5", f"{owed}", f"{named}")


@then("the two attempts differ in id, start time and server")
def require_attempts_to_differ(scenario: Scenario) -> None:
    first, second = scenario.runs()
    views = scenario.calls.jobs()
    nodes = {view.id: view.node for view in views}
    # A system may show no start time; then only the jobs themselves say when they began.
    shown = {view.id: view.placed_at for view in views if view.placed_at}
    pairs = {
        "id": (first.job, second.job),
        "start time": (first.started_at, second.started_at),
        "start time that is shown": (shown.get(first.job, 0), shown.get(second.job, 1)),
        "server": (nodes.get(first.job), nodes.get(second.job)),
    }
    same = [name for name, (one, other) in pairs.items() if one == other]
    differ = not same and nodes.get(second.job) == second.node
    expected = "an id, a start time and a server of its own"
    require(differ, "RA-4.8", expected, f"the same {', '.join(same)}; shown: {nodes}")


@then("its first execution had ended before")
def require_first_execution_to_end_before(scenario: Scenario) -> None:
    first, second = scenario.runs()
    expected = "the first had ended when the second began"
    require_ended_before(first, second, "RA-7.3", expected)


@then("the system says that it still owes the job")
def require_debt(scenario: Scenario) -> None:
    scenario.require_debt(scenario.clause("RA-9.9", "RA-4.6"), scenario.work.root)


@then("the rerun waits for its event")
def require_rerun_to_wait(scenario: Scenario) -> None:
    scenario.require_nothing_follows(scenario.work, 1, scenario.clause("RA-9.10", "RA-6.4"))
    require_debt(scenario)


@then(parsers.re("the (?P<what>job|rerun) goes on undisturbed, and ends well"))
def require_undisturbed(scenario: Scenario, what: str) -> None:
    if what == "rerun":
        scenario.require_undisturbed(scenario.work, 2, scenario.interruption_clause())
    else:
        clause = scenario.clause("RA-13.2", "RA-2.4", "RA-5.11", "RA-2.15", "RA-9.4", "RA-2.11")
        scenario.require_undisturbed(scenario.work, 1, clause)


@then("the job on the second worker goes on undisturbed, and ends well")
def require_undisturbed_other_job(scenario: Scenario) -> None:
    scenario.require_undisturbed(scenario.works["other"], 1, "RA-2.10")


@then("its server takes other work")
def require_server_to_work(scenario: Scenario) -> None:
    scenario.run_canaries()


@then("nothing was launched while the primary was going down")
def require_no_launch_in_drain(scenario: Scenario) -> None:
    # The drain lasts at least the kill grace, for a job ignores SIGTERM. So slots that began
    # within that time before the exit are certainly slots of a draining primary. A slot that is
    # served after the return was missed, and other clauses judge it.
    began = scenario.left_at - 0.9 * scenario.timings.grace
    slots = slots_began(scenario, "minute")
    for run in scenario.cluster.executions():
        early = run.started_at < scenario.back_at
        by_clock = early and began < slots.get(run.id, 0.0) < scenario.left_at
        rerun = run.tag == scenario.work.tag
        by_rerun = rerun and scenario.stopped_at < run.started_at < scenario.left_at
        seen = f"{run.job} on {run.node}"
        require(not (by_clock or by_rerun), "RA-4.4", "nothing is launched in the drain", seen)


def slots_began(scenario: Scenario, tag: str) -> dict[str, float]:
    """When the slot of each execution began, on the rig's clock, in seconds.

    A slot is known by its logical time on the schedule's clock. The execution that came soonest
    after its slot gives the difference between the two clocks.
    """
    runs = scenario.cluster.tagged(tag)
    began = {run.id: moment_of(run) / 60 * scenario.timings.minute for run in runs}
    offset = min((run.started_at - began[run.id] for run in runs), default=0.0)
    return {name: at + offset for name, at in began.items()}


@then("no served slot has been run again")
def require_served_slots_once(scenario: Scenario) -> None:
    scenario.await_end(scenario.work, scenario.interruption_clause())
    scenario.run_canaries()
    slots = [slot_of(run) for run in scenario.cluster.tagged(TAG)]
    twice = sorted({slot for slot in slots if slots.count(slot) > 1})
    require(not twice, "RA-4.7", "each served slot has run once", f"twice: {twice}")
