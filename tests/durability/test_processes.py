"""Several server processes on one PostgreSQL: one comment for one press, the same pages from each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.postgres import PostgresServer
from tests.servers import Server

TRIALS, AT_ONCE = 25, 100  # with a key and without: 50
COMMENTS = "/api/v1/sites/default/comments"


@pytest.fixture(scope="module")
def pair(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Server]]:
    url = postgres.create_database()
    folder: Path = tmp_path_factory.mktemp("pair")
    shared = {"DATABASE_URL": url, "BASE_URL": "https://comments.example"}
    with Server(folder, **shared) as first, Server(folder, **shared) as second:
        yield [first, second]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[list[Server]]:
    with Server(tmp_path) as server:
        yield [server]


async def press(clients: list[httpx2.AsyncClient], trial: int, keyed: bool) -> None:
    draft = {"thread": f"/trial/{keyed}/{trial}", "name": "alice", "body": "the same words"}
    if keyed:
        draft["submission_key"] = f"press-{trial}"
    posts = (clients[n % len(clients)].post(COMMENTS, json=draft) for n in range(AT_ONCE))
    answers = await asyncio.gather(*posts)
    codes = Counter(answer.status_code for answer in answers)
    assert codes == {200: AT_ONCE - 1, 201: 1}, codes
    assert len({answer.json()["comment"]["id"] for answer in answers}) == 1
    assert (
        sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers)
        == AT_ONCE - 1
    )
    counts = await clients[0].get(
        "/api/v1/sites/default/counts", params={"thread": draft["thread"]}
    )
    assert counts.json()["counts"] == {draft["thread"]: 1}


@pytest.mark.parametrize("keyed", [True, False])
async def test_equal_posts_at_once_to_two_processes_are_one_comment(
    pair: list[Server], keyed: bool
) -> None:
    clients = [httpx2.AsyncClient(base_url=server.url, timeout=30) for server in pair]
    for trial in range(TRIALS):
        await press(clients, trial, keyed)
    for client in clients:
        await client.aclose()


async def test_equal_posts_at_once_to_a_sqlite_server_are_one_comment(fresh: list[Server]) -> None:
    async with httpx2.AsyncClient(base_url=fresh[0].url, timeout=30) as client:
        for trial in range(10):
            await press([client], trial, keyed=False)


async def test_what_one_process_stored_the_other_shows_at_once(pair: list[Server]) -> None:
    async with (
        httpx2.AsyncClient(base_url=pair[0].url) as alice,
        httpx2.AsyncClient(base_url=pair[1].url) as bob,
    ):
        for number in range(10):
            draft = {"thread": "/shared", "name": "alice", "body": f"words {number}"}
            await alice.post(COMMENTS, json=draft)
            pages = [await client.get(f"{COMMENTS}?thread=/shared") for client in (alice, bob)]
            assert [len(page.json()["comments"]) for page in pages] == [number + 1] * 2
            assert pages[0].headers["etag"] == pages[1].headers["etag"]
            again = await bob.get(
                f"{COMMENTS}?thread=/shared", headers={"If-None-Match": pages[0].headers["etag"]}
            )
            assert again.status_code == 304


async def test_every_poster_is_answered_with_their_own_comment(pair: list[Server]) -> None:
    """Isso handed some of its posters somebody else's comment with the cookie to edit it."""
    clients = [httpx2.AsyncClient(base_url=server.url, timeout=30) for server in pair]

    async def post(number: int) -> None:
        draft = {"thread": "/crowd", "name": f"poster {number}", "body": f"words {number % 7}"}
        answer = (await clients[number % 2].post(COMMENTS, json=draft)).json()
        assert answer["comment"]["author"]["name"] == f"poster {number}"
        assert answer["receipt"].split(".")[0] == answer["comment"]["id"]

    for start in range(0, 1000, 50):
        await asyncio.gather(*(post(number) for number in range(start, start + 50)))
    for client in clients:
        await client.aclose()


async def test_writes_go_on_at_the_next_host_when_the_primary_dies_or_freezes(
    tmp_path: Path,
) -> None:
    for harm in ("kill", "freeze"):
        with PostgresServer().start(fsync=True) as primary:
            primary.create_database("house")
            with primary.make_standby() as standby:
                url = (
                    f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/house"
                )
                folder = tmp_path / harm
                folder.mkdir()
                with Server(folder, DATABASE_URL=url) as server:
                    await fail_over(server, primary, standby, harm)


async def fail_over(
    server: Server, primary: PostgresServer, standby: PostgresServer, harm: str
) -> None:
    stored: dict[str, str] = {}
    harmed = asyncio.Event()

    async def write(client: httpx2.AsyncClient, number: int) -> None:
        for turn in range(20):
            key = f"press-{number}-{turn}"
            draft = {"thread": "/post", "name": "alice", "body": key, "submission_key": key}
            answer = None
            while answer is None or answer.status_code == 503:  # what a form's retry does
                answer = await client.post(COMMENTS, json=draft)
            assert answer.status_code in (200, 201), answer.text
            stored[key] = answer.json()["comment"]["id"]
            if (number, turn) == (0, 5):
                await asyncio.to_thread(getattr(primary, harm))
                await asyncio.to_thread(standby.promote)
                harmed.set()

    async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
        await asyncio.gather(*(write(client, number) for number in range(4)))
        counts = await client.get("/api/v1/sites/default/counts?thread=/post")
    assert harmed.is_set()
    assert counts.json()["counts"]["/post"] == len(stored) == 80
    found = standby.sql(
        "SELECT count(*), count(DISTINCT submission_key) FROM comments", database="house"
    )
    assert found.strip() == "80|80"
