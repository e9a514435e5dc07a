"""What pollers ask for: the changes of a site or of one thread, at once or as soon as there are any."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from starlette.requests import Request

from comments_service.core.models import Site
from comments_service.core.records import change_record
from comments_service.operations import reading
from comments_service.web.cache import Answer, Read
from comments_service.web.context import Web
from comments_service.web.intake import number, thread_key

MOST_WAIT = 30


class Changes(Read):
    """The changes after a cursor; with `wait`, an empty answer is held back until there is something."""

    def __init__(self, web: Web) -> None:
        super().__init__(web.cache, self._answer)
        self._web, self._service = web, web.service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer at once, or wait for the next change first."""
        if b"wait=" in scope["query_string"]:
            await self._wait(Request(scope, receive))
        await super().__call__(scope, receive, send)

    async def _answer(self, request: Request) -> Answer:
        site, key = await self._web.sites.of(request), thread_key(request, needed=False)
        after = number(request.query_params, "after", 0, 0, 2**62)
        limit = number(request.query_params, "limit", 100, 1, 500)
        thread_id, _, freshness = await self._newest(site, key)
        found = await reading.changes(self._service, site, after, limit, thread_id)
        links = self._service.links(site.slug, site.policy)
        record = {
            "changes": [change_record(change, thread, links) for thread, change in found],
            "next": found[-1][1].seq if found else after,
        }
        return Answer(
            orjson.dumps(record), "application/json", site.site_id, thread_id or 0, freshness
        )

    async def _newest(self, site: Site, key: str) -> tuple[int | None, int, int]:
        """Return the number of a thread, and of the newest change of it or its site, for pollers and the cache."""
        if not key:
            change = await reading.site_change(self._service, site.site_id)
            return None, change, change
        thread = await reading.thread(self._service, site, key)
        return thread.thread_id, thread.change, thread.freshness

    async def _wait(self, request: Request) -> None:
        site, key = await self._web.sites.of(request), thread_key(request, needed=False)
        after = number(request.query_params, "after", 0, 0, 2**62)
        loop, service = asyncio.get_running_loop(), self._service
        deadline = loop.time() + number(request.query_params, "wait", 0, 0, MOST_WAIT)
        while (left := deadline - loop.time()) > 0 and not service.news.closed:
            if (await self._newest(site, key))[1] > after:
                return
            # Where other processes write too, their changes are looked for; ours are told.
            await service.news.wait(
                site.site_id, left if service.database.exclusive else min(left, 0.5)
            )
