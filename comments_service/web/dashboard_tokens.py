"""Tokens of scripts as a page: made and shown once, listed, revoked."""

from __future__ import annotations

from typing import get_args

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.draft import comment_number
from comments_service.core.permissions import Actor, Scope
from comments_service.core.sentence import Note
from comments_service.errors import BadFields
from comments_service.operations import accounts, maintaining, tokens
from comments_service.web import access, account_words
from comments_service.web.context import Web
from comments_service.web.dashboard_account import told_at
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_pages import Fields, Pages, fields_of
from comments_service.web.dashboard_people import sites_of
from comments_service.web.intake import number

PAGE = "/dashboard/tokens"
DAYS = (7, 30, 90, 365)
"""After how many days a token may be made to expire."""


class Tokens:
    """The page and its forms; they are for owners."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def show(self, request: Request, actor: Actor) -> Response:
        """Show all tokens, without their secrets."""
        return await self._page(request, actor)

    async def _page(
        self,
        request: Request,
        actor: Actor,
        *,
        secret: str = "",
        typed: Fields | None = None,
        error: BadFields | None = None,
    ) -> Response:
        known = await maintaining.list_sites(self._service)
        found = await tokens.every(self._service, actor)
        query = request.query_params
        values = {
            "told": notices_of(self._service, request).read(query.get("notice", "")),
            "tokens": found,
            "names": await accounts.labels(self._service, {each.created_by for each in found}),
            "sites": {site.site_id: site.slug for site in known},
            "scopes": get_args(Scope),
            "days": DAYS,
            "now": self._service.clock(),
            "account_words": account_words,
            "secret": secret,
            "typed": typed or Fields(),
            "problems": {each.field: each.message for each in error.errors} if error else {},
            "problem": "",
        }
        return self._pages.show(request, "tokens", values, actor=actor, error=error)

    async def create(self, request: Request, actor: Actor) -> Response:
        """Make a token, and show its secret this once."""
        form = await self._form(request)
        try:
            days = _days(form)
            _, secret = await tokens.create(
                self._service,
                actor,
                form.getlist("scope"),
                name=form.get("name", ""),
                sites=await sites_of(self._web, form),
                days=days,
            )
        except BadFields as error:
            return await self._page(request, actor, typed=form, error=error)
        return await self._page(request, actor, secret=secret)

    async def revoke(self, request: Request, actor: Actor) -> Response:
        """Let a token count no more."""
        await self._form(request)
        await tokens.revoke(self._service, actor, comment_number(request.path_params["id"]) or 0)
        return told_at(PAGE, self._web, request, Note("The token is revoked."))

    async def _form(self, request: Request) -> Fields:
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        return form


def _days(form: Fields) -> int | None:
    """Return after how many days the token is to expire; None: never. Raises BadFields."""
    if not form.get("expires_days"):
        return None
    return number(form, "expires_days", 1, 1, tokens.MOST_DAYS)
