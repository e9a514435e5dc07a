"""Pictures of authors: the figure of a hash, made of the hash alone."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.avatars import HASH, svg

_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


def routes() -> list[BaseRoute]:
    """Return the one route."""
    return [Route("/avatars/{hash}.svg", _avatar, methods=["GET"])]


async def _avatar(request: Request) -> Response:
    """Answer the figure of a hash."""
    digest = request.path_params["hash"]
    if not HASH.fullmatch(digest):
        raise HTTPException(404)
    return Response(svg(digest), headers=_HEADERS, media_type="image/svg+xml")
