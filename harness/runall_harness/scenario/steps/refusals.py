"""Steps about servers that must not start: their settings would let two attempts live at once."""

from pytest_bdd import then, when

from runall_harness.contract.verdicts import Violation

from .scene import Scene


@when("its server is killed and is started again with unsafe settings", target_fixture="word")
def _(scene: Scene) -> str:
    scene.kill(scene.victim)
    unsafe, word = scene.cluster.system.unsafe(scene.cluster.specs[scene.victim])
    scene.cluster.restart(scene.victim, unsafe)
    return word


@then("it does not start, and says why")
def _(scene: Scene, word: str) -> None:
    node, site = scene.victim, scene.cluster.site
    if not scene.cluster.wait(lambda: not site.alive(node), scene.timings.start):
        raise Violation("RA-7.7", f"{node} does not start", "it runs")
    last = (site.logs(node).splitlines() or [""])[-1]
    if not scene.cluster.wait(lambda: word in site.logs(node), scene.timings.slack):
        raise Violation("RA-7.7", f"{node} says {word!r}", f"it says {last!r}")
