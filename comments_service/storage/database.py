"""The seam between one set of SQL and two engines: named parameters in, rows out, transactions as functions."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields
from importlib import resources
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

from comments_service.errors import DatabaseUnusable
from comments_service.storage import search

T = TypeVar("T")
Row = Sequence[Any]
Params = Mapping[str, Any]
Engine = Literal["sqlite", "postgres"]

SCHEMA_VERSION = 9
"""The version of schema.sql; the newest migration leads to it."""


class Queries(Protocol):
    """Something that SQL can be sent to: a transaction, or a database for single reads."""

    engine: Engine
    """Which of the two it is; only `storage.search` needs to know."""

    async def fetch(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one statement with ':name' parameters and return its rows.

        Outside a transaction: a statement that reads a bounded range of an index, no more.
        """
        ...


class Transaction(Queries, Protocol):
    """The one thing that the body of a transaction may await."""

    async def script(self, sql: str) -> None:
        """Run several statements without parameters."""
        ...


Body = Callable[[Transaction], Awaitable[T]]


class Database(Queries, Protocol):
    """One database, opened by one process."""

    exclusive: bool
    """Whether no other process can write to it, so that this one knows of every change."""

    async def scan(self, sql: str, params: Params | None = None) -> list[Row]:
        """Run one reading statement that may take long, while others are answered."""
        ...

    async def write(self, body: Body[T], *, long: bool = False) -> T:
        """Run a function as one durable transaction and return what it returns.

        A `long` one, an operator's, may take any time; others are cut off where a server hangs.
        The function awaits nothing but its transaction, and may be run again: a conflict or a lost
        server makes the whole of it start over. Raises what the function raises, after a rollback,
        and Unavailable when no server answers.
        """
        ...

    def tell(self, word: str) -> None:
        """Tell every process that hears a word, soon and at most once."""
        ...

    def hear(self, listener: Callable[[str], None]) -> None:
        """Call a listener with the words that processes tell from now on, parted by spaces.

        It is called with an empty text where some may have been missed.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


def in_list(prefix: str, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Return the text '(:p0, :p1, ...)' and its parameters, for IN.

    The list is filled up to a power of two by repeating its last value, so that few texts occur.
    """
    size = 1 << max(0, len(values) - 1).bit_length()
    filled = [*values, *[values[-1]] * (size - len(values))]
    params = {f"{prefix}{number}": value for number, value in enumerate(filled)}
    return "(" + ", ".join(f":{name}" for name in params) + ")", params


def columns_of(kind: type[DataclassInstance]) -> tuple[str, str, Callable[[Any], dict[str, Any]]]:
    """Return a row's column list, its ':name' list, and what makes parameters of a value.

    The dataclass has the fields of the table, in its order. (dataclasses.asdict would copy each value.)
    """
    names = [field.name for field in fields(kind)]
    values = attrgetter(*names)

    def params(value: Any) -> dict[str, Any]:
        return dict(zip(names, values(value), strict=True))

    return ", ".join(names), ", ".join(f":{name}" for name in names), params


def schema_sql() -> str:
    """Return the text of schema.sql, from the wheel or from the checkout."""
    packaged = resources.files("comments_service") / "schema.sql"
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(__file__).parents[2] / "schema.sql").read_text("utf-8")


def migrations() -> dict[int, str]:
    """Return the SQL that leads to each version from the one before."""
    folder = resources.files("comments_service") / "storage" / "migrations"
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return {int(file.name[:4]): file.read_text("utf-8") for file in files}


async def bring_up_to_date(
    database: Database, *, version: int = SCHEMA_VERSION, steps: dict[int, str] | None = None
) -> int:
    """Create the tables of a new database, or lead an older one to this version.

    Returns the version found, 0 for a new one. Raises DatabaseUnusable for a newer one.
    """
    found = await _version(database)
    _refuse_newer(found, version)
    if found == 0:
        await _create_once(database, version)
    for step in range(found + 1, version + 1) if found else ():
        await database.write(_migration(step, (steps or migrations())[step]), long=True)
    return found


async def check_version(database: Database) -> None:
    """Change nothing. Raises DatabaseUnusable where the tables are not those of this program."""
    found = await _version(database)
    _refuse_newer(found, SCHEMA_VERSION)
    if found < SCHEMA_VERSION:
        raise DatabaseUnusable(
            f"The database has version {found} and this program needs version {SCHEMA_VERSION}. "
            "Run 'comments-service migrate' first; on SQLite the service must be stopped for it."
        )


def _refuse_newer(found: int, version: int) -> None:
    if found > version:
        raise DatabaseUnusable(
            f"The database has version {found} and this program knows versions up to {version}. "
            "Install the newer program that made it, or restore an older backup."
        )


async def _version(database: Database) -> int:
    with contextlib.suppress(MissingTable):
        rows = await database.fetch("SELECT value FROM meta WHERE name = 'schema'")
        return int(rows[0][0]) if rows else 0
    return 0


class MissingTable(Exception):
    """A statement named a table that does not exist."""


async def _create_once(database: Database, version: int) -> None:
    try:
        await database.write(lambda tx: _create(tx, version), long=True)
    except Exception:
        if await _version(database) != version:  # else another process was first
            raise


async def _create(tx: Transaction, version: int) -> None:
    await tx.script(schema_sql())
    await search.make_index(tx)
    await tx.fetch(
        "INSERT INTO meta (name, value) VALUES ('schema', :version), ('node', 0), ('log_start', 0)",
        {"version": version},
    )
    await tx.fetch("INSERT INTO log_head (one, seq, hash) VALUES (1, 0, '')")


def _migration(step: int, sql: str) -> Body[None]:
    async def migrate(tx: Transaction) -> None:
        found = await tx.fetch(
            "UPDATE meta SET value = value WHERE name = 'schema' RETURNING value"
        )
        if int(found[0][0]) >= step:  # another process was first
            return
        await tx.script(sql)
        if step == search.SINCE:
            await search.make_index(tx)
        await tx.fetch("UPDATE meta SET value = :step WHERE name = 'schema'", {"step": step})

    return migrate


async def next_node(database: Database) -> int:
    """Return a number for this process that no process had recently (0 to 1023, going round)."""

    async def take(tx: Transaction) -> int:
        rows = await tx.fetch(
            "UPDATE meta SET value = (value + 1) % 1024 WHERE name = 'node' RETURNING value"
        )
        return int(rows[0][0])

    return await database.write(take)
