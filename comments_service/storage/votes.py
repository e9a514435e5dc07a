"""Votes: one for each voter and comment, counted where they are read, and countable again."""

from __future__ import annotations

from comments_service.storage.database import Database, Transaction


async def add(tx: Transaction, thread_id: int, comment_id: int, voter: str, at: int) -> bool:
    """Store a vote; say False where it is there already."""
    rows = await tx.fetch(
        """INSERT INTO votes (thread_id, comment_id, voter, at) VALUES (:t, :id, :voter, :at)
           ON CONFLICT DO NOTHING RETURNING comment_id""",
        {"t": thread_id, "id": comment_id, "voter": voter, "at": at},
    )
    return bool(rows)


async def remove(tx: Transaction, thread_id: int, comment_id: int, voter: str) -> bool:
    """Forget a vote; say False where there is none."""
    rows = await tx.fetch(
        """DELETE FROM votes WHERE thread_id = :t AND comment_id = :id AND voter = :voter
           RETURNING comment_id""",
        {"t": thread_id, "id": comment_id, "voter": voter},
    )
    return bool(rows)


async def count(tx: Transaction, thread_id: int, comment_id: int, more: int) -> int:
    """Count votes of a comment up or down, and tell the thread's pages; return how many there are."""
    await tx.fetch("UPDATE threads SET votes = votes + 1 WHERE thread_id = :t", {"t": thread_id})
    rows = await tx.fetch(
        """UPDATE comments SET votes = votes + :more WHERE thread_id = :t AND id = :id
           RETURNING votes""",
        {"t": thread_id, "id": comment_id, "more": more},
    )
    return int(rows[0][0])


async def miscounted(db: Database, limit: int) -> list[tuple[int, int, int]]:
    """Return comments whose figure is not what was voted: thread, id, and the right figure."""
    rows = await db.scan(
        """SELECT c.thread_id, c.id, count(v.voter) FROM comments c
           LEFT JOIN votes v ON v.thread_id = c.thread_id AND v.comment_id = c.id
           GROUP BY c.thread_id, c.id, c.votes HAVING count(v.voter) <> c.votes LIMIT :limit""",
        {"limit": limit},
    )
    return [(int(row[0]), int(row[1]), int(row[2])) for row in rows]


async def recount(tx: Transaction, thread_id: int, comment_id: int) -> None:
    """Set a comment's figure to what was voted."""
    await tx.fetch(
        """UPDATE comments SET votes = (SELECT count(*) FROM votes v
               WHERE v.thread_id = :t AND v.comment_id = :id)
           WHERE thread_id = :t AND id = :id""",
        {"t": thread_id, "id": comment_id},
    )
    await tx.fetch("UPDATE threads SET votes = votes + 1 WHERE thread_id = :t", {"t": thread_id})
