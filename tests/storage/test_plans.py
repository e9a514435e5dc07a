"""A page costs the page, not the thread: each read is one bounded range of an index."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from comments_service.core.figures import Period
from comments_service.core.filters import Filter
from comments_service.core.search import query
from comments_service.core.tree import SHOWN_REPLIES
from comments_service.storage import (
    comments,
    figures,
    finding,
    log,
    outbox,
    own,
    queue,
    rules,
    search,
    sites,
)
from comments_service.storage.database import Row, Transaction, schema_sql
from tests.conftest import Clock, House, house_on
from tests.postgres import PostgresServer

THREAD = 77
ON_ONE_SITE = frozenset({7})
SMALL, LARGE = 100, 20_000


def test_the_page_index_has_the_bound_of_the_tree() -> None:
    assert f"WHERE ordinal <= {SHOWN_REPLIES};" in schema_sql()


class Watched:
    """A database that keeps the statements it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    async def fetch(self, sql: str, params: Any = None) -> list[Row]:
        self.asked.append((sql, params))
        return []

    scan = fetch


READS: dict[str, tuple[Callable[[Any], Awaitable[Any]], str]] = {
    "page": (lambda db: comments.page(db, THREAD, 1, 10), "comments_page"),
    "replies": (lambda db: comments.replies_after(db, THREAD, 1, 50, 50), "comments_replies"),
    "recent": (lambda db: comments.recent(db, 7, 10, None), "comments_recent"),
    "recent of a thread": (lambda db: comments.recent(db, 7, 10, THREAD), "comments_thread_recent"),
    "queue": (lambda db: queue.page(db, Filter(), 50), "comments_queue"),
    "queue, oldest first": (
        lambda db: queue.page(db, Filter("spam"), 50, oldest=True),
        "comments_queue",
    ),
    "reported": (lambda db: queue.page(db, Filter("reported"), 50), "comments_reported"),
    "edited": (lambda db: queue.page(db, Filter("edited"), 50), "comments_edited"),
    "all": (lambda db: queue.page(db, Filter("all"), 50), "comments_created"),
    "network": (
        lambda db: queue.page(db, Filter("all", network="192.0.2.1"), 50),
        "comments_network",
    ),
    "what a network sent": (
        lambda db: rules.times(db, "192.0.2.1", 5, 0, 100),
        "comments_network",
    ),
    "likenesses": (lambda db: rules.likenesses(db, 5, 300), "comments_created"),
    "log": (lambda db: log.latest(db, 2**62, 50), "log_seq"),
    "log of one": (lambda db: log.latest(db, 2**62, 50, "moderator:1"), "log_actor"),
    "log of a comment": (lambda db: log.of_comment(db, THREAD, 5, 50), "sqlite_autoindex_log_2"),
    "log of a site": (lambda db: log.latest(db, 2**62, 50, sites=[7]), "log_seq"),
    "queue of a site": (
        lambda db: queue.page(db, Filter(site_id=7, sites=ON_ONE_SITE), 50),
        "comments_queue",
    ),
    "reported on a site": (
        lambda db: queue.page(db, Filter("reported", site_id=7, sites=ON_ONE_SITE), 50),
        "comments_reported",
    ),
    "figures: acts": (lambda db: figures.acts(db, 7, 0, 50), "log_figures"),
    "figures: held": (lambda db: figures.held(db, 7, 0, 50), "comments_held"),
    "batch": (lambda db: log.of_batch(db, "1", 0, 50), "log_batch"),
    "find": (lambda db: comments.find(db, 5), "comments_id"),
    "after": (lambda db: comments.after(db, (THREAD, 5), 32), "sqlite_autoindex_comments_1"),
    "what somebody wrote": (
        lambda db: own.written_by(db, "a@b.example", 0, 50),
        "comments_written_by",
    ),
    "outbox: due": (lambda db: outbox.candidates(db, 1, [], 50), "outbox_due"),
    "outbox: dead": (lambda db: outbox.listed(db, "dead", 2**62, 50), "outbox_state"),
    "outbox: told": (
        lambda db: outbox.of_destination(db, "webhook:1", 2**62, 50),
        "outbox_destination",
    ),
    "outbox: find": (lambda db: outbox.find(db, 5), "outbox_id"),
    "changes": (lambda db: sites.changes_after(db, 7, 3, 100), "changes_site"),
    "changes of a thread": (
        lambda db: sites.changes_after(db, 7, 3, 100, THREAD),
        "sqlite_autoindex_changes_1",
    ),
}


async def statement(read: Callable[[Any], Awaitable[Any]]) -> tuple[str, Any]:
    watched = Watched()
    await read(watched)
    return watched.asked[0]


async def fill(house: House, *sizes: int) -> None:
    """Store threads of so many roots, numbered from THREAD, by SQL that both engines know."""

    async def store(tx: Transaction) -> None:
        await tx.fetch("INSERT INTO sites (site_id, slug, created_at) VALUES (7, 's', 0)")
        for thread, size in enumerate(sizes, start=THREAD):
            values = {"t": thread, "n": size, "key": f"/{thread}"}
            await tx.fetch(
                "INSERT INTO threads (thread_id, site_id, key, page_size, created_at, floors, count)"
                " VALUES (:t, 7, :key, 10, 0, :n, :n)",
                values,
            )
            await tx.fetch(_GROW.replace(":size", str(size)).replace(":thread", str(thread)))
            await tx.fetch(
                f"""INSERT INTO changes (thread_id, seq, site_id, comment_id, kind, at)
                    SELECT thread_id, id, site_id, id, 'published', 0 FROM comments
                    WHERE thread_id = {thread}"""
            )

    await house.service.database.write(store)
    await house.service.database.write(lambda tx: tx.fetch("ANALYZE"))


_GROW = """
INSERT INTO comments (thread_id, id, site_id, root_id, depth, floor, root_floor, ordinal, status,
    restores_to, name, body, html, excerpt, renderer, digest, created_at, published_at)
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :size)
SELECT :thread, n, 7, n, 0, n, n, 0, 'approved', 'approved', 'alice', 'words', 'words', 'words',
    'r', CAST(n AS TEXT), n, n FROM n
"""


@pytest.mark.parametrize("name", READS)
async def test_sqlite_answers_by_one_range_of_an_index(tmp_path: Path, name: str) -> None:
    read, index = READS[name]
    async with house_on(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock()) as house:
        await fill(house, SMALL)
        sql, params = await statement(read)
        rows = await house.service.database.fetch(f"EXPLAIN QUERY PLAN {sql}", params)
    plan = [row[3] for row in rows]
    assert any(f"INDEX {index} " in f"{line} " for line in plan), plan
    assert not any("TEMP B-TREE" in line or line.startswith("SCAN") for line in plan), plan


async def test_sqlite_counts_figures_in_indexes_alone(tmp_path: Path) -> None:
    counted = {
        "comments_arrived": lambda db: figures.comments_by_day(db, 7, Period(7, 20)),
        "log_figures": lambda db: figures.acts_by_day(db, 7, 0, ["approve", "spam"]),
    }
    async with house_on(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock()) as house:
        await fill(house, SMALL)
        for index, read in counted.items():
            sql, params = await statement(read)
            rows = await house.service.database.fetch(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = [row[3] for row in rows]
            assert any(f"USING COVERING INDEX {index} (site_id=?" in line for line in plan), plan
            assert not any(line in ("SCAN comments", "SCAN log") for line in plan), plan


async def test_a_page_touches_the_same_number_of_rows_in_a_large_thread(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    """PostgreSQL counts the rows that a plan really touched."""
    url = postgres.create_database(template="house")
    async with house_on(url, tmp_path, Clock()) as house:
        await fill(house, SMALL, LARGE)
        for thread, size in ((THREAD, SMALL), (THREAD + 1, LARGE)):
            for first in (1, size // 2 + 1, size - 9):
                sql, params = await statement(
                    lambda db, t=thread, f=first: comments.page(db, t, f, f + 9)
                )
                explain = f"EXPLAIN (ANALYZE, FORMAT JSON, COSTS OFF, TIMING OFF) {sql}"
                rows = await house.service.database.fetch(explain, params)
                plan = json.loads(rows[0][0])[0]["Plan"]
                assert _scans(plan) == {("Index Scan", "comments_page")}, plan
                assert _rows_read(plan) == 10
    postgres.drop_database(url.rsplit("/", 1)[1])


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]


def _scans(plan: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (n["Node Type"], n.get("Index Name", "")) for n in _nodes(plan) if "Scan" in n["Node Type"]
    }


def _rows_read(plan: dict[str, Any]) -> int:
    removed = sum(int(node.get("Rows Removed by Filter", 0)) for node in _nodes(plan))
    return removed + max(int(n["Actual Rows"]) for n in _nodes(plan) if "Scan" in n["Node Type"])


async def test_a_sqlite_page_takes_the_same_steps_in_a_large_thread(tmp_path: Path) -> None:
    """SQLite counts the steps of its machine: they must not grow with the thread."""
    import sqlite3

    steps = {}
    for size in (SMALL, LARGE):
        path = tmp_path / f"{size}.sqlite"
        async with house_on(f"sqlite:///{path}", tmp_path, Clock()) as house:
            await fill(house, size)
        sql, _ = await statement(lambda db: comments.page(db, THREAD, 1, 10))
        connection = sqlite3.connect(path)
        for where, first in (("first", 1), ("middle", size // 2 + 1), ("last", size - 9)):
            count = 0

            def tick() -> int:
                nonlocal count
                count += 1
                return 0

            connection.set_progress_handler(tick, 1)
            rows = connection.execute(
                sql, {"t": THREAD, "first": first, "last": first + 9}
            ).fetchall()
            connection.set_progress_handler(None, 1)
            assert len(rows) == 10
            steps[size, where] = count
        connection.close()
    for where in ("first", "middle", "last"):
        assert steps[SMALL, where] == steps[LARGE, where]


# --- Search: few comments by the index and then by id, many in the order of reading, line by line ---

SEARCHES: dict[str, tuple[Callable[[Any], Awaitable[Any]], str]] = {
    "readers": (lambda db: finding.published(db, 7, None, query("words x"), 20), "comments_recent"),
    "readers of a thread": (
        lambda db: finding.published(db, 7, THREAD, query("words x"), 20),
        "comments_thread_recent",
    ),
    "moderators": (
        lambda db: queue.page(db, Filter("approved", text="words x"), 50),
        "comments_queue",
    ),
}


class Recorded:
    """A database that answers, and keeps what it was asked."""

    def __init__(self, database: Any) -> None:
        self._database, self.engine = database, database.engine
        self.asked: list[tuple[str, Any]] = []

    async def scan(self, sql: str, params: Any = None) -> list[Row]:
        self.asked.append((sql, params))
        return await self._database.scan(sql, params)  # type: ignore[no-any-return]


async def keep_words(house: House) -> None:
    """Keep the same words of every comment, and one that only one has."""

    async def store(tx: Transaction) -> None:
        await tx.fetch(
            """INSERT INTO search (thread_id, comment_id, words)
               SELECT thread_id, id, CAST(:words AS TEXT) ||
                      CASE WHEN id = 7 THEN 'rare ' ELSE '' END FROM comments""",
            {"words": " alice |" + " words x" * 60 + " | "},
        )
        enter = {
            "sqlite": "INSERT INTO search_index (rowid, words) SELECT comment_id, words FROM search",
            "postgres": "UPDATE search SET vector = array_to_tsvector(string_to_array(btrim(words), ' '))",
        }
        await tx.fetch(enter[tx.engine])

    await house.service.database.write(store)
    await house.service.database.write(lambda tx: tx.fetch("ANALYZE"))


@pytest.mark.parametrize("few", [SMALL + 1, 1], ids=["few", "many"])
async def test_sqlite_searches_by_the_index_or_in_the_order_of_reading(
    tmp_path: Path, few: int
) -> None:
    async with house_on(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock()) as house:
        await fill(house, SMALL)
        await keep_words(house)
        for read, index in SEARCHES.values():
            recorded = Recorded(house.service.database)
            with mock.patch.object(search, "FEW", few):
                await read(recorded)
            sql, params = recorded.asked[-1]
            rows = await house.service.database.fetch(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = "\n".join(row[3] for row in rows)
            if few == 1:
                assert f"SEARCH comments USING INDEX {index}" in plan, plan
                assert "SEARCH s USING INDEX sqlite_autoindex_search_1" in plan, plan
                assert "TEMP B-TREE" not in plan and "SCAN" not in plan, plan
            else:
                assert "SCAN search_index VIRTUAL TABLE INDEX" in plan, plan
                assert "SEARCH comments USING INDEX comments_id (id=?)" in plan, plan


async def test_a_rare_word_in_a_large_thread_touches_one_row(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.create_database(template="house")
    async with house_on(url, tmp_path, Clock()) as house:
        await fill(house, LARGE)
        await keep_words(house)
        recorded = Recorded(house.service.database)
        await finding.published(recorded, 7, None, query("rare words"), 20)  # type: ignore[arg-type]
        sql, params = recorded.asked[-1]
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON, COSTS OFF, TIMING OFF) {sql}"
        plan = json.loads((await house.service.database.fetch(explain, params))[0][0])[0]["Plan"]
        assert {name for _, name in _scans(plan)} >= {"search_index", "comments_id"}, plan
        assert _rows_read(plan) == 1
    postgres.drop_database(url.rsplit("/", 1)[1])


@pytest.mark.parametrize("text", ["words", '"words x"', "rare"])
async def test_a_search_takes_the_same_steps_in_a_large_thread(tmp_path: Path, text: str) -> None:
    steps = []
    for size in (SMALL, LARGE):
        path = tmp_path / f"{size}.sqlite"
        async with house_on(f"sqlite:///{path}", tmp_path, Clock()) as house:
            await fill(house, size)
            await keep_words(house)
            recorded = Recorded(house.service.database)
            with mock.patch.object(search, "FEW", 50), mock.patch.object(finding, "REACH", 50):
                found, _ = await finding.published(recorded, 7, None, query(text), 20)  # type: ignore[arg-type]
            assert len(found) == (1 if text == "rare" else 20)
        steps.append([_steps(path, sql, params) for sql, params in recorded.asked])
    # The index reads its tree by statements of its own: of another depth, of some more steps.
    assert steps[1] == pytest.approx(steps[0], abs=20)


def _steps(path: Path, sql: str, params: Any) -> int:
    import sqlite3

    connection, count = sqlite3.connect(path), 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(tick, 1)
    connection.execute(sql, params).fetchall()
    connection.close()
    return count
