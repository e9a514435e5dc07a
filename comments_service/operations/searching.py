"""What readers search for: words of published comments, never of hidden ones, never e-mail addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from comments_service.core.filters import FIRST, Place
from comments_service.core.models import Comment, Site, Thread
from comments_service.core.search import Query
from comments_service.core.snippets import Piece, highlighted, snippet
from comments_service.core.threads import thread_number
from comments_service.service import Service
from comments_service.storage import finding, threads


@dataclass(frozen=True)
class Found:
    """A comment that was found, with its name and the words around the first match in pieces."""

    thread: Thread
    comment: Comment
    name: list[Piece]
    snippet: list[Piece]


async def published(
    service: Service,
    site: Site,
    query: Query,
    limit: int,
    *,
    after: Place = FIRST,
    key: str | None = None,
) -> tuple[list[Found], Place | None]:
    """Return published comments with all words of a query, the newest first, and where to go on.

    Of words that many comments have, only so many comments are looked through at once: so there may be
    more behind a place although few were found before it.
    """
    thread_id = thread_number(site.site_id, key) if key else None
    comments, following = await finding.published(
        service.database, site.site_id, thread_id, query, limit, after
    )
    known = await threads.get_many(service.database, sorted({c.thread_id for c in comments}))
    # A long text takes a while: others are answered meanwhile.
    found = await asyncio.to_thread(_shown, comments, known, query)
    return found, following


def _shown(comments: Sequence[Comment], known: dict[int, Thread], query: Query) -> list[Found]:
    return [
        Found(known[c.thread_id], c, highlighted(c.name, query), snippet(c.html, query))
        for c in comments
    ]
