"""The things of the house: what is stored of a site, a thread and a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, NamedTuple

from comments_service.core.moderation import Action, Status, actions, visible
from comments_service.core.policy import Policy

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
"""The form of a site's name in addresses."""


@dataclass(frozen=True, slots=True)
class Site:
    """A blog with its own comments; `origins` are where its pages live."""

    site_id: int
    slug: str
    origins: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)
    feed_id: str = ""  # what the ids of its feeds are made of


@dataclass(frozen=True, slots=True)
class Thread:
    """The comments of one page of a site; the fields stand as in schema.sql."""

    thread_id: int
    site_id: int
    key: str
    url: str | None
    title: str | None
    open: int
    page_size: int
    floors: int
    count: int
    change: int
    created_at: int
    votes: int = 0

    @property
    def freshness(self) -> int:
        """Return a number that grows with whatever the thread's pages show: changes and votes."""
        return self.change + self.votes


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment as stored; the fields stand as in schema.sql, times in microseconds."""

    thread_id: int
    id: int
    site_id: int
    parent_id: int | None
    root_id: int
    depth: int
    floor: int | None
    root_floor: int | None
    ordinal: int | None
    path: str
    ordinals: int
    replies: int
    status: Status
    restores_to: Status
    version: int
    name: str
    email: str
    website: str
    address: str
    agent: str
    body: str
    html: str
    excerpt: str
    renderer: str
    reasons: str
    submission_key: str | None
    digest: str
    fingerprint: str | None
    created_at: int
    published_at: int | None
    edited_at: int | None
    touched_at: int
    network: str
    simhash: int
    reports: int
    edits: int
    moderator_id: int | None
    identity: str
    badge: str
    votes: int

    @property
    def visible(self) -> bool:
        """Say whether readers can see it."""
        return visible(self.status)

    @property
    def waits(self) -> bool:
        """Say whether no moderator has decided yet: what a rule took for spam waits too, as its author sees it."""
        return self.status == "pending" or (self.status == "spam" and self.version == 1)

    @property
    def attention(self) -> bool:
        """Say whether it asks moderators for a second look: reports or edits that nobody has answered."""
        return self.reports > 0 or self.edits > 0

    @property
    def erased(self) -> bool:
        """Say whether its author had all that was personal erased: only its place is left."""
        return not (self.name or self.body)

    @property
    def actions(self) -> list[Action]:
        """Return the actions that a moderator may take on it."""
        return [] if self.erased else actions(self.status, attention=self.attention)

    @property
    def placed(self) -> bool:
        """Say whether it was ever published, and so has a place for good."""
        return self.root_floor is not None


NEVER_PUBLISHED: dict[str, Any] = {
    "floor": None,
    "root_floor": None,
    "ordinal": None,
    "path": "",
    "ordinals": 0,
    "replies": 0,
    "restores_to": "pending",
    "version": 1,
    "published_at": None,
    "edited_at": None,
    "reports": 0,
    "edits": 0,
    "moderator_id": None,
    "identity": "",
    "badge": "",
    "votes": 0,
}
"""The fields of a comment that has no place yet."""


class Mark(NamedTuple):
    """How new a site or a thread is: the number of its last change, and that one's second since 1970.

    Of two changes of a site the later one has the later second, also where they came in the same.
    """

    change: int = 0
    modified: int = 0
    votes: int = 0  # of a thread: see Thread.freshness

    @property
    def freshness(self) -> int:
        """Return how new the pages of a thread are; pollers look at `change` alone."""
        return self.change + self.votes


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that readers could notice, with the comment as it is now."""

    seq: int
    kind: str
    at: int
    comment: Comment


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is asking, as far as the request shows: nothing here is proof of anything but `receipts`."""

    address: str = ""
    agent: str = ""
    receipts: frozenset[int] = frozenset()  # ids of comments proven to be the visitor's own


@dataclass(frozen=True, slots=True)
class Entry:
    """One act; the fields stand as in schema.sql. `seq` and `hash` are given when it is stored."""

    thread_id: int
    seq: int
    site_id: int
    comment_id: int | None
    version: int | None
    batch: str
    actor: str
    action: str
    status_before: str | None
    status_after: str | None
    reason: str
    rule: str
    detail: str
    at: int
    hash: str

    @property
    def words(self) -> Sequence[object]:
        """Return what the seal goes over."""
        return astuple(self)[:-1]


Record = dict[str, Any]
"""A JSON object on its way out."""
