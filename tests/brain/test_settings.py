"""A backup must lead before workers give up their jobs; settings that forbid it are refused."""

import pytest
from msgspec.structs import replace
from runall_reference.brain.settings import Settings, UnsafeSettings

# 40 s x 1.25 = 50 s, and a moment more.
SAFE = Settings(lease=40.0, fence=50.1)


def test_a_job_outlives_its_worker_s_last_contact_by_fence_drift_and_grace() -> None:
    assert Settings(fence=100.0, drift=0.05, kill_grace=10.0).outlives() == 115.0


def test_a_job_that_outlives_its_worker_as_long_as_the_timeout_outlives_it_too_long() -> None:
    even = Settings(fence=100.0, drift=0.5, kill_grace=10.0, dead_job_timeout=160.5)
    assert even.checked() == even
    with pytest.raises(UnsafeSettings):
        replace(even, dead_job_timeout=160.0).checked()


def test_a_takeover_must_come_before_the_fence() -> None:
    assert SAFE.checked_for_backups() == SAFE
    with pytest.raises(UnsafeSettings) as refusal:
        replace(SAFE, fence=50.0).checked_for_backups()
    assert str(refusal.value) == (
        "a backup leads 50 s after the last renewal of a lease of 40 s, and workers stop their "
        "jobs after the fence of 50 s: shorten the lease or lengthen the fence"
    )


def test_settings_with_a_backup_owe_the_first_inequality_too() -> None:
    with pytest.raises(UnsafeSettings, match="dead-job timeout of 60 s"):
        replace(SAFE, dead_job_timeout=60.0).checked_for_backups()
