"""A storm: one server is lost with many jobs, and all of them have to be run again."""

from itertools import pairwise

from pytest_bdd import given, parsers, then

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution

from .given import TARGETS
from .patience import in_time
from .scene import Scene
from .stage import Work

FIRST_WORKER = TARGETS["the first worker"]
# What two servers of a busy machine may take longer or shorter to start a process, of the slack.
JITTER = 1 / 20


@given(parsers.parse("{count:d} manual jobs of it run on the first worker"))
def _(scene: Scene, count: int) -> None:
    tags = [f"job-{number:03}" for number in range(count)]
    target, scene.plan["target"] = scene.plan["target"], FIRST_WORKER
    scene.create_planned("report", "manual", {})
    roots = {tag: start(scene, tag, number) for number, tag in enumerate(tags, 1)}
    found = by_tag(scene)
    scene.cluster.await_evidence(
        "the system shows all of them as running", lambda: all_shown(scene, roots), scene.deadline
    )
    for tag, root in roots.items():
        scene.works[tag] = Work(
            tag=tag, trigger="manual", event="report", first=found[tag][0], root=root
        )
        scene.cluster.regard(root, tag)
    scene.cluster.edit("report", target=target)


def start(scene: Scene, tag: str, number: int) -> str:
    """Start one job by hand and see it run: the storm is to come from the loss, not before it."""
    job: str = scene.cluster.call("run", event="report", params={"tag": tag}, source="operator")
    site = scene.cluster.site
    scene.cluster.await_evidence(
        f"{tag} runs", lambda: len(site.executions()) >= number, scene.deadline
    )
    return job


def all_shown(scene: Scene, roots: dict[str, str]) -> bool:
    """Whether the system itself knows that all of these run."""
    states = {view.id: view.state for view in scene.cluster.jobs()}
    return all(states.get(root) == "running" for root in roots.values())


def by_tag(scene: Scene) -> dict[str, list[Execution]]:
    """The executions of each of the jobs, oldest first."""
    runs: dict[str, list[Execution]] = {tag: [] for tag in scene.works}
    for run in scene.cluster.executions():
        runs.setdefault(run.tag, []).append(run)
    return runs


def all_of(scene: Scene, tags: list[str], times: int) -> dict[str, list[Execution]] | None:
    """The executions by tag, once each of these tags has that many."""
    if len(scene.cluster.site.executions()) < len(tags) * times:
        return None  # looked at after every act of a simulation, so it has to be cheap
    runs = by_tag(scene)
    return runs if all(len(runs.get(tag, ())) >= times for tag in tags) else None


def second_runs(scene: Scene) -> list[Execution]:
    """The reruns that have come, in the order of the jobs that they replace."""
    return [runs[1] for tag, runs in by_tag(scene).items() if tag in scene.works and len(runs) > 1]


@then("the first three of them run again, and the others wait")
def _(scene: Scene) -> None:
    if not in_time(scene, "the third rerun", lambda: len(second_runs(scene)) >= 3):
        raise Violation("RA-1.1", "the first three are run again", f"{second_runs(scene)}")
    scene.canary()
    require_calm(scene)
    came = [run.tag for run in second_runs(scene)]
    if came != list(scene.works)[:3]:
        raise Violation("RA-8.5", "the first three, and no other, run again", ", ".join(came))


@then(parsers.re(r"each of them is run again, once, in their order(?P<spread>| and spread .+)"))
def _(scene: Scene, spread: str) -> None:
    if not spread:
        release_all(scene)
    tags = list(scene.works)
    within = scene.deadline + len(tags) * (scene.timings.spread + scene.timings.prompt)
    complete = in_time(scene, "the last rerun", lambda: all_of(scene, tags, 2), within)
    require_calm(scene)
    if not complete:
        came = [run.tag for run in second_runs(scene)]
        raise Violation("RA-1.1", f"all {len(tags)} are run again", f"only {len(came)}: {came}")
    require_order(scene, second_runs(scene))
    if spread:
        require_spread(scene, second_runs(scene))
        release_all(scene)
    require_once(scene)


def release_all(scene: Scene) -> None:
    """Let all of them end."""
    for tag in scene.works:
        scene.cluster.site.release(tag)


def require_calm(scene: Scene) -> None:
    """No rerun was cut short too: then more than one server was lost, and this is another story.

    On a machine that is too busy a live server falls silent for longer than its fence.
    """
    lost = [run for run in second_runs(scene) if run.how in ("terminated", "killed")]
    if lost:
        told = ", ".join(f"{run.job} on {run.node} was {run.how}" for run in lost)
        raise Inconclusive(f"reruns were lost too, perhaps on a machine that is too busy: {told}")


def require_order(scene: Scene, reruns: list[Execution]) -> None:
    """Each begins after the one before it, as far as two servers can be compared."""
    for one, other in pairwise(reruns):
        if other.started_at < one.started_at - scene.timings.slack * JITTER:
            raise Violation(
                "RA-8.5",
                f"{one.tag} starts before {other.tag}",
                f"{one.started_at - other.started_at:.2f} s after it",
            )


def require_spread(scene: Scene, reruns: list[Execution]) -> None:
    """They do not all begin at once: the system says how far apart they do."""
    took = reruns[-1].started_at - reruns[0].started_at
    least = (len(reruns) - 1) * scene.timings.spread - scene.timings.slack * JITTER
    if took < least or took <= 0:
        raise Violation(
            "RA-8.5",
            f"{len(reruns)} reruns over at least {least:.2f} s",
            f"all within {took:.2f} s",
        )


def require_once(scene: Scene) -> None:
    """All of them end well, and none of them runs a third time."""
    scene.cluster.await_evidence(
        "all of them end",
        lambda: all(run.how == "completed" for run in second_runs(scene)),
        scene.deadline + len(scene.works),
    )
    scene.canary()
    require_calm(scene)
    counts = {tag: len(runs) for tag, runs in by_tag(scene).items() if tag in scene.works}
    twice = {tag: count for tag, count in counts.items() if count != 2}
    if twice:
        raise Violation("RA-1.4", "two executions of each", f"{twice}")
