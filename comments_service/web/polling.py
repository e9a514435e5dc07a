"""What is asked for again and again: its tag is known before its body is made, so 304 reads no comment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from comments_service.core.models import Mark
from comments_service.service import Service
from comments_service.web.cache import Answer, Cache, Entry, respond
from comments_service.web.freshness import Key
from comments_service.web.validators import Known, http_date


@dataclass(frozen=True, slots=True)
class Question:
    """What a poller asks for: the site, or thread of it, that the answer depends on, and its maker."""

    key: Key
    media_type: str
    body: Callable[[Mark], Awaitable[bytes]]
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def answer(self, mark: Mark, body: bytes = b"") -> Answer:
        """Return the answer to it, as new as a mark."""
        site_id, thread_id = self.key
        kind, change = self.media_type, mark.change
        return Answer(body, kind, site_id, thread_id, change, self.headers, modified=mark.modified)


class Poll:
    """An endpoint for GET and HEAD with a strong ETag and Last-Modified, correct alone and together."""

    def __init__(
        self, service: Service, cache: Cache, ask: Callable[[Request], Awaitable[Question]]
    ) -> None:
        self._service, self._cache, self._ask = service, cache, ask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the body, or with 304 where the asker has it already."""
        known = Known(scope["headers"])
        address = b"\0".join((scope["path"].encode(), scope["query_string"]))
        entry = await self._cache.kept(address)
        if entry is None:
            question = await self._ask(Request(scope, receive))  # refuses what is asked wrongly
            mark = await self._cache.mark(question.key)
            entry = self._cache.entry(question.answer(mark))
            if not self._has(known, entry):
                entry = await self._made(address, Request(scope, receive), mark)
        now, modified = self._service.second(), entry.answer.modified
        dated = ((b"last-modified", http_date(min(modified, now))),) if modified else ()
        await respond(scope, send, entry, self._has(known, entry), dated)

    async def _made(self, address: bytes, request: Request, mark: Mark) -> Entry:
        async def build() -> Answer:
            question = await self._ask(request)  # again: its settings are no older than the mark
            return question.answer(mark, await question.body(mark))

        return await self._cache.made(address, mark.change, build)

    def _has(self, known: Known, entry: Entry) -> bool:
        return bool(known) and known.holds(
            entry.etag, entry.answer.modified, self._service.second()
        )


async def until_gone(work: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Work to the end, or until the reader has left."""
    working, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.wait({working, gone})
    if not working.cancelled():
        working.result()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
