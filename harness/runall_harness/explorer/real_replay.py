"""A story on real nodes: the same world with the same settings, some times as fast.

Each step waits for what can be seen before it, that an execution has begun or ended, and only then
for the seconds between the two. A step that a busy machine makes late is noted.
"""

from contextlib import closing, suppress
from typing import Any, NamedTuple

import msgspec

from runall_harness.checks.job_traces import root_of
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import Witnessed
from runall_harness.evidence.views import Rejected, Unreachable
from runall_harness.evidence.witness_job import SCRIPT
from runall_harness.mutants import daemon
from runall_harness.rigs.base import Rig
from runall_harness.scenario.cluster import Cluster
from runall_harness.systems.base import Timings
from runall_harness.systems.reference.system import Reference

from .moves import ORDERS
from .play import BY_HAND, EVENT, MOMENT, TAG, event_of, second_of
from .real_steps import RealStep, real_steps
from .story import Replayed, Script, Story, play_script
from .worlds import WORKERS

# How many times as fast as in virtual time.
SPEED = 3.0
# What a busy machine may add to a wait, in seconds; less than any length of a story.
SLACK = 2.0
DURATIONS = ("heartbeat", "silence", "dead_job_timeout", "fence", "kill_grace", "lease", "spread")


class FastReference(Reference):
    """The reference with the settings of a story, and with its bug planted in every daemon."""

    def __init__(self, script: Script, rig: str) -> None:
        super().__init__(script.outline.policy, rig)
        story = script.outline.settings
        fast = {name: getattr(story, name) / SPEED for name in DURATIONS}
        self.settings = msgspec.structs.replace(story, time_scale=story.time_scale * SPEED, **fast)
        if script.mutant:
            self.program = daemon(script.mutant)

    @property
    def timings(self) -> Timings:
        """Those of the reference, with less slack: a late step is noted, and not waited for."""
        return msgspec.structs.replace(super().timings, slack=SLACK)


def replay_real(script: Script, rig: Rig) -> Replayed:
    """Play it again on real nodes. Raises `Inconclusive` or `KitCannotRun`."""
    story, outline = play_script(script), script.outline
    case = Case(id=f"replay/{outline.name}", trigger=outline.trigger, tags=frozenset({"partition"}))
    with closing(Cluster(rig, case, FastReference(story.script, rig.name))) as cluster:
        replay = RealReplay(cluster, story)
        replay.run()
    meta, *rest = cluster.history.lines
    return Replayed(
        script=script,
        rig=rig.name,
        story=story,
        lines=[meta, story.script.line(meta.at), *rest],
        began=replay.began,
        notes=(f"played {SPEED:g} times as fast as in virtual time", *replay.notes),
    )


class Mark(NamedTuple):
    """The same instant in the story and on the real nodes, in seconds of each."""

    story: float
    real: float


class Sign(NamedTuple):
    """At a second of the story an execution begins, or ends; they are numbered from 0."""

    at: float
    number: int
    end: bool


class RealReplay:
    """A story on its way over real nodes.

    `began` is the second from which it counts, on the rig's clock. `notes` say what went another
    way than in the story, or came late. `names` are those of the story's servers here: which of
    two workers gets the job is the scheduler's choice.
    """

    def __init__(self, cluster: Cluster, story: Story) -> None:
        self.cluster, self.site, self.story = cluster, cluster.site, story
        self.outline = story.script.outline
        self.signs = signs(story)
        self.began = 0.0
        self.notes: list[str] = []
        self.names: dict[str, str] = {}
        self.event: dict[str, Any] = {}

    def run(self) -> None:
        steps = real_steps(self.story)
        self.cluster.nodes.start(*WORKERS, backups=self.outline.primaries[1:])
        self.cluster.nodes.await_online(self.outline.primaries[0], *WORKERS)
        if not self.outline.backup:
            self.arm(steps[:1])
        self.launch()
        if self.outline.backup:
            # The backup must not get the job, so it starts after the job.
            self.cluster.nodes.start_backups()
            self.cluster.nodes.await_online(*self.cluster.nodes.specs)
            self.arm(steps[:1])
        self.began = self.site.now()
        mark = Mark(0.0, self.began)
        for number, step in enumerate(steps):
            self.arm(steps[number + 1 : number + 2])
            if step.verb != "crash":
                mark = self.await_moment(step, mark)
            self.make(step, mark)
            mark = Mark(step.at, self.site.now())
        self.rest(mark)

    def launch(self) -> None:
        slot = self.cluster.api.present_slot()
        event = msgspec.to_builtins(event_of(self.outline, slot))
        self.event = {**event, "params": runnable(event["params"])}
        self.ask("create_event", event=self.event)
        if self.outline.second:
            other = msgspec.to_builtins(second_of(slot))
            self.ask("create_event", event={**other, "params": runnable(other["params"])})
        for _ in range(self.outline.runs if self.outline.trigger == "manual" else 0):
            self.ask("run", event=EVENT, **BY_HAND)
        within = 3 * self.cluster.system.timings.minute + SLACK
        first = self.cluster.await_evidence("the job started", self.executions, within)[0]
        self.names = swapped(self.story.victim, first.node)

    def executions(self) -> list[Execution]:
        """What has run, with a look at what the system shows."""
        self.cluster.calls.jobs()
        return self.cluster.tagged(TAG)

    def arm(self, coming: list[RealStep]) -> None:
        """Ask for the next crash now, before the steps that lead up to it."""
        for step in coming:
            if step.verb == "crash" and step.point is not None:
                self.site.arm(self.names.get(step.node, step.node), step.point)

    def await_moment(self, step: RealStep, mark: Mark) -> Mark:
        """Wait until the step is due: for what is seen before it, then for the seconds between.

        What happens at the second of the step itself is no sign of it, but its effect.
        """
        before = [s for s in self.signs if mark.story < s.at < step.at - MOMENT]
        if before:
            mark = self.await_sign(before[-1], mark)
        due = mark.real + (step.at - mark.story) / SPEED
        self.pass_time(due - self.site.now())
        return Mark(step.at, due)

    def await_sign(self, sign: Sign, mark: Mark) -> Mark:
        within = (sign.at - mark.story) / SPEED + SLACK
        seen = self.site.wait(lambda: self.seen(sign), within)
        if seen is not None:
            return Mark(sign.at, seen)
        what = "ended" if sign.end else "begun"
        self.notes.append(f"execution {sign.number + 1} had not {what} where the story has it")
        return mark

    def seen(self, sign: Sign) -> float | None:
        """When that execution began, or ended, here; None as long as it has not."""
        runs = self.executions()
        if len(runs) <= sign.number:
            return None
        return runs[sign.number].ended_at if sign.end else runs[sign.number].started_at

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass, and write down what is seen meanwhile."""

        def look() -> None:
            self.executions()

        if seconds > 0:
            self.site.wait(look, seconds)

    def make(self, step: RealStep, mark: Mark) -> None:
        late = self.site.now() - mark.real
        if step.verb != "crash" and late > SLACK / 2:
            self.notes.append(f"{step.verb} {step.node} was {late:.1f} s late")
        node = self.names.get(step.node, step.node)
        timings = self.cluster.system.timings
        match step.verb:
            case "release":
                self.site.release(TAG)
            case "order":
                self.order(step.order)
            case "start":
                self.cluster.nodes.restart(node)
            case "crash":
                within = (step.at - mark.story) / SPEED + timings.notice + SLACK
                self.cluster.hurt(lambda: self.site.crashed(node, within))
            case "stop":
                self.cluster.hurt(lambda: self.site.stop(node, timings.stop + SLACK))
            case verb:
                self.cluster.hurt(lambda: getattr(self.site, verb)(node))

    def order(self, what: str) -> None:
        for verb, args in ORDERS[what]:
            if "params" in (fields := args.get("fields", {})):
                args = {**args, "fields": {**fields, "params": runnable(fields["params"])}}
            self.ask(verb, **self.about(verb, what), **args)

    def about(self, verb: str, what: str) -> dict[str, Any]:
        """What a call is about: the event, or the lineage of a job."""
        if verb == "create_event":
            return {"event": self.event}
        if verb != "abort":
            return {"event": EVENT}
        waiting = [job.root for job in self.cluster.calls.jobs() if job.state == "waiting"]
        root = root_of(self.executions()[0])
        return {"job": waiting[-1] if waiting and "waits" in what else root}

    def ask(self, verb: str, **args: Any) -> None:
        """Ask the scheduler for something; a refusal or a missing answer ends nothing."""
        with suppress(Rejected, Unreachable):
            self.cluster.calls.call(verb, **args)

    def rest(self, mark: Mark) -> None:
        """Let the story go on to its end, and write down the final state."""
        self.pass_time((self.story.lines[-1].at - self.story.began - mark.story) / SPEED)
        self.site.wait(self.at_rest, self.cluster.system.timings.notice + SLACK)
        self.executions()
        if self.cluster.calls.leader():
            self.cluster.keep_ledger()
            if self.outline.runs_on(self.cluster.calls.online()):
                self.cluster.owe(0.0, what="rest", since=self.began)
        self.cluster.end_history()

    def at_rest(self) -> bool:
        runs = self.executions()
        if any(run.how == "running" for run in runs):
            return False
        if not any(self.site.alive(node) for node in self.outline.primaries):
            return True
        return bool(self.cluster.calls.leader()) and all(
            job.final for job in self.cluster.calls.jobs()
        )


def signs(story: Story) -> list[Sign]:
    lines = [line.execution for line in story.lines if isinstance(line, Witnessed)]
    latest = {execution.id: execution for execution in lines}
    ordered = sorted(latest.values(), key=lambda execution: execution.started_at)
    return sorted(
        Sign(at - story.began, number, end)
        for number, execution in enumerate(ordered)
        for end, at in ((False, execution.started_at), (True, execution.ended_at))
        if at is not None
    )


def runnable(params: dict[str, Any]) -> dict[str, Any]:
    """The same parameters for a real job, which is a script that reports to the witness."""
    return {"script": SCRIPT, **params}


def swapped(story: str, here: str) -> dict[str, str]:
    """The names of servers here by those of the story, when another worker got the job.

    Raises `Inconclusive` if it runs where it can't be the same story.
    """
    if story == here:
        return {}
    if not {story, here} <= {*WORKERS}:
        raise Inconclusive(f"the job runs on {here}, and in the story on {story}")
    return {story: here, here: story}
