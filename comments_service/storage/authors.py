"""What else the author of a comment may have written, as far as address and network tell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from comments_service.core.models import Comment
from comments_service.core.moderation import Status
from comments_service.storage.database import Database, in_list


@dataclass(frozen=True, slots=True)
class Trace:
    """One comment of somebody who may be the same."""

    id: int
    status: Status
    name: str
    email: str
    network: str
    created_at: int


async def traces(
    db: Database, comment: Comment, sites: Collection[int] | None, limit: int
) -> list[Trace]:
    """Return the newest comments with the same e-mail address or network, itself among them."""
    found: dict[int, Trace] = {}
    for column in ("email", "network"):
        value = getattr(comment, column)
        if value:
            for trace in await _by(db, column, value, sites, limit):
                found[trace.id] = trace
    return sorted(found.values(), key=lambda trace: trace.created_at, reverse=True)


async def _by(
    db: Database, column: str, value: str, sites: Collection[int] | None, limit: int
) -> list[Trace]:
    where, params = f"{column} = :value AND {column} <> ''", dict[str, Any](value=value)
    if sites is not None:
        listed, named = in_list("of", sorted(sites) or [0])
        where, params = f"{where} AND site_id IN {listed}", params | named
    rows = await db.scan(
        f"""SELECT id, status, name, email, network, created_at FROM comments WHERE {where}
            ORDER BY created_at DESC, id DESC LIMIT :limit""",
        params | {"limit": limit},
    )
    return [Trace(*row) for row in rows]
