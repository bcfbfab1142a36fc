"""A server that plays a recorded exchange: small answers in Cronicle's shape, in the kit's words.

What was seen of real servers is written down as answers by call. The last of them is played again
and again; what was asked is kept, so that a test can hold the adapter to it.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast

Answers = Mapping[str, Sequence[Mapping[str, Any]]]
# Answers that are none: the server knows who leads, or it hangs up without a word.
ELSEWHERE: Mapping[str, Any] = {"status": 302, "code": "master"}
NOT_ME: Mapping[str, Any] = {"code": "master", "description": "only on the master server"}
SILENCE: Mapping[str, Any] = {"status": 0}


class Player(ThreadingHTTPServer):
    """One server with its recording."""

    def __init__(self, recording: Answers) -> None:
        self.left = {verb: list(answers) for verb, answers in recording.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), Turn)

    @property
    def url(self) -> str:
        """Its address, as a URL without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def play(self, verb: str, body: dict[str, Any]) -> Mapping[str, Any]:
        """The next answer to that call; done, where nothing else was recorded."""
        self.asked.append((verb, body))
        answers = self.left.get(verb) or [{}]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def bodies(self, verb: str) -> list[dict[str, Any]]:
        """What that call was made with, each time."""
        return [body for name, body in self.asked if name == verb]


class Turn(BaseHTTPRequestHandler):
    """Answers one request from the recording."""

    @property
    def player(self) -> Player:
        """The server whose recording it answers from."""
        return cast(Player, self.server)

    def do_POST(self) -> None:
        """A call: its name is in the path, what it is given in the body."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send(self.player.play(self.path.split("/")[3], body))

    def do_GET(self) -> None:
        """The one call that needs no key."""
        self.send(self.player.play(self.path.split("/")[3], {}))

    def send(self, answer: Mapping[str, Any]) -> None:
        """Send an answer; `code` is 0 unless it says otherwise."""
        if answer.get("status") == 0:
            self.close_connection = True
            return
        text = json.dumps({"code": 0, **answer}).encode()
        self.send_response(answer.get("status", 200))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Standard error is for what goes wrong."""


@contextmanager
def playing(recording: Answers) -> Generator[Player]:
    """A server that plays it, until the end of the block."""
    player = Player(recording)
    thread = Thread(target=player.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield player
    finally:
        player.shutdown()
        thread.join()
        player.server_close()
