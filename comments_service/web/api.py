"""The public JSON API of readers and writers; the contract is in docs/api.md."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import Draft, Preview, Vote
from comments_service.core.models import Record, Site, Thread
from comments_service.core.paging import pages
from comments_service.core.records import (
    Links,
    comment_page,
    own_record,
    public,
    thread_record,
    tree,
)
from comments_service.core.rendered import where_typed
from comments_service.operations import commenting, reading, voting
from comments_service.web.cache import Answer, Read
from comments_service.web.context import Web
from comments_service.web.intake import (
    comment_id,
    fields_of,
    language_of,
    number,
    page_number,
    parsed,
    thread_key,
    visitor,
)
from comments_service.web.own import until

JSON = "application/json"


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /api/v1/sites/{site}."""
    api = Api(web)

    def read(build: Callable[[Request], Awaitable[Answer]]) -> Read:
        return Read(web.cache, build)

    return [
        Route("/comments", read(api.page), methods=["GET"]),
        Route("/comments", api.post, methods=["POST"]),
        Route("/comments/{id}", read(api.single), methods=["GET"]),
        Route("/comments/{id}", api.edit, methods=["PATCH"]),
        Route("/comments/{id}", api.delete, methods=["DELETE"]),
        Route("/comments/{id}/replies", read(api.replies), methods=["GET"]),
        Route("/comments/{id}/votes", api.vote, methods=["POST"]),
        Route("/comments/{id}/votes", api.take_vote_back, methods=["DELETE"]),
        Route("/preview", api.preview, methods=["POST"]),
    ]


class Api:
    """The endpoints; each reads what it needs from the request and calls one operation."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def page(self, request: Request) -> Answer:
        """Answer one page of a thread."""
        site = await self._web.sites.of(request)
        thread = await reading.thread(self._service, site, thread_key(request))
        last = pages(thread.floors, thread.page_size)
        newest = request.query_params.get("order") == "newest"
        asked = page_number(request.query_params.get("page"), last, "last" if newest else "first")
        receipts = visitor(request, self._service).receipts
        found = await reading.page(self._service, thread, asked, receipts)
        links = self._service.links(site.slug, site.policy)
        roots = [tree(thread, root, links, found.own) for root in found.roots]
        record = {
            "thread": thread_record(thread),
            "page": asked,
            "comments": roots[::-1] if newest else roots,
            "links": _page_links(links, thread, asked, last, newest),
        }
        return _answer(record, site, thread, personal=bool(receipts))

    async def single(self, request: Request) -> Answer:
        """Answer one comment with its thread and page."""
        site = await self._web.sites.of(request)
        receipts = visitor(request, self._service).receipts
        number = comment_id(request)
        thread, comment = await reading.resolve(self._service, number, site, receipts)
        links = self._service.links(site.slug, site.policy)
        own = comment.id in receipts
        shown = (own_record if own else public)(thread, comment, links)
        record = {
            "thread": thread_record(thread),
            "page": comment_page(thread, comment),
            "comment": _own(request, shown) if own else shown,
        }
        return _answer(record, site, thread, personal=bool(receipts))

    async def replies(self, request: Request) -> Answer:
        """Answer the replies of a root past those its page shows."""
        site = await self._web.sites.of(request)
        cursor = number(request.query_params, "cursor", 0, 0, 2**62)
        thread, root, found, following = await reading.replies(
            self._service, comment_id(request), site, cursor
        )
        links = self._service.links(site.slug, site.policy)
        path = f"comments/{root.id}/replies"
        record = {
            "root": public(thread, root, links),
            "replies": [public(thread, reply, links) for reply in found],
            "next": links.api(path, cursor=following) if following else None,
        }
        return _answer(record, site, thread)

    async def post(self, request: Request) -> Response:
        """Store a comment."""
        site = await self._web.sites.of(request)
        sender = await self._web.sites.sender(request, site)
        draft = parsed(Draft, await fields_of(request))
        if draft.submission_key is None and "idempotency-key" in request.headers:
            key = parsed(Draft, {**_KEYLESS, "submission_key": request.headers["idempotency-key"]})
            draft = draft.model_copy(update={"submission_key": key.submission_key})
        posted = await self._web.post(request, site, draft, sender)
        links = self._service.links(site.slug, site.policy)
        record = {
            "comment": _own(request, own_record(posted.thread, posted.comment, links)),
            "receipt": posted.receipt,
        }
        headers = {"Idempotent-Replayed": "true"} if posted.replayed else {}
        if posted.comment.visible:
            headers["Location"] = links.permalink(posted.comment.id)
        return _json(record, 200 if posted.replayed else 201, headers)

    async def edit(self, request: Request) -> Response:
        """Change the text of the asker's own comment."""
        site = await self._web.sites.of(request)
        await self._web.sites.sender(request, site)
        body = parsed(Preview, await fields_of(request)).body
        asker = visitor(request, self._service)
        self._web.posts.admit(asker.address)
        thread, comment = await commenting.edit_comment(
            self._service, site, comment_id(request), body, asker
        )
        record = own_record(thread, comment, self._service.links(site.slug, site.policy))
        return _json({"comment": _own(request, record)})

    async def delete(self, request: Request) -> Response:
        """Take the asker's own comment away."""
        site = await self._web.sites.of(request)
        await self._web.sites.sender(request, site)
        await commenting.delete_comment(
            self._service, site, comment_id(request), visitor(request, self._service)
        )
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def vote(self, request: Request) -> Response:
        """Count that a comment helped the asker."""
        return await self._voted(request, wanted=True)

    async def take_vote_back(self, request: Request) -> Response:
        """Forget that a comment helped the asker."""
        return await self._voted(request, wanted=False)

    async def _voted(self, request: Request, *, wanted: bool) -> Response:
        site = await self._web.sites.of(request)
        await self._web.sites.sender(request, site)
        key = parsed(Vote, await fields_of(request)).visitor
        asker = visitor(request, self._service)
        self._web.votes.admit(asker.address)
        who = voting.voter(self._service, asker, key)
        number = await voting.vote(
            self._service, site, comment_id(request), who, wanted=wanted, own=asker.receipts
        )
        return _json({"votes": number, "voted": wanted})

    async def preview(self, request: Request) -> Response:
        """Answer how a text would look, from the very function that stores it."""
        site = await self._web.sites.of(request)
        await self._web.sites.sender(request, site)
        fields = await fields_of(request)
        draft = parsed(Preview, fields)
        self._web.previews.admit(visitor(request, self._service).address)
        shown = where_typed(await self._service.render(draft.body), str(fields["body"]))
        say = language_of(request).say
        warnings = [
            {"code": w.code, "message": say(w.message), "start": w.start, "end": w.end}
            for w in shown.warnings
        ]
        return _json({"html": shown.html, "excerpt": shown.excerpt, "warnings": warnings})


_KEYLESS = {"thread": "/", "name": "-", "body": "-"}


def _own(request: Request, record: Record) -> Record:
    """Return an author's record: why it waits, in their language, and until when they may change it."""
    reasons = [language_of(request).say(why) for why in record["reasons"]]
    created_at = record.get("created_at")  # hidden from the author too, once it was refused
    return record | {
        "reasons": reasons,
        "editable_until": until(created_at) if created_at else None,
    }


def _page_links(links: Links, thread: Thread, page: int, last: int, newest: bool) -> Record:
    def link(number: int) -> str:
        order = "newest" if newest else None
        return links.api("comments", thread=thread.key, page=number, order=order)

    return {
        "first": link(1),
        "prev": link(page - 1) if page > 1 else None,
        "next": link(page + 1) if page < last else None,
        "last": link(last),
    }


def _answer(record: Record, site: Site, thread: Thread, *, personal: bool = False) -> Answer:
    return Answer(
        orjson.dumps(record),
        JSON,
        site.site_id,
        thread.thread_id,
        thread.freshness,
        personal=personal,
        voted=True,
    )


def _json(record: Record, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(orjson.dumps(record), status, kept, JSON)
