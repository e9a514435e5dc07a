"""A 201 means stored: servers are killed in mid-load, and every acknowledged comment is there."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.postgres import PostgresServer
from tests.servers import Server

WRITERS = 8


@dataclass
class Load:
    """Writers who post until the server is gone; each submission has its key."""

    url: str
    acknowledged: dict[str, str] = field(default_factory=dict)  # key -> id
    unanswered: set[str] = field(default_factory=set)
    count: int = 0

    async def run(self, server: Server, kill_after: int) -> None:
        """Post from several writers, and kill the server when so many were acknowledged."""
        async with httpx2.AsyncClient(base_url=self.url, timeout=10) as client:
            await asyncio.gather(*(self._write(client, server, kill_after) for _ in range(WRITERS)))

    async def _write(self, client: httpx2.AsyncClient, server: Server, kill_after: int) -> None:
        while True:
            self.count += 1
            key = f"press-{self.count}"
            self.unanswered.add(key)
            try:
                answer = await client.post("/api/v1/sites/default/comments", json=draft(key))
            except httpx2.TransportError:
                return
            # 200: the server waited too long for a commit, asked again, and found its own comment.
            assert answer.status_code in (200, 201), answer.text
            self.unanswered.discard(key)
            self.acknowledged[key] = answer.json()["comment"]["id"]
            if len(self.acknowledged) == kill_after:
                server.kill()


def draft(key: str) -> dict[str, str]:
    return {"thread": "/post", "name": "alice", "body": f"words of {key}", "submission_key": key}


async def retry(url: str, load: Load, sent: int) -> None:
    """Send everything once more: what was stored is found, what was not is stored now, `sent` in all."""
    async with httpx2.AsyncClient(base_url=url, timeout=10) as client:
        for key in sorted(load.unanswered | set(load.acknowledged)):
            answer = await client.post("/api/v1/sites/default/comments", json=draft(key))
            assert answer.status_code in (200, 201), answer.text
            if key in load.acknowledged:
                assert answer.status_code == 200
                assert answer.json()["comment"]["id"] == load.acknowledged[key]
        counts = await client.get("/api/v1/sites/default/counts?thread=/post")
        assert counts.json()["counts"]["/post"] == sent


async def test_sqlite_keeps_every_acknowledged_comment_through_twenty_kills(tmp_path: Path) -> None:
    dice, sent = random.Random(20), 0
    server = Server(tmp_path).start()
    for number in range(20):
        load = Load(server.url, count=number * 10_000)
        await load.run(server, kill_after=dice.randint(10, 120))
        assert load.unanswered, "the kill must hit somebody in mid-flight"
        check(tmp_path / "comments.sqlite")
        server.start()
        sent += len(load.acknowledged) + len(load.unanswered)
        await retry(server.url, load, sent)
    server.stop()


def check(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


@pytest.mark.parametrize("victim", ["server", "database"])
async def test_postgres_keeps_every_acknowledged_comment_when_either_is_killed(
    tmp_path: Path, victim: str
) -> None:
    with PostgresServer().start(fsync=True) as postgres:
        url = postgres.create_database()
        for number in range(3):
            server = Server(tmp_path, DATABASE_URL=url).start()
            load = Load(server.url, count=number * 10_000)
            if victim == "server":
                await load.run(server, kill_after=50)
            else:
                await outage(load, server, postgres)
            server.stop()
            with Server(tmp_path, DATABASE_URL=url) as again:
                await every_one_is_there(again.url, load)


async def outage(load: Load, server: Server, postgres: PostgresServer) -> None:
    """Kill and start the database under load: writers wait, then go on; nobody is told a lie."""
    async with httpx2.AsyncClient(base_url=load.url, timeout=30) as client:

        async def write(number: int) -> None:
            for turn in range(30):
                load.count += 1
                key = f"press-{load.count}"
                answer = await client.post("/api/v1/sites/default/comments", json=draft(key))
                assert answer.status_code in (200, 201), answer.text
                load.acknowledged[key] = answer.json()["comment"]["id"]
                if (number, turn) == (0, 8):
                    await asyncio.to_thread(postgres.kill)
                    await asyncio.to_thread(postgres.start, True)

        await asyncio.gather(*(write(number) for number in range(WRITERS)))


async def every_one_is_there(url: str, load: Load) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=10) as client:
        for key in sorted(load.unanswered | set(load.acknowledged)):
            answer = await client.post("/api/v1/sites/default/comments", json=draft(key))
            assert answer.status_code in (200, 201)
            if key in load.acknowledged:
                assert answer.status_code == 200
                assert answer.json()["comment"]["id"] == load.acknowledged[key]
