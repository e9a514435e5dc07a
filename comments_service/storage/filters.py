"""The filters of the queue that moderators have saved."""

from __future__ import annotations

from dataclasses import dataclass

from comments_service.storage.database import Queries, Transaction


@dataclass(frozen=True, slots=True)
class Saved:
    """A filter under a name; `query` is that of the queue's address."""

    filter_id: int
    name: str
    query: str


async def of_moderator(db: Queries, moderator_id: int) -> list[Saved]:
    """Return what a moderator has saved, by name."""
    rows = await db.fetch(
        "SELECT filter_id, name, query FROM filters WHERE moderator_id = :m ORDER BY name",
        {"m": moderator_id},
    )
    return [Saved(*row) for row in rows]


async def save(tx: Transaction, saved: Saved, moderator_id: int, now: int) -> None:
    """Store a filter; a name that is there gets the new query."""
    await tx.fetch(
        """INSERT INTO filters (filter_id, moderator_id, name, query, created_at)
           VALUES (:id, :m, :name, :query, :now)
           ON CONFLICT (moderator_id, name) DO UPDATE SET query = excluded.query""",
        {
            "id": saved.filter_id,
            "m": moderator_id,
            "name": saved.name,
            "query": saved.query,
            "now": now,
        },
    )


async def remove(tx: Transaction, moderator_id: int, filter_id: int) -> None:
    """Forget a filter of a moderator."""
    await tx.fetch(
        "DELETE FROM filters WHERE filter_id = :id AND moderator_id = :m",
        {"id": filter_id, "m": moderator_id},
    )
