"""A job's process in virtual time: it does what `witness.sh` does on a real machine."""

from collections.abc import Callable

from runall_reference.brain.records import Job

from runall_harness.evidence.facts import Execution

# Seconds from the release of a process to its end.
TICK = 0.01
# Bytes. An operating system gives a process no longer string, and no more of them together; each
# has a mark of its end.
LONGEST, TOGETHER = 128 * 1024, 2 * 1024 * 1024
# There is no interpreter for a script that begins so.
NOWHERE = "#!/nowhere/"
# The exit status of what could not be started, as the daemon has it.
NOT_STARTED = 127


def startable(job: Job) -> bool:
    """Whether the operating system would start the process of a job."""
    given = {name: value for name, value in job.params.items() if isinstance(value, str)}
    script = given.pop("script", "")
    strings = [f"{name}={value}".encode() for name, value in given.items()]
    sizes = [len(string) + 1 for string in strings]
    fit = max(sizes, default=0) <= LONGEST and sum(sizes) <= TOGETHER
    return fit and not any(b"\0" in s for s in strings) and not script.startswith(NOWHERE)


def ignore_exit(code: int) -> None:
    del code


class Crashed(Exception):
    """The node died in the middle of a step: the rest of the step is not done."""


class Process:
    """One execution. It ends when its tag is released, by a signal, or with its node."""

    def __init__(self, job: Job, number: int, node: str, now: float) -> None:
        params = {name.upper(): str(value) for name, value in job.params.items()}
        self.holds = params.get("HOLD", "1") != "0"
        self.code = int(params.get("ENDS", "0"))
        self.on_term = params.get("ON_TERM", "die")
        self.over = False
        self.on_exit: Callable[[int], None] = ignore_exit
        self.execution = Execution(
            id=f"{node}-{number}",
            tag=params.get("TAG", ""),
            node=node,
            job=job.id,
            now=f"{job.now:.3f}",
            started_at=now,
            beat_at=now,
            claims=claims(job),
            params={k: v for k, v in params.items() if k != "SCRIPT"},
        )

    def end(self, how: str, code: int, now: float) -> None:
        if not self.over:
            self.over = True
            self.execution.how, self.execution.ended_at = how, now
            self.execution.beat_at = now
            self.on_exit(code)

    def finish(self, now: float) -> None:
        self.end("failed" if self.code else "completed", self.code, now)

    def signal(self, name: str, now: float) -> None:
        """Get a signal: SIGKILL ends it at once; on SIGTERM it does what ON_TERM says."""
        if name == "KILL":
            self.end("killed", -9, now)
        elif self.on_term == "finish":
            self.end("completed", 0, now)
        elif self.on_term == "die":
            self.end("terminated", 143, now)


def claims(job: Job) -> dict[str, str]:
    """The identity that the reference gives a job in its environment."""
    return {
        "JOB_ID": job.id,
        "JOB_EVENT": job.event,
        "JOB_NOW": f"{job.now:.3f}",
        "JOB_SOURCE": job.source,
        "JOB_ATTEMPT": str(job.attempt),
        "JOB_ROOT": job.root,
        "JOB_PREDECESSOR": job.predecessor,
    }
