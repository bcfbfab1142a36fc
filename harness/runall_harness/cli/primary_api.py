"""How the commands about a running primary call its API, and what they say if it can't be done."""

import os
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import click

from runall_harness.contract.errors import KitCannotRun

from .options import FILE

SECONDS = 10.0
IS_IT_ONE = "see that --url is the address of a primary, without any path"
# The next step by the code of a refusal, where the API's own speaks of requests.
STEPS = {
    "exists": "choose another id, or change that event with runall event edit",
    "no-server": "start a worker that the target names; see runall worker --help",
    "unknown-event": "see runall event list",
    "unknown-job": "see runall jobs",
    "unauthorised": "give the token of that primary: --token-file, or RUNALL_TOKEN",
}


class Primary(NamedTuple):
    """A primary's address, and the token that it asks for."""

    url: str
    token: str

    def get(self, path: str, kind: Any = Any, what: str = "that") -> Any:
        """What the primary shows at a path below /v1, as that type. Raises `KitCannotRun`."""
        return self.call("GET", path, kind=kind, what=what)

    def call(
        self, verb: str, path: str, body: Any = None, *, kind: Any = Any, what: str = "an answer"
    ) -> Any:
        """The primary's answer, as that type; None for an empty one. Raises `KitCannotRun`."""
        import msgspec

        content = self.ask(verb, path, None if body is None else msgspec.json.encode(body))
        if not content and verb == "DELETE":
            return None
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError as error:
            cause = f"{self.url} answers, but not with {what} ({error})"
            raise KitCannotRun(cause, IS_IT_ONE) from None

    def ask(self, verb: str, path: str, content: bytes | None) -> bytes:
        import httpx

        headers = {"Authorization": f"Bearer {self.token}"}
        address = f"{self.url.rstrip('/')}/v1/{path}"
        try:
            answer = httpx.request(
                verb, address, content=content, headers=headers, timeout=SECONDS, trust_env=False
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise self.silence(error, ordered=sent and verb != "GET") from None
        if not answer.is_success:
            self.refuse(answer.status_code, answer.content)
        return answer.content

    def silence(self, error: Exception, *, ordered: bool) -> KitCannotRun:
        """No answer; `ordered` says that the order may have been carried out all the same."""
        if ordered:
            cause = f"{self.url} does not answer ({error}); it is not known whether this was done"
            return KitCannotRun(cause, "look with runall jobs or runall event list before a retry")
        hint = "see that the primary runs and that --url is its --listen address"
        return KitCannotRun(f"{self.url} does not answer ({error})", hint)

    def refuse(self, status: int, body: bytes) -> NoReturn:
        """Raise `KitCannotRun` with the primary's own message, if it has one."""
        import msgspec

        try:
            error: Any = msgspec.json.decode(body)["error"]
            cause = f"{self.url} answers {status}: {error['message']}"
            hint = str(STEPS.get(error["code"], error["hint"]))
        except (msgspec.MsgspecError, KeyError, TypeError):
            cause, hint = f"{self.url} answers {status}", "see that --url is a primary's address"
        raise KitCannotRun(cause, hint)


def primary_options(command: Any) -> Any:
    """The options that say which primary; the command gets `url` and `token_file`."""
    address = click.option(
        "--url",
        default="http://127.0.0.1:7070",
        show_default=True,
        metavar="URL",
        envvar="RUNALL_URL",
        show_envvar=True,
        help="The primary's API.",
    )
    token = click.option(
        "--token-file",
        type=FILE,
        envvar="RUNALL_TOKEN_FILE",
        show_envvar=True,
        help="The file with the API's token; a primary on 127.0.0.1 has made one in its data "
        "folder. Without it, RUNALL_TOKEN.",
    )
    return address(token(command))


def primary_at(url: str, token_file: Path | None) -> Primary:
    return Primary(url if "://" in url else f"http://{url}", token_of(token_file))


def token_of(file: Path | None) -> str:
    """The token, from its file or from RUNALL_TOKEN. Raises `click.UsageError`."""
    try:
        token = file.read_text("utf-8").strip() if file else os.environ.get("RUNALL_TOKEN", "")
    except (OSError, UnicodeError) as error:
        raise click.BadParameter(f"{file}: {error}", param_hint="'--token-file'") from None
    if not token or not token.isascii():
        place = f"{file} holds none" if file else "give --token-file, or set RUNALL_TOKEN"
        raise click.UsageError(f"a token is required: {place}")
    return token
