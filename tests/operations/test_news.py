"""Who waits for news is told: by the same process, by another one, and whatever gets lost between them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from comments_service import news
from comments_service.operations import reading
from comments_service.storage import signals
from tests.conftest import Clock, House, client_of, house_on
from tests.postgres import PostgresServer

CROWD = 1_000
LONG = 600.0
CHANGES = "/api/v1/sites/blog/changes"


async def until(true: Callable[[], bool]) -> None:
    """Wait for a condition that has no event."""
    while not true():  # noqa: ASYNC110 - what is waited for happens in the code under test
        await asyncio.sleep(0.005)


def waiting(house: House) -> int:
    watched = house.service.news._watched.get(house.site.site_id)
    return watched.waiting if watched else 0


async def test_a_thousand_pollers_wait_without_a_thread_or_a_connection_and_are_all_told(
    house: House,
) -> None:
    await house.post("before")
    async with client_of(house) as client:
        threads = threading.active_count()
        crowd = [
            asyncio.ensure_future(client.get(f"{CHANGES}?after=1&wait=30&poller={number % 7}"))
            for number in range(CROWD)
        ]
        await until(lambda: waiting(house) == CROWD)
        assert threading.active_count() == threads
        pool = getattr(house.service.database, "_pool", None)
        await until(lambda: pool is None or pool.get_idle_size() == pool.get_size())
        posted = (await house.post("news")).comment
        answers = await asyncio.gather(*crowd)
        told = [[change["id"] for change in answer.json()["changes"]] for answer in answers]
        assert told == [[str(posted.id)]] * CROWD
        assert waiting(house) == 0


async def test_who_waits_for_another_site_goes_on_waiting(house: House) -> None:
    service = house.service
    other = asyncio.ensure_future(service.news.wait(house.site.site_id + 1, 0, LONG))
    mine = asyncio.ensure_future(service.news.wait(house.site.site_id, 0, LONG))
    await asyncio.sleep(0)
    await house.post("news")
    assert await mine == 1
    assert not other.done()
    other.cancel()


async def test_what_is_there_already_is_not_waited_for(house: House) -> None:
    await house.post("news")
    assert await house.service.news.wait(house.site.site_id, 0, LONG) == 1


async def test_the_end_of_the_process_lets_everybody_go(house: House) -> None:
    async with client_of(house) as client:
        crowd = [asyncio.ensure_future(client.get(f"{CHANGES}?wait=30")) for _ in range(5)]
        await until(lambda: waiting(house) == 5)
        house.service.news.end()
        for answer in await asyncio.gather(*crowd):
            assert answer.json() == {"changes": [], "next": 0}
        late = await client.get(f"{CHANGES}?wait=30")
        assert late.json() == {"changes": [], "next": 0}


@pytest.fixture
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only words lead to a look at the counters."""
    monkeypatch.setattr(news, "TICK", LONG)


@pytest.fixture
def shared(postgres: PostgresServer) -> Iterator[str]:
    url = postgres.create_database(template="house")
    yield url
    postgres.drop_database(url.rsplit("/", 1)[1])


@asynccontextmanager
async def two_houses(url: str, folder: Path) -> AsyncIterator[tuple[House, House]]:
    """Two processes, as far as the database knows."""
    async with house_on(url, folder, Clock()) as one, house_on(url, folder, Clock()) as other:
        yield one, other


async def told_of(house: House, after: int = 0) -> asyncio.Task[int]:
    """Begin to wait, and return when the wait has begun and this process hears the others."""
    task = asyncio.ensure_future(house.service.news.wait(house.site.site_id, after, LONG))
    listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    while (await house.service.database.fetch(listening))[0][0] == 0:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.01)
    return task


async def test_another_process_is_told_by_a_word(
    shared: str, tmp_path: Path, no_clock: None
) -> None:
    async with two_houses(shared, tmp_path) as (here, there):
        poller = await told_of(there)
        await here.post("news")
        assert await poller == 1
        again = asyncio.ensure_future(there.service.news.wait(there.site.site_id, 1, LONG))
        await here.post("more news")
        assert await again == 2


async def test_one_connection_hears_for_everybody(
    shared: str, tmp_path: Path, no_clock: None, postgres: PostgresServer
) -> None:
    async with two_houses(shared, tmp_path) as (here, there):
        pollers = [await told_of(there) for _ in range(20)]
        name = shared.rsplit("/", 1)[1]
        count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND query LIKE 'LISTEN%'"
        assert postgres.sql(count).strip() == "1"
        await here.post("news")
        assert await asyncio.gather(*pollers) == [1] * 20


async def test_a_connection_that_is_cut_is_made_again_and_nothing_is_missed(
    shared: str, tmp_path: Path, no_clock: None, postgres: PostgresServer
) -> None:
    name = shared.rsplit("/", 1)[1]
    cut = f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = '{name}' AND query LIKE 'LISTEN%'"""
    async with two_houses(shared, tmp_path) as (here, there):
        poller = await told_of(there)
        for number in range(3):
            assert await asyncio.to_thread(postgres.sql, cut)
            await here.post(f"news {number}")  # perhaps while nobody listens
            assert await poller == number + 1
            poller = await told_of(there, number + 1)
        poller.cancel()


async def test_the_counter_is_looked_at_where_words_get_lost(
    shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process killed between its commit and its word; a pooler that passes no words on."""
    monkeypatch.setattr(news, "TICK", 0.02)
    monkeypatch.setattr(signals.Teller, "tell", lambda self, word: None)
    async with two_houses(shared, tmp_path) as (here, there):
        poller = asyncio.ensure_future(there.service.news.wait(there.site.site_id, 0, LONG))
        await asyncio.sleep(0)
        await here.post("news")
        assert await poller == 1


async def test_a_command_beside_the_service_is_heard_too(
    shared: str, tmp_path: Path, no_clock: None
) -> None:
    """Its last word is told before it ends."""
    async with house_on(shared, tmp_path, Clock()) as there:
        poller = await told_of(there)
        async with house_on(shared, tmp_path, Clock()) as command:
            await command.post("news")
        assert await poller == 1


@pytest.mark.slow
async def test_after_a_failover_the_new_server_is_listened_to(
    tmp_path: Path, no_clock: None
) -> None:
    with PostgresServer().start(fsync=True) as primary:
        primary.create_database("house")
        with primary.make_standby() as standby:
            hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
            async with two_houses(f"postgresql://postgres@{hosts}/house", tmp_path) as (
                here,
                there,
            ):
                await here.post("before")
                poller = await told_of(there, 1)
                await asyncio.to_thread(primary.kill)
                await asyncio.to_thread(standby.promote)
                await here.post("after")
                assert await poller == 2
                again = await told_of(there, 2)
                await here.post("and on")
                assert await again == 3
            links = await count_of_changes(standby)
    assert links == 3


async def count_of_changes(server: PostgresServer) -> int:
    return int(server.sql("SELECT count(*) FROM changes", database="house"))


async def test_a_cursor_past_the_end_starts_at_the_end(house: House) -> None:
    """A backup was put back: the counter is lower than what pollers remember."""
    await house.post("news")
    async with client_of(house) as client:
        answer = await client.get(f"{CHANGES}?after=99")
        assert answer.json() == {"changes": [], "next": 1}
    assert await reading.site_change(house.service, house.site.site_id) == 1
