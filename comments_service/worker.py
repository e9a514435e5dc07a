"""The worker that sends what the outbox holds, beside the requests: no destination keeps others waiting."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from comments_service.core.letters import Letter, Say
from comments_service.core.notices import SECOND, Notice, Result
from comments_service.language import LANGUAGES, OF_THE_DASHBOARD, language, of_the_dashboard
from comments_service.notify.calls import call
from comments_service.notify.mail import Postman
from comments_service.operations import outbox, retaining
from comments_service.operations.calling import call_of
from comments_service.operations.handing_out import hand_out
from comments_service.operations.moderator_letters import letter_of
from comments_service.outside import Outside
from comments_service.service import Service

MOST_AT_ONCE, MOST_OUTSIDE, MOST_OF_ONE = 32, 24, 4
"""Notices that are on their way at a time: in all, to webhooks and hubs, and to one destination."""
IDLE_SECONDS = 1.0
"""How often the outbox is looked at where nothing is due."""
LAST_SECONDS = 5.0
"""How long what is on its way has to arrive when the service ends."""
_TIDY_SECONDS = 3600.0

T = TypeVar("T")
_log = logging.getLogger("comments_service")


class Worker:
    """Sends notices until it is stopped."""

    def __init__(self, service: Service, outside: Outside, postman: Postman) -> None:
        self._service, self._outside, self._postman = service, outside, postman
        self._lease = secrets.token_hex(8)
        self._running: dict[asyncio.Task[None], str] = {}
        self._stopping = asyncio.Event()
        self._tidied = 0.0

    async def run(self) -> None:
        """Work until `stop` is called; no fault ends it."""
        await self._insist(self._begin)
        while not self._stopping.is_set():
            if not await self._insist(self.turn):
                await self._rest()
        await self._end()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()

    async def turn(self) -> int:
        """Begin to send what is due, as far as there is room; return how much that was."""
        await self._tidy()
        room = MOST_AT_ONCE - len(self._running)
        running = Counter(self._running.values())
        taken = await outbox.take(
            self._service, self._lease, running, room, MOST_OF_ONE, MOST_OUTSIDE
        )
        for notice in taken:
            task = asyncio.create_task(self._send(notice))
            self._running[task] = notice.destination
            task.add_done_callback(self._running.pop)
        return len(taken)

    async def drain(self) -> None:
        """Send all that is due by now, and wait for it."""
        while await self.turn() or self._running:
            if self._running:
                await asyncio.wait(self._running)

    async def _begin(self) -> None:
        if self._service.database.exclusive:  # whoever held a lease is gone
            await outbox.give_back(self._service)

    async def _rest(self) -> None:
        """Wait until something may be due, or something on its way has arrived."""
        seconds = await self._insist(self._until_due)
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait(
                {stopped, *self._running},
                timeout=seconds or IDLE_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopped.cancel()

    async def _until_due(self) -> float:
        """Return the seconds to the next notice; 0 where one is due for which there is no room yet."""
        due = await outbox.next_due(self._service)
        ahead = (due - self._service.clock()) / SECOND if due is not None else 0.0
        return min(max(ahead, 0.0), IDLE_SECONDS)

    async def _tidy(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._tidied or now - self._tidied > _TIDY_SECONDS:
            self._tidied = now
            await retaining.tidy(self._service)

    async def _end(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=LAST_SECONDS)
        left = list(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with contextlib.suppress(Exception):  # then the leases run out by themselves
            await outbox.give_back(self._service, self._lease)

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next turn tries again
            _log.warning("the outbox could not be worked on: %s", type(error).__name__)
            return None

    async def _send(self, notice: Notice) -> None:
        try:
            if notice.kind == "event":
                await hand_out(self._service, notice)
                return
            result = await self._sent(notice)
            await outbox.settle(self._service, notice, result, random.random())  # noqa: S311
        except Exception as error:  # noqa: BLE001 - one notice never ends the others
            _log.error("a notice of kind %s failed: %s", notice.kind, type(error).__name__)
            await self._insist(lambda: self._failed(notice))

    async def _failed(self, notice: Notice) -> None:
        result = Result("later", "A fault of the service; it was logged.")
        await outbox.settle(self._service, notice, result, random.random())  # noqa: S311

    async def _sent(self, notice: Notice) -> Result:
        if notice.kind in ("webhook", "hub"):
            found = await call_of(self._service, notice)
            if found is None:
                return Result("needless")
            return await call(self._outside, found.url, found.body, found.headers)
        if not self._service.settings.mails:
            return Result("later", "No mail server is named: SMTP_URL.")
        letter = await letter_of(self._service, notice)
        if letter is None:
            return Result("needless")
        return await self._postman.send(letter, said_in(letter), self._service.clock())


def said_in(letter: Letter) -> Say:
    """Return what says sentences in the language of a letter's reader."""
    if letter.inside:
        code = letter.lang if letter.lang in OF_THE_DASHBOARD else OF_THE_DASHBOARD[0]
        return of_the_dashboard(code).say
    return language(letter.lang if letter.lang in LANGUAGES else LANGUAGES[0]).say


def worker_of(service: Service) -> Worker:
    """Return a worker as the settings say."""
    settings = service.settings
    return Worker(service, Outside(settings.outbound_networks), Postman(settings))


@asynccontextmanager
async def working(service: Service) -> AsyncIterator[None]:
    """Have the outbox worked on meanwhile."""
    worker = worker_of(service)
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task
