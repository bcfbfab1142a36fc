"""Cronicle behind the adapter protocol, by its HTTP API.

An event's parameters are those of a plugin of its own, which the adapter makes and widens as an
operator would: newer releases give a job no parameter that its plugin does not define. Cronicle
names no link between a job and its rerun, so each job is shown as the first of its lineage.

    RUNALL_PRIMARIES  addresses of the servers that may lead, separated by spaces
    RUNALL_API_KEY    a key with all privileges
    RUNALL_BUDGET     seconds that an answer may take; 8.5 without it
    RUNALL_NODES      the servers that belong to the cluster, separated by spaces; those that the
                      primary does not know are added to it
"""

import math
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx
from runall_harness.adapter import Adapter, Description, EventView, JobView, Rejected, Unreachable
from runall_harness.adapter.protocol import Message, Question

from cronicle_words import encoded, parameter, refusal, takes_work, view_of, written

# An answer of the adapter may take 10 s unless the kit grants more, with all the calls that it
# needs. A server that is asked to show something is passed over sooner, for another may lead.
BUDGET, CONNECT = 8.5, 1.0
SHOWN = 1000
PLUGIN, GROUP = "runall", "runall"
ELSEWHERE = 302  # a server that knows who leads
# After these errors no server has received the request.
HARMLESS = (httpx.ConnectError, httpx.ConnectTimeout)
NOBODY = "no server says that it leads"
UNSCHEDULED = "an event has no such setting"
OFFSET = "a retry has the id of the job that failed, and nothing is shown of the tries before it"


class Cronicle(Adapter):
    """The primary of one cluster, whichever server that is, answering questions."""

    name = "cronicle"
    cannot: ClassVar[Mapping[str, str]] = {
        "owes": "it does not tell which jobs it will still run again",
        "ledger": "its activity log does not tell what was decided about an interrupted job",
        "event.queue_max": "a run that waits in the queue has no id before it starts",
        "event.retries": OFFSET,
        "event.retry_delay": OFFSET,
        "event.missed": UNSCHEDULED,
        "event.missed_age": UNSCHEDULED,
        "event.max_reruns": UNSCHEDULED,
        "event.rerun_age": UNSCHEDULED,
        "job.source": "a run by the API is shown as one of the API key, whoever asked for it",
    }

    def __init__(self, env: Mapping[str, str]) -> None:
        super().__init__()
        self.urls = env["RUNALL_PRIMARIES"].split()
        self.wanted = set(env.get("RUNALL_NODES", "").split())
        self.budget = float(env.get("RUNALL_BUDGET", BUDGET))
        self.until = 0.0
        self.http = httpx.Client(
            timeout=CONNECT, trust_env=False, headers={"X-API-Key": env["RUNALL_API_KEY"]}
        )
        self.defined: set[str] = set()
        self.groups: set[str] = set()
        self.live: dict[str, dict[str, Any]] = {}
        self.done: dict[str, tuple[object, dict[str, Any]]] = {}
        self.led: tuple[str, float] | None = None

    # ---------------------------------------------------------------- asking
    def answer(self, question: Question) -> Message:
        """The answer to one question, in time."""
        self.until = time.monotonic() + self.budget
        return super().answer(question)

    def ask(self, verb: str, body: Mapping[str, Any], *, reads: bool = False) -> dict[str, Any]:
        """The answer of the server that leads; the one that led last is asked first.

        A server that cannot have acted is passed over. Raises `Rejected` and `Unreachable`.
        """
        silent: list[str] = []
        for url in list(self.urls):
            try:
                answer = self.post(url, verb, body, self.budget / 2 if reads else self.budget)
            except httpx.HTTPError as error:
                if not reads and not isinstance(error, HARMLESS):
                    raise Unreachable(f"{verb} at {url}: {error!r}") from error
                silent.append(f"{url}: {error!r}")
                continue
            if answer is not None:
                self.urls.sort(key=url.__ne__)
                return answer
        why = "; ".join([NOBODY, *silent])
        raise Unreachable(why) if reads else Rejected("no-server", why)

    def post(
        self, url: str, verb: str, body: Mapping[str, Any], within: float
    ) -> dict[str, Any] | None:
        """One server's answer; None from one that does not lead. Raises `httpx.HTTPError`."""
        left = min(within, self.until - time.monotonic())
        if left <= 0:
            raise httpx.ConnectTimeout("no time is left for it")
        limit = httpx.Timeout(left, connect=min(CONNECT, left))
        answer = self.http.post(f"{url}/api/app/{verb}/v1", json=dict(body), timeout=limit)
        if answer.status_code == ELSEWHERE:
            return None
        shown: dict[str, Any] = answer.raise_for_status().json()
        if shown["code"] == 0:
            return shown
        if shown["code"] == "master":
            return None
        said = str(shown.get("description", ""))
        raise Rejected(refusal(said) or str(shown["code"]), said)

    def look(self, verb: str, **body: Any) -> dict[str, Any]:
        """The answer to a call that changes nothing."""
        return self.ask(verb, body, reads=True)

    # ---------------------------------------------------------------- servers
    def describe(self) -> Description:
        """Describe the scheduler; the first server that answers gives the release."""
        shown = [release for url in self.urls if (release := self.release(url))]
        self.version = shown[0] if shown else "unknown"
        return super().describe()

    def release(self, url: str) -> str:
        """The release that a server runs; empty while it does not answer."""
        try:
            return str(self.http.get(f"{url}/api/app/status/v1").json().get("version", ""))
        except (httpx.HTTPError, ValueError):
            return ""

    def ready(self) -> list[str]:
        """The servers that take work: the primary, and who is connected to it."""
        servers = self.servers()
        for stranger in sorted(self.wanted - servers.keys()):
            self.invite(stranger)
        return sorted(name for name, shown in servers.items() if takes_work(shown))

    def servers(self) -> dict[str, dict[str, Any]]:
        """What the primary says of each server. Any server answers `get_servers` itself."""
        self.look("get_master_state")
        servers: dict[str, dict[str, Any]] = self.look("get_servers").get("servers") or {}
        leads = next((shown for shown in servers.values() if shown.get("master")), None)
        if leads is None:
            raise Unreachable(NOBODY)
        self.notice_restart(str(leads["hostname"]), float(leads["uptime"]))
        return servers

    def notice_restart(self, leader: str, uptime: float) -> None:
        """A primary that has just begun to lead knows nothing of jobs that are out of reach."""
        if self.led and (leader != self.led[0] or uptime < self.led[1]):
            self.live.clear()
        self.led = leader, uptime

    def invite(self, stranger: str) -> None:
        """Add a server to the cluster; one that does not answer yet is asked again later."""
        try:
            self.ask("add_server", {"hostname": stranger})
        except (Rejected, Unreachable):
            return

    def leader(self) -> str:
        """The server that leads."""
        return next(name for name, shown in self.servers().items() if shown.get("master"))

    # ---------------------------------------------------------------- events
    def create_event(self, event: dict[str, Any]) -> None:
        """Create an event in Cronicle's own words."""
        defaults = {"enabled": True, "catch_up": False, "max_children": 1, "timeout": 0}
        fixed = {"category": "general", "plugin": PLUGIN, "algo": "random", "timing": False}
        self.ask(
            "create_event",
            fixed
            | self.body({**defaults, **event})
            | {
                "id": encoded(event["id"]),
                "title": event.get("title") or event["id"],
                "timezone": event.get("timezone") or "UTC",
            },
        )

    def update_event(self, event: str, fields: dict[str, Any]) -> None:
        """Change these fields of an event, and keep the others."""
        self.ask("update_event", self.body(fields) | {"id": encoded(event)})

    def body(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of an event in Cronicle's words."""
        body = {k: fields[k] for k in ("title", "timing", "timezone") if k in fields}
        body |= {k: int(fields[k]) for k in ("enabled", "catch_up", "max_children") if k in fields}
        if "timeout" in fields:
            body["timeout"] = math.ceil(fields["timeout"])
        if "target" in fields:
            body["target"] = self.target(fields["target"])
        if "params" in fields:
            body["params"] = self.given(fields["params"])
        return body

    def target(self, pattern: str) -> str:
        """A server's name, or the group that stands for a pattern; the group is made if need be."""
        if "*" not in pattern:
            return pattern
        group = GROUP + pattern.encode().hex()
        if group not in self.groups:
            regexp = "^" + re.escape(pattern).replace(r"\*", ".*") + "$"
            fields = {"id": group, "title": pattern, "regexp": regexp, "master": 0}
            self.ask("create_server_group", fields)
            self.groups.add(group)
        return group

    def given(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters as the plugin takes them, which is made to define each of them."""
        strange = params.keys() - self.defined
        if strange:
            self.define(strange)
        return {name: written(name, str(value)) for name, value in params.items()}

    def define(self, names: set[str]) -> None:
        """Have the plugin define these parameters, beside all that it has."""
        rows: list[dict[str, Any]] = self.look("get_plugins", offset=0, limit=0)["rows"]
        has = next((row["params"] for row in rows if row["id"] == PLUGIN), None)
        known = {one["id"] for one in has or ()}
        more = [parameter(name) for name in sorted({"script", *names} - known)]
        if has is None:
            made = {"title": "Run All", "enabled": 1, "command": "bin/shell-plugin.js"}
            self.ask("create_plugin", {"id": PLUGIN, **made, "params": more})
        elif more:
            self.ask("update_plugin", {"id": PLUGIN, "params": has + more})
        self.defined = known | names

    def delete_event(self, event: str) -> None:
        """Delete an event; refused while a job of it runs."""
        self.ask("delete_event", {"id": encoded(event)})

    def event(self, event: str) -> EventView:
        """How far an event has been served: its cursor is the last minute that was looked at."""
        cursor = self.look("get_master_state")["state"]["cursors"].get(encoded(event))
        return EventView(id=event, cursor=None if cursor is None else int(cursor) // 60)

    def present_slot(self) -> int:
        """The running minute: its schedule follows the clock on the wall."""
        return int(time.time()) // 60

    # ---------------------------------------------------------------- jobs
    def run(self, event: str, params: dict[str, Any], source: str) -> str:  # noqa: ARG002 - see `cannot`
        """Start an event by hand."""
        ids = self.ask("run_event", {"id": encoded(event), "params": self.given(params)})["ids"]
        if not ids:
            raise Unreachable("the run waits in the queue, and has no id yet")
        return str(ids[0])

    def abort(self, job: str) -> None:
        """Abort a job by the call that a user makes."""
        self.ask("abort_job", {"id": job})

    def jobs(self) -> list[JobView]:
        """All jobs: those that run, those that ended, and those in limbo.

        The live ones are asked for first: one that ends meanwhile is found among the others.
        """
        live: dict[str, dict[str, Any]] = self.look("get_active_jobs")["jobs"]
        done = {stub["id"]: self.record(stub) for stub in reversed(self.history())}
        limbo = self.in_limbo(self.live.keys() - live.keys() - done.keys())
        self.live |= live
        views = [view_of(self.live[name], limbo=True) for name in limbo]
        views += [view_of(job) for name, job in live.items() if name not in done]
        return views + [view_of(job, over=True) for job in done.values()]

    def history(self) -> list[dict[str, Any]]:
        """What is kept of jobs that ended, newest first; a job may be there twice."""
        rows: list[dict[str, Any]] = self.look("get_history", offset=0, limit=SHOWN)["rows"]
        return [row for row in rows if row.get("action") == "job_complete"]

    def record(self, stub: Mapping[str, Any]) -> dict[str, Any]:
        """The whole record of a job that ended; the adapter asks once for each end."""
        name, mark = stub["id"], (stub.get("epoch"), stub.get("code"))
        if name not in self.done or self.done[name][0] != mark:
            try:
                job: dict[str, Any] = self.look("get_job_status", id=name)["job"]
            except Rejected:
                return {**stub, "params": {}}  # its record is written after its line
            if not job.get("complete"):
                return job | {"complete": 1, "code": stub["code"]}
            self.done[name] = mark, job
        return self.done[name][1]

    def in_limbo(self, missing: set[str]) -> list[str]:
        """Those of the jobs that ran and are not shown any more whose server is out of reach.

        The primary keeps them, and shows them to nobody, until they are back or given up.
        """
        if not missing:
            return []
        servers = self.servers()
        gone = {name for name in servers if servers[name].get("disabled")}
        return sorted(
            job for job in missing & self.live.keys() if self.live[job]["hostname"] in gone
        )

    def reasons(self, root: str) -> str:
        """How the job ended, and what was warned of since."""
        ended = self.done.get(root)
        shown = [str(ended[1].get("description") or "")] if ended else []
        since = float(ended[1]["time_start"]) if ended else time.time()
        rows: list[dict[str, Any]] = self.look("get_activity", offset=0, limit=SHOWN)["rows"]
        later = [row for row in reversed(rows) if row["epoch"] >= since]
        warned = [row for row in later if row.get("action") in ("warning", "error")]
        shown += [str(row.get("description") or "") for row in warned]
        return "; ".join(filter(None, shown))

    def close(self) -> None:
        """Close the connections to the servers."""
        self.http.close()


def main() -> None:
    """Answer questions about the cluster that the environment names."""
    if missing := [n for n in ("RUNALL_PRIMARIES", "RUNALL_API_KEY") if not os.environ.get(n)]:
        sys.exit(f"set {' and '.join(missing)}: see the head of {__file__}")
    Cronicle(os.environ).serve()


if __name__ == "__main__":
    main()
