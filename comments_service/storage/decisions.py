"""The record of acts on comments."""

from __future__ import annotations

from dataclasses import dataclass

from comments_service.storage.database import Queries, Transaction, columns_of


@dataclass(frozen=True, slots=True)
class Decision:
    """One act; the fields stand as in schema.sql."""

    thread_id: int
    comment_id: int
    version: int
    batch: str
    actor: str
    action: str
    status_before: str
    status_after: str
    reason: str
    at: int


_COLUMNS, _NAMED, _params = columns_of(Decision)


async def record(tx: Transaction, decision: Decision) -> None:
    """Keep one act."""
    await tx.fetch(f"INSERT INTO decisions ({_COLUMNS}) VALUES ({_NAMED})", _params(decision))


async def newest(db: Queries, thread_id: int, comment_id: int) -> Decision | None:
    """Return the last act on a comment."""
    rows = await db.fetch(
        f"""SELECT {_COLUMNS} FROM decisions WHERE thread_id = :t AND comment_id = :id
            ORDER BY version DESC LIMIT 1""",
        {"t": thread_id, "id": comment_id},
    )
    return Decision(*rows[0]) if rows else None


async def latest(db: Queries, limit: int) -> list[Decision]:
    """Return the last acts of all, the newest first."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM decisions ORDER BY at DESC LIMIT :limit", {"limit": limit}
    )
    return [Decision(*row) for row in rows]
