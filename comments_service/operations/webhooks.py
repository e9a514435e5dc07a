"""Webhooks: made, changed and removed by owners; their keys are shown when they are made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from comments_service.core.draft import web_address
from comments_service.core.notices import EVENTS, Notice, bucket_of
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.core.webhooks import Webhook, key
from comments_service.errors import BadFields, FieldError, WebhookUnknown
from comments_service.operations import logbook
from comments_service.operations.permitting import need
from comments_service.service import Service
from comments_service.storage import outbox, webhooks
from comments_service.storage.database import Transaction

_LONGEST = 1_000
_MOST = 20  # of one site
TEST = "test"
"""The event that an owner sends to see whether anything arrives."""


async def every(service: Service, actor: Actor) -> list[Webhook]:
    """Return the webhooks of the actor's sites. Raises NotPermitted."""
    need(actor, "manage", min(actor.sites or {0}))
    found = await webhooks.every(service.database)
    return [each for each in found if actor.on_site(each.site_id)]


async def one(service: Service, actor: Actor, webhook_id: int) -> Webhook:
    """Return a webhook. Raises NotPermitted, WebhookUnknown."""
    found = await webhooks.find(service.database, webhook_id)
    if found is None:
        raise WebhookUnknown
    need(actor, "manage", found.site_id)
    return found


async def create(
    service: Service, actor: Actor, site_id: int, url: str, events: Sequence[str]
) -> Webhook:
    """Make a webhook. Raises NotPermitted, BadFields."""
    need(actor, "manage", site_id)
    number = service.ids()
    made = Webhook(
        number, site_id, _url(url), _events(events), 1, 1, 1, actor.name, service.clock()
    )

    async def store(tx: Transaction) -> None:
        known = [each for each in await webhooks.every(tx) if each.site_id == site_id]
        if len(known) >= _MOST:
            sentence = Note("A site has at most %(most)s webhooks. Remove one first.", most=_MOST)
            raise BadFields(FieldError("url", "too_many", sentence))
        await webhooks.add(tx, made)
        await _record(tx, service, actor, "webhook", made)

    await service.database.write(store)
    return made


async def change(
    service: Service,
    actor: Actor,
    webhook_id: int,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    active: bool | None = None,
) -> Webhook:
    """Change where a webhook leads, what it is told of, or whether it is.

    Raises NotPermitted, WebhookUnknown, BadFields.
    """
    found = await one(service, actor, webhook_id)
    changed = replace(
        found,
        url=found.url if url is None else _url(url),
        events=found.events if events is None else _events(events),
        active=found.active if active is None else int(active),
    )
    await _save(service, actor, "webhook_changed", changed)
    return changed


async def rotate(service: Service, actor: Actor, webhook_id: int) -> Webhook:
    """Give a webhook another key; the one before signs too, until it is retired or this is done again.

    Raises NotPermitted, WebhookUnknown.
    """
    found = await one(service, actor, webhook_id)
    changed = replace(found, key_number=found.key_number + 1, oldest_key=found.key_number)
    await _save(service, actor, "webhook_key", changed)
    return changed


async def retire(service: Service, actor: Actor, webhook_id: int) -> Webhook:
    """Let only the newest key of a webhook sign. Raises NotPermitted, WebhookUnknown."""
    found = await one(service, actor, webhook_id)
    changed = replace(found, oldest_key=found.key_number)
    await _save(service, actor, "webhook_key_retired", changed)
    return changed


async def remove(service: Service, actor: Actor, webhook_id: int) -> None:
    """Remove a webhook with all that was to be sent to it. Raises NotPermitted, WebhookUnknown."""
    found = await one(service, actor, webhook_id)

    async def store(tx: Transaction) -> None:
        await webhooks.remove(tx, webhook_id)
        await outbox.forget(tx, found.destination)
        await _record(tx, service, actor, "webhook_removed", found)

    await service.database.write(store)


async def try_out(service: Service, actor: Actor, webhook_id: int) -> Notice:
    """Send a webhook something that means nothing. Raises NotPermitted, WebhookUnknown."""
    found, now = await one(service, actor, webhook_id), service.clock()
    notice = Notice(
        bucket=bucket_of(found.destination),
        id=service.ids(),
        kind="webhook",
        event=TEST,
        destination=found.destination,
        site_id=found.site_id,
        comment_id=None,
        once=None,
        batch="",
        data=json.dumps({"at": now}),
        state="waiting",
        created_at=now,
        due_at=now,
    )
    await service.database.write(lambda tx: outbox.add(tx, notice))
    return notice


async def deliveries(
    service: Service, actor: Actor, webhook_id: int, before: int, limit: int
) -> list[Notice]:
    """Return what a webhook was or is to be told, the newest first. Raises NotPermitted, WebhookUnknown."""
    found = await one(service, actor, webhook_id)
    return await outbox.of_destination(service.database, found.destination, before, limit)


def key_of(service: Service, webhook: Webhook) -> str:
    """Return the newest key of a webhook: to be shown only when it is made."""
    return key(service.secret, webhook.webhook_id, webhook.key_number)


async def _save(service: Service, actor: Actor, action: str, changed: Webhook) -> None:
    async def store(tx: Transaction) -> None:
        await webhooks.save(tx, changed)
        await _record(tx, service, actor, action, changed)

    await service.database.write(store)


async def _record(
    tx: Transaction, service: Service, actor: Actor, action: str, webhook: Webhook
) -> None:
    """Put an act on record: of the address only the host, because it may hold a secret."""
    service.wanted.forget()
    act = logbook.house_act(
        service, actor.name, action, site_id=webhook.site_id, webhook=str(webhook.webhook_id),
        host=urlsplit(webhook.url).hostname or "", events=webhook.events, active=webhook.active,
    )  # fmt: skip
    await logbook.write(tx, service, [act])


def _url(text: str) -> str:
    url = text.strip()
    if not web_address(url) or len(url) > _LONGEST or not url.isascii():
        sentence = Note("Type the whole address, beginning with https:// or http://.")
        raise BadFields(FieldError("url", "url_invalid", sentence))
    return url


def _events(names: Sequence[str]) -> str:
    chosen = [name for name in EVENTS if name in set(names)]
    if not chosen or len(chosen) != len(set(names)):
        sentence = Note("Choose at least one of the events.")
        raise BadFields(FieldError("events", "events_invalid", sentence))
    return " ".join(chosen)
