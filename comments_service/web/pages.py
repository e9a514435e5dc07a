"""Pages for people: a thread that needs no script, its fragment for the embed, lasting links."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from comments_service.core.records import public
from comments_service.core.sentence import Sentence
from comments_service.errors import CommentUnknown
from comments_service.language import Language, chosen, known
from comments_service.operations import maintaining, reading
from comments_service.operations.maintaining import DEFAULT_SITE
from comments_service.web import forms, views, writing
from comments_service.web.addresses import encoded, feed_links, landing
from comments_service.web.answers import ReadPage, key_of, page_or_refusal, receipts_of, view_of
from comments_service.web.cache import Answer
from comments_service.web.context import Web
from comments_service.web.forms import LONGEST
from comments_service.web.intake import comment_id, language_of, visitor
from comments_service.web.views import HTML

DEMO_SITE, DEMO_THREAD = "demo", "/archives/11390"
"""What the demo imports; a test holds them equal to comments_service.demo."""
_LATEST = 8  # comments in the list beside the demo's article


def routes(web: Web, demo: bool) -> list[BaseRoute]:
    """Return the routes for people's pages."""
    pages = Pages(web)
    home = ReadPage(web, pages.article if demo else pages.home)
    article = [Route("/archives/{cid}", home, methods=["GET"])] if demo else []
    return [
        Route("/sites/{site}/thread", ReadPage(web, pages.thread), methods=["GET"]),
        *writing.routes(web),
        Route("/sites/{site}/fragment", ReadPage(web, pages.fragment), methods=["GET"]),
        Route("/sites/{site}/old/{id}", page_or_refusal(pages.comment), methods=["GET"]),
        Route("/c/{id}", page_or_refusal(pages.comment), methods=["GET"]),
        Route("/", home, methods=["GET"]),
        *article,
    ]


class Pages:
    """The endpoints; each reads what it needs from the request and calls one operation."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def thread(self, request: Request) -> Answer:
        """Answer a thread's own page."""
        return await self._read(request, "thread.html", embedded=False)

    async def fragment(self, request: Request) -> Answer:
        """Answer the same for a host page: its comments and form alone, with links to the host."""
        return await self._read(request, "thread_fragment.html", embedded=True)

    async def _read(self, request: Request, template: str, *, embedded: bool) -> Answer:
        site = await self._web.sites.of(request)
        thread = await reading.thread(
            self._service, site, key_of(request.query_params.get("thread"))
        )
        shown = await view_of(request, self._service, site, thread, embedded=embedded)
        form = await forms.fresh(self._service, site, thread, request.query_params)
        personal = bool(visitor(request, self._service, receipts_of(request)).receipts)
        extra = views.headers(site.origins, site.policy).items()
        language = language_of(request)
        return Answer(
            views.render(template, language, view=shown, form=form, longest=LONGEST),
            HTML,
            site.site_id,
            thread.thread_id,
            thread.freshness,
            tuple((name.lower().encode(), value.encode()) for name, value in extra),
            personal,
            language.code,
            voted=True,
        )

    async def comment(self, request: Request) -> Response:
        """Lead to where a comment stands, by its id or the one it had before an import."""
        site = await self._web.sites.of(request) if "site" in request.path_params else None
        thread, comment = await reading.place(self._service, comment_id(request), site)
        if site is None and thread.url is None:
            known = await maintaining.list_sites(self._service)
            site = next(item for item in known if item.site_id == thread.site_id)
        links = self._service.links(site.slug if site else "")
        headers = {"Cache-Control": "no-cache", **views.headers()}
        return RedirectResponse(landing(thread, comment, links), 302, headers)

    async def home(self, request: Request) -> Answer:
        """Answer what this is."""
        language = language_of(request)
        feeds = feed_links(
            "./", DEFAULT_SITE, {"lang": known(request.query_params.get("lang", ""))}
        )
        return self._page("base_home.html", language, 0, 0, site=DEFAULT_SITE, feeds=feeds)

    async def article(self, request: Request) -> Answer:
        """Answer an article of the demo, with its thread and the site's newest comments."""
        site = await self._web.sites.get(DEMO_SITE)
        change = await reading.site_change(self._service, site.site_id)
        cid = request.path_params.get("cid")
        key = f"/archives/{cid}" if cid else DEMO_THREAD
        thread = await reading.thread(self._service, site, key)
        if not thread.created_at:
            raise CommentUnknown(Sentence("There is no such article here."))
        links, root = self._service.links(site.slug, site.policy), views.up(request.url.path)
        latest = await reading.recent(self._service, site, _LATEST)
        return self._page(
            "demo.html",
            chosen(),  # the article is in English
            site.site_id,
            change,
            site=site.slug,
            thread=thread,
            latest=[(there, public(there, comment, links)) for there, comment in latest],
            root=root,
            feeds=feed_links(root, site.slug, {}),
            thread_feeds=feed_links(root, site.slug, {"thread": thread.key}),
            fallback=encoded({"thread": thread.key}),
        )

    def _page(
        self, template: str, language: Language, site_id: int, change: int, **values: Any
    ) -> Answer:
        extra = tuple((k.lower().encode(), v.encode()) for k, v in views.headers().items())
        body = views.render(template, language, **values)
        return Answer(body, HTML, site_id, 0, change, extra, language=language.code)
