"""The reference's API over HTTP, with a long poll that wakes the waiting harness."""

import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from runall_harness.evidence.views import EventView, JobView, LedgerView, Rejected, Unreachable

from .views import entry_of, event_of, job_of, still_owed, told_reasons

TIMEOUT = httpx.Timeout(5.0, connect=1.0)
QUICK_TIMEOUT = httpx.Timeout(1.0)
POLL = 20.0
BACKOFF = 0.05
UNAVAILABLE = 503
# Refusals that are none: the order may have been carried out.
INDEFINITE = ("outcome-unknown", "fault")
# An API on loopback has no certificate. To load those that a system trusts takes 40 ms a client.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def harmless(method: str, error: httpx.HTTPError) -> bool:
    """Whether a call that failed cannot have done anything."""
    return method == "GET" or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def follows(answer: httpx.Response) -> bool:
    """Whether a primary says that it does not lead."""
    return answer.status_code == UNAVAILABLE and '"not-primary"' in answer.text


class HttpClient:
    """The API of whoever leads. Threads follow its changes and call `notify` at each."""

    def __init__(self, notify: Callable[[], None], urls: Sequence[str], token: str) -> None:
        self.urls = list(urls)
        plain: dict[str, Any] = {"trust_env": False, "verify": NO_TLS}
        plain["headers"] = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(timeout=TIMEOUT, **plain)
        self.feed = httpx.Client(timeout=POLL + 5, **plain)
        self.notify, self.closing = notify, threading.Event()
        for url in urls:
            threading.Thread(target=self.follow, args=(url,), name="changes", daemon=True).start()

    def follow(self, url: str) -> None:
        """Wake the harness whenever that primary committed something."""
        seen = -1
        while not self.closing.is_set():
            try:
                answer = self.feed.get(f"{url}/v1/changes", params={"after": seen, "wait": POLL})
                seen = answer.raise_for_status().json()["version"]
                self.notify()
            except (httpx.HTTPError, RuntimeError):
                seen = -1
                self.closing.wait(BACKOFF)

    def call(self, method: str, path: str, **more: Any) -> Any:
        """One call. Raises `Rejected` for an answer that says no, `Unreachable` for none."""
        answer = self.ask(method, path, **more)
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            told = answer.json()["error"]
        except (ValueError, KeyError):
            told = {"code": str(answer.status_code), "message": answer.text[:200]}
        if told["code"] in INDEFINITE and method != "GET":
            raise Unreachable(f"{told['code']}: {told['message']}")
        raise Rejected(told["code"], told["message"])

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer of whoever leads; the one that answered last is asked first.

        Only a primary that cannot have acted is passed over: one that was asked to show something,
        that refused the connection, or that says itself that it does not lead.
        """
        why = ""
        for url in list(self.urls):
            try:
                answer = self.http.request(method, f"{url}{path}", timeout=self.patience(), **more)
            except httpx.HTTPError as error:
                why = f"{method} {url}{path}: {error!r}"
                if not harmless(method, error):
                    raise Unreachable(why) from error
                continue
            if not follows(answer):
                self.urls = [url, *(other for other in self.urls if other != url)]
                return answer
            why = f"{url} does not lead"
        raise Unreachable(why)

    def patience(self) -> httpx.Timeout:
        """How long one primary may take, in seconds: less where another may answer instead."""
        return TIMEOUT if len(self.urls) == 1 else QUICK_TIMEOUT

    def present_slot(self) -> int:
        """The running minute of the schedule."""
        return self.call("GET", "/v1/status")["slot"]

    def create_event(self, event: Mapping[str, Any]) -> None:
        """Schedule something."""
        self.call("POST", "/v1/events", json=dict(event))

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        """Edit an event."""
        self.call("PATCH", f"/v1/events/{event}", json=dict(fields))

    def delete_event(self, event: str) -> None:
        """Delete an event."""
        self.call("DELETE", f"/v1/events/{event}")

    def event(self, event: str) -> EventView:
        """How far an event has been served."""
        return event_of(self.call("GET", f"/v1/events/{event}"))

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        """Start an event by hand."""
        body = {"params": dict(params), "source": source}
        return self.call("POST", f"/v1/events/{event}/run", json=body)["id"]

    def abort(self, job: str) -> None:
        """End a job for ever."""
        self.call("POST", f"/v1/jobs/{job}/abort")

    def views(self, path: str) -> list[dict[str, Any]]:
        """A list of views."""
        return self.call("GET", path)

    def jobs(self) -> list[JobView]:
        """All jobs."""
        return [job_of(view) for view in self.views("/v1/jobs")]

    def leader(self) -> str:
        """Who leads."""
        return self.call("GET", "/v1/status")["node"]

    def online(self) -> set[str]:
        """The servers that take work now."""
        return {s["name"] for s in self.views("/v1/servers") if s["state"] == "online"}

    def owes(self, root: str) -> bool:
        """Whether something is still to come for that lineage."""
        return still_owed(root, self.views("/v1/jobs"), self.views("/v1/events"))

    def ledger(self) -> list[LedgerView]:
        """The operator's ledger."""
        return [entry_of(view) for view in self.views("/v1/ledger")]

    def reasons(self, root: str) -> str:
        """What the ledger says."""
        return told_reasons(root, self.views("/v1/ledger"))

    def close(self) -> None:
        """Let go of the connections, and end the thread."""
        self.closing.set()
        self.http.close()
        self.feed.close()
