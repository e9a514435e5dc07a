"""What is sent to webhooks and hubs, as things are when it leaves; None where there is nothing to say any more."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import orjson

from comments_service.core.feeds import KINDS
from comments_service.core.models import Comment, Record, Site
from comments_service.core.notices import PUBLIC_EVENTS, SECOND, Notice
from comments_service.core.records import public, thread_record, timestamp
from comments_service.core.webhooks import Webhook, key, signature
from comments_service.service import Service
from comments_service.storage import comments, sites, threads, webhooks


@dataclass(frozen=True)
class Call:
    """A request to be sent; what it is signed with is not to be seen in logs."""

    url: str
    body: bytes
    headers: dict[str, str] = field(repr=False)


async def call_of(service: Service, notice: Notice) -> Call | None:
    """Return what a notice says to a webhook or a hub, None where that has become needless."""
    site = await sites.by_id(service.database, notice.site_id)
    if site is None:
        return None
    if notice.kind == "hub":
        return _to_hub(service, site)
    webhook = await webhooks.find(service.database, int(notice.destination.partition(":")[2]))
    if webhook is None or not webhook.active:
        return None
    record = await _record(service, notice, site)
    return _signed(service, webhook, notice, record) if record else None


def _to_hub(service: Service, site: Site) -> Call | None:
    if not site.policy.websub_hub:
        return None
    links = service.links(site.slug)
    topics = [("hub.url", links.feed(kind)) for kind in KINDS]
    body = urlencode([("hub.mode", "publish"), *topics]).encode()
    return Call(site.policy.websub_hub, body, {"Content-Type": "application/x-www-form-urlencoded"})


def _signed(service: Service, webhook: Webhook, notice: Notice, record: Record) -> Call:
    body, seconds = orjson.dumps(record), service.clock() // SECOND
    keys = [key(service.secret, webhook.webhook_id, number) for number in webhook.keys]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(notice.id),
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(keys, str(notice.id), seconds, body),
    }
    return Call(webhook.url, body, headers)


async def _record(service: Service, notice: Notice, site: Site) -> Record | None:
    data = json.loads(notice.data)
    record: Record = {
        "id": str(notice.id),
        "event": notice.event,
        "at": timestamp(data["at"]),
        "site": site.slug,
    }
    if notice.comment_id is None:  # a test
        return record
    comment = await comments.find(service.database, notice.comment_id)
    if comment is None or not _still_so(notice, comment):
        return None
    thread = await threads.get(service.database, comment.thread_id)
    assert thread is not None  # a foreign key says so
    record["thread"] = thread_record(thread)
    links = service.links(site.slug, site.policy)
    if notice.event in PUBLIC_EVENTS:
        # 'removed' says so, even of what is public again by now: that was told by itself.
        shown = replace(comment, status="deleted") if notice.event == "removed" else comment
        return record | {"seq": data["seq"], "comment": public(thread, shown, links)}
    record["comment"] = public(thread, comment, links) | _for_moderators(comment)
    if notice.event == "decided":
        record["decision"] = _decision(data)
    return record


def _still_so(notice: Notice, comment: Comment) -> bool:
    """Say whether what a notice tells was not taken back meanwhile."""
    if notice.event in ("published", "edited"):
        return comment.visible
    return notice.event != "pending" or comment.status == "pending"


def _decision(data: dict[str, Any]) -> Record:
    return {name: data[name] for name in ("action", "by", "reason", "before", "after")}


def _for_moderators(comment: Comment) -> Record:
    """Return what moderators see of a comment, but for what is personal."""
    return {
        "status": comment.status,
        "version": comment.version,
        "author": {"name": comment.name, "url": comment.website or None},
        "source": comment.body,
        "html": comment.html,
        "excerpt": comment.excerpt,
        "reasons": json.loads(comment.reasons),
        "actions": comment.actions,
        "created_at": timestamp(comment.created_at),
    }
