"""News: how those who listen or wait in this process learn that readers could notice something new."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

from comments_service.storage import sites
from comments_service.storage.database import Database

TICK = 2.0
"""Seconds between looks at the counters where other processes write: what a word that got lost costs."""

_log = logging.getLogger("comments_service")


class _Watched:
    """A site that somebody waits for: the newest change known, and what tells of a newer one."""

    __slots__ = ("change", "moved", "waiting")

    def __init__(self) -> None:
        self.change, self.waiting, self.moved = -1, 0, asyncio.Event()


class News:
    """Tells of commits: of this process at once, of others by what they tell the database.

    A commit, a word from another process, and the clock all lead to the same: one look at the
    counters of the sites that somebody waits for. Who waits holds no thread and no connection.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: list[Callable[[int, int], None]] = []
        self._watched: dict[int, _Watched] = {}
        self._wanted: set[int] = set()
        self._looking: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._over = False

    def listen(self, listener: Callable[[int, int], None]) -> None:
        """Call `listener(site_id, thread_id)` after every commit here, before its writer is answered."""
        self._listeners.append(listener)

    def announce(self, site_id: int, thread_id: int) -> None:
        """Tell listeners, waiters and other processes of a commit."""
        for listener in self._listeners:
            listener(site_id, thread_id)
        self._database.tell(str(site_id))
        self._look_at([site_id])

    async def wait(self, site_id: int, after: int, seconds: float) -> int:
        """Wait until a site has a change after a number, or the time is over, or the process ends.

        Returns the number of the newest change that is known; below 0 where nothing could be read.
        """
        watched = self._watched.get(site_id)
        if watched is None:
            watched = self._watched[site_id] = _Watched()
            self._look_at([site_id])
        if self._ticking is None and not self._database.exclusive and not self._over:
            self._database.hear(self._heard)
            self._ticking = asyncio.ensure_future(self._tick())
        watched.waiting += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while watched.change <= after and not self._over:
                        await watched.moved.wait()
        finally:
            watched.waiting -= 1
            if not watched.waiting and self._watched.get(site_id) is watched:
                del self._watched[site_id]
        return watched.change

    @property
    def over(self) -> bool:
        """Say whether the process is ending, so that nobody should wait any more."""
        return self._over

    def end(self) -> None:
        """Let everybody who waits go, now and from now on: the process ends."""
        self._over = True
        for watched in self._watched.values():
            watched.moved.set()
        if self._ticking is not None:
            self._ticking.cancel()

    def _heard(self, words: str) -> None:
        """Look where another process wrote; at everything where words may have been missed."""
        told = {int(word) for word in words.split() if word.isdigit()}
        self._look_at(told or self._watched)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._look_at(self._watched)

    def _look_at(self, site_ids: Iterable[int]) -> None:
        self._wanted |= self._watched.keys() & set(site_ids)
        if self._wanted and (self._looking is None or self._looking.done()):
            self._looking = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        """Read the counters that are wanted, and wake those who wait for what has moved."""
        while self._wanted:
            wanted, self._wanted = sorted(self._wanted), set()
            try:
                found = await sites.marks(self._database, wanted)
            except Exception as error:  # noqa: BLE001 - whoever waits asks again, and is told then
                _log.warning("the change counters can't be read: %s", type(error).__name__)
                continue
            for site_id, mark in found.items():
                watched = self._watched.get(site_id)
                if watched is not None and mark.change > watched.change:
                    moved, watched.moved = watched.moved, asyncio.Event()
                    watched.change = mark.change
                    moved.set()
