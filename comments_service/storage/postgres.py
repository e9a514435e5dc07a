"""PostgreSQL: a pool of connections to whichever of the named servers takes writes.

The traps that shape this file: a driver's own time-out over a list of hosts never gets past a frozen
first one, so each host is tried by itself; cancelling a COMMIT that waits for its standby makes the
server report success, so nothing is ever cancelled there: a connection that is late is cut off, and
the transaction, whose outcome is then unknown, is run again and finds its own keys if it had been stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from comments_service.errors import DatabaseUnusable, Unavailable
from comments_service.storage import signals
from comments_service.storage.database import Body, Engine, MissingTable, Params, Row

T = TypeVar("T")
_Work = Callable[[asyncpg.Connection], Coroutine[Any, Any, T]]

CONNECTIONS = 16
CONNECT_SECONDS = 1.0
STATEMENT_SECONDS = 3.0
"""How late a transaction or read may be before its connection counts as lost."""
SCAN_SECONDS = 30.0
"""The same for a reading statement that may take long."""
PATIENCE_SECONDS = 15.0
"""How long a request waits for a server that takes writes before it is told to try again."""

_log = logging.getLogger("comments_service")

_LOST = (OSError, asyncio.TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_AGAIN = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.OperatorInterventionError,  # the server stops or was stopped
    asyncpg.PostgresConnectionError,
    asyncpg.ReadOnlySQLTransactionError,  # it became a standby
    asyncpg.TooManyConnectionsError,
)


class PostgresDatabase:
    """A PostgreSQL database that several processes share."""

    exclusive = False
    engine: Engine = "postgres"

    def __init__(self, pool: asyncpg.Pool, hosts: list[str]) -> None:
        self._pool, self._hosts = pool, hosts
        self._teller = signals.Teller(self._notify, (Unavailable, asyncpg.PostgresError))
        self._hearing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str) -> PostgresDatabase:
        """Connect to the first of the URL's hosts that takes writes.

        Raises DatabaseUnusable when none answers.
        """
        hosts = _one_url_each(url)

        async def connect(*_: Any, **options: Any) -> asyncpg.Connection:
            return await _connect(hosts, options)

        try:
            pool = await asyncpg.create_pool(
                min_size=1,
                max_size=CONNECTIONS,
                connect=connect,
                max_inactive_connection_lifetime=60,
            )
        except (*_LOST, asyncpg.PostgresError, ValueError) as error:
            reason = type(error).__name__ if isinstance(error, asyncio.TimeoutError) else error
            raise DatabaseUnusable(f"PostgreSQL can't be reached: {reason}.") from None
        if await pool.fetchval("SHOW synchronous_commit") == "off":
            _log.warning(
                "synchronous_commit is off: a crash can lose comments that were acknowledged"
            )
        return cls(pool, hosts)

    async def fetch(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one reading statement, again on another connection when one was lost."""
        return await self._read(sql, params, STATEMENT_SECONDS)

    async def scan(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one reading statement that may take long."""
        return await self._read(sql, params, SCAN_SECONDS)

    async def _read(self, sql: str, params: Params | None, seconds: float) -> list[Row]:
        async def read(connection: asyncpg.Connection) -> list[Row]:
            return await _PostgresTransaction(connection).fetch(sql, params)

        return await self._insist(read, seconds)

    async def write(self, body: Body[T], *, long: bool = False) -> T:
        """Run a function as one durable transaction; see database.Database."""

        async def transact(connection: asyncpg.Connection) -> T:
            async with connection.transaction():
                return await body(_PostgresTransaction(connection))

        return await self._insist(transact, None if long else STATEMENT_SECONDS)

    def tell(self, word: str) -> None:
        """Tell every process that hears a word; see database.Database."""
        self._teller.tell(word)

    async def _notify(self, words: str) -> None:
        await self.fetch(
            "SELECT pg_notify(:channel, :words)", {"channel": signals.CHANNEL, "words": words}
        )

    def hear(self, listener: Callable[[str], None]) -> None:
        """Call a listener with what processes tell; see database.Database."""

        async def connect() -> asyncpg.Connection:
            return await _connect(self._hosts, {})

        lost = (*_LOST, *_AGAIN, asyncpg.PostgresError)
        self._hearing = asyncio.ensure_future(signals.hear(connect, lost, listener))

    async def close(self) -> None:
        """Close every connection."""
        await self._teller.close()
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.wait({self._hearing})
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._pool.close(), 5)
        self._pool.terminate()

    async def _insist(self, work: _Work[T], seconds: float | None) -> T:
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = 0.005
        while True:
            try:
                return await self._attempt(work, seconds)
            except asyncpg.UndefinedTableError as error:
                raise MissingTable(str(error)) from None
            except (*_LOST, *_AGAIN):
                if time.monotonic() > deadline:
                    raise Unavailable from None
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.25)

    async def _attempt(self, work: _Work[T], seconds: float | None) -> T:
        connection = await self._pool.acquire(timeout=PATIENCE_SECONDS)
        task = asyncio.ensure_future(work(connection))
        try:
            await asyncio.wait({task}, timeout=seconds)
        finally:
            if not task.done():  # frozen, or its asker is gone: cut off, never cancelled
                connection.terminate()
                await self._pool.expire_connections()
                await asyncio.wait({task})
                task.exception()  # looked at, so that asyncio does not complain of it to people
            with contextlib.suppress(*_LOST, *_AGAIN):
                await self._pool.release(connection, timeout=1)
        return task.result()


def _one_url_each(url: str) -> list[str]:
    """Return one URL for each host of 'postgresql://user@host1:1,host2:2/name'."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    return [urlunsplit(parts._replace(netloc=login + at + host)) for host in hosts.split(",")]


async def _connect(urls: list[str], options: dict[str, Any]) -> asyncpg.Connection:
    options = {
        name: value
        for name, value in options.items()
        if name in ("loop", "connection_class", "record_class")
    }
    failure: Exception = OSError("no host is named")
    for url in urls:
        try:
            return await asyncpg.connect(
                url, timeout=CONNECT_SECONDS, target_session_attrs="read-write", **options
            )
        except (*_LOST, *_AGAIN, asyncpg.PostgresError) as error:
            failure = error
    raise failure


class _PostgresTransaction:
    engine: Engine = "postgres"

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one statement."""
        text, names = _numbered(sql)
        rows: list[Row] = await self._connection.fetch(
            text, *((params or {})[name] for name in names)
        )
        return rows

    async def script(self, sql: str) -> None:
        """Run several statements."""
        await self._connection.execute(sql)


@functools.lru_cache(maxsize=512)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return the SQL with $1, $2, ... for ':name', and the names in that order."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}"

    return re.sub(r"(?<![:\w]):([a-z]\w*)", number, sql), tuple(names)
