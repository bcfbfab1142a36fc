"""The HTTP API for people and programs, and the path at which workers link."""

import math
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from runall_reference.brain import inputs
from runall_reference.brain.records import Event, Params
from runall_reference.store import LeaseLost, StoreError

from . import views
from .brain_runner import BrainDiscarded
from .errors import ApiError
from .keys import matches
from .primary_runner import PrimaryRunner
from .request_body import body

LONGEST_WAIT = 30.0
BY_HAND = "API"
# Where the status page lies, and all that belongs to it.
PAGE = "/status"
PATHS = (
    "status, changes, servers, ledger, events, events/ID, events/ID/run, jobs, jobs/ID, "
    "jobs/ID/abort"
)


# The status of each refusal by the brain, and the caller's next step.
REFUSALS = {
    "invalid": (400, "correct the named field and send it again"),
    "exists": (409, "choose another id, or change the event with PATCH"),
    "limit": (409, "wait for a job to end, abort one, or raise max_children"),
    "ended": (409, "there is nothing left to abort"),
    "no-server": (503, "see GET /v1/servers; start a worker that the target names"),
    "unknown-event": (404, "see GET /v1/events"),
    "unknown-job": (404, "see GET /v1/jobs"),
}


def reply(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def error_reply(error: ApiError) -> Response:
    words = {"code": error.code, "message": error.message, "hint": error.hint}
    answer = reply({"error": words}, error.status)
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def decode(content: bytes, kind: Any) -> Any:
    """The body as that type. Raises `ApiError` with the place and the reason of what is wrong."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        message, hint = str(error), "correct the named field and send it again"
        raise ApiError(400, "invalid", message, hint) from None
    except (msgspec.DecodeError, RecursionError) as error:
        message = f"the body is not JSON: {error}"
        raise ApiError(400, "not-json", message, "send one JSON object") from None


class RunRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A run by hand: parameters that override those of the event, and who asks."""

    params: Params = {}
    source: str = BY_HAND


class AbortRequest(msgspec.Struct, forbid_unknown_fields=True):
    """An abort: who asks for it."""

    by: str = BY_HAND


class TokenCheck:
    """Refuses requests without the token. Health is open to all; links need the secret.

    The status page asks for the token itself, as a browser can send no header of its own.
    """

    open = ("/", "/health", "/v1/link", PAGE)

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self.is_open(scope["path"]):
            shown = Request(scope).headers.get("authorization")
            if not matches(shown, self.token):
                message = "the token is wrong" if shown else "a token is required"
                hint = "send the header Authorization: Bearer TOKEN"
                error = ApiError(401, "unauthorised", message, hint)
                return await error_reply(error)(scope, receive, send)
        return await self.app(scope, receive, send)

    def is_open(self, path: str) -> bool:
        return path in self.open or path.startswith(f"{PAGE}/")


class LazyPage:
    """The status page, imported when somebody looks at it: no daemon starts later because of it."""

    def __init__(self, api: "Api", token: str) -> None:
        self.api, self.token = api, token
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is None:
            from .status.pages import Pages

            api = self.api
            pages = Pages(api.primary, lambda: api.brain, api.order, self.token)
            self.app = Starlette(routes=pages.routes())
        await self.app(scope, receive, send)


class Api:
    """The endpoints that serve people and adapters."""

    def __init__(self, primary: PrimaryRunner, token: str) -> None:
        self.primary, self.token = primary, token

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.to_page),
            Mount(PAGE, LazyPage(self, self.token)),
            Route("/health", self.health),
            WebSocketRoute("/v1/link", self.primary.links.serve),
            Route("/v1/status", self.status),
            Route("/v1/events", self.list_events),
            Route("/v1/events", self.create_event, methods=["POST"]),
            Route("/v1/events/{name}", self.show_event),
            Route("/v1/events/{name}", self.update_event, methods=["PATCH"]),
            Route("/v1/events/{name}", self.delete_event, methods=["DELETE"]),
            Route("/v1/events/{name}/run", self.run_event, methods=["POST"]),
            Route("/v1/jobs", self.list_jobs),
            Route("/v1/jobs/{name}", self.show_job),
            Route("/v1/jobs/{name}/abort", self.abort_job, methods=["POST"]),
            Route("/v1/servers", self.list_servers),
            Route("/v1/ledger", self.list_ledger),
            Route("/v1/changes", self.await_change),
        ]

    @property
    def brain(self) -> Any:
        """The brain to read from. Raises `ApiError` while none may answer."""
        if not self.primary.leading():
            raise self.nobody()
        brain = self.primary.brain
        if not brain.leadership.may_answer(self.primary.clock()):
            message = "the primary has not renewed its lease in time, and another may lead"
            raise ApiError(503, "recovering", message, "try again in a moment, or ask another")
        return brain

    def nobody(self) -> ApiError:
        if self.primary.store is None:
            message = "the primary is reading its store again"
            return ApiError(503, "recovering", message, "try again in a moment; the log says why")
        hint = "ask another; GET /health says 200 where it leads"
        return ApiError(503, "not-primary", "another server leads; nothing was done", hint)

    def order(self, order: inputs.Order) -> Any:
        """Give the brain an order. Raises `ApiError` if it is refused, or there is no brain."""
        try:
            answer = self.primary.handle(order)
        except (BrainDiscarded, LeaseLost):
            raise self.nobody() from None
        except StoreError as error:
            message = f"it is not known whether this was done: {error.cause}"
            hint = "look whether it was, then order it again"
            raise ApiError(503, "outcome-unknown", message, hint) from None
        if isinstance(answer, inputs.Refused):
            raise answer
        return answer

    async def to_page(self, _: Request) -> Response:
        return RedirectResponse(f"{PAGE}/")

    async def health(self, _: Request) -> Response:
        """Reply 200 while this is the primary and takes orders, else 503 with the same body."""
        status = self.standing(self.primary.brain)
        if not self.primary.leading():
            status["role"] = "standby" if self.primary.store is not None else "recovering"
        elif not self.primary.brain.leadership.may_answer(self.primary.clock()):
            status["role"] = "recovering"
        return reply(status, 200 if status["role"] == "primary" else 503)

    async def status(self, _: Request) -> Response:
        """Reply with the body of /health, where this is the primary; callers need the token."""
        return reply(self.standing(self.brain))

    def standing(self, brain: Any) -> views.View:
        version = self.primary.changes.version
        return {**views.status(brain, self.primary.clock()), "version": version}

    async def await_change(self, request: Request) -> Response:
        """Wait for a change after version `after`, `wait` seconds at most."""
        after = number(request, "after", 0, least=-1)
        wait = min(number(request, "wait", LONGEST_WAIT), LONGEST_WAIT)
        version = await self.primary.changes.beyond(int(after), wait)
        return reply({"version": version, "boot": self.primary.brain.state.boot})

    async def list_servers(self, _: Request) -> Response:
        return reply(views.servers(self.brain))

    async def list_ledger(self, _: Request) -> Response:
        return reply(views.ledger(self.brain))

    async def list_events(self, _: Request) -> Response:
        return reply(views.events(self.brain))

    async def show_event(self, request: Request) -> Response:
        brain = self.brain
        event = brain.orders.known(request.path_params["name"])
        return reply(views.event_view(brain, event))

    async def create_event(self, request: Request) -> Response:
        event = self.order(inputs.CreateEvent(decode(await body(request), Event)))
        return reply(views.event_view(self.brain, event), 201)

    async def update_event(self, request: Request) -> Response:
        fields = decode(await body(request), Params)
        event = self.order(inputs.UpdateEvent(request.path_params["name"], fields))
        return reply(views.event_view(self.brain, event))

    async def delete_event(self, request: Request) -> Response:
        self.order(inputs.DeleteEvent(request.path_params["name"]))
        return Response(status_code=204)

    async def run_event(self, request: Request) -> Response:
        asked = decode(await body(request) or b"{}", RunRequest)
        name, source = request.path_params["name"], asked.source or BY_HAND
        job = self.order(inputs.RunEvent(name, asked.params, source))
        return reply(views.job_view(self.brain, job), 201)

    async def list_jobs(self, request: Request) -> Response:
        """All jobs, or those of one event, or in one state."""
        asked = {name: request.query_params.get(name) for name in ("event", "state")}
        wanted = {name: value for name, value in asked.items() if value}
        jobs = views.jobs(self.brain)
        return reply([j for j in jobs if all(j[name] == wanted[name] for name in wanted)])

    async def show_job(self, request: Request) -> Response:
        name = request.path_params["name"]
        job = views.job(self.brain, name)
        if job is None:
            raise inputs.Refused("unknown-job", f"there is no job {name!r}")
        return reply(job)

    async def abort_job(self, request: Request) -> Response:
        """Abort a job and all its reruns."""
        asked = decode(await body(request) or b"{}", AbortRequest)
        root = self.order(inputs.AbortJob(request.path_params["name"], asked.by))
        return reply({"root": root})


def number(request: Request, name: str, default: float, least: float = 0) -> float:
    """A number of the query, from `least` up. Raises `ApiError` for anything else."""
    text = request.query_params.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value < 1e15:
        message, hint = f"{name}: {text!r} is not a number from {least:g} up", "correct the query"
        raise ApiError(400, "invalid", message, hint)
    return value


async def answer_error(_: Request, error: Exception) -> Response:
    """Reply to whatever was raised; what is not known here is a fault of this program."""
    match error:
        case ApiError():
            return error_reply(error)
        case inputs.Refused():
            status, hint = REFUSALS.get(error.code, (400, "see the message"))
            return error_reply(ApiError(status, error.code, error.message, hint))
        case HTTPException(status_code=status):
            code = {404: "unknown-path", 405: "wrong-method"}.get(status, "http")
            hint = "the paths are /health and, under /v1/: " + PATHS
            return error_reply(ApiError(status, code, str(error.detail), hint))
        case _:
            message = f"the request met a fault: {type(error).__name__}"
            return error_reply(ApiError(500, "fault", message, "see the daemon's log"))


def application(primary: PrimaryRunner, token: str) -> ASGIApp:
    answered = (ApiError, inputs.Refused, HTTPException, Exception)
    handlers = dict.fromkeys(answered, answer_error)
    routes = Api(primary, token).routes()
    return TokenCheck(Starlette(routes=routes, exception_handlers=handlers), token)
