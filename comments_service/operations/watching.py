"""What moderators are told of while they work: what others decided, what arrived, who looks at what."""

from __future__ import annotations

from dataclasses import dataclass, replace

from comments_service.core.filters import Filter, Place
from comments_service.core.models import Entry
from comments_service.core.permissions import Actor
from comments_service.errors import CommentUnknown
from comments_service.operations import moderating
from comments_service.service import Service
from comments_service.storage import comments, log, looks, queue

SECOND = 1_000_000
LOOK_SECONDS = 45
"""For so long a moderator is said to look at a comment; browsers repeat it in time."""
MOST_NEW = 100
_MOST_ACTS = 200


@dataclass(frozen=True)
class Updates:
    """What changed: acts after a number, how many stand above the top of a queue, who looks where."""

    seq: int
    acts: list[Entry]
    arrived: int
    looking: list[tuple[int, str]]


async def state(service: Service) -> tuple[int, ...]:
    """Return numbers of which one changes with whatever moderators could notice."""
    return await looks.state(service.database, service.clock())


async def newest_act(service: Service) -> int:
    """Return the number of the last act on record."""
    return (await log.head(service.database))[0]


async def updates(
    service: Service, actor: Actor, seq: int, wanted: Filter, top: Place | None
) -> Updates:
    """Return what an actor is told since an act; `top` is the first place of the queue on the screen.

    Raises NotPermitted.
    """
    seen = moderating.seen_by(actor, wanted)
    acts = await log.after(service.database, seq, _MOST_ACTS)
    mine = [act for act in acts if act.comment_id and actor.on_site(act.site_id)]
    arrived = 0
    if top is not None:
        newer = replace(seen, above=top)
        arrived = await queue.count(service.database, newer, MOST_NEW)
    looking = await looks.others(service.database, actor.name, service.clock(), actor.sites)
    return Updates(acts[-1].seq if acts else seq, mine, arrived, looking)


async def look(service: Service, actor: Actor, comment_id: int | None) -> None:
    """Tell the others that somebody looks at a comment, or at none. Raises CommentUnknown."""
    now = service.clock()
    if comment_id is None:
        await service.database.write(lambda tx: looks.leave(tx, actor.name, now))
        return
    comment = await comments.find(service.database, comment_id)
    if comment is None or not actor.allowed("read", comment.site_id):
        raise CommentUnknown
    thread_id, until = comment.thread_id, now + LOOK_SECONDS * SECOND
    await service.database.write(
        lambda tx: looks.look(tx, thread_id, comment_id, actor.name, now, until)
    )
