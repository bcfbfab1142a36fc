"""The reference's API over HTTP, with a long poll that wakes the waiting harness."""

import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import httpx
from runall_reference.daemon.views import View

from runall_harness.evidence.views import EventView, Rejected, Unreachable

from .views import ReferenceViews, event_of

TIMEOUT = httpx.Timeout(5.0, connect=1.0)
QUICK_TIMEOUT = httpx.Timeout(1.0)
POLL = 20.0
BACKOFF = 0.05
UNAVAILABLE = 503
# An answer with one of these codes is not a refusal: the order may have been carried out.
INDEFINITE = ("outcome-unknown", "fault")
# An API on loopback has no certificate, and loading those that a system trusts takes 40 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def harmless(method: str, error: httpx.HTTPError) -> bool:
    """Whether a call that failed cannot have done anything."""
    return method == "GET" or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def says(answer: httpx.Response, code: str) -> bool:
    """Whether a primary refuses with that code, because of its own state."""
    return answer.status_code == UNAVAILABLE and f'"{code}"' in answer.text


class HttpClient(ReferenceViews):
    """A client of the API of the primary that leads.

    One thread for each of `urls` follows that primary's changes and calls `notify` at each.
    """

    def __init__(self, notify: Callable[[], None], urls: Sequence[str], token: str) -> None:
        self.urls = list(urls)
        headers = {"Authorization": f"Bearer {token}"}
        plain = partial(httpx.Client, trust_env=False, verify=NO_TLS, headers=headers)
        self.http, self.feed = plain(timeout=TIMEOUT), plain(timeout=POLL + 5)
        self.notify, self.closed = notify, threading.Event()
        for url in urls:
            threading.Thread(target=self.follow, args=(url,), name="changes", daemon=True).start()

    def follow(self, url: str) -> None:
        """Wake the harness after each commit of that primary."""
        seen = -1
        while not self.closed.is_set():
            try:
                answer = self.feed.get(f"{url}/v1/changes", params={"after": seen, "wait": POLL})
                seen = answer.raise_for_status().json()["version"]
                self.notify()
            except (httpx.HTTPError, RuntimeError):
                seen = -1
                self.closed.wait(BACKOFF)

    def call(self, method: str, path: str, **more: Any) -> Any:
        """The value of an answer. Raises `Rejected` for a refusal, `Unreachable` without one."""
        answer = self.ask(method, path, **more)
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            error = answer.json()["error"]
        except (ValueError, KeyError):
            error = {"code": str(answer.status_code), "message": answer.text[:200]}
        if error["code"] in INDEFINITE and method != "GET":
            raise Unreachable(f"{error['code']}: {error['message']}")
        raise Rejected(error["code"], error["message"])

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer of the primary that leads; the one that answered last is asked first.

        The next primary is asked only if this one cannot have acted: it was asked to show
        something, it refused the connection, or it says that it does not lead. One that reads its
        store again may have been deposed, so its refusal counts only if nobody else answers.
        """
        why, recovering = "", None
        # Less time for one primary where another may answer instead.
        patience = TIMEOUT if len(self.urls) == 1 else QUICK_TIMEOUT
        for url in list(self.urls):
            try:
                answer = self.http.request(method, f"{url}{path}", timeout=patience, **more)
            except httpx.HTTPError as error:
                why = f"{method} {url}{path}: {error!r}"
                if not harmless(method, error):
                    raise Unreachable(why) from error
                continue
            if says(answer, "recovering"):
                recovering = answer
            elif says(answer, "not-primary"):
                why = f"{url} does not lead"
            else:
                self.urls = [url, *(other for other in self.urls if other != url)]
                return answer
        if recovering is None:
            raise Unreachable(why)
        return recovering

    def create_event(self, event: Mapping[str, Any]) -> None:
        self.call("POST", "/v1/events", json=dict(event))

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        self.call("PATCH", f"/v1/events/{event}", json=dict(fields))

    def delete_event(self, event: str) -> None:
        self.call("DELETE", f"/v1/events/{event}")

    def event(self, event: str) -> EventView:
        return event_of(self.call("GET", f"/v1/events/{event}"))

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        body = {"params": dict(params), "source": source}
        return self.call("POST", f"/v1/events/{event}/run", json=body)["id"]

    def abort(self, job: str) -> None:
        self.call("POST", f"/v1/jobs/{job}/abort")

    def views(self, kind: str) -> list[View]:
        return self.call("GET", f"/v1/{kind}")

    def status(self) -> View:
        return self.call("GET", "/v1/status")

    def close(self) -> None:
        self.closed.set()
        self.http.close()
        self.feed.close()
