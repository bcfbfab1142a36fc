"""A job is a real process: what it is given, what it may know, and how all of it ends."""

import signal
from pathlib import Path

import pytest
from runall_reference.brain.records import Job
from runall_reference.daemon.job_environment import environment
from support.real_daemons import SECRET, TOKEN, RealDaemons, gone


# ------------------------------------------------------------------ jobs as processes
def test_a_job_that_ignores_sigterm_is_killed_after_the_grace(daemons: RealDaemons):
    pipe, (_, api) = daemons.pipe(), daemons.primary(worker=True)
    api.server_in("online", "p")
    script = 'trap "echo deaf > $PIPE" TERM; echo up > $PIPE; while :; do sleep 600 & wait; done'
    api.event("e", script, params={"PIPE": str(pipe.path)})
    job = api.run("e")
    assert pipe.read_word() == "up"
    api.http.post(f"/v1/jobs/{job['id']}/abort").raise_for_status()
    assert pipe.read_word() == "deaf"
    assert api.job_in("aborted", job["id"])["code"] == -signal.SIGKILL


def test_what_a_job_leaves_in_its_group_ends_with_it(daemons: RealDaemons):
    pipe, (_, api) = daemons.pipe(), daemons.primary(worker=True)
    api.server_in("online", "p")
    api.event("e", "sleep 600 & echo $! > $PIPE", params={"PIPE": str(pipe.path)})
    job = api.run("e")
    straggler = int(pipe.read_word())
    api.job_in("succeeded", job["id"])
    assert gone(straggler)


def test_a_jobs_environment_has_its_parameters_and_no_secret(daemons: RealDaemons):
    _, api = daemons.primary(worker=True)
    api.server_in("online", "p")
    params = {"max-size": 3, "loud": True, "list": [1], "job_id": "forged", "9lives": "cat"}
    api.event("e", "env; echo out; echo err >&2", params=params)
    job = api.run("e")
    api.job_in("succeeded", job["id"])
    printed = (daemons.folder / "p" / "logs" / f"{job['id']}.log").read_text()
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


def test_a_job_without_a_script_fails_and_its_log_says_why(daemons: RealDaemons):
    _, api = daemons.primary(worker=True)
    api.server_in("online", "p")
    api.event("e", "")
    job = api.run("e")
    assert api.job_in("failed", job["id"])["code"] == 127
    printed = (daemons.folder / "p" / "logs" / f"{job['id']}.log").read_text()
    assert "no script: give the event a parameter named 'script'" in printed


def test_a_script_may_name_its_own_interpreter(daemons: RealDaemons):
    pipe, (_, api) = daemons.pipe(), daemons.primary(worker=True)
    api.server_in("online", "p")
    script = "#!/usr/bin/env python3\nimport os\nopen(os.environ['PIPE'], 'w').write('hello\\n')\n"
    api.event("e", script, params={"PIPE": str(pipe.path)})
    job = api.run("e")
    assert pipe.read_word() == "hello"
    api.job_in("succeeded", job["id"])
    assert not list((daemons.folder / "p" / "jobs").iterdir())
