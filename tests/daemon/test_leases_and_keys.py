"""Who may lead, who may dial in, and who may not: with real daemons."""

import asyncio
import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from runall_harness.rigs.file_locks import freeze_between_writes
from runall_reference.brain.inputs import Tick
from runall_reference.brain.messages import Ack, decode_beat, encode
from runall_reference.brain.settings import Settings
from runall_reference.daemon import primary_runner as module
from runall_reference.daemon.api import application
from runall_reference.daemon.primary_runner import PrimaryRunner
from runall_reference.daemon.steady_clock import SteadyClock
from runall_reference.store import Store, open_store
from support.real_daemons import KEYS, SECRET, Daemon, RealDaemons
from websockets.sync.server import ServerConnection, serve


# ------------------------------------------------------------------ who may do what
def test_a_second_server_on_one_store_is_a_backup_that_takes_no_orders(daemons: RealDaemons):
    store = f"sqlite:///{daemons.folder / 'shared.db'}"
    daemons.primary("first", store=store)
    second, asked = daemons.primary("second", store=store)
    assert second.says("this server is a backup")
    answer = asked.http.post("/v1/events", json={"id": "late"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not-primary")
    assert asked.http.get("/health").json()["role"] == "standby"
    assert daemons.worker("w1", asked).says("it does not lead")
    assert "ASGI" not in second.log()


def fall_asleep(daemon: Daemon) -> None:
    """Freeze a daemon between two writes: amid one it would hold the lock that a backup needs."""
    process = psutil.Process(daemon.process.pid)

    def freeze() -> None:
        daemon.send(signal.SIGSTOP)
        while process.status() != psutil.STATUS_STOPPED:
            threading.Event().wait(0.001)

    freeze_between_writes(freeze, lambda: daemon.send(signal.SIGCONT), lambda: {process.pid})


def test_a_primary_that_slept_through_its_lease_writes_nothing_and_becomes_a_backup(
    daemons: RealDaemons,
):
    store = f"sqlite:///{daemons.folder / 'shared.db'}"
    older, asked = daemons.primary("old", store=store, lease=0.6)
    newer, api = daemons.primary("new", store=store, lease=0.6)
    assert newer.says("this server is a backup")
    fall_asleep(older)
    assert newer.says("this server leads from now on")
    older.send(signal.SIGCONT)
    answer = asked.http.post("/v1/events", json={"id": "late"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not-primary")
    assert older.says("another server leads")
    assert api.get("/v1/events") == []
    assert older.end() == 0


def test_the_earlier_of_two_servers_of_one_name_leaves(daemons: RealDaemons):
    store = f"sqlite:///{daemons.folder / 'shared.db'}"
    options = ("--store", store, "--no-worker", "--listen", "127.0.0.1:0", "--lease", "0.6")
    first = daemons.start(
        "primary", "--name", "twin", "--data", str(daemons.folder / "a"), *options
    )
    assert first.says("listening")
    second = daemons.start(
        "primary", "--name", "twin", "--data", str(daemons.folder / "b"), *options
    )
    assert second.says("listening")
    assert first.wait() == 4
    assert "another primary has taken the lease" in first.log()


def test_a_renewed_lease_is_not_news(daemons: RealDaemons):
    primary, api = daemons.primary(lease=0.15)
    for _ in range(3):
        version = api.get("/v1/status")["version"]
        assert api.get(f"/v1/changes?after={version}&wait=20")["version"] > version
    assert primary.end() == 0
    assert primary.log().count("is primary") == 1


def test_a_worker_leaves_a_primary_that_another_has_replaced(daemons: RealDaemons):
    visits: queue.Queue[str] = queue.Queue()

    def newer(link: ServerConnection) -> None:
        visits.put("newer")
        answer(link, epoch=5)

    def stale(link: ServerConnection) -> None:
        visits.put("stale")
        answer(link, epoch=3)
        for _ in link:
            pass

    with primary_that(newer) as first, primary_that(stale) as second:
        worker = daemons.start(
            "worker",
            "--name",
            "w1",
            "--data",
            str(daemons.folder / "w1"),
            "--primary",
            f"127.0.0.1:{first}",
            "--primary",
            f"127.0.0.1:{second}",
        )
        assert [visits.get(timeout=20) for _ in range(3)] == ["newer", "stale", "newer"]
        assert f"127.0.0.1:{second}" in worker.says("it is primary no more")
        worker.end(signal.SIGKILL)


def answer(link: ServerConnection, epoch: int) -> None:
    """Acknowledge one beat, as the primary of that epoch."""
    beat = decode_beat(link.recv(timeout=20))
    link.send(encode(Ack(epoch=epoch, sent=beat.sent)))


@contextlib.contextmanager
def primary_that(serves: Callable[[ServerConnection], None]) -> Generator[int]:
    """A port at which that function answers whoever dials in."""
    with serve(serves, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join(20)


def test_the_schedule_follows_a_wall_clock_that_was_set(tmp_path: Path):
    class SetClock(SteadyClock):
        ahead = 0.0

        def skew(self) -> float:
            return self.ahead

    async def body() -> None:
        clock = SetClock()
        store = f"sqlite:///{tmp_path / 'p.db'}"
        primary = PrimaryRunner("p", Settings(), store, SECRET, clock)
        await primary.begin()
        slot = primary.brain.state.clock.slot(clock())
        clock.ahead = 3600.0
        primary.notify(Tick())
        await asyncio.sleep(0)
        assert primary.brain.state.clock.slot(clock()) - slot in (60, 61)
        primary.close_store()
        await primary.begin()
        assert primary.brain.state.clock.slot(clock()) - slot in (60, 61), "a brain after it too"
        primary.close_store()

    asyncio.run(body())


def test_a_primary_that_slept_through_its_lease_answers_nothing_before_it_has_renewed_it(
    tmp_path: Path,
):
    class SlowClock(SteadyClock):
        slept = 0.0

        def __call__(self) -> float:
            return super().__call__() + self.slept

    async def body() -> list[int]:
        clock, store = SlowClock(), f"sqlite:///{tmp_path / 'p.db'}"
        primary = PrimaryRunner("p", Settings(), store, SECRET, clock)
        await primary.begin()
        app = httpx.ASGITransport(application(primary, SECRET))
        shown = {"Authorization": f"Bearer {SECRET}"}
        async with httpx.AsyncClient(transport=app, base_url="http://p", headers=shown) as api:
            answers = [await api.get("/v1/jobs"), await api.get("/health")]
            clock.slept = Settings().lease
            answers += [await api.get("/v1/jobs"), await api.get("/health")]
            assert "has not renewed its lease" in answers[2].text
            primary.notify(Tick())
            answers += [await api.get("/v1/jobs"), await api.get("/health")]
        primary.close_store()
        return [answer.status_code for answer in answers]

    assert asyncio.run(body()) == [200, 200, 503, 503, 200, 200]


def test_the_own_worker_of_a_primary_goes_on_while_its_store_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It has a fence to keep: nothing may hold its event loop while a server says nothing."""
    going_on = threading.Event()

    def open_late(*args: Any) -> Store:
        assert going_on.wait(10), "the event loop stood still"
        return open_store(*args)

    async def body() -> None:
        clock, store = SteadyClock(), f"sqlite:///{tmp_path / 'p.db'}"
        primary = PrimaryRunner("p", Settings(), store, SECRET, clock)
        monkeypatch.setattr(module, "open_store", open_late)
        recovering = asyncio.create_task(primary.recover())
        asyncio.get_running_loop().call_later(0.5, going_on.set)
        await recovering
        assert primary.leading()
        primary.close_store()

    asyncio.run(body())


def test_a_worker_with_a_wrong_secret_is_refused_says_so_and_tries_on(daemons: RealDaemons):
    primary, api = daemons.primary()
    stranger = daemons.worker("w1", api, secret="not-the-secret-at-all")
    assert "give both the same --secret-file" in stranger.says("refused our secret (HTTP 403)")
    assert "wrong secret" in primary.says("was refused")
    assert stranger.process.poll() is None
    daemons.worker("w2", api)
    api.server_in("online", "w2")
    assert [server["name"] for server in api.get("/v1/servers")] == ["w2"]
    assert stranger.end() == 0


def test_an_unknown_policy_is_refused_with_those_that_are_known(daemons: RealDaemons):
    data = str(daemons.folder / "p")
    daemon = daemons.start("primary", "--name", "p", "--data", data, "--policy", "hope")
    assert daemon.wait() == 3
    assert "no policy 'hope'" in daemon.log()
    assert "cronicle-0.9.52" in daemon.log()


def test_settings_under_which_two_executions_could_overlap_are_refused(daemons: RealDaemons):
    data = str(daemons.folder / "p")
    daemon = daemons.start("primary", "--name", "p", "--data", data, "--fence", "200")
    assert daemon.wait() == 2
    assert "shorten the fence or lengthen the timeout" in daemon.log()


def test_two_daemons_can_not_share_a_folder(daemons: RealDaemons):
    _, api = daemons.primary("p")
    second = daemons.worker("p", api)
    assert second.wait() == 3
    assert "in use by primary p (pid" in second.log()


def test_a_port_that_is_taken_is_named(daemons: RealDaemons):
    _, api = daemons.primary()
    port = api.http.base_url.port
    data = str(daemons.folder / "q")
    second = daemons.start(
        "primary", "--name", "q", "--data", data, "--listen", f"127.0.0.1:{port}"
    )
    assert second.wait() == 3
    assert f"can't listen on 127.0.0.1:{port}" in second.log()


@pytest.mark.parametrize(
    ("keys", "listen", "words"),
    [
        ({}, "0.0.0.0:0", "can be reached by other machines, so a secret must be given"),
        ({"RUNALL_SECRET": SECRET}, "0.0.0.0:0", "so a token must be given"),
        ({**KEYS, "RUNALL_TOKEN": "short"}, "127.0.0.1:0", "the token has 5 characters"),
    ],
)
def test_keys_that_are_missing_or_short_are_refused(
    daemons: RealDaemons, keys: dict[str, str], listen: str, words: str
):
    data = str(daemons.folder / "p")
    daemon = daemons.start("primary", "--name", "p", "--data", data, "--listen", listen, keys=keys)
    assert daemon.wait() == 3
    assert words in daemon.log()
    assert "next step" in daemon.log()


def test_on_loopback_keys_are_made_kept_and_shared_by_file(daemons: RealDaemons):
    data = daemons.folder / "p"
    arguments = ("primary", "--name", "p", "--data", str(data), "--listen", "127.0.0.1:0")
    first = daemons.start(*arguments, keys={})
    first.says("listening on")
    kept = {what: (data / what).read_text() for what in ("secret", "token")}
    assert all((data / what).stat().st_mode & 0o077 == 0 for what in kept)
    assert first.end() == 0
    daemons.start(*arguments, keys={}).says("listening on")
    assert {what: (data / what).read_text() for what in kept} == kept
