"""What a supervisor asks: is the process alive, can it do its work."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.operations import reading
from comments_service.web.context import Web


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes for supervisors."""

    async def live(request: Request) -> Response:
        return _plain("alive\n")

    async def ready(request: Request) -> Response:
        await reading.site_change(web.service, 0)  # raises where the database does not answer
        return _plain("ready\n")

    return [Route("/livez", live, methods=["GET"]), Route("/readyz", ready, methods=["GET"])]


def _plain(text: str) -> Response:
    return Response(text, media_type="text/plain", headers={"Cache-Control": "no-store"})
