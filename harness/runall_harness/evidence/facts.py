"""The facts of a case: which faults took effect, and what the jobs did."""

import msgspec


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The result of injecting a fault. `at` is seconds on the rig's clock.

    `evidence` is what was observed, in one line (an exit code, a vanished pid, a refused
    connection). A fault that is not proven makes its case inconclusive, never green. `peers` are
    the nodes at the other end of a cut or of a message; empty where that is every other node.
    """

    kind: str
    node: str
    at: float
    proven: bool
    evidence: str
    peers: tuple[str, ...] = ()


class Execution(msgspec.Struct, kw_only=True):
    """One real execution of a job, as the job itself reported it. Times are seconds.

    `how` is running, completed, failed, terminated (it got SIGTERM) or killed (it reported no end,
    and the rig saw its node or process die). `beat_at` is its last sign of life. `params` are the
    user's; `claims` are the variables that the scheduler gave the job about itself (JOB_*).
    """

    id: str
    tag: str = ""
    node: str
    job: str
    now: str = ""
    params: dict[str, str] = {}
    claims: dict[str, str] = {}
    started_at: float
    beat_at: float = 0.0
    ended_at: float | None = None
    how: str = "running"
