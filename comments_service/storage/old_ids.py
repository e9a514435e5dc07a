"""The ids that imported comments had where they came from."""

from __future__ import annotations

from comments_service.storage.database import Database, Queries, Transaction


async def add(tx: Transaction, site_id: int, source: str, old_id: int, new_id: int) -> None:
    """Keep where an old id leads to."""
    await tx.fetch(
        """INSERT INTO old_ids (site_id, source, old_id, new_id)
           VALUES (:site_id, :source, :old_id, :new_id) ON CONFLICT DO NOTHING""",
        {"site_id": site_id, "source": source, "old_id": old_id, "new_id": new_id},
    )


async def known(db: Database, site_id: int, source: str) -> dict[int, int]:
    """Return all that was imported from a source, old id to new."""
    rows = await db.scan(
        "SELECT old_id, new_id FROM old_ids WHERE site_id = :s AND source = :source",
        {"s": site_id, "source": source},
    )
    return {int(row[0]): int(row[1]) for row in rows}


async def lead_to(db: Queries, site_id: int, old_id: int) -> int | None:
    """Return the id that a comment of this old id has now."""
    rows = await db.fetch(
        "SELECT new_id FROM old_ids WHERE site_id = :s AND old_id = :old ORDER BY source LIMIT 1",
        {"s": site_id, "old": old_id},
    )
    return int(rows[0][0]) if rows else None
