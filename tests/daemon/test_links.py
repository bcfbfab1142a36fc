"""A worker says why it has no link, and where asking again at once would not help, it waits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from runall_reference.brain.messages import Beat, encode
from runall_reference.brain.settings import Settings
from runall_reference.daemon import wire
from runall_reference.daemon.addresses import Address
from runall_reference.daemon.link_client import LinkClient
from support.real_daemons import SECRET, TOKEN, Api, Daemon, RealDaemons
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response
from websockets.sync.client import connect

PAUSE = Settings().heartbeat
Talk = Callable[[ServerConnection], Awaitable[Any]]


def visited(talk: Talk, formats: str = wire.SPOKEN.header()) -> LinkClient:
    """A worker that has been to a primary which names these formats, and then says that."""

    def name_formats(_: ServerConnection, __: Request, response: Response) -> Response:
        response.headers[wire.HEADER] = formats
        return response

    async def visit() -> LinkClient:
        async with serve(talk, "127.0.0.1", 0, process_response=name_formats) as server:
            address = Address("127.0.0.1", next(iter(server.sockets)).getsockname()[1])
            client = LinkClient([address], SECRET, Settings(), lambda _: None)
            assert not await client.visit(address), "it does not dial again at once"
        return client

    return asyncio.run(visit())


async def hang_up(link: ServerConnection) -> None:
    await link.close()


def said(*messages: bytes) -> Talk:
    async def say(link: ServerConnection) -> None:
        for message in messages:
            await link.send(message)
        await link.wait_closed()

    return say


def test_a_worker_leaves_a_primary_that_speaks_no_format_of_its_own(
    caplog: pytest.LogCaptureFixture,
):
    client = visited(hang_up, "8-9")
    assert client.pause == PAUSE
    assert "the worker speaks 1 to 2, the primary 8 to 9; upgrade the worker" in caplog.text


def test_an_order_that_can_not_be_read_ends_the_link_and_the_worker_waits(
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level("INFO")
    assert visited(said(b'{"type":"dance"}')).pause == PAUSE
    assert "it sent a message that can't be read" in caplog.text


def test_an_order_over_the_limit_ends_the_link_and_the_log_says_who_ended_it_and_why(
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level("INFO")
    assert visited(said(b" " * (wire.LARGEST_MESSAGE + 1))).pause == PAUSE
    assert f"it sent a message over {wire.LARGEST_MESSAGE} bytes, the limit here" in caplog.text
    assert "hung up" not in caplog.text


@pytest.mark.parametrize("code", [wire.MALFORMED, wire.REFUSED, wire.TOO_LARGE])
def test_a_worker_waits_where_the_primary_can_not_take_what_it_says(
    code: int, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")

    async def refuse(link: ServerConnection) -> None:
        await link.close(code, "not that")

    assert visited(refuse).pause == PAUSE
    assert "is closed: not that" in caplog.text


def test_a_worker_dials_a_primary_again_soon_that_only_hung_up(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    assert visited(hang_up).pause == 0
    assert "it hung up" in caplog.text


# ------------------------------------------------------------------ the primary's end
@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Api]]:
    daemons = RealDaemons(tmp_path_factory.mktemp("daemons"))
    yield daemons.primary()
    daemons.close()


def dialled(api: Api, formats: str | None) -> Any:
    """A link as a worker of another release dials it."""
    headers = {"Authorization": f"Bearer {SECRET}"}
    headers |= {} if formats is None else {wire.HEADER: formats}
    url = f"ws://127.0.0.1:{api.http.base_url.port}/v1/link"
    return connect(url, additional_headers=headers, proxy=None, compression=None)


def test_a_primary_says_why_it_refuses_a_worker_of_another_release(served: tuple[Daemon, Api]):
    primary, api = served
    with pytest.raises(InvalidStatus) as caught:
        dialled(api, "3-4")
    assert caught.value.response.status_code == wire.NO_COMMON_FORMAT
    reason = b"the worker speaks 3 to 4, the primary 1 to 2; upgrade the primary"
    assert caught.value.response.body.endswith(reason)
    assert TOKEN not in primary.says("was refused: no wire format in common")


@pytest.mark.parametrize("formats", [None, "1-1", "1-2", "2-7"])
def test_a_primary_names_its_formats_to_whoever_may_link(
    served: tuple[Daemon, Api], formats: str | None
):
    with dialled(served[1], formats) as link:
        assert link.response.headers[wire.HEADER] == wire.SPOKEN.header()


def test_the_primary_says_why_a_link_was_closed(served: tuple[Daemon, Api]):
    primary, api = served
    with dialled(api, "1-2") as link:
        link.send(encode(Beat(node="loud", boot="b", sent=1.0)))
        assert link.recv(timeout=20)
        link.send(b" " * (wire.LARGEST_MESSAGE + 1))
        with pytest.raises(ConnectionClosed):
            link.recv(timeout=20)
    assert "a message is too large" in primary.says("the link to worker loud is closed")
