"""Service: the one value that every operation takes first."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import metadata

from comments_service.core.policy import Policy
from comments_service.core.records import Links
from comments_service.core.rendered import RENDERER, Rendered
from comments_service.core.rules import Asked
from comments_service.news import News
from comments_service.settings import Settings
from comments_service.storage.database import Database

_EPOCH_MS = 1_767_225_600_000  # 2026-01-01: ids begin small
_SEQUENCE_BITS, _NODE_BITS = 12, 10


def now() -> int:
    """Return microseconds since 1970."""
    return time.time_ns() // 1000


class Ids:
    """Makes ids that no other process makes: 41 bits of milliseconds, 10 of process, 12 of sequence."""

    def __init__(self, node: int, clock: Callable[[], int]) -> None:
        self._node, self._clock = node, clock
        self._last = 0  # milliseconds and sequence of the last id: they only grow

    def __call__(self) -> int:
        """Return a new id, larger than all before it from this process."""
        milliseconds = max(0, self._clock() // 1000 - _EPOCH_MS)
        self._last = max(self._last + 1, milliseconds << _SEQUENCE_BITS)
        moment, sequence = divmod(self._last, 1 << _SEQUENCE_BITS)
        return (((moment << _NODE_BITS) | self._node) << _SEQUENCE_BITS) | sequence


class Wanted:
    """Remembers what each site wants to be told of, so that whoever writes need not look it up."""

    _SECONDS = 5.0  # how old it may be where other processes can change it

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, frozenset[str]]] = {}

    def get(self, site_id: int, *, exclusive: bool) -> frozenset[str] | None:
        """Return what a site wants, None where that must be looked up."""
        at, found = self._known.get(site_id, (0.0, None))
        fresh = exclusive or time.monotonic() - at < self._SECONDS
        return found if fresh else None

    def keep(self, site_id: int, found: frozenset[str]) -> None:
        """Remember what a site wants."""
        self._known[site_id] = (time.monotonic(), found)

    def forget(self) -> None:
        """Look everything up again; called within the transaction that changes it."""
        self._known.clear()


class Rulebook:
    """The rules of the house, ready to be asked, as they were at one count of their changes."""

    def __init__(self) -> None:
        self.counter = -1
        self.asked: tuple[Asked, ...] = ()


@dataclass(frozen=True)
class Service:
    """Everything an operation needs from outside: settings, database, renderer, secret, ids, news, clock."""

    settings: Settings
    database: Database
    render: Callable[[str], Awaitable[Rendered]]
    secret: str
    ids: Ids
    news: News
    clock: Callable[[], int] = now
    check: Callable[[bytes], Awaitable[str]] | None = None  # asks the spam checker outside
    rulebook: Rulebook = field(default_factory=Rulebook)
    wanted: Wanted = field(default_factory=Wanted)

    @property
    def build(self) -> str:
        """Return a short name for what the same rows are made into: by which release, with links to where."""
        version = f"{metadata.version('comments-service')} {RENDERER} {self.settings.public_url}"
        return hashlib.blake2b(version.encode(), digest_size=4).hexdigest()

    def second(self) -> int:
        """Return the second since 1970 that it is."""
        return self.clock() // 1_000_000

    def links(self, slug: str, policy: Policy | None = None) -> Links:
        """Return the maker of a site's addresses; without its policy, one that knows no avatars."""
        if policy is None:
            return Links(self.settings.public_url, slug)
        return Links(self.settings.public_url, slug, self.secret, policy.avatars)
