"""Reads the body of a request, and never more of it than there should be."""

from starlette.requests import ClientDisconnect, Request

from .errors import ApiError

LARGEST_BODY = 1024 * 1024


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
