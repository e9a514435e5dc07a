"""The measure of all writes: single rows, each with a durable commit, without any service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiosqlite
import asyncpg
import uvloop

_TABLE = "CREATE TABLE IF NOT EXISTS raw (id BIGINT PRIMARY KEY, name TEXT, body TEXT, html TEXT)"
Write = Callable[[int], Awaitable[object]]


async def _clients(writes: list[Write], seconds: float) -> float:
    began = time.perf_counter()
    first = time.time_ns()
    done = 0

    async def client(write: Write) -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            done += 1
            await write(first + done)

    await asyncio.gather(*(client(write) for write in writes))
    return done / (time.perf_counter() - began)


async def _sqlite(path: Path, clients: int, seconds: float, body: str) -> float:
    async with aiosqlite.connect(path, isolation_level=None) as db:
        await db.execute("PRAGMA journal_mode = WAL")
        await db.execute("PRAGMA synchronous = FULL")
        await db.execute(_TABLE)

        async def write(number: int) -> object:
            row = (number, "alice", body, body)
            return await db.execute_insert("INSERT INTO raw VALUES (?, ?, ?, ?)", row)

        return await _clients([write] * clients, seconds)


async def _postgres(url: str, clients: int, seconds: float, body: str) -> float:
    opened = [await asyncpg.connect(url) for _ in range(clients)]
    await opened[0].execute(_TABLE)

    def writer(db: asyncpg.Connection) -> Write:
        sql = "INSERT INTO raw VALUES ($1, $2, $3, $4)"
        return lambda number: db.execute(sql, number, "alice", body, body)

    try:
        return await _clients([writer(db) for db in opened], seconds)
    finally:
        for db in opened:
            await db.close()


def commits(where: str, clients: int, seconds: float, body: str) -> float:
    """Return how many commits a second a file (a path) or a server (a postgresql:// URL) takes."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if where.startswith("postgresql://"):
            return runner.run(_postgres(where, clients, seconds, body))
        return runner.run(_sqlite(Path(where), clients, seconds, body))
