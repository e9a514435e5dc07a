"""What readers find, and the comments whose words are not kept yet."""

from __future__ import annotations

from comments_service.core.filters import FIRST, Place
from comments_service.core.models import Comment
from comments_service.core.search import Query
from comments_service.storage import search
from comments_service.storage.comments import COLUMNS
from comments_service.storage.database import Database

REACH = 20_000
"""So many of the newest comments are looked through at once for words that many have."""


async def published(
    db: Database,
    site_id: int,
    thread_id: int | None,
    query: Query,
    limit: int,
    after: Place = FIRST,
) -> tuple[list[Comment], Place | None]:
    """Return published comments behind a place that hold a query, the newest first, and where to go on.

    A place is a time of publication with an id. E-mail addresses are not looked at.
    """
    found_in = await search.source(db, query, private=False)
    params = {"scope": thread_id or site_id, "at": after[0], "id": after[1]}
    scope = "thread_id = :scope" if thread_id else "site_id = :scope"
    bound, end = "", None
    if found_in.common:
        end = await _reach(db, scope, params)
        bound = "AND (published_at, comments.id) >= (:end_at, :end_id)"
        params |= {"end_at": (end or (0, 0))[0], "end_id": (end or (0, 0))[1]}
    rows = await db.scan(
        f"""SELECT {COLUMNS} FROM {found_in.tables}
            WHERE {scope} AND status = 'approved' AND {found_in.condition}
              AND (published_at, comments.id) < (:at, :id) {bound}
            ORDER BY published_at DESC, comments.id DESC LIMIT :limit""",
        params | found_in.params | {"limit": limit + 1},
    )
    found = [Comment(*row) for row in rows]
    if len(found) > limit:
        last = found[limit - 1]
        assert last.published_at is not None  # the condition says so
        return found[:limit], (last.published_at, last.id)
    return found, end


async def _reach(db: Database, scope: str, params: dict[str, int]) -> Place | None:
    """Return the last place that is looked at in one go, None where that is the end."""
    rows = await db.scan(
        f"""SELECT published_at, id FROM comments
            WHERE {scope} AND status = 'approved' AND (published_at, id) < (:at, :id)
            ORDER BY published_at DESC, id DESC LIMIT 1 OFFSET :reach""",
        params | {"reach": REACH - 1},
    )
    return (int(rows[0][0]), int(rows[0][1])) if rows else None


async def without_words(db: Database, after: tuple[int, int], limit: int) -> list[Comment]:
    """Return comments behind a thread and id whose words are not kept, in the order of the primary key."""
    rows = await db.scan(
        f"""SELECT {COLUMNS} FROM comments
            WHERE (thread_id, id) > (:t, :id) AND NOT EXISTS
              (SELECT 1 FROM search s WHERE s.thread_id = comments.thread_id AND s.comment_id = comments.id)
            ORDER BY thread_id, id LIMIT :limit""",
        {"t": after[0], "id": after[1], "limit": limit},
    )
    return [Comment(*row) for row in rows]
