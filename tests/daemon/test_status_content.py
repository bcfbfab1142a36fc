"""The status page says what is there, what waits and why, and escapes whatever a user wrote."""

import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from typing import Any

from runall_reference.brain.inputs import AbortJob, UpdateEvent, WorkerDisconnected
from runall_reference.daemon.status.content import Content
from runall_reference.daemon.status.markup import html
from support.primary_driver import PrimaryDriver, ended

BAIT = "<script>alert('&')"


def page_of(driver: PrimaryDriver) -> str:
    return html(Content(driver.brain, driver.now).main())


def section(driver: PrimaryDriver, title: str) -> list[list[str]]:
    """The rows of one table, as text."""
    (body,) = re.findall(rf"<h2>{title}(?:: [^<]*)?</h2>(.*?)</section>", page_of(driver), re.S)
    rows = re.findall(r"<tr>(<td>.*?)</tr>", body, re.S)
    return [
        [unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<td>(.*?)</td>", row, re.S)]
        for row in rows
    ]


def tags_of(page: str) -> set[str]:
    """The elements that a reader of HTML finds in it."""
    reader = TagReader()
    reader.feed(page)
    return reader.tags


class TagReader(HTMLParser):
    """Keeps the name of each element."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = set[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        self.tags.add(tag)


def busy(**fields: Any) -> PrimaryDriver:
    driver = PrimaryDriver(dead_job_timeout=120.0)
    driver.beat(0)
    driver.create(**fields)
    return driver


def lose_server(driver: PrimaryDriver, job: str) -> None:
    """Its server runs the job, is missed, and comes back without it under another boot."""
    driver.beat(1, job)
    driver.handle(WorkerDisconnected("w", "w#1"), 2)


def test_a_job_in_limbo_is_shown_with_the_seconds_until_it_is_given_up() -> None:
    driver = busy()
    lose_server(driver, driver.run().id)
    driver.tick(12)
    ((_, event, _, state, server, *_),) = section(driver, "Jobs")
    assert (event, server) == ("e", "w")
    assert state == "in limbo: given up in 110 s, unless w is back"
    assert section(driver, "Servers")[0][3] == "its jobs are given up in 110 s"
    assert Content(driver.brain, driver.now).in_limbo()


def test_a_rerun_that_is_held_is_shown_with_what_holds_it() -> None:
    driver = busy(target="w")
    lose_server(driver, driver.run().id)
    driver.tick(130)
    ((job, *_, cause, why, _),) = section(driver, "Held")
    assert (job, cause) == ("j1.2", "interrupted")
    assert why == "no server that 'w' names takes work (RA-4.6)"
    driver.order(UpdateEvent("e", {"enabled": False}))
    assert section(driver, "Held")[0][4] == "its event is disabled (RA-6.4)"


def test_a_retry_that_is_delayed_is_shown_with_its_time() -> None:
    driver = busy(retries=1, retry_delay=30.0)
    driver.beat(5, results=(ended(driver.run().id, 1),))
    assert section(driver, "Held")[0][3:5] == ["retry", "it starts in 30 s at the earliest"]


def test_a_run_that_waits_in_the_queue_is_shown_with_the_limit() -> None:
    driver = busy(queue_max=2)
    driver.run()
    driver.run()
    assert section(driver, "Queue")[0][4] == "its event runs 1, its limit (RA-6.1)"
    assert section(driver, "Held") == []


def test_what_has_ended_and_what_was_decided_is_shown_newest_first() -> None:
    driver = busy(max_children=0)
    first, second = driver.run().id, driver.run().id
    driver.beat(1, second, results=(ended(first, 0),))
    lose_server(driver, second)
    driver.tick(130)
    assert [row[0] for row in section(driver, "Jobs that have ended")] == [second, first]
    ((_, job, what, decision, clause, _),) = section(driver, "Ledger")
    assert (job, what, decision, clause) == (second, "dead-job timeout", "rerun", "RA-4.1")


def test_whatever_a_user_wrote_is_escaped_wherever_it_stands() -> None:
    driver = busy(name=BAIT, title=BAIT, queue_max=1)
    job = driver.run(BAIT, source=BAIT).id
    driver.run(BAIT, source=BAIT)
    lose_server(driver, job)
    driver.tick(130)
    driver.order(AbortJob(f"{job}.2", BAIT))
    assert "table" in tags_of(page_of(driver))
    assert "script" not in tags_of(page_of(driver))
    assert section(driver, "Events")[0][0] == BAIT
    assert BAIT in section(driver, "Ledger")[0][5]


def test_who_leads_is_shown_with_the_lease() -> None:
    assert "p leads, with the policy reference. It holds the lease of epoch 1" in page_of(busy())


def test_a_daemon_that_starts_loads_nothing_of_the_page() -> None:
    code = (
        "import sys, runall_reference.daemon.primary_daemon as _; "
        "print([m for m in sys.modules if '.status' in m or m.startswith('xml')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
