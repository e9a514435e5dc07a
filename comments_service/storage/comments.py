"""Comments: stored once, read by page, by number, by date and by status."""

from __future__ import annotations

from collections.abc import Sequence

from comments_service.core.models import Comment
from comments_service.core.moderation import Status
from comments_service.core.rendered import Rendered
from comments_service.storage import search
from comments_service.storage.database import Database, Queries, Transaction, columns_of, in_list

COLUMNS, _NAMED, _params = columns_of(Comment)


async def insert(tx: Transaction, comment: Comment) -> bool:
    """Store a comment; say False, and store nothing, where a unique index already holds it."""
    rows = await tx.fetch(
        f"INSERT INTO comments ({COLUMNS}) VALUES ({_NAMED}) ON CONFLICT DO NOTHING RETURNING id",
        _params(comment),
    )
    if rows:
        await search.add(tx, comment)
    return bool(rows)


async def release_fingerprint(
    tx: Transaction, thread_id: int, fingerprint: str, before: int
) -> None:
    """Let the same words come again where they were said before a time."""
    await tx.fetch(
        """UPDATE comments SET fingerprint = NULL
           WHERE thread_id = :t AND fingerprint = :f AND created_at < :before""",
        {"t": thread_id, "f": fingerprint, "before": before},
    )


async def by_submission(
    tx: Transaction, thread_id: int, submission_key: str | None, fingerprint: str
) -> Comment | None:
    """Return the comment that an earlier try of the same submission stored; its key counts first."""
    rows = await tx.fetch(
        f"""SELECT {COLUMNS} FROM comments
            WHERE thread_id = :t AND (submission_key = :k OR fingerprint = :f)""",
        {"t": thread_id, "k": submission_key, "f": fingerprint},
    )
    found = sorted(
        (Comment(*row) for row in rows),
        key=lambda comment: submission_key is None or comment.submission_key != submission_key,
    )
    return found[0] if found else None


async def get(db: Queries, thread_id: int, comment_id: int) -> Comment | None:
    """Return a comment of a thread."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM comments WHERE thread_id = :t AND id = :id",
        {"t": thread_id, "id": comment_id},
    )
    return Comment(*rows[0]) if rows else None


async def find(db: Queries, comment_id: int) -> Comment | None:
    """Return a comment by its id alone."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM comments WHERE id = :id LIMIT 1", {"id": comment_id}
    )
    return Comment(*rows[0]) if rows else None


async def find_many(db: Queries, comment_ids: Sequence[int]) -> list[Comment]:
    """Return those of the comments that exist."""
    if not comment_ids:
        return []
    listed, params = in_list("id", comment_ids)
    rows = await db.fetch(f"SELECT {COLUMNS} FROM comments WHERE id IN {listed}", params)
    return [Comment(*row) for row in rows]


async def page(db: Queries, thread_id: int, first: int, last: int) -> list[Comment]:
    """Return all that has a place on the floors `first` to `last`, in display order.

    Of each root's replies the first 50 published; one range of the index comments_page.
    """
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM comments
            WHERE thread_id = :t AND root_floor BETWEEN :first AND :last AND ordinal <= 50
            ORDER BY root_floor, path""",
        {"t": thread_id, "first": first, "last": last},
    )
    return [Comment(*row) for row in rows]


async def replies_after(
    db: Queries, thread_id: int, root_id: int, ordinal: int, limit: int
) -> list[Comment]:
    """Return the placed replies of a root after an ordinal, in the order of their publication."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM comments
            WHERE thread_id = :t AND root_id = :root AND ordinal > :after
            ORDER BY ordinal LIMIT :limit""",
        {"t": thread_id, "root": root_id, "after": ordinal, "limit": limit},
    )
    return [Comment(*row) for row in rows]


async def recent(db: Queries, site_id: int, limit: int, thread_id: int | None) -> list[Comment]:
    """Return the newest published comments of a site or of one of its threads."""
    column, value = ("thread_id", thread_id) if thread_id is not None else ("site_id", site_id)
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM comments WHERE {column} = :value AND status = 'approved'
            ORDER BY published_at DESC, id DESC LIMIT :limit""",
        {"value": value, "limit": limit},
    )
    return [Comment(*row) for row in rows]


async def after(db: Queries, place: tuple[int, int], limit: int) -> list[Comment]:
    """Return the comments after a thread and id, of all sites, in the order of the primary key."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM comments WHERE (thread_id, id) > (:t, :id)
            ORDER BY thread_id, id LIMIT :limit""",
        {"t": place[0], "id": place[1], "limit": limit},
    )
    return [Comment(*row) for row in rows]


async def count_stale(tx: Transaction, renderer: str, site_id: int | None) -> int:
    """Return how many comments another renderer made, of all sites or of one; it reads them all."""
    rows = await tx.fetch(
        """SELECT count(*) FROM comments
           WHERE renderer <> :renderer AND site_id = coalesce(CAST(:site AS BIGINT), site_id)""",
        {"renderer": renderer, "site": site_id},
    )
    return int(rows[0][0])


async def next_ordinal(tx: Transaction, thread_id: int, root_id: int) -> tuple[int, int]:
    """Give out the next ordinal below a root, and return it with the root's floor."""
    rows = await tx.fetch(
        """UPDATE comments SET ordinals = ordinals + 1 WHERE thread_id = :t AND id = :root
           RETURNING ordinals, root_floor""",
        {"t": thread_id, "root": root_id},
    )
    return int(rows[0][0]), int(rows[0][1])


async def add_replies(tx: Transaction, thread_id: int, root_id: int, more: int) -> None:
    """Count visible replies of a root up or down."""
    await tx.fetch(
        "UPDATE comments SET replies = replies + :more WHERE thread_id = :t AND id = :root",
        {"t": thread_id, "root": root_id, "more": more},
    )


async def save_place(tx: Transaction, comment: Comment) -> None:
    """Store the place that a comment was given for good."""
    await tx.fetch(
        """UPDATE comments SET floor = :floor, root_floor = :root_floor, ordinal = :ordinal, path = :path
           WHERE thread_id = :t AND id = :id AND root_floor IS NULL""",
        {
            "t": comment.thread_id,
            "id": comment.id,
            "floor": comment.floor,
            "root_floor": comment.root_floor,
            "ordinal": comment.ordinal,
            "path": comment.path,
        },
    )


async def save_status(tx: Transaction, comment: Comment) -> None:
    """Store a comment's status, version, and what goes with them."""
    await _save(
        tx,
        comment,
        "status restores_to version published_at reasons fingerprint touched_at reports edits",
    )


async def save_text(tx: Transaction, comment: Comment) -> None:
    """Store an edited text and what was made of it."""
    await _save(tx, comment, "body html excerpt renderer simhash edited_at")
    await search.renew(tx, comment)


async def _save(tx: Transaction, comment: Comment, names: str) -> None:
    columns = names.split()
    values = {name: getattr(comment, name) for name in columns}
    await tx.fetch(
        f"""UPDATE comments SET {", ".join(f"{name} = :{name}" for name in columns)}
            WHERE thread_id = :t AND id = :id""",
        values | {"t": comment.thread_id, "id": comment.id},
    )


async def save_rendering(tx: Transaction, read: Comment, shown: Rendered) -> Status | None:
    """Store what was made anew of a comment's source; return the status that the comment has now.

    Stores and returns nothing where source or html have changed since the comment was read.
    """
    rows = await tx.fetch(
        """UPDATE comments SET html = :html, excerpt = :excerpt, renderer = :renderer
           WHERE thread_id = :t AND id = :id AND body = :body AND renderer = :former
           RETURNING status""",
        {
            "t": read.thread_id,
            "id": read.id,
            "body": read.body,
            "former": read.renderer,
            "html": shown.html,
            "excerpt": shown.excerpt,
            "renderer": shown.renderer,
        },
    )
    return rows[0][0] if rows else None


async def site_is_empty(db: Database, site_id: int) -> bool:
    """Say whether nobody wrote anything on a site yet."""
    rows = await db.scan(
        """SELECT 1 FROM threads t JOIN comments c ON c.thread_id = t.thread_id
           WHERE t.site_id = :s LIMIT 1""",
        {"s": site_id},
    )
    return not rows
