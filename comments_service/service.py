"""Service: the one value that every operation takes first."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from comments_service.core.policy import Policy
from comments_service.core.records import Links
from comments_service.core.rendered import Rendered
from comments_service.core.rules import Asked
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


class News:
    """Tells whoever listens in this process that something readers could notice was committed."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[int, int], None]] = []
        self._waiting: dict[int, asyncio.Event] = {}
        self.closed = False

    def close(self) -> None:
        """Let nobody wait any longer: the process is about to end."""
        self.closed = True
        for event in self._waiting.values():
            event.set()

    def listen(self, listener: Callable[[int, int], None]) -> None:
        """Call `listener(site_id, thread_id)` after every such commit, before its writer is answered."""
        self._listeners.append(listener)

    def announce(self, site_id: int, thread_id: int) -> None:
        """Tell all listeners and waiters."""
        for listener in self._listeners:
            listener(site_id, thread_id)
        event = self._waiting.pop(site_id, None)
        if event is not None:
            event.set()

    async def wait(self, site_id: int, seconds: float) -> None:
        """Wait for the next news of a site, for the time to pass, or for the end."""
        if self.closed:
            return
        event = self._waiting.setdefault(site_id, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)


class Rulebook:
    """The rules of the house, ready to be asked, as they were at one count of their changes."""

    def __init__(self) -> None:
        self.counter = -1
        self.asked: tuple[Asked, ...] = ()


@dataclass(frozen=True)
class Service:
    """Everything an operation needs from outside: settings, database, renderer, secret, ids, clock, news."""

    settings: Settings
    database: Database
    render: Callable[[str], Awaitable[Rendered]]
    secret: str
    ids: Ids
    clock: Callable[[], int] = now
    news: News = field(default_factory=News)
    rulebook: Rulebook = field(default_factory=Rulebook)

    def links(self, slug: str, policy: Policy | None = None) -> Links:
        """Return the maker of a site's addresses; without its policy, one that knows no avatars."""
        if policy is None:
            return Links(self.settings.public_url, slug)
        return Links(self.settings.public_url, slug, self.secret, policy.avatars)
