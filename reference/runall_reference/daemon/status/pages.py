"""The status page: a page of a primary's records, live, with buttons for what users order.

A browser shows the token once, in a form, and then carries a cookie that only whoever knows the
token can make. The page needs no script: with one, it changes by itself (server-sent events).
"""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from runall_reference.brain import inputs
from runall_reference.brain.primary import Primary

from ..errors import ApiError
from ..keys import matches
from ..primary_runner import PrimaryRunner
from ..request_body import body
from .content import Content
from .markup import Node, element, html

FOLDER = Path(__file__).parent
ASSETS = {"style.css": "text/css", "live.js": "text/javascript"}
# Nothing from elsewhere, nothing inline, in no frame; forms go to this server alone. The Referrer
# stays within it, because a browser that sends none hides the Origin of its forms, too.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# The page is drawn at most this often (seconds), as often while a countdown runs on it, and at
# least so often, so that a connection that broke is noticed.
SETTLE, COUNTDOWN, QUIET = 0.25, 1.0, 15.0
BY = "status page"
ORDERS: dict[str, Callable[[str], inputs.Order]] = {
    "run": lambda name: inputs.RunEvent(name, {}, BY),
    "abort": lambda name: inputs.AbortJob(name, BY),
    "enable": lambda name: inputs.UpdateEvent(name, {"enabled": True}),
    "disable": lambda name: inputs.UpdateEvent(name, {"enabled": False}),
}


class Pages:
    """The page, its form for the token, what its buttons do, and its stream of changes.

    `brain` is the one to read from and `order` carries out an order; both raise `ApiError`.
    """

    def __init__(
        self,
        primary: PrimaryRunner,
        brain: Callable[[], Primary],
        order: Callable[[inputs.Order], Any],
        token: str,
    ) -> None:
        self.primary, self.brain, self.order, self.token = primary, brain, order, token
        self.pass_ = hmac.new(token.encode(), b"status page", "sha256").hexdigest()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.show),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
            Route("/act", self.act, methods=["POST"]),
            Route("/live", self.live),
            *(Route(f"/{name}", asset(name, kind)) for name, kind in ASSETS.items()),
        ]

    async def show(self, request: Request) -> Response:
        if not self.admits(request):
            return self.ask_for_token()
        return self.page()

    def page(self, trouble: str = "", status: int = 200) -> Response:
        """The page as it is now, headed by what went wrong."""
        leave = element("form", element("button", "Log out"), method="post", action="logout")
        live = element("p", "", id="live", role="status")
        state = element("div", self.content()[0], id="state")
        return whole(self.primary.node, [*alert(trouble), live, state, leave], status)

    def content(self) -> tuple[Any, bool]:
        """The changing part, and whether a countdown runs on it."""
        try:
            content = Content(self.brain(), self.primary.clock())
            return content.main(), content.in_limbo()
        except ApiError as error:
            return element("p", f"{error.message}; {error.hint}."), False

    def ask_for_token(self, trouble: str = "", status: int = 200) -> Response:
        field = element(
            "input", type="password", name="token", id="token", required="", autocomplete="off"
        )
        label = element("label", "The token of this primary", for_="token")
        hint = element("p", "It is in the file token of its data folder, or was given to it.")
        form = element("form", label, field, element("button", "Show the status"), hint)
        form.attrib |= {"method": "post", "action": "login", "class": "login"}
        return whole(self.primary.node, [*alert(trouble), form], status)

    def cookie(self, request: Request) -> str:
        """Its name; the cookies of a host are of all its ports, so it has the port in it."""
        return f"runall-{request.url.port or 80}"

    def admits(self, request: Request) -> bool:
        shown = request.cookies.get(self.cookie(request), "")
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self.pass_.encode())

    async def log_in(self, request: Request) -> Response:
        fields = await form_of(request)
        if not matches(f"Bearer {fields.get('token', '').strip()}", self.token):
            return self.ask_for_token("The token is wrong.", HTTPStatus.UNAUTHORIZED)
        answer = back()
        answer.set_cookie(
            self.cookie(request), self.pass_, httponly=True, samesite="strict", path="/status"
        )
        return answer

    async def log_out(self, request: Request) -> Response:
        answer = back()
        if own(request):
            answer.delete_cookie(self.cookie(request), path="/status")
        return answer

    async def act(self, request: Request) -> Response:
        """Carry out what a button asks for, if it is a button of this page."""
        if not self.admits(request):
            return self.ask_for_token("Show the token first.", HTTPStatus.UNAUTHORIZED)
        if not own(request):
            return self.page("Another site asked for that; nothing was done.", HTTPStatus.FORBIDDEN)
        fields = await form_of(request)
        verb, name = fields.get("do", ""), fields.get("name", "")
        if verb not in ORDERS:
            return self.page(f"There is no order {verb!r}.", HTTPStatus.BAD_REQUEST)
        try:
            self.order(ORDERS[verb](name))
        except inputs.Refused as error:
            return self.page(f"{verb} {name}: {error.message}.", HTTPStatus.CONFLICT)
        except ApiError as error:
            return self.page(f"{verb} {name}: {error.message}; {error.hint}.", error.status)
        return back()

    async def live(self, request: Request) -> Response:
        """The changing part again and again, as server-sent events."""
        if not self.admits(request):
            return Response("show the token first", HTTPStatus.UNAUTHORIZED, HEADERS)
        return StreamingResponse(self.changes(), 200, HEADERS, "text/event-stream")

    async def changes(self) -> AsyncGenerator[str]:
        changes, sent = self.primary.changes, ""
        while not changes.closed:
            version = changes.version
            content, counts = self.content()
            text = html(content)
            # A comment keeps the connection; what has not changed is not sent again.
            yield event(text) if text != sent else ": no change\n\n"
            sent = text
            await asyncio.sleep(SETTLE)
            await changes.beyond(version, COUNTDOWN if counts else QUIET)


def event(text: str) -> str:
    lines = text.replace("\r", "").split("\n")
    return "".join(f"data: {line}\n" for line in lines) + "\n"


def own(request: Request) -> bool:
    """Whether a form was sent by a page of this server, as far as the browser says."""
    origin = request.headers.get("origin")
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return same and fetched in ("same-origin", "none")


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, each once."""
    text = (await body(request)).decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(text).items()}


def back() -> Response:
    return RedirectResponse("/status/", HTTPStatus.SEE_OTHER, HEADERS)


def alert(trouble: str) -> list[Node]:
    return [element("p", trouble, role="alert")] if trouble else []


def whole(node: str, content: list[Node], status: int) -> Response:
    """A whole page of that node."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{node}: status"),
        element("link", rel="stylesheet", href="style.css"),
        element("link", rel="icon", href="data:,"),
        element("script", src="live.js", defer=""),
    )
    main = element("main", element("h1", f"Status of {node}"), *content)
    page = html(element("html", head, element("body", main), lang="en"))
    return Response(f"<!doctype html>\n{page}", status, HEADERS, "text/html")


def asset(name: str, kind: str) -> Callable[[Request], Response]:
    content = (FOLDER / name).read_bytes()

    def answer(_: Request) -> Response:
        return Response(content, 200, HEADERS, kind)

    return answer
