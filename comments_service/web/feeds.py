"""Feeds of the newest comments, of a site or of one thread, in three formats."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from comments_service.core.feed_formats import FORMATS
from comments_service.core.feeds import KINDS, Feed, Words, site_feed, thread_feed
from comments_service.core.models import Mark, Site
from comments_service.core.threads import thread_number
from comments_service.language import chosen, known
from comments_service.operations import reading
from comments_service.service import Service
from comments_service.web.context import Web
from comments_service.web.intake import thread_key
from comments_service.web.polling import Poll, Question

MOST = 50
"""Comments in a feed."""
# Browsers show XML, so it is treated like a page that may do nothing.
_HEADERS = ((b"content-security-policy", b"default-src 'none'"),)


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of the feeds."""
    return [
        Route(f"/sites/{{site}}/feed.{kind}", _endpoint(web, kind), methods=["GET"])
        for kind in KINDS
    ]


def _endpoint(web: Web, kind: str) -> Poll:
    media_type, write = FORMATS[kind]

    async def ask(request: Request) -> Question:
        site = await web.sites.of(request)
        key = thread_key(request, needed=False)
        lang = known(request.query_params.get("lang", "")) or ""

        async def body(mark: Mark) -> bytes:
            word = chosen(lang).gettext("Comments")
            words = Words(word, lang, mark.modified * 1_000_000)
            return write(await _feed(web.service, site, key, words))

        thread_id = thread_number(site.site_id, key) if key else 0
        hub = "" if key or lang else site.policy.websub_hub
        headers = _HEADERS + (_found(hub, web.service.links(site.slug).feed(kind)) if hub else ())
        return Question((site.site_id, thread_id), media_type, body, headers)

    return Poll(web.service, web.cache, ask)


def _found(hub: str, topic: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the header by which subscribers find the hub of a feed (WebSub)."""
    return ((b"link", f'<{hub}>; rel="hub", <{topic}>; rel="self"'.encode("ascii", "replace")),)


async def _feed(service: Service, site: Site, key: str, words: Words) -> Feed:
    links = service.links(site.slug, site.policy)
    found = await reading.recent(service, site, MOST, key or None)
    if not key:
        return site_feed(site, found, links, words)
    thread = await reading.thread(service, site, key)
    return thread_feed(site, thread, [comment for _, comment in found], links, words)
