"""The search for readers: as JSON, and as a page that needs no script."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from comments_service.core.models import Record, Site
from comments_service.core.records import Links, with_thread
from comments_service.core.search import LONGEST, query
from comments_service.core.threads import normalised_key
from comments_service.language import known
from comments_service.operations import reading, searching
from comments_service.operations.searching import Found
from comments_service.web import views
from comments_service.web.addresses import encoded
from comments_service.web.answers import ReadPage
from comments_service.web.cache import Answer, Read
from comments_service.web.context import Web
from comments_service.web.intake import language_of, number, visitor
from comments_service.web.queues import after
from comments_service.web.views import HTML

PAGE, MOST = 20, 50
"""Comments in one answer: without `limit`, and at most."""


def api_routes(web: Web) -> list[BaseRoute]:
    """Return the route below /api/v1/sites/{site}."""
    return [Route("/search", Read(web.cache, Search(web).record), methods=["GET"])]


def page_routes(web: Web) -> list[BaseRoute]:
    """Return the route of the page."""
    return [Route("/sites/{site}/search", ReadPage(web, Search(web).page), methods=["GET"])]


class Search:
    """The endpoints; what is in the cache costs nothing of the limit."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def record(self, request: Request) -> Answer:
        """Answer what was found, as JSON."""
        site = await self._web.sites.of(request)
        limit = number(request.query_params, "limit", PAGE, 1, MOST)
        change, found, following = await self._find(request, site, limit)
        links = self._service.links(site.slug, site.policy)
        wanted = {"q": _text(request), "thread": _key(request), "limit": limit, "cursor": following}
        record = {
            "comments": [_record(item, links) for item in found],
            "next": links.api("search", **wanted) if following else None,
        }
        return Answer(orjson.dumps(record), "application/json", site.site_id, 0, change)

    async def page(self, request: Request) -> Answer:
        """Answer what was found, as a page with the form."""
        site = await self._web.sites.of(request)
        change, found, following = await self._find(request, site, PAGE)
        language, asked = language_of(request), request.query_params
        named = {"q": _text(request), "thread": _key(request), "lang": known(asked.get("lang", ""))}
        body = views.render(
            "search.html",
            language,
            root=views.up(request.url.path),
            named=named,
            longest=LONGEST,
            found=found,
            begun="cursor" in asked,
            first=f"?{encoded(named)}",
            following=f"?{encoded({**named, 'cursor': following})}" if following else "",
        )
        extra = tuple((k.lower().encode(), v.encode()) for k, v in views.headers().items())
        return Answer(body, HTML, site.site_id, 0, change, extra, language=language.code)

    async def _find(
        self, request: Request, site: Site, limit: int
    ) -> tuple[int, list[Found], str | None]:
        """Return the site's change, what was found, and the cursor to go on. Raises TooManyRequests."""
        wanted, place = query(_text(request)), after(request.query_params)
        change = await reading.site_change(self._service, site.site_id)
        if not wanted.terms:
            return change, [], None
        self._web.searches.admit(visitor(request, self._service).address)
        found, following = await searching.published(
            self._service, site, wanted, limit, after=place, key=_key(request)
        )
        return change, found, f"{following[0]}-{following[1]}" if following else None


def _text(request: Request) -> str:
    return request.query_params.get("q", "")[:LONGEST].replace("\0", "").strip()


def _key(request: Request) -> str | None:
    return normalised_key(request.query_params.get("thread", "")[:1000]) or None


def _record(found: Found, links: Links) -> Record:
    match = [
        {"text": piece.text, "marked": piece.marked, "formula": piece.formula}
        for piece in found.snippet
    ]
    return with_thread(found.thread, found.comment, links) | {"match": match}
