"""What is kept of an author, by e-mail address: found, and erased."""

from __future__ import annotations

from typing import Any

from comments_service.core.models import Comment
from comments_service.storage import comments, search
from comments_service.storage.database import Queries, Transaction

ERASED: dict[str, Any] = {
    "name": "", "email": "", "website": "", "address": "", "agent": "", "network": "",
    "body": "", "html": "", "excerpt": "", "reasons": "[]", "digest": "", "fingerprint": None,
    "simhash": 0, "identity": "", "badge": "",
}  # fmt: skip
"""The fields of a comment of which only its place is left."""


async def written_by(db: Queries, email: str, after: int, limit: int) -> list[Comment]:
    """Return comments with an e-mail address, in whatever case, after an id, the oldest first."""
    rows = await db.fetch(
        f"""SELECT {comments.COLUMNS} FROM comments
            WHERE lower(email) = lower(:email) AND email <> '' AND id > :after
            ORDER BY id LIMIT :limit""",
        {"email": email, "after": after, "limit": limit},
    )
    return [Comment(*row) for row in rows]


async def erase(tx: Transaction, erased: Comment) -> None:
    """Store a comment without all that was personal, and forget what else is kept of its author."""
    key = {"t": erased.thread_id, "id": erased.id}
    await tx.fetch(
        f"""UPDATE comments SET {", ".join(f"{name} = :{name}" for name in ERASED)}
            WHERE thread_id = :t AND id = :id""",
        {name: getattr(erased, name) for name in ERASED} | key,
    )
    await search.renew(tx, erased)
    await tx.fetch("DELETE FROM revisions WHERE thread_id = :t AND comment_id = :id", key)
    await tx.fetch("DELETE FROM lessons WHERE thread_id = :t AND comment_id = :id", key)
    await tx.fetch("DELETE FROM follows WHERE thread_id = :t AND comment_id = :id", key)
    await tx.fetch("DELETE FROM confirmations WHERE comment_id = :id", key)
