"""Where readers report a comment: by API, and on a page that needs no script."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import NOTE, REPORT_REASONS, Report, comment_number
from comments_service.core.models import Site
from comments_service.core.records import public
from comments_service.errors import BadFields, CommentUnknown, Refused
from comments_service.operations import reading, reporting
from comments_service.web import views
from comments_service.web.answers import fresh, page_or_refusal
from comments_service.web.context import Web
from comments_service.web.intake import (
    comment_id,
    fields_of,
    form_of,
    language_of,
    parsed,
    visitor,
)
from comments_service.web.problems import STATUS, refusal_headers


def api_routes(web: Web) -> list[BaseRoute]:
    """Return the route below /api/v1/sites/{site}."""
    return [Route("/comments/{id}/reports", Reports(web).post, methods=["POST"])]


def page_routes(web: Web) -> list[BaseRoute]:
    """Return the routes of the page."""
    pages = Reports(web)
    return [
        Route("/sites/{site}/report", page_or_refusal(pages.form), methods=["GET"]),
        Route("/sites/{site}/report", page_or_refusal(pages.send), methods=["POST"]),
    ]


class Reports:
    """The endpoints; the answer is the same whether a report counted or had been made before."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def post(self, request: Request) -> Response:
        """Keep a report."""
        site = await self._web.sites.of(request)
        await self._web.sites.sender(request, site)
        await self._keep(request, site, comment_id(request), await fields_of(request))
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(orjson.dumps({"reported": True}), 202, headers, "application/json")

    async def _keep(
        self, request: Request, site: Site, number: int, values: dict[str, Any]
    ) -> None:
        given, asker = parsed(Report, {"reason": "", **values}), visitor(request, self._service)
        self._web.reports.admit(asker.address, f"{number}")
        await reporting.report(self._service, site, number, given, asker)

    async def form(self, request: Request) -> Response:
        """Ask why a comment is reported."""
        site = await self._web.sites.of(request)
        return await self._page(request, site, request.query_params.get("id", ""))

    async def send(self, request: Request) -> Response:
        """Keep a report, and thank for it; what is wrong is said above the form."""
        site = await self._web.sites.of(request)
        values = dict(await form_of(request))
        text = str(values.get("id") or "")
        try:
            await self._web.sites.sender(request, site)
            number = comment_number(text)
            if number is None:
                raise CommentUnknown
            await self._keep(request, site, number, values)
        except CommentUnknown:
            raise
        except Refused as error:
            return await self._page(request, site, text, values, error)
        return await self._page(request, site, text, sent=True)

    async def _page(
        self,
        request: Request,
        site: Site,
        text: str,
        values: dict[str, Any] | None = None,
        error: Refused | None = None,
        *,
        sent: bool = False,
    ) -> Response:
        record = None
        if not sent:
            thread, comment = await reading.resolve(self._service, comment_number(text) or 0, site)
            record = public(thread, comment, self._service.links(site.slug, site.policy))
        fields = error.errors if isinstance(error, BadFields) else ()
        body = views.render(
            "report.html",
            language_of(request),
            root=views.up(request.url.path),
            comment=record,
            id=text,
            values=values or {},
            problems=[item.message for item in fields] or ([error.sentence] if error else []),
            reasons=REPORT_REASONS,
            longest=NOTE,
            sent=sent,
        )
        status = STATUS[type(error)] if error else 200
        return fresh(body, status, refusal_headers(error) if error else None, site.origins)
