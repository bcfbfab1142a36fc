"""A story on real nodes: the same world with the same settings, some times as fast.

Every length of the story is divided by one number, the settings' as well, so that what comes
first in the story comes first there. Each step waits for what can be seen before it, that an
execution has begun or ended, and only then for the seconds between the two. A step that a busy
machine makes late is noted.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from runall_harness.checks.job_traces import root_of
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import AnyLine, Owed, Witnessed
from runall_harness.evidence.views import Rejected, Unreachable
from runall_harness.evidence.witness_job import SCRIPT
from runall_harness.mutants.daemons import serve
from runall_harness.rigs.base import NodeSpec, Rig, Site
from runall_harness.scenario.cluster import Cluster
from runall_harness.systems.base import Timings
from runall_harness.systems.reference.system import Reference

from .moves import ORDERS
from .play import BY_HAND, EVENT, MOMENT, TAG, event_of
from .real_steps import RealStep, real_steps
from .story import Script, Story
from .worlds import WORKERS, Outline

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
        self.mutant = script.mutant

    @property
    def timings(self) -> Timings:
        """Those of the reference, with less slack: a late step is noted, and not waited for."""
        return msgspec.structs.replace(super().timings, slack=SLACK)

    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        """The node of the reference; if there is a bug, it is planted before the daemon starts."""
        spec = super().node(site, name, role, primaries)
        if not self.mutant:
            return spec
        options = spec.command[spec.command.index(role) :]
        return msgspec.structs.replace(spec, command=(*serve(self.mutant), *options))


def replay_on(rig: Rig, story: Story) -> "RealReplay":
    """Play a story on real nodes to its end. Raises `Inconclusive` or `KitCannotRun`."""
    name = f"replay/{story.script.outline.name}"
    case = Case(
        id=name,
        feature="replay",
        scenario=name,
        trigger=story.script.outline.trigger,
        clauses=(),
        needs=(),
        tags=frozenset({"partition"}),
        file="",
        line=0,
        scenario_line=0,
    )
    with closing(Cluster(rig, case, FastReference(story.script, rig.name))) as cluster:
        replay = RealReplay(cluster, story)
        replay.run()
    return replay


class Mark(NamedTuple):
    """The same instant in the story and on the real nodes, in seconds of each."""

    story: float
    real: float


@dataclass
class RealReplay:
    """A story on its way over real nodes.

    `began` is the second from which it counts, on the rig's clock. `notes` say what went another
    way than in the story, or came late. `names` are those of the story's servers here: which of
    two workers gets the job is the scheduler's choice.
    """

    cluster: Cluster
    story: Story
    began: float = 0.0
    notes: list[str] = field(default_factory=list[str])
    names: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def lines(self) -> list[AnyLine]:
        """The history, with the line that says how it came about."""
        meta, *rest = self.cluster.history.lines
        return [meta, self.story.script.line(meta.at), *rest]

    def run(self) -> None:
        """Start the nodes and the job, make each step in its turn, and wait for the end."""
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

    @property
    def outline(self) -> Outline:
        """The world of the story."""
        return self.story.script.outline

    @property
    def site(self) -> Site:
        """The place of the nodes, on the rig."""
        return self.cluster.site

    # ---------------------------------------------------------------- the beginning
    def launch(self) -> None:
        """Create the event, and have its job started."""
        event = msgspec.to_builtins(event_of(self.outline, self.cluster.api.present_slot()))
        self.ask("create_event", event={**event, "params": runnable(event["params"])})
        if self.outline.trigger == "manual":
            self.ask("run", event=EVENT, **BY_HAND)
        within = 3 * self.cluster.system.timings.minute + SLACK
        first = self.cluster.await_evidence("the job started", self.executions, within)[0]
        self.names = swapped(self.story.victim, first.node)

    def executions(self) -> list[Execution]:
        """What has run, with a look at what the system shows."""
        self.cluster.calls.jobs()
        return self.cluster.tagged(TAG)

    # ---------------------------------------------------------------- one after the other
    def arm(self, coming: list[RealStep]) -> None:
        """Ask for the next crash now, before the steps that lead up to it."""
        for step in coming:
            if step.verb == "crash" and step.point is not None:
                self.site.arm(self.name(step.node), step.point)

    def name(self, node: str) -> str:
        """What a server of the story is called here."""
        return self.names.get(node, node)

    def await_moment(self, step: RealStep, mark: Mark) -> Mark:
        """Wait until the step is due: for what is seen before it, then for the seconds between."""
        for number, ended, at in self.signs(mark.story, step.at):
            within = (at - mark.story) / SPEED + SLACK
            seen = self.cluster.site.wait(lambda n=number, e=ended: self.seen(n, e), within)
            if seen is None:
                what = "ended" if ended else "begun"
                self.notes.append(f"execution {number + 1} had not {what} where the story has it")
                break
            mark = Mark(at, seen)
        due = mark.real + (step.at - mark.story) / SPEED
        self.pass_time(due - self.site.now())
        return Mark(step.at, due)

    def signs(self, since: float, until: float) -> list[tuple[int, bool, float]]:
        """The last start or end of an execution between two seconds of the story, if any.

        As its number from 0, whether it is the end, and when that is. One at the second `until`
        itself is no sign of the step, but its effect.
        """
        lines = [line.execution for line in self.story.lines if isinstance(line, Witnessed)]
        latest = {execution.id: execution for execution in lines}
        ordered = sorted(latest.values(), key=lambda execution: execution.started_at)
        found = [
            (number, ended, at - self.story.began)
            for number, execution in enumerate(ordered)
            for ended, at in ((False, execution.started_at), (True, execution.ended_at))
            if at is not None and since < at - self.story.began < until - MOMENT
        ]
        return sorted(found, key=lambda each: each[2])[-1:]

    def seen(self, number: int, ended: bool) -> float | None:
        """When that execution began, or ended, here; None as long as it has not."""
        runs = self.executions()
        if len(runs) <= number:
            return None
        return runs[number].ended_at if ended else runs[number].started_at

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass, and write down what is seen meanwhile."""

        def look() -> None:
            self.executions()

        if seconds > 0:
            self.cluster.site.wait(look, seconds)

    def make(self, step: RealStep, mark: Mark) -> None:
        """Make a step, and note if it was late."""
        late = self.site.now() - mark.real
        if step.verb != "crash" and late > SLACK / 2:
            self.notes.append(f"{step.verb} {step.node} was {late:.1f} s late")
        node = self.name(step.node)
        match step.verb:
            case "release":
                self.site.release(TAG)
            case "order":
                self.order(step.order)
            case "start":
                self.cluster.nodes.restart(node)
            case "crash":
                within = (step.at - mark.story) / SPEED + self.cluster.system.timings.notice + SLACK
                self.cluster.hurt(lambda: self.site.crashed(node, within))
            case verb:
                self.cluster.hurt(self.fault(verb, node))

    def fault(self, verb: str, node: str) -> Callable[[], Proof]:
        """The function that injects or mends that fault."""
        if verb == "stop":
            return lambda: self.site.stop(node, self.cluster.system.timings.stop + SLACK)
        return lambda: getattr(self.site, verb)(node)

    def order(self, what: str) -> None:
        """Ask as a user would, with the parameters that a real job needs."""
        verb, args = ORDERS[what]
        if "params" in (fields := args.get("fields", {})):
            args = {**args, "fields": {**fields, "params": runnable(fields["params"])}}
        if verb == "abort":
            self.ask(verb, job=root_of(self.executions()[0]))
        else:
            self.ask(verb, event=EVENT, **args)

    def ask(self, verb: str, **args: Any) -> None:
        """Ask the scheduler for something; a refusal or a missing answer ends nothing."""
        with suppress(Rejected, Unreachable):
            self.cluster.calls.call(verb, **args)

    # ---------------------------------------------------------------- the end
    def rest(self, mark: Mark) -> None:
        """Let the story go on to its end, and write down the final state."""
        left = (self.story.lines[-1].at - self.story.began - mark.story) / SPEED
        self.pass_time(left)
        self.cluster.site.wait(self.at_rest, self.cluster.system.timings.notice + SLACK)
        self.executions()
        now, online = self.site.now(), self.cluster.calls.online()
        for execution in self.cluster.executions():
            if execution.how == "running":
                self.cluster.history.add(Witnessed(at=now, execution=execution))
        if self.cluster.calls.leader():
            self.cluster.keep_ledger()
            if self.outline.runs_on(online):
                owed = Owed(at=now, what="rest", until=now, since=self.began)
                self.cluster.history.add(owed)
        self.cluster.end_history()

    def at_rest(self) -> bool:
        """Whether nothing runs, and nothing is owed."""
        runs = self.executions()
        if any(run.how == "running" for run in runs):
            return False
        if not any(self.site.alive(node) for node in self.outline.primaries):
            return True
        return bool(self.cluster.calls.leader()) and all(
            job.final for job in self.cluster.calls.jobs()
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
