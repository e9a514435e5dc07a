"""What comments said before they were edited."""

from __future__ import annotations

from dataclasses import dataclass

from comments_service.core.models import Comment
from comments_service.storage.database import Queries, Transaction


@dataclass(frozen=True, slots=True)
class Revision:
    """What a version of a comment said, until somebody edited it."""

    version: int
    body: str
    actor: str
    at: int


async def keep(tx: Transaction, comment: Comment, actor: str, at: int) -> None:
    """Keep what a comment says, because somebody edits it now."""
    await tx.fetch(
        """INSERT INTO revisions (thread_id, comment_id, version, body, actor, at)
           VALUES (:t, :id, :version, :body, :actor, :at)""",
        {
            "t": comment.thread_id,
            "id": comment.id,
            "version": comment.version,
            "body": comment.body,
            "actor": actor,
            "at": at,
        },
    )


async def of_comment(db: Queries, comment: Comment) -> list[Revision]:
    """Return what a comment said before its edits, the oldest first."""
    rows = await db.fetch(
        """SELECT version, body, actor, at FROM revisions
           WHERE thread_id = :t AND comment_id = :id ORDER BY version""",
        {"t": comment.thread_id, "id": comment.id},
    )
    return [Revision(*row) for row in rows]


async def body_of(db: Queries, thread_id: int, comment_id: int, version: int) -> str | None:
    """Return what a version of a comment said, where it was edited since."""
    rows = await db.fetch(
        """SELECT body FROM revisions
           WHERE thread_id = :t AND comment_id = :id AND version = :version""",
        {"t": thread_id, "id": comment_id, "version": version},
    )
    return str(rows[0][0]) if rows else None
