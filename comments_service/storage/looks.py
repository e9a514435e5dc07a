"""Which moderators look at which comments just now, and what tells that something has changed for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from comments_service.storage.database import Database, Queries, Transaction, in_list


async def look(
    tx: Transaction, thread_id: int, comment_id: int, actor: str, now: int, until: int
) -> None:
    """Say that somebody looks at a comment, and at no other one."""
    await leave(tx, actor, now)
    await tx.fetch(
        """INSERT INTO looks (thread_id, comment_id, actor, until) VALUES (:t, :id, :actor, :until)
           ON CONFLICT (thread_id, comment_id, actor) DO UPDATE SET until = excluded.until""",
        {"t": thread_id, "id": comment_id, "actor": actor, "until": until},
    )


async def leave(tx: Transaction, actor: str, now: int) -> None:
    """Say that somebody looks at nothing; what has expired is forgotten as well."""
    await tx.fetch(
        "DELETE FROM looks WHERE actor = :actor OR until < :now", {"actor": actor, "now": now}
    )


async def others(
    db: Queries, actor: str, now: int, sites: Collection[int] | None
) -> list[tuple[int, str]]:
    """Return the comments of some sites, or with None of all, that others look at, and who they are."""
    where, params = "actor <> :actor AND until > :now", dict[str, Any](actor=actor, now=now)
    if sites is not None:
        listed, named = in_list("of", sorted(sites) or [0])
        where, params = f"{where} AND threads.site_id IN {listed}", params | named
    rows = await db.fetch(
        f"""SELECT comment_id, actor FROM looks
            JOIN threads ON threads.thread_id = looks.thread_id WHERE {where}
            ORDER BY until DESC LIMIT 200""",
        params,
    )
    return [(int(row[0]), str(row[1])) for row in rows]


async def state(db: Database, now: int) -> tuple[int, ...]:
    """Return numbers of which one changes with whatever moderators could notice."""
    rows = await db.scan(
        """SELECT (SELECT seq FROM log_head), coalesce((SELECT max(touched_at) FROM comments), 0),
               (SELECT count(*) FROM looks WHERE until > :now),
               coalesce((SELECT max(until) FROM looks), 0),
               coalesce((SELECT max(comment_id) FROM looks), 0)""",
        {"now": now},
    )
    return tuple(int(value) for value in rows[0])
