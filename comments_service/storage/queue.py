"""The moderators' queues: comments by what they wait for and by what they are looked for."""

from __future__ import annotations

from typing import Any

from comments_service.core.filters import FIRST, Filter, Place
from comments_service.core.models import Comment
from comments_service.core.moderation import STATUSES
from comments_service.core.search import query
from comments_service.storage import search
from comments_service.storage.comments import COLUMNS
from comments_service.storage.database import Database, in_list

_CONDITIONS = {
    # + 0: what arrived on a site is mostly more than what waits, was reported or is of one author.
    "site_id": "site_id + 0 = :site_id",
    "thread_id": "thread_id = :thread_id",
    # The index holds only what is not empty, and wants to hear that.
    "author": "(name = :author OR (email = :author AND email <> ''))",
    "network": "network = :network AND network <> ''",
    "reason": "reasons LIKE :reason ESCAPE '!'",
    "since": "created_at >= :since",
    "until": "created_at < :until",
    "as_of": "touched_at <= :as_of",
}


def _where(wanted: Filter) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {
        name: getattr(wanted, name)
        for name in _CONDITIONS
        if getattr(wanted, name) not in (None, "")
    }
    parts = [_CONDITIONS[name] for name in values]
    if "reason" in values:
        values["reason"] = _holding(f'"code": "{wanted.reason}"')
    if wanted.above is not None:
        parts.append("(created_at, id) > (:above_at, :above_id)")
        values |= {"above_at": wanted.above[0], "above_id": wanted.above[1]}
    if wanted.queue in STATUSES:
        parts.append("status = :status")
        values["status"] = wanted.queue
    elif wanted.queue != "all":
        parts.append({"reported": "reports > 0", "edited": "edits > 0"}[wanted.queue])
    if wanted.sites is not None:
        listed, named = in_list("of", sorted(wanted.sites) or [0])
        parts.append(f"site_id + 0 IN {listed}")
        values |= named
    return " AND ".join(parts) or "0 = 0", values


async def _source(db: Database, wanted: Filter) -> search.Source:
    """Return where the comments are read from that have the words of a filter, if it has any."""
    if not wanted.text:
        return search.Source()
    return await search.source(db, query(wanted.text), private=True)


def _holding(text: str) -> str:
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


async def page(
    db: Database, wanted: Filter, limit: int, *, after: Place = FIRST, oldest: bool = False
) -> list[Comment]:
    """Return what is behind a place in a queue, the newest first or the oldest first."""
    where, params = _where(wanted)
    words = await _source(db, wanted)
    if oldest and after == FIRST:
        after = (-1, -1)
    way, order = (">", "ASC") if oldest else ("<", "DESC")
    rows = await db.scan(
        f"""SELECT {COLUMNS} FROM {words.tables}
            WHERE {where} AND {words.condition} AND (created_at, id) {way} (:at, :id)
            ORDER BY created_at {order}, id {order} LIMIT :limit""",
        params | words.params | {"at": after[0], "id": after[1], "limit": limit},
    )
    return [Comment(*row) for row in rows]


async def count(db: Database, wanted: Filter, most: int) -> int:
    """Return how many comments are wanted, at most `most`: a number costs no more than that."""
    where, params = _where(wanted)
    words = await _source(db, wanted)
    rows = await db.scan(
        f"""SELECT count(*) FROM (SELECT 1 AS one FROM {words.tables}
            WHERE {where} AND {words.condition} LIMIT :most) AS counted""",
        params | words.params | {"most": most},
    )
    return int(rows[0][0])
