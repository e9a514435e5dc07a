"""How readers say that a comment helped them: one vote each, given and taken back, and counted again."""

from __future__ import annotations

from collections.abc import Collection

from comments_service.core.draft import keyed_hash
from comments_service.core.models import Comment, Site, Visitor
from comments_service.core.networks import network_of
from comments_service.errors import CommentUnknown, VoteOwn, VotesOff
from comments_service.service import Service
from comments_service.storage import comments, threads, votes
from comments_service.storage.database import Transaction

_PIECE = 500


def voter(service: Service, visitor: Visitor, key: str) -> str:
    """Return whose vote it is: by the key that a browser keeps, or else by network and browser."""
    who = f"key {key}" if key else f"network {network_of(visitor.address)} {visitor.agent}"
    return keyed_hash(service.secret, f"vote {who}")


async def vote(
    service: Service,
    site: Site,
    comment_id: int,
    who: str,
    *,
    wanted: bool,
    own: Collection[int] = (),
) -> int:
    """Give a vote, or take it back; a repeat changes nothing. Return how many there are.

    `own` are the ids that the asker has proven to be theirs. Raises VotesOff, VoteOwn, CommentUnknown.
    """
    if not site.policy.votes:
        raise VotesOff
    if comment_id in own:
        raise VoteOwn
    found = await comments.find(service.database, comment_id)
    if found is None or found.site_id != site.site_id or not found.visible:
        raise CommentUnknown

    async def work(tx: Transaction) -> tuple[Comment, int, bool]:
        await threads.lock(tx, found.thread_id)
        comment = await comments.get(tx, found.thread_id, found.id)
        if comment is None or not comment.visible:
            raise CommentUnknown
        place = (comment.thread_id, comment.id, who)
        changed = await (
            votes.add(tx, *place, service.clock()) if wanted else votes.remove(tx, *place)
        )
        if not changed:
            return comment, comment.votes, False
        return comment, await votes.count(tx, *place[:2], 1 if wanted else -1), True

    comment, number, changed = await service.database.write(work)
    if changed:
        service.news.announce(site.site_id, comment.thread_id)
    return number


async def recount(service: Service) -> int:
    """Set every figure to what was voted; return how many were wrong."""
    wrong = 0
    while found := await votes.miscounted(service.database, _PIECE):
        for thread_id, comment_id, _ in found:
            await _recount(service, thread_id, comment_id)
        wrong += len(found)
    return wrong


async def _recount(service: Service, thread_id: int, comment_id: int) -> None:
    async def work(tx: Transaction) -> None:
        await threads.lock(tx, thread_id)
        await votes.recount(tx, thread_id, comment_id)

    await service.database.write(work)
