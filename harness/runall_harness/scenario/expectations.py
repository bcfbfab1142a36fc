"""What must follow in a scenario: what is seen becomes a verdict here.

The witness decides what ran. The system's own word is asked for what only it can know: how an
attempt ended, and whether anything is still owed. Each function is told by its step which clause
is broken if its expectation fails.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from runall_harness.checks.lineages import BEAT, require_faithful
from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView

from .deadlines import GivingUp, Wait
from .state import Scenario, Work

T = TypeVar("T")
# For how long a rerun is left beside what may still run of the first, in seconds: a job that lives
# has given several signs of life by then.
BESIDE = 10 * BEAT


def require(held: object, clause: str, expected: str, seen: str | Callable[[], str]) -> None:
    """Raise the `Violation` of a clause unless what was expected has held."""
    if not held:
        raise Violation(clause, expected, seen if isinstance(seen, str) else seen())


def require_in_time(
    scenario: Scenario,
    clause: str,
    expected: str,
    condition: Callable[[], T | None],
    promised: float | None = None,
) -> T:
    """What is owed within so many seconds and the slack, by default until the deadline.

    Raises the `Violation` of the clause if it does not come, `Inconclusive` if it comes late.
    """
    within = scenario.deadline if promised is None else promised + scenario.timings.slack
    wait = Wait(scenario.cluster, within)
    if value := wait.timely(expected, condition):
        return value
    raise Violation(clause, expected, f"not within {wait.most:g} s; {shown(scenario)}")


def await_run(
    scenario: Scenario,
    clause: str,
    expected: str,
    condition: Callable[[], T | None],
    within: float | None = None,
) -> T:
    """A run that is owed, likewise; the report says for how long it was waited for in vain."""
    wait = Wait(scenario.cluster, scenario.deadline if within is None else within)
    if value := wait.timely(expected, condition):
        return value
    scenario.cluster.waited = wait.most
    raise Violation(clause, expected, f"nothing within {wait.most:g} s: {shown(scenario)}")


def interruption_clause(scenario: Scenario) -> str:
    """The clause by which the job of this case counts as interrupted; RA-2.1 if no tag names it."""
    return scenario.clause("RA-9.5", "RA-2.12", "RA-2.3", "RA-2.5", "RA-2.8", "RA-2.1")


def undisturbed_clause(scenario: Scenario) -> str:
    """The clause by which the job of this case goes on; RA-2.11 if no tag names another."""
    return scenario.clause("RA-2.4", "RA-5.11", "RA-2.11")


# ------------------------------------------------------------------ ends
def over(scenario: Scenario, work: Work) -> JobView | None:
    """The first attempt, if the system shows that it is over."""
    view = scenario.calls.job(work.root)
    return view if view and view.final else None


def await_end(scenario: Scenario, work: Work, clause: str) -> JobView:
    """The first attempt, once the system regards it as over.

    Raises `Inconclusive` for an end that is late, of a system that can't say what it owes.
    """
    cluster, wait = scenario.cluster, Wait(scenario.cluster, scenario.deadline)
    cluster.owe(wait.most, what="end", job=work.root, clause=clause, since=scenario.since)
    view = wait.until(lambda: over(scenario, work))
    if view is None:
        cluster.waited = wait.most
        raise Violation(clause, f"an end within {wait.most:g} s", "none was shown")
    wait.require_timely(f"the end of {work.root}")
    return view


def await_state(scenario: Scenario, what: str, *states: str, clause: str) -> None:
    """Wait until the system shows the first attempt in one of these states."""
    root, wait = scenario.work.root, Wait(scenario.cluster, scenario.deadline)
    shown = [""]

    def look() -> bool:
        shown[0] = scenario.calls.state(root)
        return shown[0] in states

    reached = wait.until(look, hopeless=lambda: over(scenario, scenario.work) is not None)
    require(reached, clause, what, f"after {wait.most:g} s it is {shown[0]}")
    wait.require_timely(what)


# ------------------------------------------------------------------ reruns
def await_rerun(scenario: Scenario, work: Work, where: str | None = None) -> Execution:
    """The second execution, which must come, and come to that place if one is named.

    Raises `Violation` when it does not come, or when the system has given it up, and
    `Inconclusive` for one that is late, of a system that can't say what it owes.
    """
    cluster, giving_up = scenario.cluster, GivingUp(scenario.cluster, work.root)
    wait, clause = Wait(cluster, scenario.deadline), work.rerun_clause
    owed = {"job": work.root, "clause": clause, "since": work.first.started_at, "tag": work.tag}
    cluster.owe(wait.most, what="rerun", **owed)
    cluster.deadline_s = scenario.deadline

    def decided() -> list[Execution] | None:
        runs = cluster.tagged(work.tag)
        return runs if len(runs) > 1 or giving_up.look() else None

    runs = wait.until(decided, hopeless=giving_up.begun)
    if not runs or len(runs) < 2:
        require_return_at_once(scenario, work)
        cluster.waited = None if runs else wait.most
        seen = given_up(scenario, work) if runs else f"nothing within {wait.most:g} s"
        raise Violation(clause, "the job is run again", f"{seen}: {shown(scenario, work.root)}")
    cluster.recovery_s = runs[1].started_at - scenario.since
    wait.require_timely("the rerun")
    require_place(work, runs[1], where)
    return runs[1]


def given_up(scenario: Scenario, work: Work) -> str:
    """In words, that no rerun will come: the system says so, or it shows one that nobody saw."""
    more = len(scenario.cluster.attempts(work.root)) > 1
    return "a rerun is shown, and none has run" if more else "given up"


def require_place(work: Work, rerun: Execution, where: str | None) -> None:
    """The rerun came to `the same server` or to `another server`, if it matters."""
    right = where is None or (rerun.node == work.node) == (where == "the same server")
    require(right, work.rerun_clause, f"it runs on {where}", f"it ran on {rerun.node}")


def require_return_at_once(scenario: Scenario, work: Work) -> None:
    """Raise `Inconclusive` for a server that was to be back at once, and was not."""
    if scenario.away > scenario.timings.forgives:
        raise Inconclusive(
            f"{work.node} was to be back at once, and was away for {scenario.away:.1f} s: longer "
            f"than the {scenario.timings.forgives:g} s for which the system waits for it"
        )


def shown(scenario: Scenario, root: str = "", tag: str = "") -> str:
    """The attempts of a lineage as the system shows them, and its own reasons.

    Without a root, those of the job that the case is about.
    """
    about = scenario.cluster.about
    root = root or (about.root if about else "")
    attempts = scenario.cluster.attempts(root, tag)
    views = ", ".join(f"{view.id} {view.state}" for view in attempts) or "no attempt is shown"
    return f"{views}; {scenario.cluster.api.reasons(root) or 'it gives no reason'}"


def require_faithful_rerun(scenario: Scenario, work: Work) -> None:
    """The rerun was given what the run was given, to the letter."""
    require_faithful(work.root, *scenario.cluster.tagged(work.tag)[:2])


# ------------------------------------------------------------------ ends of the last execution
def finish(scenario: Scenario, work: Work, executions: int, clause: str = "") -> None:
    """Let the work end, see it end well, and see that nothing follows."""
    clause = clause or interruption_clause(scenario)
    leave_side_by_side(scenario, work)
    scenario.site.release(work.tag)
    scenario.cluster.await_evidence(
        f"{work.tag} completes",
        lambda: scenario.cluster.tagged(work.tag)[-1].how == "completed",
        scenario.timings.slack,
    )
    require_taken_in(scenario, work, clause)
    require_nothing_follows(scenario, work, executions, clause)


def leave_side_by_side(scenario: Scenario, work: Work) -> None:
    """Leave a rerun beside whatever may still run of the job, for as long as that is seen.

    Released at once, both would end before anybody could see that there were two.
    """
    *earlier, latest = scenario.cluster.tagged(work.tag)
    if any(run.how == "running" for run in earlier):
        what = f"{latest.job} has lived for {BESIDE:g} s"
        scenario.cluster.await_time(what, latest.started_at + BESIDE)


def require_taken_in(scenario: Scenario, work: Work, clause: str) -> None:
    """The system knows, soon enough, that the latest execution has completed."""
    expected = f"{scenario.cluster.tagged(work.tag)[-1].job} is shown as completed"
    require_in_time(scenario, clause, expected, lambda: completed(scenario, work))


def completed(scenario: Scenario, work: Work) -> bool:
    """Whether the latest execution has completed and the system knows it."""
    last = scenario.cluster.tagged(work.tag)[-1]
    return last.how == "completed" and scenario.calls.state(last.job) == "succeeded"


def require_nothing_follows(scenario: Scenario, work: Work, executions: int, clause: str) -> None:
    """Another job runs to its end, and in all that time nothing of this one has started."""
    run_canaries(scenario)
    runs = scenario.cluster.tagged(work.tag)
    require(
        len(runs) == executions,
        "RA-1.4" if executions > 1 else clause,
        f"{executions} execution(s) of {work.tag}",
        listed(runs),
    )


def require_undisturbed(scenario: Scenario, work: Work, executions: int, clause: str) -> None:
    """What runs now is what ran before, and it is this one that ends well."""
    require_nothing_follows(scenario, work, executions, clause)
    last = scenario.cluster.tagged(work.tag)[-1]
    require(last.how == "running", clause, f"{work.tag} goes on", f"it is {last.how}")
    finish(scenario, work, executions, clause)


def run_canaries(scenario: Scenario) -> None:
    """Run a job of another event to its end: whatever was owed before has started by then.

    One on every server in reach, because what would be started again may be started anywhere.
    """
    for node in scenario.nodes.specs:
        if scenario.site.alive(node) and node not in scenario.cut_off:
            scenario.cluster.probe(node, scenario.deadline)


# ------------------------------------------------------------------ losses
def require_missed(scenario: Scenario) -> None:
    """The loss of the job's server is noticed, soon enough."""
    node, notice = scenario.victim, scenario.timings.notice

    def missed() -> bool:
        return node not in scenario.calls.online()

    require_in_time(scenario, "RA-2.12", f"{node} is missed", missed, notice)


def listed(runs: Sequence[Execution]) -> str:
    """Executions in words: the job, the server and the end of each."""
    return ", ".join(f"{run.job} on {run.node} ({run.how})" for run in runs) or "none"
