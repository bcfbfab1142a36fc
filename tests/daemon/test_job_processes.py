"""A job is a real process: what it is given, what it may know, and how all of it ends."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from runall_reference.brain.records import Job
from runall_reference.daemon.job_environment import environment
from support.real_daemons import SECRET, TOKEN, Town, gone


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    yield town
    town.close()


# ------------------------------------------------------------------ jobs as processes
def test_a_job_that_is_deaf_to_sigterm_is_killed_after_the_grace(town: Town):
    ear, (_, api) = town.ear(), town.primary(worker=True)
    api.server_in("online", "p")
    script = 'trap "echo deaf > $EAR" TERM; echo up > $EAR; while :; do sleep 600 & wait; done'
    api.event("e", script, params={"EAR": str(ear.path)})
    job = api.run("e")
    assert ear.hear() == "up"
    api.http.post(f"/v1/jobs/{job['id']}/abort").raise_for_status()
    assert ear.hear() == "deaf"
    assert api.job_in("aborted", job["id"])["code"] == -signal.SIGKILL


def test_what_a_job_leaves_in_its_group_ends_with_it(town: Town):
    ear, (_, api) = town.ear(), town.primary(worker=True)
    api.server_in("online", "p")
    api.event("e", "sleep 600 & echo $! > $EAR", params={"EAR": str(ear.path)})
    job = api.run("e")
    straggler = int(ear.hear())
    api.job_in("succeeded", job["id"])
    assert gone(straggler)


def test_a_jobs_environment_has_its_parameters_and_no_secret(town: Town):
    _, api = town.primary(worker=True)
    api.server_in("online", "p")
    params = {"max-size": 3, "loud": True, "list": [1], "job_id": "forged", "9lives": "cat"}
    api.event("e", "env; echo out; echo err >&2", params=params)
    job = api.run("e")
    api.job_in("succeeded", job["id"])
    printed = (town.folder / "p" / "logs" / f"{job['id']}.log").read_text()
    lines = printed.splitlines()
    for line in ("MAX_SIZE=3", "LOUD=1", "_9LIVES=cat", "JOB_EVENT=e", "out", "err"):
        assert line in lines
    assert f"JOB_ID={job['id']}" in lines
    for leak in (SECRET, TOKEN, "RUNALL_SECRET", "RUNALL_TOKEN", "LIST="):
        assert leak not in printed


def test_a_job_does_not_learn_the_password_of_its_servers_store(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPASSWORD", "hush")
    job = Job(id="j", root="j", event="e", attempt=1, cause="manual", now=0.0)
    assert "hush" not in environment(job, Path()).values()


def test_a_job_without_a_script_fails_and_its_log_says_why(town: Town):
    _, api = town.primary(worker=True)
    api.server_in("online", "p")
    api.event("e", "")
    job = api.run("e")
    assert api.job_in("failed", job["id"])["code"] == 127
    printed = (town.folder / "p" / "logs" / f"{job['id']}.log").read_text()
    assert "no script: give the event a parameter named 'script'" in printed


def test_a_script_may_name_its_own_interpreter(town: Town):
    ear, (_, api) = town.ear(), town.primary(worker=True)
    api.server_in("online", "p")
    script = "#!/usr/bin/env python3\nimport os\nopen(os.environ['EAR'], 'w').write('hello\\n')\n"
    api.event("e", script, params={"EAR": str(ear.path)})
    job = api.run("e")
    assert ear.hear() == "hello"
    api.job_in("succeeded", job["id"])
    assert not list((town.folder / "p" / "jobs").iterdir())
