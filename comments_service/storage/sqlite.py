"""SQLite: one process, one writer that alone commits and checkpoints, two readers that only read.

Of the readers one answers at once what an index finds in microseconds, and one has a thread of its own
for what may take long. Writers that wait share one commit, each in its SAVEPOINT, so that one durable
write to disk serves all of them. A single committing connection also keeps clear of the WAL-reset bug
of SQLite < 3.51.3.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from comments_service.errors import DatabaseUnusable, Unavailable
from comments_service.storage.database import Body, Engine, MissingTable, Params, Row

T = TypeVar("T")

_BATCH = 256
_PRAGMAS = ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000")
_CAN_SEARCH = "SELECT 1 FROM pragma_module_list WHERE name = 'fts5'"
_READ_PRAGMAS = ("query_only = ON", "cache_size = -4000", "busy_timeout = 5000")


class SqliteReader:
    """A SQLite file that this process only reads: it may belong to another one meanwhile.

    The operating system lets it write nothing, so it can neither checkpoint nor be the second to commit.
    """

    exclusive = False
    engine: Engine = "sqlite"

    def __init__(self, quick: sqlite3.Connection, patient: aiosqlite.Connection) -> None:
        self._quick, self._patient = quick, patient

    @classmethod
    async def read(cls, path: Path) -> SqliteReader:
        """Open a file that is there. Raises DatabaseUnusable."""
        with _named(path):
            return SqliteReader(*await _readers(_uri(path, "ro")))

    async def fetch(self, sql: str, params: Params | None = None) -> list[Row]:
        """Read a bounded range of an index, at once: it takes less than handing it to a thread."""
        with _translated():
            return self._quick.execute(sql, params or {}).fetchall()

    async def scan(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one reading statement that may take long, in a thread."""
        with _translated():
            return list(await self._patient.execute_fetchall(sql, params or {}))

    async def write(self, body: Body[T], *, long: bool = False) -> T:
        """Refuse: whoever opened it meant to read."""
        raise RuntimeError("The database was opened only to be read.")

    def tell(self, word: str) -> None:
        """Tell nobody: no other process is there that hears."""

    def hear(self, listener: Callable[[str], None]) -> None:
        """Hear of nothing: no other process is there that tells."""

    async def close(self) -> None:
        """Close every connection."""
        self._quick.close()
        await self._patient.close()


class SqliteDatabase(SqliteReader):
    """A SQLite file, owned by this process while it is open."""

    exclusive = True

    def __init__(
        self, lock: int, writer: _Writer, quick: sqlite3.Connection, patient: aiosqlite.Connection
    ) -> None:
        super().__init__(quick, patient)
        self._lock, self._writer = lock, writer

    @classmethod
    async def open(cls, path: Path) -> SqliteDatabase:
        """Open or create the file.

        Raises DatabaseUnusable when another process has it, or when it is no SQLite database.
        """
        lock = _own(path)
        try:
            with _named(path):
                writer = _Writer(path)
                return cls(lock, writer, *await _readers(_uri(path, "rw")))
        except DatabaseUnusable:
            os.close(lock)
            raise

    async def write(self, body: Body[T], *, long: bool = False) -> T:
        """Run a function as one durable transaction; see database.Database."""
        return await self._writer.run(body)

    async def close(self) -> None:
        """Close every connection and give the file free."""
        await super().close()
        await asyncio.to_thread(self._writer.stop)
        os.close(self._lock)


def _own(path: Path) -> int:
    """Lock the file for this process; the operating system gives it free when the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise DatabaseUnusable(
            f"{path} is in use by another process (number {owner}). A SQLite file serves one process: "
            "stop that one first, or move to PostgreSQL to run several."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode("ascii"), 0)
    return lock


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise DatabaseUnusable(f"{path} can't be opened: {error}.") from None


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


async def _readers(uri: str) -> tuple[sqlite3.Connection, aiosqlite.Connection]:
    quick = sqlite3.connect(uri, isolation_level=None, uri=True)
    quick.execute("PRAGMA schema_version").fetchall()  # fails where the file is no database
    if not quick.execute(_CAN_SEARCH).fetchall():
        raise sqlite3.NotSupportedError("this Python's SQLite was built without FTS5")
    # Nothing fails after this, or the thread that it starts would keep the process from ending.
    patient = await aiosqlite.connect(uri, isolation_level=None, uri=True)
    for pragma in _READ_PRAGMAS:
        quick.execute(f"PRAGMA {pragma}")
        await patient.execute(f"PRAGMA {pragma}")
    return quick, patient


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise MissingTable(str(error)) from None
        raise


class _SqliteTransaction:
    """A transaction on the writer's thread: its methods never really wait."""

    engine: Engine = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one statement."""
        with _translated():
            return self._connection.execute(sql, params or {}).fetchall()

    async def script(self, sql: str) -> None:
        """Run several statements, inside the transaction that is open."""
        for statement in _statements(sql):
            self._connection.execute(statement)


def _statements(sql: str) -> list[str]:
    found, start = [], 0
    for end in (index + 1 for index, letter in enumerate(sql) if letter == ";"):
        if sqlite3.complete_statement(sql[start:end]):
            found.append(sql[start:end])
            start = end
    return found


class _Job:
    """A transaction that waits for its turn."""

    def __init__(self, body: Callable[[Any], Awaitable[Any]]) -> None:
        self.body = body
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.value: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Tell the waiter, on its own event loop."""
        if self.future.done():  # its waiter gave up; what was committed stays committed
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


class _Writer:
    """The one thread and connection that write."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def run(self, body: Callable[[Any], Awaitable[T]]) -> T:
        job = _Job(body)
        self._jobs.put(job)
        result: T = await job.future
        return result

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < _BATCH and not self._jobs.empty():
                waiting = self._jobs.get()
                if waiting is None:
                    self._jobs.put(None)
                    break
                batch.append(waiting)
            self._commit(batch)
            for loop in {job.loop for job in batch}:
                loop.call_soon_threadsafe(_settle, [job for job in batch if job.loop is loop])
        self._connection.close()

    def _commit(self, batch: list[_Job]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                self._savepoint(job)
            self._connection.execute("COMMIT")
        except sqlite3.Error:  # a full disk, a lock from outside: none of the batch is stored
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            for job in batch:
                job.error = Unavailable()

    def _savepoint(self, job: _Job) -> None:
        self._connection.execute("SAVEPOINT job")
        try:
            job.value = _drive(job.body(_SqliteTransaction(self._connection)))
        except Exception as error:  # noqa: BLE001 - handed to the waiter; the rest of the batch goes on
            job.error = error
            self._connection.execute("ROLLBACK TO job")
        self._connection.execute("RELEASE job")


def _settle(batch: list[_Job]) -> None:
    for job in batch:
        job.settle()


def _drive(body: Awaitable[T]) -> T:
    """Run the body of a transaction to its end in this thread: it has nothing to wait for."""
    assert isinstance(body, Coroutine)
    try:
        body.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    body.close()
    raise RuntimeError("The body of a transaction awaited something besides its transaction.")
