"""Live changes over real sockets: nothing missed, nothing twice, and no reader can hold the house up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from comments_service import app as wiring
from comments_service import server as serving
from comments_service.operations import deciding
from comments_service.operations.deciding import Ask
from comments_service.settings import Settings
from comments_service.web import context, events
from tests.attacks import ATTACKS
from tests.conftest import BLOG, MONA, Clock, House, house_on
from tests.operations.test_news import until
from tests.postgres import PostgresServer
from tests.servers import Server

API = "/api/v1/sites/blog"


@dataclass
class Running:
    """A house that is served on a socket of this machine."""

    house: House
    server: serving.Server
    url: str

    @property
    def waiting(self) -> int:
        """How many streams and polls wait for news."""
        watched = self.house.service.news._watched.get(self.house.site.site_id)
        return watched.waiting if watched else 0


@asynccontextmanager
async def running(house: House) -> AsyncIterator[Running]:
    settings = Settings(port=0)
    with serving.listen(settings) as listener:
        app = wiring.build(house.service)
        server = serving.make(app, settings, house.service.news.end)
        task = asyncio.ensure_future(server.serve([listener]))
        await until(lambda: server.started or task.done())
        yield Running(house, server, f"http://127.0.0.1:{listener.getsockname()[1]}")
        server.handle_exit(signal.SIGTERM, None)
        await task


@pytest.fixture
async def live(house: House) -> AsyncIterator[Running]:
    async with running(house) as made:
        yield made


class Listener:
    """Somebody who reads a stream, as EventSource does."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.last = ""
        self.retry = ""
        self.comments = 0
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """Return the next event's data."""
        data = ""
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments += 1
            elif name == "retry":
                self.retry = value
            elif name == "id":
                self.last = value
            elif name == "data":
                data = value
            elif not line and data:
                record: dict[str, Any] = json.loads(data)
                assert str(record["seq"]) == self.last
                return record
        raise EOFError


@asynccontextmanager
async def listening(
    url: str, last: str = "", query: str = "", **headers: str
) -> AsyncIterator[Listener]:
    given = headers | ({"Last-Event-ID": last} if last else {})
    async with (
        httpx2.AsyncClient(timeout=60) as client,
        client.stream("GET", f"{url}{API}/events{query}", headers=given) as answer,
    ):
        yield Listener(answer)


async def act(house: House, number: int, action: Any) -> None:
    comment = await house.comment(number)
    await deciding.decide(house.service, MONA, [Ask(number, comment.version, action)])


async def changes(url: str, after: int = 0) -> list[dict[str, Any]]:
    async with httpx2.AsyncClient() as client:
        found = (await client.get(f"{url}{API}/changes?after={after}&limit=500")).json()
    return list(found["changes"])


async def test_a_stream_has_the_records_of_changes(live: Running) -> None:
    await live.house.post("before anybody listens")
    async with listening(live.url) as bob:
        await until(lambda: live.waiting == 1)
        alice = (await live.house.post("Let $x<1$.")).comment
        first = await bob.next()
        assert first == (await changes(live.url, 1))[0]
        assert first["comment"]["id"] == str(alice.id)
        await act(live.house, alice.id, "spam")
        assert await bob.next() == (await changes(live.url, 2))[0]
        assert bob.retry == str(events.RETRY_MS)
        headers = bob.answer.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store, no-transform"
        assert "content-encoding" not in headers


async def test_what_waits_is_no_event(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite"
    async with (
        house_on(url, tmp_path, Clock(), moderation="all") as house,
        running(house) as live,
        listening(live.url) as bob,
    ):
        await until(lambda: live.waiting == 1)
        held, shown = [(await house.post(f"words {n}")).comment for n in range(2)]
        await act(house, held.id, "spam")
        await act(house, shown.id, "approve")
        assert (await bob.next())["id"] == str(shown.id)


async def test_a_reader_who_comes_back_gets_what_was_missed_once(live: Running) -> None:
    for number in range(130):
        await live.house.post(f"words {number}")
    seen: list[int] = []
    last = ""
    for stop in (1, 60, 129):
        async with listening(live.url, last, "?after=0") as bob:
            while len(seen) < stop:
                seen.append((await bob.next())["seq"])
            last = bob.last
    async with listening(live.url, last, "?after=0") as bob:
        assert (await bob.next())["seq"] == 130
        await live.house.post("and on")
        assert (await bob.next())["seq"] == 131
    assert seen == list(range(1, 130))


async def test_a_number_past_the_end_starts_at_the_end(live: Running) -> None:
    await live.house.post()
    async with listening(live.url, "99") as bob:
        await until(lambda: live.waiting == 1)
        await live.house.post("news")
        assert (await bob.next())["seq"] == 2


async def test_no_text_breaks_out_of_its_event(house: House) -> None:
    async with running(house) as live:
        expected = 0
        for attack in ATTACKS[::3]:
            with suppress(ValueError):
                posted = await house.post(f"{attack.body}\r\n\ndata: x\n\nid: 99\n", name="m")
                expected += posted.comment.visible
        assert expected > 20
        async with listening(live.url, query="?after=0") as bob:
            heard = [await bob.next() for _ in range(expected)]
        assert heard == await changes(live.url)


async def test_a_silent_stream_says_that_it_lives(
    live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.02)
    async with listening(live.url) as bob:
        hearing = asyncio.ensure_future(bob.next())
        await until(lambda: bob.comments > 3)
        await live.house.post("news")
        assert (await hearing)["seq"] == 1


async def test_a_reader_who_leaves_leaves_nothing_behind(live: Running) -> None:
    async with listening(live.url), listening(live.url):
        await until(lambda: live.waiting == 2)
    await until(lambda: live.waiting == 0)
    await until(lambda: not live.server.server_state.tasks)


@pytest.mark.parametrize("where", ["", "&thread=/post"])
async def test_a_poller_who_leaves_leaves_nothing_behind(live: Running, where: str) -> None:
    await live.house.post()
    async with httpx2.AsyncClient(base_url=live.url) as client:
        address = f"{API}/changes?after=1&wait=30{where}"
        polls = [asyncio.ensure_future(client.get(address)) for _ in range(3)]
        await until(lambda: live.waiting == 3)
        polls[0].cancel()
        await until(lambda: live.waiting == 2)
        await live.house.post("news")
        answers = await asyncio.gather(*polls[1:])
        assert [answer.json()["next"] for answer in answers] == [2, 2]
    await until(lambda: not live.server.server_state.tasks)


async def test_many_readers_share_what_is_made_for_them(
    live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    original = events.Events._make

    async def make(self: Any, *arguments: Any) -> Any:
        made.append(arguments[1:])
        return await original(self, *arguments)

    monkeypatch.setattr(events.Events, "_make", make)
    async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=None)) as client:

        async def listen() -> dict[str, Any]:
            async with client.stream("GET", f"{live.url}{API}/events") as answer:
                return await Listener(answer).next()

        crowd = [asyncio.ensure_future(listen()) for _ in range(40)]
        await until(lambda: live.waiting == 40)
        await live.house.post("news")
        heard = await asyncio.gather(*crowd)
    assert [record["seq"] for record in heard] == [1] * 40
    assert len(made) < 5


async def test_head_bad_numbers_and_unknown_sites(live: Running) -> None:
    async with httpx2.AsyncClient(base_url=live.url) as client:
        head = await client.head(f"{API}/events")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"].startswith("text/event-stream")
        for headers in ({"Last-Event-ID": "x"}, {"Last-Event-ID": "-1"}):
            answer = await client.get(f"{API}/events", headers=headers)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (
                422,
                "number_invalid",
            )
        assert (await client.get(f"{API}/events?after=x")).status_code == 422
        assert (await client.get("/api/v1/sites/nobody/events")).status_code == 404


async def test_pages_of_registered_origins_may_listen(live: Running) -> None:
    for origin, allowed in ((BLOG, BLOG), ("https://mallory.example", None)):
        async with listening(live.url, Origin=origin) as bob:
            assert bob.answer.headers.get("access-control-allow-origin") == allowed
            assert "access-control-allow-credentials" not in bob.answer.headers


# --- Limits ---


@pytest.mark.parametrize(
    ("most", "each", "status", "code"),
    [(2, 9, 503, "streams_full"), (9, 2, 429, "rate_limited")],
)
async def test_a_process_and_a_network_have_so_many_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, each: int, status: int, code: str
) -> None:
    monkeypatch.setattr(context, "STREAMS", most)
    monkeypatch.setattr(context, "STREAMS_EACH", each)
    url = f"sqlite:///{tmp_path}/c.sqlite"
    async with house_on(url, tmp_path, Clock(), rate_limits="on") as house, running(house) as live:
        async with listening(live.url), listening(live.url):
            await until(lambda: live.waiting == 2)
            async with httpx2.AsyncClient(base_url=live.url) as client:
                refused = await client.get(f"{API}/events")
                assert (refused.status_code, refused.json()["code"]) == (status, code)
                assert int(refused.headers["retry-after"]) > 0
                assert (await client.get(f"{API}/recent")).status_code == 200
        await until(lambda: live.waiting == 0)
        async with listening(live.url):
            await until(lambda: live.waiting == 1)


@pytest.fixture
async def narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """A house whose system holds little for readers, so that it soon shows who does not read."""
    monkeypatch.setattr(serving, "SEND_BYTES", 4_096)
    async with (
        house_on(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock()) as house,
        running(house) as live,
    ):
        yield live


def held(live: Running) -> int:
    """Return the bytes that wait in the server for somebody to read them."""
    transports = [one.transport for one in live.server.server_state.connections]  # type: ignore[union-attr]
    return sum(transport.get_write_buffer_size() for transport in transports)


async def connect_and_not_read(
    live: Running,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(live.url.rsplit(":", 1)[1]), limit=2**20
    )
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # a real transport has it
    writer.write(f"GET {API}/events?after=0 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await until(lambda: live.waiting == 1)
    return reader, writer


async def test_a_reader_who_does_not_read_holds_little_and_misses_nothing(narrow: Running) -> None:
    count, words = 60, "long words " * 600
    reader, writer = await connect_and_not_read(narrow)
    async with listening(narrow.url) as bob:
        await until(lambda: narrow.waiting == 2)
        for number in range(count):
            await narrow.house.post(f"{number} {words}")
            assert (await bob.next())["seq"] == number + 1, "others are served meanwhile"
    most = 64 * 1024 + events.BATCH_BYTES + 4 * len(words)
    assert 64 * 1024 < held(narrow) < most < count * len(words) / 2
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
    writer.transport.resume_reading()  # type: ignore[attr-defined]
    seen: list[int] = []
    while len(seen) < count:
        line = await reader.readuntil(b"\n")
        seen += [int(line[4:])] if line.startswith(b"id: ") else []
    assert seen == list(range(1, count + 1)), "and so is who reads late"
    writer.close()


async def test_a_reader_who_reads_nothing_at_all_is_cut_off(
    narrow: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "WRITE_SECONDS", 0.05)
    _, writer = await connect_and_not_read(narrow)
    number = 0
    while narrow.server.server_state.connections:
        number += 1
        await narrow.house.post(f"{number} " + "long words " * 600)
    await until(lambda: not narrow.server.server_state.tasks and narrow.waiting == 0)
    writer.close()


# --- Processes ---


async def listen_and_collect(url: str, last: str, until_: Callable[[list[int]], bool]) -> list[int]:
    found: list[int] = []
    api = f"{url}/api/v1/sites/default/events?after=0"
    headers = {"Last-Event-ID": last} if last else {}
    async with (
        httpx2.AsyncClient(timeout=60) as client,
        client.stream("GET", api, headers=headers) as answer,
    ):
        bob = Listener(answer)
        while not until_(found):
            found.append((await bob.next())["seq"])
    return found


async def write(url: str, numbers: range) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        for number in numbers:
            draft = {"thread": "/post", "name": "alice", "body": f"words {number}"}
            draft["submission_key"] = f"press {number}"
            answer = await client.post("/api/v1/sites/default/comments", json=draft)
            assert answer.status_code in (200, 201)


async def test_two_processes_on_one_database_tell_the_same(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.create_database()
    with Server(tmp_path, DATABASE_URL=url) as one, Server(tmp_path, DATABASE_URL=url) as other:
        listeners = [
            asyncio.ensure_future(listen_and_collect(server.url, "", lambda seen: len(seen) == 40))
            for server in (one, other)
        ]
        await asyncio.gather(write(one.url, range(20)), write(other.url, range(20, 40)))
        assert await asyncio.gather(*listeners) == [list(range(1, 41))] * 2


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_after_a_kill_a_reader_goes_on_where_it_was(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings = {}
    if engine == "postgres":
        settings["DATABASE_URL"] = request.getfixturevalue("postgres").create_database()
    with Server(tmp_path, **settings) as first:
        await write(first.url, range(5))
        seen = await listen_and_collect(first.url, "", lambda seen: len(seen) == 3)
        hearing = asyncio.ensure_future(listen_and_collect(first.url, "5", lambda _: False))
        await asyncio.sleep(0)
        first.kill()
        with pytest.raises((EOFError, httpx2.HTTPError)):
            await hearing
    with Server(tmp_path, **settings) as again:
        await write(again.url, range(4, 8))  # one of them for the second time
        seen += await listen_and_collect(again.url, str(seen[-1]), lambda found: len(found) == 5)
    assert seen == list(range(1, 9))


async def test_the_service_ends_although_readers_and_pollers_wait(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        async with httpx2.AsyncClient(
            base_url=server.url, timeout=60, limits=httpx2.Limits(max_connections=None)
        ) as client:
            site = "/api/v1/sites/default"
            polls = [
                asyncio.ensure_future(client.get(f"{site}/changes?wait=30&poller={n}"))
                for n in range(10)
            ]

            async def listen(began: asyncio.Event) -> str:
                async with client.stream("GET", f"{site}/events") as answer:
                    began.set()
                    return "".join([text async for text in answer.aiter_text()])

            events_ = [asyncio.Event() for _ in range(10)]
            streams = [asyncio.ensure_future(listen(began)) for began in events_]
            await asyncio.gather(*(began.wait() for began in events_))
            os.kill(server.pid, signal.SIGTERM)
            assert await asyncio.to_thread(server.wait) == 0
            for answer in await asyncio.gather(*polls):
                assert answer.json() == {"changes": [], "next": 0}
            assert await asyncio.gather(*streams) == [f"retry: {events.RETRY_MS}\n\n"] * 10
        said = server.log.read_text()
        assert "Stopped." in said and "exceeded" not in said and "Traceback" not in said
