"""The JSON that pollers read: the newest comments, counts, and every change in commit order."""

from __future__ import annotations

import asyncio

import orjson
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from comments_service.core.models import Mark, Site
from comments_service.core.records import change_record, unvoted, with_thread
from comments_service.core.sentence import Sentence
from comments_service.core.threads import thread_number
from comments_service.errors import BadFields, FieldError
from comments_service.operations import reading
from comments_service.web.context import Web
from comments_service.web.intake import number, thread_key
from comments_service.web.polling import Poll, Question, until_gone

JSON = "application/json"
MOST_COUNTS = 200
MOST_WAIT = 30
FAR = 2**62
"""Past every change number."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /api/v1/sites/{site}."""
    pollers = Pollers(web)
    return [
        Route("/counts", Poll(web.service, web.cache, pollers.counts), methods=["GET"]),
        Route("/recent", Poll(web.service, web.cache, pollers.recent), methods=["GET"]),
        Route("/changes", Changes(web, pollers), methods=["GET"]),
    ]


class Pollers:
    """The endpoints; each reads what it needs from the request and says how it is answered."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def counts(self, request: Request) -> Question:
        """Answer how many comments each of some threads has."""
        site = await self._web.sites.of(request)
        keys = request.query_params.getlist("thread")
        if not 1 <= len(keys) <= MOST_COUNTS:
            sentence = Sentence("Name 1 to %(most)s threads.", most=MOST_COUNTS)
            raise BadFields(FieldError("thread", "number_invalid", sentence))

        async def body(_: Mark) -> bytes:
            asked = [key[:1000] for key in keys]
            return orjson.dumps({"counts": await reading.counts(self._service, site, asked)})

        return Question((site.site_id, 0), JSON, body)

    async def recent(self, request: Request) -> Question:
        """Answer the newest published comments."""
        site = await self._web.sites.of(request)
        limit = number(request.query_params, "limit", 10, 1, 100)
        key, thread_id = thread_key(request, needed=False), _thread_id(request, site)
        links = self._service.links(site.slug, site.policy)

        async def body(_: Mark) -> bytes:
            found = await reading.recent(self._service, site, limit, key or None)
            records = [unvoted(with_thread(*item, links)) for item in found]
            return orjson.dumps({"comments": records})

        return Question((site.site_id, thread_id), JSON, body)

    async def changes(self, request: Request) -> Question:
        """Answer what readers could notice of a site, or of one thread, after a cursor."""
        site = await self._web.sites.of(request)
        thread_id = _thread_id(request, site)
        after = number(request.query_params, "after", 0, 0, FAR)
        limit = number(request.query_params, "limit", 100, 1, 500)
        number(request.query_params, "wait", 0, 0, MOST_WAIT)
        links = self._service.links(site.slug, site.policy)

        async def body(mark: Mark) -> bytes:
            found = await reading.changes(self._service, site, after, limit, thread_id or None)
            end = found[-1][1].seq if found else await self._end(after, mark, site, thread_id)
            told = [change_record(change, thread, links) for thread, change in found]
            return orjson.dumps({"changes": told, "next": end})

        return Question((site.site_id, thread_id), JSON, body)

    async def _end(self, after: int, mark: Mark, site: Site, thread_id: int) -> int:
        """Return where a cursor with nothing behind it leads: never past the site's last change.

        That may be of no comment: settings that change what is answered take a number too. A cursor past it
        is from before a backup was put back; one past the thread's last change is no wonder.
        """
        if not thread_id:
            return mark.change
        newest = await reading.site_change(self._service, site.site_id)
        return min(max(after, mark.change), newest)


def _thread_id(request: Request, site: Site) -> int:
    """Return the number of the query's thread, 0 for the whole site."""
    key = thread_key(request, needed=False)
    return thread_number(site.site_id, key) if key else 0


class Changes(Poll):
    """The changes of a site; with `wait`, an empty answer is held back until there is something."""

    def __init__(self, web: Web, pollers: Pollers) -> None:
        super().__init__(web.service, web.cache, pollers.changes)
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once, or wait for the next change first."""
        if b"wait=" in scope["query_string"]:
            # Who has left must not go on waiting: of streams there is a limit, of polls there is none.
            await until_gone(self._wait(Request(scope, receive)), receive)
        await super().__call__(scope, receive, send)

    async def _wait(self, request: Request) -> None:
        seconds = number(request.query_params, "wait", 0, 0, MOST_WAIT)
        if not seconds:
            return
        site = await self._web.sites.get(request.path_params["site"])
        after = number(request.query_params, "after", 0, 0, FAR)
        news, loop = self._web.service.news, asyncio.get_running_loop()
        thread_id, deadline = _thread_id(request, site), loop.time() + seconds
        if not thread_id:
            await news.wait(site.site_id, after, seconds)
            return
        known = after
        while (left := deadline - loop.time()) > 0 and not news.over:
            if (await self._web.cache.mark((site.site_id, thread_id))).change > after:
                return
            known = max(known, await news.wait(site.site_id, known, left))
