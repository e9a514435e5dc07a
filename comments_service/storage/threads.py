"""Threads: named by number, locked before anything in them changes."""

from __future__ import annotations

from collections.abc import Sequence

from comments_service.core.models import Mark, Thread
from comments_service.storage.database import Database, Queries, Transaction, columns_of, in_list

_COLUMNS, _NAMED, _params = columns_of(Thread)
_OWN_COLUMNS = ", ".join(f"threads.{name.strip()}" for name in _COLUMNS.split(","))


async def get(db: Queries, thread_id: int) -> Thread | None:
    """Return a thread."""
    rows = await db.fetch(f"SELECT {_COLUMNS} FROM threads WHERE thread_id = :t", {"t": thread_id})
    return Thread(*rows[0]) if rows else None


async def get_many(db: Queries, thread_ids: Sequence[int]) -> dict[int, Thread]:
    """Return those of the threads that exist, by number."""
    if not thread_ids:
        return {}
    listed, params = in_list("t", thread_ids)
    rows = await db.fetch(f"SELECT {_COLUMNS} FROM threads WHERE thread_id IN {listed}", params)
    return {row[0]: Thread(*row) for row in rows}


async def shown(db: Database, site_id: int) -> list[Thread]:
    """Return the threads of a site in which readers can see something; it looks at every thread."""
    rows = await db.scan(
        f"SELECT {_COLUMNS} FROM threads WHERE site_id = :s AND count > 0 ORDER BY thread_id",
        {"s": site_id},
    )
    return [Thread(*row) for row in rows]


async def marks(db: Queries, thread_ids: Sequence[int]) -> dict[tuple[int, int], Mark]:
    """Return how new those of the threads are that exist, by site and thread."""
    if not thread_ids:
        return {}
    listed, params = in_list("t", thread_ids)
    rows = await db.fetch(
        f"""SELECT t.site_id, t.thread_id, t.change, coalesce(c.modified, 0), t.votes FROM threads t
            LEFT JOIN changes c ON c.thread_id = t.thread_id AND c.seq = t.change
            WHERE t.thread_id IN {listed}""",
        params,
    )
    return {(row[0], row[1]): Mark(row[2], row[3], row[4]) for row in rows}


async def lock(tx: Transaction, thread_id: int) -> Thread | None:
    """Lock a thread until the end of the transaction, on both engines, and return it."""
    rows = await tx.fetch(
        f"UPDATE threads SET open = open WHERE thread_id = :t RETURNING {_COLUMNS}",
        {"t": thread_id},
    )
    return Thread(*rows[0]) if rows else None


async def make_and_lock(tx: Transaction, fresh: Thread) -> Thread:
    """Lock a thread, making it first where it does not exist.

    What visitors say of its page is replaced, never erased, until something is published below it.
    """
    rows = await tx.fetch(
        f"""INSERT INTO threads ({_COLUMNS}) VALUES ({_NAMED})
            ON CONFLICT (thread_id) DO UPDATE SET
                url = CASE WHEN threads.change = 0
                    THEN coalesce(excluded.url, threads.url) ELSE threads.url END,
                title = CASE WHEN threads.change = 0
                    THEN coalesce(excluded.title, threads.title) ELSE threads.title END
            RETURNING {_OWN_COLUMNS}""",
        _params(fresh),
    )
    return Thread(*rows[0])


async def save_counters(tx: Transaction, thread: Thread) -> None:
    """Store what goes with a change: floors, count and change, and what is known of the page."""
    await tx.fetch(
        """UPDATE threads SET floors = :floors, count = :count, change = :change, url = :url,
               title = :title WHERE thread_id = :thread_id""",
        _params(thread),
    )


async def freshen(tx: Transaction, site_id: int) -> list[int]:
    """Make all pages of a site new, though nothing was said; return the numbers of its threads."""
    rows = await tx.fetch(
        "UPDATE threads SET votes = votes + 1 WHERE site_id = :site RETURNING thread_id",
        {"site": site_id},
    )
    return [int(row[0]) for row in rows]


async def renew(tx: Transaction, site_id: int, change: int) -> None:
    """Let a site's change that is none of a comment count in each thread that has had one.

    No row of 'changes' tells of it: until the next one nobody knows the second of such a thread.
    """
    await tx.fetch(
        "UPDATE threads SET change = :change WHERE site_id = :site AND change > 0",
        {"change": change, "site": site_id},
    )
