"""What readers reported of comments: one report for each network, open until a moderator answers."""

from __future__ import annotations

from dataclasses import dataclass

from comments_service.core.draft import Report
from comments_service.core.models import Comment
from comments_service.storage.database import Queries, Transaction


@dataclass(frozen=True, slots=True)
class Reported:
    """One report, without who made it."""

    reason: str
    note: str
    at: int
    closed_at: int | None


async def add(tx: Transaction, comment: Comment, visitor: str, given: Report, at: int) -> bool:
    """Keep a report; say False where this visitor has reported the comment already."""
    rows = await tx.fetch(
        """INSERT INTO reports (thread_id, comment_id, visitor, reason, note, at)
           VALUES (:t, :id, :visitor, :reason, :note, :at) ON CONFLICT DO NOTHING
           RETURNING comment_id""",
        {
            "t": comment.thread_id,
            "id": comment.id,
            "visitor": visitor,
            "reason": given.reason,
            "note": given.note,
            "at": at,
        },
    )
    return bool(rows)


async def of_comment(db: Queries, comment: Comment, limit: int) -> list[Reported]:
    """Return the reports of a comment, the newest first."""
    rows = await db.fetch(
        """SELECT reason, note, at, closed_at FROM reports
           WHERE thread_id = :t AND comment_id = :id ORDER BY at DESC LIMIT :limit""",
        {"t": comment.thread_id, "id": comment.id, "limit": limit},
    )
    return [Reported(*row) for row in rows]


async def close(tx: Transaction, comment: Comment, at: int) -> None:
    """Answer all open reports of a comment."""
    await tx.fetch(
        """UPDATE reports SET closed_at = :at
           WHERE thread_id = :t AND comment_id = :id AND closed_at IS NULL""",
        {"t": comment.thread_id, "id": comment.id, "at": at},
    )


async def reopen(tx: Transaction, comment: Comment, at: int) -> None:
    """Open those reports of a comment again that were answered at a time."""
    await tx.fetch(
        """UPDATE reports SET closed_at = NULL
           WHERE thread_id = :t AND comment_id = :id AND closed_at = :at""",
        {"t": comment.thread_id, "id": comment.id, "at": at},
    )
