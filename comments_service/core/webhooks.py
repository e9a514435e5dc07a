"""Webhooks: what is stored of one, and how what it is sent is signed (Standard Webhooks 1.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

_KEY_BYTES = 32
PREFIX = "whsec_"
"""What a key begins with, as people copy it."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook; the fields stand as in schema.sql."""

    webhook_id: int
    site_id: int
    url: str
    events: str
    active: int
    key_number: int
    oldest_key: int
    created_by: str
    created_at: int

    @property
    def event_list(self) -> tuple[str, ...]:
        """Return the events that it is told of."""
        return tuple(self.events.split())

    @property
    def destination(self) -> str:
        """Return what it is called in the outbox."""
        return f"webhook:{self.webhook_id}"

    @property
    def keys(self) -> range:
        """Return the numbers of the keys that sign: one, or two while the receiver changes over."""
        return range(self.oldest_key, self.key_number + 1)


def key(secret: str, webhook_id: int, number: int) -> str:
    """Return a webhook's key; it is made from the service's secret, and so is stored nowhere."""
    whole = hashlib.blake2b(secret.encode()).digest()
    named = f"webhook {webhook_id} {number}".encode()
    made = hashlib.blake2b(named, key=whole, digest_size=_KEY_BYTES).digest()
    return PREFIX + base64.b64encode(made).decode("ascii")


def signature(keys: Iterable[str], message_id: str, seconds: int, body: bytes) -> str:
    """Return the header `webhook-signature`: an HMAC-SHA256 over id, time and body by each key."""
    signed = f"{message_id}.{seconds}.".encode() + body
    made = []
    for each in keys:
        raw = base64.b64decode(each.removeprefix(PREFIX))
        digest = hmac.new(raw, signed, hashlib.sha256).digest()
        made.append("v1," + base64.b64encode(digest).decode("ascii"))
    return " ".join(made)
