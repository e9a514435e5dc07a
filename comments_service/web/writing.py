"""The form of a thread's page: what it sends is stored, shown as it would look, or comes back with why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import Draft, Preview
from comments_service.core.models import Site, Thread
from comments_service.core.rendered import where_typed
from comments_service.core.threads import thread_number
from comments_service.errors import CommentUnknown, Refused, Unavailable
from comments_service.operations import reading
from comments_service.operations.commenting import Posted
from comments_service.web import forms, own, views
from comments_service.web.addresses import encoded, place_query
from comments_service.web.answers import (
    KEPT,
    addresses_of,
    fresh,
    key_of,
    page_or_refusal,
    receipts_of,
    view_of,
)
from comments_service.web.context import Web
from comments_service.web.forms import LONGEST, Form
from comments_service.web.intake import fields_of, form_of, language_of, parsed, visitor
from comments_service.web.problems import STATUS, refusal_headers
from comments_service.web.views import View
from comments_service.web.votes import VOTES, cast

_KEPT_RECEIPTS = 20  # in an address, which must not grow without end


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes that forms are sent to."""
    writing = Writing(web)
    return [
        Route("/sites/{site}/thread", page_or_refusal(writing.post), methods=["POST"]),
        Route("/sites/{site}/preview", page_or_refusal(writing.preview), methods=["POST"]),
    ]


class Writing:
    """The endpoints; each reads a form and calls one operation."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def post(self, request: Request) -> Response:
        """Store a comment sent by the form, or show the form again with everything typed."""
        site = await self._web.sites.of(request)
        values = dict(await form_of(request))
        if "own" in values:
            return await self._change(request, site, values)
        if VOTES & values.keys():
            return await cast(self._web, request, site, values)
        key, form = key_of(values.get("thread")), Form(forms.carried(values), sent=True)
        try:
            form = await self._with_parent(site, key, form, str(values.get("parent_id") or ""))
            sender = await self._web.sites.sender(request, site)
            if "cancel" in values:
                return await self._again(request, site, key, replace(form, parent=None))
            if "preview" in values:
                return await self._again(request, site, key, await self._previewed(request, form))
            draft = parsed(Draft, values)
            posted = await self._web.post(request, site, draft, sender, receipts_of(request))
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
        shown = await self._service.render(draft.body)
        return replace(form, preview=where_typed(shown, form.values["body"]))

    async def _again(
        self, request: Request, site: Site, key: str, form: Form, error: Refused | None = None
    ) -> Response:
        """Show the form as it was sent."""
        return self._page(request, site, await self._shown(request, site, key), form, error)

    async def _shown(self, request: Request, site: Site, key: str) -> View:
        """Return what an address asks for; where the database is silent, without the comments."""
        try:
            thread = await reading.thread(self._service, site, key)
            return await view_of(request, self._service, site, thread)
        except (Unavailable, CommentUnknown):
            return self._bare(request, site, key)

    def _page(
        self, request: Request, site: Site, shown: View, form: Form, error: Refused | None
    ) -> Response:
        language = language_of(request)
        body = views.render("thread.html", language, view=shown, form=form, longest=LONGEST)
        status = STATUS[type(error)] if error else 200
        headers = views.headers(site.origins, site.policy)
        return fresh(body, status, headers | (refusal_headers(error) if error else {}))

    def _bare(self, request: Request, site: Site, key: str) -> View:
        number, size = thread_number(site.site_id, key), self._service.settings.page_size
        thread = Thread(number, site.site_id, key, None, None, 1, size, 0, 0, 0, 0)
        at = addresses_of(request, self._service, site, thread)
        return View(thread, at, [], 1, 1, {})

    async def _posted_at(self, request: Request, site: Site, posted: Posted) -> str:
        """Return where an author sees what they posted, with the receipt to see and change it by."""
        thread, comment = posted.thread, posted.comment
        before = receipts_of(request).split()
        receipts = [*(text for text in before if text != posted.receipt), posted.receipt]
        query = place_query(thread, comment) if comment.visible else {"page": "last"}
        if comment.parent_id and not comment.visible:
            query = place_query(*await reading.place(self._service, comment.parent_id, site))
        kept = " ".join(receipts[-_KEPT_RECEIPTS:])
        lang = request.query_params.get("lang")
        named = {"thread": thread.key, **query, "receipt": kept, "lang": lang}
        return f"?{encoded(named)}#comment-{comment.id}"

    async def preview(self, request: Request) -> Response:
        """Answer how a text would look, as a part of the form."""
        site = await self._web.sites.of(request)
        await self._web.sites.sender(request, site)
        body = str((await fields_of(request)).get("body") or "")
        form = await self._previewed(request, Form(forms.carried({"body": body})))
        page = views.render("form_preview.html", language_of(request), form=form)
        return fresh(page, origins=site.origins)

    async def _change(self, request: Request, site: Site, values: Mapping[str, Any]) -> Response:
        """Edit or delete one's own comment, or show its form again."""
        key, query = key_of(request.query_params.get("thread")), request.query_params
        await self._web.sites.sender(request, site)
        asker = visitor(request, self._service, receipts_of(request))
        change, error = await own.carry_out(self._web, site, values, asker)
        if error is None and change.preview is None:
            kept = {name: query.get(name) for name in KEPT}
            named = {"thread": key, **kept, "receipt": receipts_of(request)}
            address = f"?{encoded(named)}#comment-{change.id}"
            return RedirectResponse(address, 303, {"Cache-Control": "no-store", **views.headers()})
        shown = await self._shown(request, site, key)
        shown = replace(shown, own=replace(shown.own, change=change))
        return self._page(request, site, shown, Form(), error)
