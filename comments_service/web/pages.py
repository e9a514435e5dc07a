"""Pages for people: a thread that needs no script, its fragment for the embed, lasting links."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from comments_service.core.draft import Draft, Preview
from comments_service.core.models import Site, Thread
from comments_service.core.records import public
from comments_service.core.sentence import Sentence
from comments_service.core.threads import NAMELESS, normalised_key, thread_number
from comments_service.errors import BadFields, CommentUnknown, FieldError, Refused, Unavailable
from comments_service.language import Language, chosen, known
from comments_service.operations import maintaining, reading
from comments_service.operations.commenting import Posted
from comments_service.web import forms, views
from comments_service.web.addresses import Addresses, encoded, landing, place_query
from comments_service.web.cache import Answer, Read
from comments_service.web.context import Web
from comments_service.web.forms import LONGEST, Form
from comments_service.web.intake import comment_id, form_of, language_of, parsed, visitor
from comments_service.web.problems import STATUS, refusal_headers
from comments_service.web.views import HTML, View

DEMO_SITE, DEMO_THREAD = "demo", "/archives/11390"
"""What the demo imports; a test holds them equal to comments_service.demo."""
_LATEST = 8  # comments in the list beside the demo's article
_KEPT_RECEIPTS = 20  # in an address, which must not grow without end

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(web: Web, demo: bool) -> list[BaseRoute]:
    """Return the routes for people's pages."""
    pages = Pages(web)
    home = ReadPage(web, pages.article if demo else pages.home)
    article = [Route("/archives/{cid}", home, methods=["GET"])] if demo else []
    return [
        Route("/sites/{site}/thread", ReadPage(web, pages.thread), methods=["GET"]),
        Route("/sites/{site}/thread", page_or_refusal(pages.post), methods=["POST"]),
        Route("/sites/{site}/fragment", ReadPage(web, pages.fragment), methods=["GET"]),
        Route("/sites/{site}/old/{id}", page_or_refusal(pages.comment), methods=["GET"]),
        Route("/c/{id}", page_or_refusal(pages.comment), methods=["GET"]),
        Route("/", home, methods=["GET"]),
        *article,
    ]


class ReadPage(Read):
    """A cached page; what is refused is a page too."""

    def __init__(self, web: Web, build: Callable[[Request], Awaitable[Answer]]) -> None:
        super().__init__(web.cache, build, spoken=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the page, or with one that says why not."""
        try:
            await super().__call__(scope, receive, send)
        except Refused as error:
            await _refusal(Request(scope), error)(scope, receive, send)


def page_or_refusal(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint whose refusals are pages for people."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as error:
            return _refusal(request, error)

    return answer


def _refusal(request: Request, error: Refused) -> Response:
    fields = error.errors if isinstance(error, BadFields) else ()
    sentences = [item.message for item in fields] or [error.sentence]
    status, root = STATUS[type(error)], views.up(request.url.path)
    body = views.render(
        "thread_refused.html",
        language_of(request),
        sentences=sentences,
        status=status,
        root=root,
    )
    return _fresh(body, status, refusal_headers(error))


def _fresh(
    body: bytes,
    status: int = 200,
    extra: dict[str, str] | None = None,
    origins: tuple[str, ...] = (),
) -> Response:
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": HTML}
    return Response(body, status, {**kept, **views.headers(origins), **(extra or {})})


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
        thread = await reading.thread(self._service, site, _key(request.query_params.get("thread")))
        shown = await self._view(request, site, thread, embedded=embedded)
        form = await forms.fresh(self._service, site, thread, request.query_params)
        personal = bool(visitor(request, self._service, _receipts(request)).receipts)
        extra = views.headers(site.origins).items()
        language = language_of(request)
        return Answer(
            views.render(template, language, view=shown, form=form, longest=LONGEST),
            HTML,
            site.site_id,
            thread.thread_id,
            thread.change,
            tuple((name.lower().encode(), value.encode()) for name, value in extra),
            personal,
            language.code,
        )

    async def _view(self, request: Request, site: Site, thread: Thread, *, embedded: bool) -> View:
        links, receipts = self._service.links(site.slug), _receipts(request)
        root = f"{links.base_url}/" if embedded else views.up(request.url.path)
        lang = _lang(request)
        at = Addresses(links, thread, root, receipts=receipts, embedded=embedded, lang=lang)
        asker = visitor(request, self._service, receipts)
        return await views.view(self._service, site, at, request.query_params, asker.receipts)

    async def post(self, request: Request) -> Response:
        """Store a comment sent by the form, or show the form again with everything typed."""
        site = await self._web.sites.of(request)
        values = dict(await form_of(request))
        key, form = _key(values.get("thread")), Form(forms.carried(values), sent=True)
        try:
            form = await self._with_parent(site, key, form, str(values.get("parent_id") or ""))
            sender = await self._web.sites.sender(request, site)
            if "cancel" in values:
                return await self._again(request, site, key, replace(form, parent=None))
            if "preview" in values:
                return await self._again(request, site, key, await self._previewed(request, form))
            draft = parsed(Draft, values)
            posted = await self._web.post(request, site, draft, sender, _receipts(request))
        except Refused as error:
            return await self._again(request, site, key, forms.refused(form, error), error)
        address = await self._posted_at(request, site, posted)
        return RedirectResponse(address, 303, {"Cache-Control": "no-store", **views.headers()})

    async def _with_parent(self, site: Site, key: str, form: Form, wanted: str) -> Form:
        if not wanted:
            return form
        thread = await reading.thread(self._service, site, key)
        parent = await forms.answered(self._service, site, thread, wanted)
        return replace(form, parent=parent, notices=() if parent else ("parent_dropped",))

    async def _previewed(self, request: Request, form: Form) -> Form:
        draft = parsed(Preview, {"body": form.values["body"]})
        self._web.previews.admit(visitor(request, self._service).address)
        return replace(form, preview=await self._service.render(draft.body))

    async def _again(
        self, request: Request, site: Site, key: str, form: Form, error: Refused | None = None
    ) -> Response:
        """Show the form as it was sent; where the database is silent, without the comments."""
        try:
            thread = await reading.thread(self._service, site, key)
            shown = await self._view(request, site, thread, embedded=False)
        except (Unavailable, CommentUnknown):
            shown = self._bare(request, site, key)
        language = language_of(request)
        body = views.render("thread.html", language, view=shown, form=form, longest=LONGEST)
        status = STATUS[type(error)] if error else 200
        return _fresh(body, status, refusal_headers(error) if error else None, site.origins)

    def _bare(self, request: Request, site: Site, key: str) -> View:
        number, size = thread_number(site.site_id, key), self._service.settings.page_size
        thread = Thread(number, site.site_id, key, None, None, 1, size, 0, 0, 0, 0)
        links, root = self._service.links(site.slug), views.up(request.url.path)
        at = Addresses(links, thread, root, receipts=_receipts(request), lang=_lang(request))
        return View(thread, at, [], 1, 1, {})

    async def _posted_at(self, request: Request, site: Site, posted: Posted) -> str:
        """Return where an author sees what they posted; a waiting comment by its receipt."""
        thread, comment, query = posted.thread, posted.comment, {}
        receipts = _receipts(request).split()
        if comment.visible:
            query = place_query(thread, comment)
        else:
            receipts = [*(text for text in receipts if text != posted.receipt), posted.receipt]
            query = {"page": "last"}
        if comment.parent_id and not comment.visible:
            query = place_query(*await reading.place(self._service, comment.parent_id, site))
        kept = " ".join(receipts[-_KEPT_RECEIPTS:])
        named = {"thread": thread.key, **query, "receipt": kept, "lang": _lang(request)}
        return f"?{encoded(named)}#comment-{comment.id}"

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
        return self._page("base_home.html", language_of(request), 0, 0)

    async def article(self, request: Request) -> Answer:
        """Answer an article of the demo, with its thread and the site's newest comments."""
        site = await self._web.sites.get(DEMO_SITE)
        change = await reading.site_change(self._service, site.site_id)
        cid = request.path_params.get("cid")
        key = f"/archives/{cid}" if cid else DEMO_THREAD
        thread = await reading.thread(self._service, site, key)
        if not thread.created_at:
            raise CommentUnknown(Sentence("There is no such article here."))
        links = self._service.links(site.slug)
        latest = await reading.recent(self._service, site, _LATEST)
        return self._page(
            "demo.html",
            chosen(),  # the article is in English
            site.site_id,
            change,
            site=site.slug,
            thread=thread,
            latest=[(there, public(there, comment, links)) for there, comment in latest],
            root=views.up(request.url.path),
            fallback=encoded({"thread": thread.key}),
        )

    def _page(
        self, template: str, language: Language, site_id: int, change: int, **values: Any
    ) -> Answer:
        extra = tuple((k.lower().encode(), v.encode()) for k, v in views.headers().items())
        body = views.render(template, language, **values)
        return Answer(body, HTML, site_id, 0, change, extra, language=language.code)


def _key(text: object) -> str:
    """Return the normalised key of a thread. Raises BadFields."""
    key = normalised_key(str(text or "")[:1000])
    if not key:
        raise BadFields(FieldError("thread", "missing", NAMELESS))
    return key


def _lang(request: Request) -> str:
    """Return the language that an address names, '' where it names none of ours."""
    return known(request.query_params.get("lang", "")) or ""


def _receipts(request: Request) -> str:
    """Return the receipts of an address, parted by spaces."""
    return " ".join(request.query_params.getlist("receipt"))[:4_000]
