"""Words between the processes on one PostgreSQL: one connection hears them, and is made again when it is lost.

A word is told after its commit and not in it: NOTIFY takes a lock that all who notify share and
keeps it until the commit is on disk, so that commits would wait for each other. A process that is
killed between the two tells nothing; whoever needs to know looks at the counters as well.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

CHANNEL = "comments"
HEARTBEAT_SECONDS = 5.0
"""How long a connection may be silent before it is asked whether it still lives."""
_ANSWER_SECONDS = 3.0
_LONGEST_PAUSE = 2.0
_MOST_WORDS = 200  # in one notification, which holds up to 8,000 bytes

Listener = Callable[[str], None]


async def hear(
    connect: Callable[[], Awaitable[Any]], lost: tuple[type[Exception], ...], listener: Listener
) -> None:
    """Listen until cancelled; `lost` are the errors after which another connection is made."""
    pause = 0.05
    while True:
        with contextlib.suppress(*lost):
            connection = await connect()
            try:
                await _listen(connection, listener)
                pause = 0.05
                await _until_silent(connection)
            finally:
                connection.terminate()
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _listen(connection: Any, listener: Listener) -> None:
    def heard(_connection: Any, _process: int, _channel: str, words: str) -> None:
        listener(words)

    await connection.add_listener(CHANNEL, heard)
    listener("")  # what was told while nobody listened is not told again


async def _until_silent(connection: Any) -> None:
    """Return when a connection has ended; raise when it does not answer."""
    ended = asyncio.Event()
    connection.add_termination_listener(lambda _connection: ended.set())
    while not (ended.is_set() or connection.is_closed()):
        try:
            await asyncio.wait_for(ended.wait(), HEARTBEAT_SECONDS)
        except TimeoutError:
            await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS)


class Teller:
    """Tells words by statements of their own; what is to be told meanwhile goes together."""

    def __init__(
        self, notify: Callable[[str], Awaitable[object]], lost: tuple[type[Exception], ...]
    ) -> None:
        self._notify, self._lost = notify, lost
        self._words: dict[str, None] = {}
        self._telling: asyncio.Task[None] | None = None

    def tell(self, word: str) -> None:
        """Tell a word, soon."""
        self._words[word] = None
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        while self._words:
            words = list(self._words)[:_MOST_WORDS]
            for word in words:
                del self._words[word]
            with contextlib.suppress(*self._lost):
                await self._notify(" ".join(words))

    async def close(self) -> None:
        """Give what is still to be told a moment."""
        if self._telling is not None:
            await asyncio.wait({self._telling}, timeout=1)
            self._telling.cancel()
