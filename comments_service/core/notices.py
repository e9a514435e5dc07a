"""What leaves the house: the events, the rows of the outbox, and how long a failed one waits."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

from comments_service.core.moderation import Status, change_kind, visible

Event = Literal["published", "edited", "removed", "pending", "decided"]
Kind = Literal["event", "webhook", "hub", "reply", "confirm", "data", "moderate", "digest"]
Verdict = Literal["sent", "later", "never", "needless"]
State = Literal["waiting", "sent", "dead", "told"]

PUBLIC_EVENTS: tuple[Event, ...] = ("published", "edited", "removed")
"""What readers can notice."""
EVENTS: tuple[Event, ...] = (*PUBLIC_EVENTS, "pending", "decided")
STATES: tuple[State, ...] = ("waiting", "sent", "dead")
"""What owners see; "told" is kept only so that nobody is told twice."""

OWN = ("house", "mail")
"""The destinations that nobody chose; all others are webhooks and hubs."""
BUCKETS = 16
"""Parts of the outbox, so that several workers and servers can share it."""
MOST_ATTEMPTS = 14
"""After so many attempts, in about two days, a notice is dead until somebody has it sent again."""

SECOND = 1_000_000
_FIRST, _LONGEST = 15, 6 * 3600  # seconds between attempts
_ANSWER = 500

_OPPOSITES: dict[Event, Event] = {"published": "removed", "removed": "published"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One row of the outbox; the fields stand as in schema.sql."""

    bucket: int
    id: int
    kind: Kind
    event: str
    destination: str
    site_id: int
    comment_id: int | None
    once: str | None
    batch: str
    data: str
    state: State
    created_at: int
    due_at: int
    lease: str = ""
    attempts: int = 0
    tried_at: int | None = None
    status: int | None = None
    milliseconds: int | None = None
    answer: str = ""

    @property
    def arrived(self) -> bool:
        """Say whether the last attempt was taken."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt: sent, to be tried later, never to be sent, or needless by now."""

    verdict: Verdict
    answer: str = ""
    status: int | None = None
    milliseconds: int | None = None


def bucket_of(name: str) -> int:
    """Return the bucket of what is sent about a comment, or of anything else that has a name."""
    return zlib.crc32(name.encode()) % BUCKETS


def events(
    before: Status | None, after: Status, *, edited: bool = False, decided: bool = False
) -> list[Event]:
    """Return what happened to a comment that had a status, None: it was not there, and has another."""
    found: list[Event] = []
    change = change_kind(before or "pending", after)
    if change:
        found.append(change)
    elif edited and visible(after):
        found.append("edited")
    if after == "pending" and before != "pending":
        found.append("pending")
    return [*found, "decided"] if decided else found


def opposite(event: Event) -> Event:
    """Return the event that takes another one back."""
    return _OPPOSITES.get(event, event)


def pause(attempts: int, dice: float) -> int:
    """Return the microseconds to wait after so many attempts; `dice` from 0 to 1 spreads them."""
    seconds = min(_FIRST * 3 ** min(attempts - 1, 10), _LONGEST)
    return int(seconds * (0.5 + dice) * SECOND)


def excerpt_of(answer: str) -> str:
    """Return what is kept of a receiver's answer: one line of printable text, no longer than needed."""
    shown = "".join(letter if letter.isprintable() else " " for letter in answer[: 4 * _ANSWER])
    return " ".join(shown.split())[:_ANSWER]
