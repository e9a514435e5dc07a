"""Webhooks: the addresses that are told what happens on a site."""

from __future__ import annotations

from comments_service.core.webhooks import Webhook
from comments_service.storage.database import Queries, Transaction, columns_of

COLUMNS, _NAMED, _params = columns_of(Webhook)


async def add(tx: Transaction, webhook: Webhook) -> None:
    """Store a webhook."""
    await tx.fetch(f"INSERT INTO webhooks ({COLUMNS}) VALUES ({_NAMED})", _params(webhook))


async def save(tx: Transaction, webhook: Webhook) -> None:
    """Store what can be changed of a webhook."""
    await tx.fetch(
        """UPDATE webhooks SET url = :url, events = :events, active = :active,
               key_number = :key_number, oldest_key = :oldest_key WHERE webhook_id = :webhook_id""",
        {
            "url": webhook.url,
            "events": webhook.events,
            "active": webhook.active,
            "key_number": webhook.key_number,
            "oldest_key": webhook.oldest_key,
            "webhook_id": webhook.webhook_id,
        },
    )


async def remove(tx: Transaction, webhook_id: int) -> None:
    """Forget a webhook."""
    await tx.fetch("DELETE FROM webhooks WHERE webhook_id = :id", {"id": webhook_id})


async def find(db: Queries, webhook_id: int) -> Webhook | None:
    """Return a webhook."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM webhooks WHERE webhook_id = :id", {"id": webhook_id}
    )
    return Webhook(*rows[0]) if rows else None


async def every(db: Queries) -> list[Webhook]:
    """Return all webhooks, by site and age."""
    rows = await db.fetch(f"SELECT {COLUMNS} FROM webhooks ORDER BY site_id, webhook_id")
    return [Webhook(*row) for row in rows]


async def of_site(db: Queries, site_id: int) -> list[Webhook]:
    """Return the active webhooks of a site, the oldest first."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM webhooks WHERE site_id = :site AND active = 1
            ORDER BY webhook_id""",
        {"site": site_id},
    )
    return [Webhook(*row) for row in rows]
