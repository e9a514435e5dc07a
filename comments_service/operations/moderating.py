"""What moderators see: the queues, one comment with what is needed to decide, and what was done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from comments_service.core.filters import FIRST, Filter, Place
from comments_service.core.models import Comment, Entry, Thread
from comments_service.core.moderation import QUEUES, Queue
from comments_service.core.permissions import Actor
from comments_service.errors import NotPermitted
from comments_service.service import Service
from comments_service.storage import comments, log, queue, revisions, threads
from comments_service.storage.revisions import Revision

MOST_COUNTED = 1_000
"""A queue is counted up to here: past it nobody cares how many, and counting would cost."""


@dataclass(frozen=True)
class QueueItem:
    """A comment with what a moderator needs to decide about it."""

    comment: Comment
    thread: Thread
    parent: Comment | None


def seen_by(actor: Actor, wanted: Filter) -> Filter:
    """Return a filter that holds only what an actor may see. Raises NotPermitted."""
    if "read" not in actor.may or (wanted.site_id and not actor.on_site(wanted.site_id)):
        raise NotPermitted
    return replace(wanted, sites=actor.sites)


async def items(
    service: Service,
    actor: Actor,
    wanted: Filter,
    *,
    after: Place = FIRST,
    limit: int = 50,
    oldest: bool = False,
) -> list[QueueItem]:
    """Return what is behind a place in a queue, the newest or the oldest first. Raises NotPermitted."""
    found = await queue.page(
        service.database, seen_by(actor, wanted), limit, after=after, oldest=oldest
    )
    return await _with_context(service, found)


async def item(service: Service, actor: Actor, comment_id: int) -> list[QueueItem]:
    """Return one comment of whatever status, or none where the actor may not see it."""
    comment = await comments.find(service.database, comment_id)
    if comment is None or not actor.allowed("read", comment.site_id):
        return []
    return await _with_context(service, [comment])


async def _with_context(service: Service, found: Sequence[Comment]) -> list[QueueItem]:
    known = await threads.get_many(service.database, sorted({c.thread_id for c in found}))
    parent_ids = sorted({c.parent_id for c in found if c.parent_id is not None})
    parents = {c.id: c for c in await comments.find_many(service.database, parent_ids)}
    return [QueueItem(c, known[c.thread_id], parents.get(c.parent_id or 0)) for c in found]


async def counts(service: Service, actor: Actor, site_id: int | None = None) -> dict[Queue, int]:
    """Return how long each queue is, at most MOST_COUNTED. Raises NotPermitted."""
    return {
        name: await queue.count(
            service.database, seen_by(actor, Filter(name, site_id=site_id)), MOST_COUNTED
        )
        for name in QUEUES
        if name != "all"
    }


async def history(service: Service, comment: Comment, limit: int = 50) -> list[Entry]:
    """Return what was done to a comment, the newest first."""
    return await log.of_comment(service.database, comment.thread_id, comment.id, limit)


async def former_texts(service: Service, comment: Comment) -> list[Revision]:
    """Return what a comment said before its edits, the oldest first."""
    return await revisions.of_comment(service.database, comment)


async def authors(service: Service, acts: Sequence[Entry]) -> dict[int, str]:
    """Return who wrote the comments that acts were about, by the comment's number."""
    found = await comments.find_many(service.database, [a.comment_id for a in acts if a.comment_id])
    return {comment.id: comment.name for comment in found}


async def undoable(service: Service, actor: Actor, acts: Sequence[Entry]) -> set[int]:
    """Return the numbers of those acts that are still the last ones on their comments."""
    if "decide" not in actor.may:
        return set()
    found = await comments.find_many(service.database, [a.comment_id for a in acts if a.comment_id])
    versions = {comment.id: comment.version for comment in found}
    return {
        act.seq
        for act in acts
        if act.actor != "author" and versions.get(act.comment_id or 0) == (act.version or 0) + 1
    }
