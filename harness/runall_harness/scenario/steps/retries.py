"""Steps about jobs that fail by themselves, are tried again, and run out of time.

A job fails by itself when its process alone is killed, as a system that is out of memory does:
its server lives and tells so. What counts is always the latest execution of the job.
"""

import pytest
from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView

from .given import COUNTS, TARGETS
from .patience import Wait, in_time
from .scene import PROMISE, Scene

# Long enough, in seconds, for a server to be killed before a retry is due.
DELAY = 2.0
# The clocks of a witness and of a scheduler are read at different moments; seconds.
TOLERANCE = 0.05
NUMBERS = {**COUNTS, "four": 4}


class Tries:
    """The executions of the scenario's job, one after the other."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.cluster = scene, scene.cluster
        self.failed: JobView | None = None
        self.seen = 1

    def runs(self) -> list[Execution]:
        """All executions so far."""
        return self.cluster.tagged(self.scene.work.tag)

    def latest(self) -> Execution:
        """The execution that is running, or ended last."""
        return self.runs()[-1]

    def before(self) -> Execution:
        """The execution before the one that is looked for, which may have begun already."""
        return self.runs()[self.seen - 1]

    def state(self, execution: Execution) -> str:
        """What the system shows of an execution's attempt."""
        view = self.cluster.job(execution.job)
        return view.state if view else "unknown"

    def kill_process(self) -> None:
        """SIGKILL the job's process alone, and see the system take that for a failure."""
        run = self.latest()
        self.cluster.hurt(lambda: self.cluster.site.kill(run.node, scope="job"))
        within = self.scene.timings.prompt + self.scene.timings.slack
        failed = f"the failure of {run.job}"
        if not in_time(self.scene, failed, lambda: self.state(run) == "failed", within):
            raise Violation("RA-2.7", f"{run.job} has failed", f"it is {self.state(run)}")
        self.failed = self.cluster.job(run.job)

    def clause(self) -> str:
        """What it would break if no try came: more than a failure may have happened before."""
        if self.seen > 1:
            return "RA-4.9"
        shown = len(self.cluster.attempts(self.scene.work.root))
        return "RA-11.2" if shown > self.seen else "RA-11.1"

    def next(self, clause: str, what: str, within: float) -> Execution:
        """The execution that follows those seen so far, running in the system's eyes too."""
        wait = Wait(self.scene, within)
        runs = wait.until(lambda: (r := self.runs())[self.seen :] and r)
        if not runs:
            self.cluster.waited = wait.most
            seen = f"nothing within {wait.most:g} s: {self.scene.why(self.scene.work)}"
            raise Violation(clause, what, seen)
        wait.require_timely("the next execution")
        self.seen += 1
        run = runs[self.seen - 1]
        self.cluster.await_evidence(
            f"{run.job} runs", lambda: self.scene.running(run.job), self.scene.timings.slack
        )
        return run


@pytest.fixture
def tries(scene: Scene) -> Tries:
    """The tries of the scenario's job."""
    return Tries(scene)


@given(
    parsers.re(
        r"an event for (?P<where>[a-z ]+), with Run All on and (?P<more>one|two) more "
        r"(?:try|tries) after a failure"
    )
)
def _(scene: Scene, where: str, more: str) -> None:
    limits = {"retries": COUNTS[more], "retry_delay": DELAY}
    scene.plan = {"target": TARGETS[where], "catch_up": True, **limits}


@given(
    parsers.parse("an event for any worker, with Run All on and a time limit of {limit:g} seconds")
)
def _(scene: Scene, limit: float) -> None:
    scene.plan = {"target": TARGETS["any worker"], "catch_up": True, "timeout": limit}


# ------------------------------------------------------------------ what happens
@when("the process of the job is killed, and the job has failed")
def _(tries: Tries) -> None:
    tries.kill_process()


@when("the job is being stopped for its time limit")
def _(scene: Scene) -> None:
    scene.expect("RA-2.6", scene.plan["timeout"] + scene.timings.prompt)
    scene.await_state(scene.work, "its stop for being over its time", "stopping")


@when(parsers.re(r"its server is killed before that is done, and (?P<then>stays away|.*at once)"))
def _(scene: Scene, then: str) -> None:
    proof = scene.kill(scene.victim)
    if scene.over(scene.work):
        raise Inconclusive("the job had ended before its server was killed")
    if then == "stays away":
        scene.expect("RA-11.4", scene.timings.notice + scene.timings.dead_job_timeout, proof)
    else:
        scene.expect("RA-11.4", scene.promise_after_return())
        scene.come_back(scene.victim)


@when("most of its time limit has passed")
def _(scene: Scene, tries: Tries) -> None:
    most = scene.plan["timeout"] * 2 / 3
    await_age(scene, tries.latest(), most)


def await_age(scene: Scene, run: Execution, age: float) -> None:
    """Wait until an execution has lived for so many seconds; the clock alone can tell."""
    site = scene.cluster.site
    scene.cluster.await_evidence(
        f"{run.job} has lived for {age:g} s",
        lambda: site.now() - run.started_at >= age,
        age + scene.timings.slack,
    )


# ------------------------------------------------------------------ what must follow
@then(parsers.re(r"the job is tried again after its delay, on (?P<where>another|the same) server"))
def _(scene: Scene, tries: Tries, where: str) -> None:
    failed, before = tries.failed, tries.before()
    assert failed is not None, "no try has failed"
    clause = tries.clause()
    run = tries.next(clause, "it is tried again", DELAY + scene.deadline)
    waited = run.started_at - failed.finalized_at
    if waited < DELAY - TOLERANCE:
        raise Violation("RA-11.1", f"a delay of {DELAY:g} s", f"{waited:.2f} s")
    if where == "another" and run.node == before.node and run.started_at < scene.since:
        raise Inconclusive(f"the try began on {run.node} before that was killed")
    if (run.node == before.node) != (where == "the same"):
        raise Violation(clause, f"it runs on {where} server", f"it ran on {run.node}")


@then("the job starts again")
def _(scene: Scene, tries: Tries) -> None:
    tries.next(PROMISE[scene.work.trigger], "it starts again", scene.deadline)


@then("the try is run again")
def _(scene: Scene, tries: Tries) -> None:
    clause = PROMISE[scene.work.trigger]
    tries.next(clause, "the try that was interrupted is run again", scene.deadline)


@then("the job counts as timed out, and is not run again")
def _(scene: Scene) -> None:
    scene.clause = "RA-11.4"
    scene.await_state(scene.work, "its end for being over its time", "timed_out")
    scene.nothing_follows(scene.work, executions=1)


@then("the rerun lives for longer than what was left of the limit")
def _(scene: Scene, tries: Tries) -> None:
    run, limit = tries.latest(), scene.plan["timeout"]
    await_age(scene, run, limit / 2)
    if tries.state(run) != "running" or tries.latest().how != "running":
        seen = f"it is {tries.state(run)} after {limit / 2:g} s"
        raise Violation("RA-4.10", f"the rerun may run for {limit:g} s", seen)


@then(parsers.re(r"the try ends well, after (?P<count>two|three) executions"))
def _(scene: Scene, count: str) -> None:
    scene.finish(scene.work, executions=NUMBERS[count])


@then(parsers.re(r"the job has used up its tries, after (?P<count>four) executions"))
def _(scene: Scene, tries: Tries, count: str) -> None:
    cluster, site = scene.cluster, scene.cluster.site
    failed = tries.failed
    assert failed is not None, "no try has failed"
    cluster.await_evidence(
        "the delay of a try has passed",
        lambda: site.now() - failed.finalized_at > DELAY,
        DELAY + scene.timings.slack,
    )
    scene.clause = "RA-11.3"
    scene.canary()
    if len(runs := tries.runs()) != NUMBERS[count]:
        raise Violation("RA-11.3", f"{count} executions", f"{len(runs)}")
