"""Settings under which a rerun could start beside a live job are refused, by all who get them."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from runall_reference.brain.primary import Primary
from runall_reference.brain.settings import Settings, UnsafeSettings
from runall_reference.brain.worker import Worker

# 100 s x (1 + 0.05) + 10 s = 115 s, and not a moment less.
SAFE = Settings(fence=100.0, drift=0.05, kill_grace=10.0, dead_job_timeout=115.1)
UNSAFE = replace(SAFE, dead_job_timeout=115.0)


def test_the_defaults_are_safe():
    assert Settings().checked() == Settings()


def test_a_job_must_have_ended_before_its_rerun_may_start():
    assert SAFE.checked() == SAFE
    with pytest.raises(UnsafeSettings):
        UNSAFE.checked()


@pytest.mark.parametrize("change", [{"fence": 101.0}, {"drift": 0.06}, {"kill_grace": 11.0}])
def test_each_part_of_the_sum_counts(change: dict[str, float]):
    with pytest.raises(UnsafeSettings):
        replace(SAFE, **change).checked()


def test_the_refusal_shows_the_sum_and_the_next_step():
    with pytest.raises(UnsafeSettings) as refusal:
        UNSAFE.checked()
    assert str(refusal.value) == (
        "fence 100 s x (1 + drift 0.05) + kill grace 10 s = 115 s must be less than the dead-job "
        "timeout of 115 s: shorten the fence or lengthen the timeout"
    )


@pytest.mark.parametrize("brain", [Primary, Worker])
def test_no_brain_works_with_them(brain: type[Primary] | type[Worker]):
    with pytest.raises(UnsafeSettings):
        brain("node", UNSAFE)


@pytest.mark.parametrize("role", [["primary"], ["worker", "--primary", "127.0.0.1:1"]])
def test_no_daemon_starts_with_them_and_it_says_why(role: list[str], tmp_path: Path):
    data = tmp_path / "data"
    options = ["--name", "n", "--data", str(data), "--fence", "100", "--dead-job-timeout", "115"]
    daemon = subprocess.run(
        [sys.executable, "-m", "runall_reference", *role, *options],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert daemon.returncode == 2
    assert "shorten the fence or lengthen the timeout" in " ".join(daemon.stderr.split())
    assert not data.exists()
