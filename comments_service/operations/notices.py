"""What happens is told: events are written with their cause, and taken back where an undo is in time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from comments_service.core.models import Comment
from comments_service.core.notices import (
    PUBLIC_EVENTS,
    SECOND,
    Kind,
    Notice,
    bucket_of,
    events,
    opposite,
)
from comments_service.service import Service
from comments_service.storage import mail, outbox, sites, webhooks
from comments_service.storage.database import Queries, Transaction

REPLY = "reply"
"""What a site wants, beside events, where authors may ask for mail about replies."""


@dataclass(frozen=True)
class Cause:
    """Why a comment changed: by which decision of whom, or, without one, because its author acted."""

    batch: str = ""
    by: str = ""
    action: str = ""
    reason: str = ""
    edited: bool = False
    undoes: str = ""  # the batch that it takes back


AUTHOR = Cause()


async def tell(
    tx: Transaction,
    service: Service,
    before: Comment | None,
    after: Comment,
    cause: Cause = AUTHOR,
    *,
    seq: int = 0,
) -> int:
    """Write what happened to a comment into the outbox, as far as anybody wants to know.

    `seq` is the site's change that it was. An undo takes back what it undoes and nobody is sending yet,
    and tells only the rest; returns how many notices had left already.
    """
    taken_back, left = await _withdraw(tx, service, after, cause.undoes)
    wanted = await wanted_by(tx, service, after.site_id)
    status = before.status if before else None
    for event in events(status, after.status, edited=cause.edited, decided=bool(cause.batch)):
        told = event in wanted or (event == "published" and after.depth > 0 and REPLY in wanted)
        needless = opposite(event) in taken_back or (event == "pending" and taken_back)
        if told and not needless:
            data = _data(service, status, after, cause, seq)
            await outbox.add(
                tx, of_comment(service, "event", event, "house", after, data, cause.batch)
            )
    return left


def _data(
    service: Service, before: str | None, after: Comment, cause: Cause, seq: int
) -> dict[str, Any]:
    data: dict[str, Any] = {"at": service.clock(), "seq": seq}
    if cause.batch:
        data |= {"action": cause.action, "by": cause.by, "reason": cause.reason}
        data |= {"before": before, "after": after.status}
    return data


def of_comment(
    service: Service,
    kind: Kind,
    event: str,
    destination: str,
    comment: Comment,
    data: dict[str, Any],
    batch: str = "",
) -> Notice:
    """Return a notice about a comment, due after the time in which an undo takes it back."""
    now = service.clock()
    return Notice(
        bucket=bucket_of(str(comment.id)),
        id=service.ids(),
        kind=kind,
        event=event,
        destination=destination,
        site_id=comment.site_id,
        comment_id=comment.id,
        once=None,
        batch=batch,
        data=json.dumps(data),
        state="waiting",
        created_at=now,
        due_at=now + int(service.settings.notice_delay * SECOND),
    )


async def _withdraw(
    tx: Transaction, service: Service, comment: Comment, batch: str
) -> tuple[set[str], int]:
    """Take back what a batch caused to be told of a comment; return which events, and how much had left."""
    if not batch:
        return set(), 0
    bucket = bucket_of(str(comment.id))
    rows = await outbox.withdraw(tx, bucket, comment.id, batch, service.clock())
    left = await outbox.count_left(tx, bucket, comment.id, batch)
    return {event for kind, event in rows if kind == "event"}, left


async def wanted_by(tx: Transaction, service: Service, site_id: int) -> frozenset[str]:
    """Return the events that somebody wants to be told of; what nobody wants costs no query."""
    found = service.wanted.get(site_id, exclusive=service.database.exclusive)
    if found is None:
        found = await _look_up(tx, service, site_id)
        service.wanted.keep(site_id, found)
    return found


async def _look_up(db: Queries, service: Service, site_id: int) -> frozenset[str]:
    site = await sites.by_id(db, site_id)
    assert site is not None  # a foreign key says so
    found: set[str] = set()
    for webhook in await webhooks.of_site(db, site_id):
        found.update(webhook.event_list)
    if site.policy.websub_hub:
        found.update(PUBLIC_EVENTS)
    if service.settings.mails:
        found.add("pending")
        found.update([REPLY] if site.policy.reply_mail else [])
        found.update(["published"] if await mail.anybody_wants_all(db, site_id) else [])
    return frozenset(found)
