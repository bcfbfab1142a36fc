"""A cluster of the reference that stays up for a person, and for no case.

Its durations are longer than those of the cases, so that a person can follow them, and far shorter
than the defaults, so that nobody waits for minutes.
"""

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace
from runall_reference.brain.settings import Settings

from runall_harness.evidence.history import History
from runall_harness.rigs.base import Rig
from runall_harness.rigs.real_site import RealSite
from runall_harness.systems.reference.system import Reference

from .calls import Calls
from .nodes import PRIMARY, Nodes

UNHURRIED = Settings(
    heartbeat=1.0, silence=3.0, dead_job_timeout=10.0, fence=7.0, kill_grace=1.0, lease=5.0
)
# How long one wait lasts, in seconds; then the next one begins.
HOUR = 3600.0


class StandingCluster:
    """A primary and workers on a real rig. The end of the rig ends them, too."""

    def __init__(self, rig: Rig, policy: str = "") -> None:
        site = rig.site("up")
        assert isinstance(site, RealSite), "a person needs real nodes"
        self.site, self.system = site, Reference(policy, rig.name)
        self.system.settings = replace(UNHURRIED, policy=self.system.policy)
        self.calls = Calls(site, History())
        self.nodes = Nodes(self.system, site, self.calls, History())

    def up(self, workers: int) -> None:
        """Start all nodes, and wait until they take work. Raises `KitCannotRun`."""
        self.nodes.start(*(f"worker-{number}" for number in range(1, workers + 1)))
        self.nodes.await_online(*self.nodes.specs)
        self.token_file.touch(0o600)
        self.token_file.write_text(f"{self.system.token}\n", "utf-8")

    @property
    def url(self) -> str:
        return self.site.url(PRIMARY)

    @property
    def token_file(self) -> Path:
        return self.site.data_folder(PRIMARY) / "token"

    def kill_commands(self) -> dict[str, str]:
        """What a person types to kill each node, by its name."""
        return {node: self.site.kill_command(node) for node in self.nodes.specs}

    def watch(self, tell: Callable[[str], None]) -> None:
        """Tell of each node that ends, until there is none; a signal interrupts it."""
        told = set[str]()

        def dead() -> list[str]:
            return [n for n in self.nodes.specs if n not in told and not self.site.alive(n)]

        while len(told) < len(self.nodes.specs):
            for node in self.site.wait(dead, HOUR) or ():
                tell(node)
                told.add(node)

    def close(self) -> None:
        self.calls.close()
        self.system.close()
