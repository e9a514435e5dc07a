"""What readers reported of comments: one report for each network, open until a moderator answers."""

from __future__ import annotations

from comments_service.core.models import Comment
from comments_service.storage.database import Transaction


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
