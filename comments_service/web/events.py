"""Live changes as server-sent events: the records of `changes`, each with its number as the event's id.

A stream has no queue. It knows the number it has come to, waits for a later one, and reads what lies between;
so a slow reader falls behind and catches up, and holds no more than one batch and the socket's buffer.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import orjson
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from comments_service.core.models import Site
from comments_service.core.records import change_record
from comments_service.errors import Unavailable
from comments_service.operations import reading
from comments_service.web.context import Web
from comments_service.web.intake import client_address, number
from comments_service.web.pollers import FAR
from comments_service.web.polling import until_gone

HEARTBEAT_SECONDS = 15.0
"""How often a stream without news says that it lives: proxies close what is silent."""
RETRY_MS = 3_000
"""How long browsers wait before they connect again."""
BATCH, BATCH_BYTES = 50, 32 * 1024
"""The changes that are read at once, and the bytes that are sent at once; one change may be longer."""

_HEAD = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Not to be compressed either: it would be held back.
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


def routes(web: Web) -> list[BaseRoute]:
    """Return the route below /api/v1/sites/{site}."""
    return [Route("/events", Events(web), methods=["GET"])]


class _Batch(NamedTuple):
    frames: bytes
    last: int


class Events:
    """The endpoint; readers who have come to the same change share what is made for them."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service
        self._making: dict[tuple[int, int, int], asyncio.Task[_Batch]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the reader leaves, or the process ends."""
        request = Request(scope, receive)
        site = await self._web.sites.of(request)
        after = _after(request)
        newest = await reading.site_change(self._service, site.site_id)
        # A number past the end is from before a backup was put back.
        start = newest if after is None else min(after, newest)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": _HEAD})
            await send({"type": "http.response.body"})
            return
        address = client_address(request, self._service.settings.trusted_proxies)
        with self._web.streams.place(address):
            await until_gone(self._stream(site, start, send), receive)

    async def _stream(self, site: Site, last: int, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEAD})
        await _send(send, b"retry: %d\n\n" % RETRY_MS)
        news = self._service.news
        while not news.over:
            newest = await news.wait(site.site_id, last, HEARTBEAT_SECONDS)
            if newest > last:
                try:
                    batch = await self._batch(site, last, newest)
                except Unavailable:
                    break  # the reader comes back, with the number it has
                await _send(send, batch.frames)
                last = batch.last
            elif not news.over:
                await _send(send, b":\n\n")
        await send({"type": "http.response.body"})

    async def _batch(self, site: Site, after: int, newest: int) -> _Batch:
        """Return the next changes after a number, made once for all who know of the same newest one."""
        key = (site.site_id, after, newest)
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.ensure_future(self._make(site, after, newest))
            task.add_done_callback(lambda _: self._making.pop(key))
        return await asyncio.shield(task)

    async def _make(self, site: Site, after: int, newest: int) -> _Batch:
        links = self._service.links(site.slug, site.policy)
        frames, last = bytearray(), newest
        for thread, change in await reading.changes(self._service, site, after, BATCH):
            if len(frames) > BATCH_BYTES:
                break
            data = orjson.dumps(change_record(change, thread, links))
            frames += b"id: %d\ndata: %b\n\n" % (change.seq, data)
            last = change.seq
        return _Batch(bytes(frames), last)


async def _send(send: Send, frames: bytes) -> None:
    await send({"type": "http.response.body", "body": frames, "more_body": True})


def _after(request: Request) -> int | None:
    """Return the number that a reader has come to, None for one who wants only what comes. Raises BadFields.

    A browser that connects again sends the header, and the address as it was first.
    """
    for name, values in (("last-event-id", request.headers), ("after", request.query_params)):
        if values.get(name):
            return number(values, name, 0, 0, FAR)
    return None
