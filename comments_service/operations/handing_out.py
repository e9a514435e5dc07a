"""What an event becomes: one notice for each destination that wants to be told of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from comments_service.core.mailing import Choice, default, mark_of, period_of
from comments_service.core.models import Comment, Site
from comments_service.core.notices import PUBLIC_EVENTS, SECOND, Kind, Notice, bucket_of
from comments_service.core.permissions import stored_sites
from comments_service.operations.letters import wants_reply
from comments_service.service import Service
from comments_service.storage import comments, mail, outbox, people, sites, webhooks
from comments_service.storage.database import Transaction

_TOGETHER = 10 * SECOND
"""Changes of a feed within this time make one call of its hub."""
_MARGIN = 5 * SECOND
"""A period's notice leaves so much later: the clocks of servers may differ."""


async def hand_out(service: Service, event: Notice) -> None:
    """Put notices in the place of an event, all at once."""
    assert event.comment_id is not None
    comment = await comments.find(service.database, event.comment_id)
    site = await sites.by_id(service.database, event.site_id)
    made: list[Notice] = []
    if comment is not None and site is not None:
        made = [notice async for notice in _notices(service, event, comment, site)]

    async def store(tx: Transaction) -> None:
        if await outbox.remove(tx, event):
            for notice in made:
                await outbox.add(tx, notice)

    await service.database.write(store)


async def _notices(
    service: Service, event: Notice, comment: Comment, site: Site
) -> AsyncIterator[Notice]:
    for webhook in await webhooks.of_site(service.database, site.site_id):
        if event.event in webhook.event_list:
            yield _like(service, event, "webhook", webhook.destination)
    if site.policy.websub_hub and event.event in PUBLIC_EVENTS:
        yield _hub(service, event, site)
    if not service.settings.mails:
        return
    if event.event == "published" and await _is_answer(service, comment):
        notice = _like(service, event, "reply", "mail")
        yield replace(notice, once=f"reply:{comment.id}")
    if event.event in ("pending", "published") and not event.batch:
        async for notice in _to_moderators(service, event, comment):
            yield notice


def _like(service: Service, event: Notice, kind: Kind, destination: str) -> Notice:
    """Return a notice for a destination, due at once."""
    now = service.clock()
    return replace(
        event,
        id=service.ids(),
        kind=kind,
        destination=destination,
        due_at=now,
        lease="",
        attempts=0,
    )


def _hub(service: Service, event: Notice, site: Site) -> Notice:
    end = (service.clock() // _TOGETHER + 1) * _TOGETHER
    return _periodic(service, event, "hub", f"hub:{site.site_id}", end, {})


def _periodic(
    service: Service, event: Notice, kind: Kind, destination: str, end: int, data: dict[str, Any]
) -> Notice:
    """Return the one notice of a period: what comes later in it finds it there."""
    once = f"{destination}:{data.get('moderator', '')}:{event.site_id}:{end}"
    return replace(
        _like(service, event, kind, destination),
        bucket=bucket_of(once),
        event="",
        once=once,
        comment_id=None,
        batch="",
        data=json.dumps(data),
        due_at=end + _MARGIN,
    )


async def _is_answer(service: Service, comment: Comment) -> bool:
    if comment.parent_id is None:
        return False
    parent = await comments.get(service.database, comment.thread_id, comment.parent_id)
    return parent is not None and await wants_reply(service, parent, comment)


async def _to_moderators(
    service: Service, event: Notice, comment: Comment
) -> AsyncIterator[Notice]:
    db = service.database
    chosen = await mail.choices_about(db, comment.site_id)
    for number, email, its_sites in await people.with_sites(db):
        theirs = stored_sites(its_sites)
        choice = chosen.get(number) or default(number, comment.site_id)
        here = theirs is None or comment.site_id in theirs
        wanted = event.event == "pending" or choice.about == "all"
        themselves = comment.moderator_id == number
        if not here or not wanted or themselves or choice.pace == "never":
            continue
        if await mail.confirmed(db, mark_of(service.secret, email)):
            yield _for_moderator(service, event, comment, choice)


def _for_moderator(service: Service, event: Notice, comment: Comment, choice: Choice) -> Notice:
    number = choice.moderator_id
    if choice.pace == "each":
        notice = _like(service, event, "moderate", "mail")
        once = f"moderate:{number}:{comment.id}:{comment.version}"
        return replace(notice, once=once, data=json.dumps({"moderator": number}))
    begin, end = period_of(choice.pace, service.clock())
    data = {"moderator": number, "since": begin}
    return _periodic(service, event, "digest", "mail", end, data)
