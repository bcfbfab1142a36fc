"""Given steps: the servers, and the jobs that run on them."""

import pytest
from pytest_bdd import given, parsers

from runall_harness.evidence.witness_job import NOTE

from ..cluster import Cluster
from ..due_slots import slot_params, two_slots_served
from ..expectations import Scenario
from ..nodes import PRIMARY
from .events import COUNTS

BACKUP = "backup"
BACKUPS = {"a backup": (BACKUP,), "two backups": (BACKUP, "backup-2")}
MANNERS = {
    "": {},
    " that ignores SIGTERM": {"on_term": "ignore"},
    " that finishes its work on SIGTERM": {"on_term": "finish"},
    " that is going to fail": {"ends": "7"},
    " that has started another process": {"family": "1"},
}


@pytest.fixture
def scenario(cluster: Cluster) -> Scenario:
    return Scenario(cluster)


@given(parsers.re(r"a primary and (?P<count>one|two) workers?"))
def start_primary_and_workers(scenario: Scenario, count: str) -> None:
    scenario.workers = tuple(f"worker-{n}" for n in range(1, COUNTS[count] + 1))
    scenario.cluster.up(*scenario.workers)


@given(parsers.re(rf"a primary, (?P<backups>{'|'.join(BACKUPS)}) and (?P<count>one|two) workers?"))
def start_primary_backups_and_workers(scenario: Scenario, backups: str, count: str) -> None:
    scenario.workers = tuple(f"worker-{n}" for n in range(1, COUNTS[count] + 1))
    scenario.cluster.up(*scenario.workers, backups=BACKUPS[backups])


@given(
    parsers.re(rf"a (?P<trigger>manual|scheduled) job of it runs(?P<manner>{'|'.join(MANNERS)})")
)
def start_job(scenario: Scenario, trigger: str, manner: str) -> None:
    scenario.launch(trigger, **MANNERS[manner])


@given("three manual jobs of it run, each with its own parameters")
def start_three_jobs(scenario: Scenario) -> None:
    for number in ("one", "two", "three"):
        scenario.launch("manual", tag=f"job-{number}", note=f"{NOTE} – {number}")


@given(parsers.parse("a {trigger} job of the first event runs on the primary, and ignores SIGTERM"))
def start_job_on_primary(scenario: Scenario, trigger: str) -> None:
    target = scenario.plan["target"]
    scenario.plan["target"] = PRIMARY
    work = scenario.launch(trigger, on_term="ignore")
    scenario.calls.edit(work.event, target=target)


@given("a job of another event runs on the second worker")
def start_other_job_on_second_worker(scenario: Scenario) -> None:
    scenario.launch_other("manual", "worker-2")


@given(
    parsers.parse(
        "a {trigger} job of another event, which may run on any worker, runs on the same server"
    )
)
def start_other_job_on_same_server(scenario: Scenario, trigger: str) -> None:
    scenario.launch_other(trigger, scenario.victim)
    scenario.calls.edit("other", target="worker-*")


@given("another event for any worker, due every minute")
def serve_other_event_each_minute(scenario: Scenario) -> None:
    params = {"tag": "minute", "hold": "0"}
    scenario.calls.create("minute", "worker-*", timing={}, params=params, max_children=0)
    scenario.await_minutes(3, "it is served", lambda: scenario.cluster.ended("minute"))


@given("two slots of it have been served since")
def serve_two_slots(scenario: Scenario) -> None:
    slot = scenario.calls.present_slot() + 2
    minutes = {"minutes": [slot % 60, (slot + 1) % 60]}
    scenario.calls.edit(scenario.work.event, timing=minutes, params=slot_params())
    scenario.await_minutes(4, "two slots are served", lambda: two_slots_served(scenario))
