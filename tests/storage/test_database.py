"""The seam: made at start, migrated when older, refused when newer, one process on SQLite."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from comments_service import app as wiring
from comments_service.errors import DatabaseUnusable, Refused
from comments_service.storage import log
from comments_service.storage.database import (
    SCHEMA_VERSION,
    Database,
    Transaction,
    bring_up_to_date,
    in_list,
    migrations,
    next_node,
    schema_sql,
)
from comments_service.storage.sqlite import SqliteDatabase
from tests.conftest import House
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[2]


async def test_a_new_database_is_created_and_found_again(database_url: str) -> None:
    for expected in (0 if "sqlite" in database_url else SCHEMA_VERSION, SCHEMA_VERSION):
        database = await wiring.open_database(database_url)
        assert await bring_up_to_date(database) == expected
        await database.close()


async def test_an_older_database_is_migrated_step_by_step(database_url: str) -> None:
    steps = {
        SCHEMA_VERSION + 1: "CREATE TABLE notes (note TEXT NOT NULL PRIMARY KEY);",
        SCHEMA_VERSION
        + 2: "ALTER TABLE notes ADD COLUMN at BIGINT; CREATE INDEX notes_at ON notes (at);",
    }
    database = await wiring.open_database(database_url)
    await bring_up_to_date(database)
    await bring_up_to_date(database, version=SCHEMA_VERSION + 2, steps=steps)
    assert await database.fetch("SELECT note, at FROM notes") == []
    with pytest.raises(DatabaseUnusable, match="Install the newer program"):
        await bring_up_to_date(database)
    await database.close()


async def test_a_failing_migration_leaves_the_version_it_had(database_url: str) -> None:
    database = await wiring.open_database(database_url)
    await bring_up_to_date(database)
    broken = {SCHEMA_VERSION + 1: "CREATE TABLE notes (note TEXT); CREATE TABLE notes (note TEXT);"}
    with pytest.raises(Exception, match="notes"):
        await bring_up_to_date(database, version=SCHEMA_VERSION + 1, steps=broken)
    assert await bring_up_to_date(database) == SCHEMA_VERSION
    await database.close()


FIRST = (Path(__file__).parents[1] / "data" / "schema-1.sql").read_text("utf-8")
_OLD_ROWS = """
INSERT INTO meta (name, value) VALUES ('schema', 1), ('node', 0);
INSERT INTO sites (site_id, slug, created_at) VALUES (7, 'old', 0);
INSERT INTO threads (thread_id, site_id, key, page_size, created_at) VALUES (77, 7, '/old', 10, 0);
INSERT INTO comments (thread_id, id, site_id, root_id, depth, status, restores_to, version, name, address,
    body, html, excerpt, renderer, digest, created_at)
VALUES (77, 5, 7, 5, 0, 'spam', 'pending', 2, 'alice', '192.0.2.1', 'x', 'x', 'x', 'r', 'd', 3);
INSERT INTO decisions (thread_id, comment_id, version, batch, actor, action, status_before, status_after, at)
VALUES (77, 5, 1, '9', 'moderator:1', 'spam', 'pending', 'spam', 4);
"""


async def _columns(database: Database, url: str) -> set[tuple[object, ...]]:
    """Return every column and index of a database, as its engine describes them."""
    if "sqlite" in url:
        columns = await database.fetch(
            """SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
               FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'"""
        )
        indexes = await database.fetch(
            """SELECT t.name, l.name, l."unique", l.partial, i.seqno, i.name FROM sqlite_master t
               JOIN pragma_index_list(t.name) l JOIN pragma_index_info(l.name) i"""
        )
    else:
        columns = await database.fetch(
            """SELECT table_name, column_name, data_type, is_nullable, column_default
               FROM information_schema.columns WHERE table_schema = 'public'"""
        )
        indexes = await database.fetch(
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        )
    return {tuple(row) for row in (*columns, *indexes)}


async def test_a_migrated_database_and_a_new_one_are_the_same(
    empty_databases: tuple[str, str],
) -> None:
    shapes = []
    for url, is_old in zip(empty_databases, (True, False), strict=True):
        database = await wiring.open_database(url)
        if is_old:
            await database.write(lambda tx: tx.script(FIRST + _OLD_ROWS), long=True)
        assert await bring_up_to_date(database) == (1 if is_old else 0)
        shapes.append(await _columns(database, url))
        if is_old:
            [act] = await log.latest(database, 2**62, 10)
            assert (act.seq, act.site_id, act.comment_id, act.hash) == (1, 7, 5, "")
            assert await log.head(database) == (1, "", 1)
            [moved] = await database.fetch("SELECT network, touched_at FROM comments")
            assert tuple(moved) == ("192.0.2.1", 3)
        await database.close()
    assert shapes[0] == shapes[1]


@pytest.fixture(params=["sqlite", "postgres"])
def empty_databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two databases in which nothing is, on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/old.sqlite", f"sqlite:///{tmp_path}/new.sqlite"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    urls = server.create_database(), server.create_database()
    yield urls
    for url in urls:
        server.drop_database(url.rsplit("/", 1)[1])


def test_the_migrations_lead_to_the_schemas_version() -> None:
    assert sorted(migrations()) == list(range(2, SCHEMA_VERSION + 1))


def test_the_schema_can_be_distributed_by_thread() -> None:
    """Every key of a table that has thread_id begins with it; no trigger, no generated column."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema_sql())
    tables = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    checked = 0
    for table in tables:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if "thread_id" not in columns:
            continue
        for index in connection.execute(f"PRAGMA index_list({table})").fetchall():
            if index[2]:  # unique
                named = connection.execute(f"PRAGMA index_info({index[1]})").fetchall()
                assert named[0][2] == "thread_id", index[1]
                checked += 1
        keys: dict[int, list[str]] = {}
        for row in connection.execute(f"PRAGMA foreign_key_list({table})"):
            keys.setdefault(row[0], []).append(row[3])
        assert all("thread_id" in key or table == "threads" for key in keys.values())
    assert checked >= 7
    assert not any(
        "TRIGGER" in row[0] for row in connection.execute("SELECT type FROM sqlite_master")
    )
    assert not any(word in schema_sql() for word in ("GENERATED", "CREATE TRIGGER", "SERIAL"))


async def test_a_second_process_on_a_sqlite_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "c.sqlite")
    command = [sys.executable, "-m", "comments_service", "init", "--data-dir", str(tmp_path)]
    command += ["--database-url", f"sqlite:///{tmp_path}/c.sqlite"]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"in use by another process (number {os.getpid()})" in done.stderr
    assert "Traceback" not in done.stderr
    await database.close()
    again = await SqliteDatabase.open(tmp_path / "c.sqlite")
    await again.close()


async def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_text("these are not the bytes you are looking for" * 100)
    with pytest.raises(
        DatabaseUnusable, match=r"c\.sqlite can't be opened: file is not a database"
    ):
        await SqliteDatabase.open(tmp_path / "c.sqlite")


async def test_sqlite_commits_durably_and_readers_can_only_read(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "c.sqlite")
    await bring_up_to_date(database)

    async def pragma(tx: Transaction) -> list[object]:
        found = [
            await tx.fetch(f"PRAGMA {name}")
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        return [rows[0][0] for rows in found]

    assert await database.write(pragma) == ["wal", 2, 1]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.fetch("DELETE FROM sites")
    await database.close()


async def test_what_a_transaction_raises_undoes_it_and_nothing_else(house: House) -> None:
    """On SQLite transactions that wait share a commit; one that fails must not sink the others."""

    async def add(tx: Transaction, number: int) -> int:
        await tx.fetch(
            "INSERT INTO sites (site_id, slug, created_at) VALUES (:n, :slug, 0)",
            {"n": number, "slug": f"site{number}"},
        )
        if number % 2:
            raise Refused
        return number

    work = (house.service.database.write(lambda tx, n=n: add(tx, n)) for n in range(40))
    results = await asyncio.gather(*work, return_exceptions=True)
    assert [isinstance(result, Refused) for result in results] == [n % 2 == 1 for n in range(40)]
    rows = await house.service.database.fetch("SELECT site_id FROM sites WHERE slug LIKE 'site%'")
    assert sorted(row[0] for row in rows) == list(range(0, 40, 2))


async def test_the_body_of_a_transaction_may_not_wait_for_anything_else(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "c.sqlite")

    async def think(tx: Transaction) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something besides"):
        await database.write(think)
    await database.close()


async def test_each_process_gets_a_number_of_its_own(house: House) -> None:
    numbers = [await next_node(house.service.database) for _ in range(5)]
    assert len(set(numbers)) == 5


def test_lists_are_filled_up_so_that_few_texts_occur() -> None:
    texts = {in_list("t", list(range(size)))[0] for size in range(1, 201)}
    assert len(texts) == 9
    text, params = in_list("t", [7, 8, 9])
    assert text == "(:t0, :t1, :t2, :t3)" and params == {"t0": 7, "t1": 8, "t2": 9, "t3": 9}
