"""Whatever nonsense a caller sends, the answer says what is wrong, and the daemon goes on."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from runall_reference.brain.messages import Beat, encode
from support.real_daemons import SECRET, Api, Daemon, RealDaemons
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Api]]:
    daemons = RealDaemons(tmp_path_factory.mktemp("daemons"))
    yield daemons.primary(worker=True)
    daemons.close()


@pytest.fixture
def primary(served: tuple[Daemon, Api]) -> Daemon:
    return served[0]


@pytest.fixture
def api(served: tuple[Daemon, Api]) -> Iterator[Api]:
    yield served[1]
    assert served[1].get("/health")["role"] == "primary", "the daemon goes on"


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """The message of an error, after a look at its form."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert sorted(error) == ["code", "hint", "message"]
    assert error["code"] == code
    assert error["hint"]
    return error["message"]


# ------------------------------------------------------------------ who asks
@pytest.mark.parametrize("path", ["/v1/status", "/v1/events", "/v1/jobs", "/v1/nonsense"])
def test_without_a_token_nothing_is_answered(api: Api, path: str):
    answer = httpx.get(api.http.base_url.join(path), trust_env=False)
    assert refused(answer, 401, "unauthorised") == "a token is required"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("shown", ["Bearer wrong", "Bearer", "Basic eA==", "Bearer \xe9\xe8"])
def test_a_wrong_token_is_refused(api: Api, shown: str):
    headers = {b"Authorization": shown.encode("latin-1")}
    answer = api.http.get("/v1/events", headers=headers)
    assert refused(answer, 401, "unauthorised") == "the token is wrong"


def test_health_needs_no_token(api: Api):
    answer = httpx.get(api.http.base_url.join("/health"), trust_env=False)
    assert (answer.status_code, answer.json()["role"]) == (200, "primary")


# ------------------------------------------------------------------ what is asked
def test_malformed_json_is_refused_with_its_position(api: Api):
    answer = api.http.post("/v1/events", content=b'{"id": ?}')
    assert "(byte 7)" in refused(answer, 400, "not-json")


@pytest.mark.parametrize("body", [b"", b'{"id":', b"\xff\xfe", b'{"id": "e"} {}'])
def test_what_is_no_json_is_refused(api: Api, body: bytes):
    assert "not JSON" in refused(api.http.post("/v1/events", content=body), 400, "not-json")


@pytest.mark.parametrize(
    ("timing", "where"),
    [
        ({"minutes": [61]}, "$.timing.minutes[0]"),
        ({"hours": [3, -1]}, "$.timing.hours[1]"),
        ({"weekdays": ["Monday"]}, "$.timing.weekdays[0]"),
        ({"fortnights": [1]}, "fortnights"),
        ("daily", "$.timing"),
    ],
)
def test_a_timing_object_with_nonsense_is_refused_with_its_place(api: Api, timing: Any, where: str):
    answer = api.http.post("/v1/events", json={"id": "e", "timing": timing})
    assert where in refused(answer, 400, "invalid")
    refused(api.http.get("/v1/events/e"), 404, "unknown-event")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "missing required field `id`"),
        ({"id": ""}, "id: must not be empty"),
        ({"id": "a/b"}, "slash"),
        ({"id": "e", "colour": "red"}, "colour"),
        ({"id": "e", "timezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"id": "e", "retries": -1}, "retries: must not be negative"),
        ({"id": "e", "params": ["script"]}, "$.params"),
    ],
)
def test_an_event_with_nonsense_is_refused(api: Api, body: Any, words: str):
    assert words in refused(api.http.post("/v1/events", json=body), 400, "invalid")


def test_an_edit_with_nonsense_is_refused_and_changes_nothing(api: Api):
    api.event("edited", "true")
    for fields in ({"timeout": "soon"}, {"id": "other"}, {"colour": "red"}):
        refused(api.http.patch("/v1/events/edited", json=fields), 400, "invalid")
    assert "timing" in refused(
        api.http.patch("/v1/events/edited", json={"timing": {"minutes": [99]}}), 400, "invalid"
    )
    assert api.get("/v1/events/edited")["timeout"] == 0


def test_an_event_can_not_be_created_twice(api: Api):
    api.event("twice", "true")
    refused(api.http.post("/v1/events", json={"id": "twice"}), 409, "exists")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/events/ghost", "unknown-event"),
        ("PATCH", "/v1/events/ghost", "unknown-event"),
        ("DELETE", "/v1/events/ghost", "unknown-event"),
        ("POST", "/v1/events/ghost/run", "unknown-event"),
        ("GET", "/v1/jobs/ghost", "unknown-job"),
        ("POST", "/v1/jobs/ghost/abort", "unknown-job"),
        ("GET", "/v1/ghosts", "unknown-path"),
    ],
)
def test_what_is_unknown_is_named(api: Api, method: str, path: str, code: str):
    answer = api.http.request(method, path, json={} if method in ("PATCH", "POST") else None)
    refused(answer, 404, code)


def test_a_wrong_method_is_refused(api: Api):
    refused(api.http.delete("/v1/jobs"), 405, "wrong-method")


def test_a_body_over_a_mebibyte_is_refused(api: Api):
    body = {"id": "large", "title": "x" * (1024 * 1024)}
    refused(api.http.post("/v1/events", json=body), 413, "too-large")


def test_a_run_that_no_server_can_take_is_refused(api: Api):
    api.event("nowhere", "true", target="no-such-node")
    assert "no-such-node" in refused(api.http.post("/v1/events/nowhere/run"), 503, "no-server")


def test_a_run_over_the_limit_is_refused(api: Api):
    api.server_in("online", "p")
    api.event("single", "sleep 600")
    job = api.run("single")
    refused(api.http.post("/v1/events/single/run"), 409, "limit")
    api.http.post(f"/v1/jobs/{job['id']}/abort").raise_for_status()
    api.job_in("aborted", job["id"])
    refused(api.http.post(f"/v1/jobs/{job['id']}/abort"), 409, "ended")


@pytest.mark.parametrize("query", ["after=soon", "after=nan", "wait=nan", "wait=-3"])
def test_a_watch_with_nonsense_is_refused(api: Api, query: str):
    refused(api.http.get(f"/v1/changes?{query}"), 400, "invalid")


def test_a_watch_from_an_earlier_start_returns_at_once(api: Api):
    for after in (999999, -1):
        asked = time.monotonic()
        assert api.get(f"/v1/changes?after={after}&wait=30")["version"] < 999999
        assert time.monotonic() - asked < 20


# ------------------------------------------------------------------ what dials in
def dial(api: Api, secret: str = SECRET) -> ClientConnection:
    """Dial the link as a worker does."""
    url = f"ws://127.0.0.1:{api.http.base_url.port}/v1/link"
    headers = {"Authorization": f"Bearer {secret}"}
    return connect(url, additional_headers=headers, proxy=None, compression=None)


def test_a_link_without_the_secret_is_refused_before_it_is_open(api: Api):
    with pytest.raises(InvalidStatus) as caught:
        dial(api, "the-wrong-secret-altogether")
    assert caught.value.response.status_code == 403


BEAT = Beat(node="stranger", boot="b1", sent=1.0)


@pytest.mark.parametrize(
    "said",
    [b"nonsense", b"{}", b'{"type": "ack"}', "text", b"\xff", encode(BEAT)[:-1]],
    ids=lambda said: repr(said)[:20],
)
def test_a_message_that_can_not_be_read_closes_its_link_only(
    primary: Daemon, api: Api, said: bytes | str
):
    with dial(api) as link:
        link.send(said)
        with pytest.raises(ConnectionClosed) as caught:
            link.recv(timeout=20)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 4400
    primary.says("sent a message that can't be read")
    assert api.server_in("online", "p")


def test_a_message_over_the_limit_closes_its_link_only(api: Api):
    def shout() -> None:
        with dial(api) as link:
            link.send(b" " * (5 * 1024 * 1024))
            link.recv(timeout=20)

    with pytest.raises(ConnectionClosed):
        shout()
    assert api.server_in("online", "p")


def test_a_worker_that_dials_in_again_replaces_its_earlier_link(api: Api):
    with dial(api) as earlier:
        earlier.send(encode(BEAT))
        assert earlier.recv(timeout=20)
        with dial(api) as later:
            later.send(encode(msgspec.structs.replace(BEAT, sent=2.0)))
            assert later.recv(timeout=20)
            with pytest.raises(ConnectionClosed) as caught:
                earlier.recv(timeout=20)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 4409


def test_a_second_worker_of_a_name_is_refused_and_the_first_keeps_its_link(api: Api):
    beat = msgspec.structs.replace(BEAT, node="twin")
    with dial(api) as first:
        first.send(encode(beat))
        assert first.recv(timeout=20)
        with dial(api) as second:
            second.send(encode(msgspec.structs.replace(beat, boot="b2")))
            # It names no formats, so it is of the last release, which has no word for a refusal.
            with pytest.raises(ConnectionClosed, match="another worker 'twin' may be alive"):
                second.recv(timeout=20)
        first.send(encode(beat))
        assert first.recv(timeout=20)
        assert api.server_in("online", "twin")["boot"] == beat.boot
