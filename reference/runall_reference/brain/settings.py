"""Every setting of the reference: its unit, its default, the inequalities that must hold.

The worker keeps the fence, the primary the dead-job timeout. Two attempts never live at once
(RA-7.1) only if the fence and the kill grace are surely over before the timeout is. A backup must
also lead before workers stop their jobs because no primary answers.
"""

import msgspec

# A backup looks at the lease four times per lease duration, so it takes over at most this many
# durations after the last renewal.
TAKEOVER = 1.25


class UnsafeSettings(ValueError):
    """With these settings a rerun could start beside its job, or a takeover end a running one."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All durations are seconds.

    heartbeat: a worker sends its inventory at least this often.
    silence: no beat for this long makes a worker suspect (a closed link does so at once).
    dead_job_timeout: a worker suspect for this long is lost, and its jobs are interrupted.
    fence: a worker whose last acknowledged beat was sent this long ago stops its jobs.
    kill_grace: from SIGTERM to SIGKILL, for every stop of a job.
    lease: a backup takes over from a primary that did not renew its lease for this long.
    spread: the reruns of one lost server start this far apart.
    drift: how much faster one clock may run than another, as a fraction.
    """

    heartbeat: float = 5.0
    silence: float = 15.0
    dead_job_timeout: float = 120.0
    fence: float = 90.0
    kill_grace: float = 10.0
    lease: float = 30.0
    spread: float = 0.05
    drift: float = 0.05
    time_scale: float = 1.0
    policy: str = "reference"

    def outlives(self) -> float:
        """How long a job may outlive its worker's last contact with a primary, in seconds."""
        return self.fence * (1 + self.drift) + self.kill_grace

    def checked(self) -> "Settings":
        """These settings, or `UnsafeSettings` if two attempts could live at once (RA-7.7)."""
        if self.outlives() >= self.dead_job_timeout:
            raise UnsafeSettings(
                f"fence {self.fence:g} s x (1 + drift {self.drift:g}) + kill grace "
                f"{self.kill_grace:g} s = {self.outlives():g} s must be less than the dead-job "
                f"timeout of {self.dead_job_timeout:g} s: shorten the fence or lengthen the timeout"
            )
        return self

    def checked_for_backups(self) -> "Settings":
        """These settings, or `UnsafeSettings` if workers give up before a backup leads (RA-9.4)."""
        takeover = self.lease * TAKEOVER
        if takeover >= self.fence:
            raise UnsafeSettings(
                f"a backup leads {takeover:g} s after the last renewal of a lease of "
                f"{self.lease:g} s, and workers stop their jobs after the fence of "
                f"{self.fence:g} s: shorten the lease or lengthen the fence"
            )
        return self.checked()
