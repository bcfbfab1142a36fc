"""The API's replies: JSON, and errors that say what is wrong and what to do."""

from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from runall_reference.brain.inputs import Refused

LARGEST_BODY = 1024 * 1024


class ApiError(Exception):
    """A request that is not carried out. `code` is for programs, message and hint for people."""

    def __init__(self, status: int, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.hint = status, code, message, hint


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


def refusal(refused: Refused) -> ApiError:
    """The answer for an order that the brain refused."""
    status, hint = REFUSALS.get(refused.code, (400, "see the message"))
    return ApiError(status, refused.code, refused.message, hint)


def reply(content: Any, status: int = 200) -> Response:
    """A response with this content as JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def error_reply(error: ApiError) -> Response:
    """The response for an error, as JSON."""
    words = {"code": error.code, "message": error.message, "hint": error.hint}
    answer = reply({"error": words}, error.status)
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def body(request: Request) -> bytes:
    """The request's body. Raises `ApiError` for one that is too large or was cut off."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > LARGEST_BODY:
                raise ApiError(
                    413,
                    "too-large",
                    f"the body is over {LARGEST_BODY} bytes",
                    "keep large data in a file or a store, and pass its name",
                )
    except ClientDisconnect:
        raise ApiError(400, "cut-off", "the body was cut off", "send it again") from None
    return bytes(content)


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
