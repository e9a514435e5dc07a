"""Decisions by a link from a mail: one action on one version of one comment, without signing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comments_service.core.models import Comment, Site, Thread
from comments_service.core.moderation import Action
from comments_service.core.permissions import ROLES, Actor
from comments_service.errors import LinkInvalid, NotPermitted
from comments_service.operations import deciding
from comments_service.operations.deciding import Ask, Outcome
from comments_service.operations.letters import place
from comments_service.operations.mail_links import ACT, read
from comments_service.service import Service
from comments_service.storage import comments, log, people


@dataclass(frozen=True)
class Offer:
    """What a link offers; `outcome` says who was first where it comes too late, or what was done."""

    actor: Actor
    site: Site
    thread: Thread
    comment: Comment
    ask: Ask
    outcome: Outcome | None = None

    @property
    def action(self) -> Action:
        """Return what the link does."""
        return self.ask.action


async def offer(service: Service, token: str) -> Offer:
    """Return what a link offers; looking changes nothing. Raises LinkInvalid, LinkExpired, NotPermitted."""
    number, comment_id, version, action = read(service, ACT, token)
    comment = await comments.find(service.database, int(comment_id))
    one = await people.moderator(service.database, int(number))
    if comment is None or one is None:
        raise LinkInvalid
    actor = Actor(one.actor, one.email, ROLES[one.role] & {"decide"}, one.on_sites)
    if not actor.allowed("decide", comment.site_id):
        raise NotPermitted
    site, thread = await place(service, comment)
    ask: Any = Ask(comment.id, int(version), action)
    stale = await _stale(service, comment) if comment.version != version else None
    return Offer(actor, site, thread, comment, ask, stale)


async def _stale(service: Service, comment: Comment) -> Outcome:
    last = await log.of_version(
        service.database, comment.thread_id, comment.id, comment.version - 1
    )
    by, at = (last.actor, last.at) if last else (None, None)
    return Outcome(comment.id, "stale", comment.status, comment.version, by, at)


async def act(service: Service, token: str) -> Offer:
    """Do what a link offers, once however often it is pressed. Raises LinkInvalid, LinkExpired, NotPermitted."""
    found = await offer(service, token)
    ask = found.ask
    batch = deciding.batch_of(service, found.actor, f"mail {ask.id} {ask.version} {ask.action}")
    _, [outcome] = await deciding.decide(service, found.actor, [ask], batch)
    comment = await comments.find(service.database, ask.id)
    assert comment is not None  # comments are never removed
    return Offer(found.actor, found.site, found.thread, comment, ask, outcome)
