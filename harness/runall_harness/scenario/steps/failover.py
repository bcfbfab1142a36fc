"""Steps about several servers that may lead, and the one that does."""

from pytest_bdd import given, then, when

from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.facts import Proof

from ..cluster import PRIMARY
from .patience import in_time
from .scene import Scene

BACKUP = "backup"


def await_takeover(scene: Scene, proof: Proof) -> None:
    """Wait until the backup leads; what it owes counts from the fault."""
    timings = scene.timings
    promised = timings.takeover + timings.notice + timings.dead_job_timeout
    scene.expect(scene.clause_after_primary("RA-9.5"), promised, proof)
    within = timings.takeover + timings.slack
    if not in_time(scene, "the takeover", lambda: scene.cluster.leader() == BACKUP, within):
        led = scene.cluster.leader() or "nobody"
        raise Violation("RA-9.2", f"the backup leads within {within:g} s", f"{led} leads")
    scene.led_at = scene.cluster.site.now()
    scene.cluster.await_online(BACKUP, *scene.workers)


@given("a primary, a backup and one worker")
def _(scene: Scene) -> None:
    scene.workers = ("worker-1",)
    scene.cluster.up(*scene.workers, backups=(BACKUP,))


@given("its event may run anywhere from now on")
def _(scene: Scene) -> None:
    scene.cluster.edit(scene.work.event, target="*")


@when("the primary is killed, and the backup takes over")
def _(scene: Scene) -> None:
    await_takeover(scene, scene.kill(PRIMARY))


@when("the primary is stopped cleanly and stays away")
def _(scene: Scene) -> None:
    await_takeover(scene, scene.stop(PRIMARY))


@when("the primary is frozen, and the backup takes over")
def _(scene: Scene) -> None:
    proof = scene.cluster.hurt(lambda: scene.cluster.site.pause(PRIMARY))
    scene.cut_off.add(PRIMARY)
    await_takeover(scene, proof)


@when("the primary is cut off, and the backup takes over")
def _(scene: Scene) -> None:
    await_takeover(scene, scene.cut(PRIMARY))


@when("the frozen primary wakes")
def _(scene: Scene) -> None:
    scene.cluster.hurt(lambda: scene.cluster.site.unpause(PRIMARY))
    scene.cut_off.discard(PRIMARY)
    scene.await_return(PRIMARY, clause="RA-9.6")


@when("the old primary comes back")
def _(scene: Scene) -> None:
    scene.come_back(PRIMARY)


@then("the backup leads before the lease would have ended")
def _(scene: Scene) -> None:
    took = scene.led_at - scene.left_at
    if took >= scene.timings.takeover:
        raise Violation("RA-9.7", f"less than {scene.timings.takeover:g} s", f"{took:.2f} s")


@then("the backup still leads, with the old primary as a worker")
def _(scene: Scene) -> None:
    leader, online = scene.cluster.leader(), scene.cluster.online()
    if leader != BACKUP or PRIMARY not in online:
        raise Violation(
            "RA-9.6", f"{BACKUP} leads, {PRIMARY} serves", f"{leader} leads, {sorted(online)} serve"
        )
