"""Fills a database that the service itself made: three large threads and many small ones."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any, Protocol

import asyncpg

from bench.people import Writer
from comments_service import app
from comments_service.core.models import Comment, Thread
from comments_service.core.search import line_of
from comments_service.operations import maintaining
from comments_service.settings import Settings
from comments_service.storage import sites

_CHUNK = 20_000
_THREAD = [field.name for field in fields(Thread)]
_COMMENT = [field.name for field in fields(Comment)]
_CHANGE = ["thread_id", "seq", "site_id", "comment_id", "kind", "at"]
_WORDS = ["thread_id", "comment_id", "words"]
_line = lru_cache(maxsize=4_096)(line_of)  # many say the same
_comment_row, _thread_row = attrgetter(*_COMMENT), attrgetter(*_THREAD)


@dataclass(frozen=True)
class Contents:
    """What the database holds: the big threads by size, and the number of small ones."""

    big: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    small: int = 2_000
    small_size: int = 20

    @property
    def total(self) -> int:
        """Return the number of comments."""
        return sum(self.big) + self.small * self.small_size

    def threads(self) -> Iterator[tuple[str, int]]:
        """Return key and size of each thread."""
        yield from ((big_key(size), size) for size in self.big)
        yield from ((small_key(number), self.small_size) for number in range(self.small))


QUICK = Contents(big=(1_000, 10_000, 100_000), small=500)


def big_key(size: int) -> str:
    """Return the key of the thread of a size."""
    return f"/bench/{size}"


def small_key(number: int) -> str:
    """Return the key of a small thread."""
    return f"/bench/small/{number}"


class _Target(Protocol):
    async def add(self, table: str, columns: list[str], rows: list[Any]) -> None: ...

    async def finish(self, site_id: int, change: int) -> None: ...


class _Sqlite:
    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -400000")
        self._db.execute("BEGIN")

    async def add(self, table: str, columns: list[str], rows: list[Any]) -> None:
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        self._db.executemany(sql, rows)

    async def finish(self, site_id: int, change: int) -> None:
        self._db.execute("UPDATE sites SET change = ? WHERE site_id = ?", (change, site_id))
        self._db.execute(
            "INSERT INTO search_index (rowid, words) SELECT comment_id, words FROM search"
        )
        self._db.execute("COMMIT")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()


class _Postgres:
    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db

    async def add(self, table: str, columns: list[str], rows: list[Any]) -> None:
        await self._db.copy_records_to_table(table, columns=columns, records=rows)

    async def finish(self, site_id: int, change: int) -> None:
        await self._db.execute("UPDATE sites SET change = $1 WHERE site_id = $2", change, site_id)
        await self._db.execute(
            "UPDATE search SET vector = array_to_tsvector(string_to_array(btrim(words), ' '))"
        )
        await self._db.execute("VACUUM ANALYZE")
        await self._db.execute("CHECKPOINT")
        await self._db.close()


async def _fill(settings: Settings, contents: Contents, make: type[Writer]) -> None:
    async with app.opened(settings) as service:  # makes the tables and the site
        site = await sites.by_slug(service.database, maintaining.DEFAULT_SITE)
    assert site is not None
    target: _Target
    if settings.database.startswith("sqlite:///"):
        target = _Sqlite(settings.database.removeprefix("sqlite:///"))
    else:
        target = _Postgres(await asyncpg.connect(settings.database))
    writer = make(site.site_id, settings.page_size)
    progress = _Progress(contents.total)
    for key, size in contents.threads():
        thread = writer.thread(key, size)
        await target.add("threads", _THREAD, [_thread_row(thread)])
        comments, seq = writer.comments(thread), thread.change - size
        while chunk := list(islice(comments, _CHUNK)):
            await _add(target, chunk, seq)
            seq += len(chunk)
            progress.say(seq)
    await target.finish(site.site_id, writer.seq)
    progress.say(writer.seq, end="\n")


async def _add(target: _Target, chunk: list[Comment], seq: int) -> None:
    await target.add("comments", _COMMENT, [_comment_row(comment) for comment in chunk])
    changes = [
        (row.thread_id, seq + number, row.site_id, row.id, "published", row.published_at)
        for number, row in enumerate(chunk, 1)
    ]
    await target.add("changes", _CHANGE, changes)
    words = [(c.thread_id, c.id, _line(c.name, c.body, c.email)) for c in chunk]
    await target.add("search", _WORDS, words)


class _Progress:
    def __init__(self, total: int) -> None:
        self._total, self._began, self._said = total, time.monotonic(), 0.0

    def say(self, done: int, end: str = "") -> None:
        """Write one line over the last, at most twice a second."""
        now = time.monotonic()
        if now - self._said > 0.5 or end:
            line = f"\rfilling: {done:,} of {self._total:,} comments, {now - self._began:.0f} s"
            print(line, end=end, file=sys.stderr, flush=True)
            self._said = now


def fill(settings: Settings, contents: Contents, make: type[Writer] = Writer) -> None:
    """Make the tables and fill them with what a writer writes; the database must be new."""
    asyncio.run(_fill(settings, contents, make))
