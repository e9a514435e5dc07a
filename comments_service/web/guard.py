"""The wall around every request: size, time, and which pages of other origins may read the answer."""

from __future__ import annotations

import asyncio
import re

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comments_service.errors import BodyTooLarge, BodyTooSlow, OriginRefused
from comments_service.web.problems import STATUS, problem
from comments_service.web.sites import Sites

MOST_BYTES = 256 * 1024
"""The largest body read; a comment of 10,000 code points fits in any encoding of a form."""
BODY_SECONDS = 20.0
"""How long a body may take to arrive."""

_SITE = re.compile(r"/(?:api/v1/)?sites/([^/]+)/")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID",
    "Access-Control-Max-Age": "7200",
}
_EXPOSED = "ETag, Idempotent-Replayed, Location, Retry-After"


class Guard:
    """ASGI middleware that lets in what is small, quick and known."""

    def __init__(self, app: ASGIApp, sites: Sites) -> None:
        self._app, self._sites = app, sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = length = ""
        for name, value in scope["headers"]:
            if name == b"origin":
                origin = value.decode("latin-1")
            elif name == b"content-length":
                length = value.decode("latin-1")
        if origin:
            allowed = await self._allowed(scope["path"], origin)
            if scope["method"] == "OPTIONS":
                answer = _preflight(Request(scope), origin if allowed else "")
                await answer(scope, receive, send)
                return
            if allowed:
                send = _readable_from(send, origin)
        if length.isdigit() and int(length[:12]) > MOST_BYTES:
            error, request = BodyTooLarge(), Request(scope)
            response = problem(request, STATUS[BodyTooLarge], error.code, error.sentence)
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        await self._app(scope, _bounded(receive) if scope["method"] != "GET" else receive, send)

    async def _allowed(self, path: str, origin: str) -> bool:
        if path.startswith("/static/"):
            return True  # pages anywhere may load the embed: browsers ask this of every module
        found = _SITE.match(path)
        return found is not None and await self._sites.allows(found[1], origin)


def _preflight(request: Request, origin: str) -> ASGIApp:
    if not origin:
        error = OriginRefused()
        return problem(request, 403, error.code, error.sentence, headers={"Vary": "Origin"})
    return Response(
        status_code=204,
        headers={"Access-Control-Allow-Origin": origin, "Vary": "Origin", **_PREFLIGHT},
    )


def _readable_from(send: Send, origin: str) -> Send:
    async def allow(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _EXPOSED
            headers.add_vary_header("Origin")
        await send(message)

    return allow


def _bounded(receive: Receive) -> Receive:
    """Count what arrives and how long it takes, whatever Content-Length says."""
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS
    total, whole = 0, False

    async def read() -> Message:
        nonlocal total, whole
        if whole:  # now only the end of the connection is waited for
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow from None
        total += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if total > MOST_BYTES:
            raise BodyTooLarge
        return message

    return read
