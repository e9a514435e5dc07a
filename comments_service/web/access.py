"""Who is at the door of the moderators: a session's cookie with its form token, or a bearer token."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from comments_service.core.permissions import Actor
from comments_service.core.threads import origin_of
from comments_service.errors import FormExpired, NotAllowed
from comments_service.operations import entering
from comments_service.service import Service

COOKIE = "__Host-comments"


def session_secret(request: Request) -> str:
    """Return the secret of the session's cookie, '' where there is none."""
    return request.cookies.get(COOKIE, "")


async def session(request: Request, service: Service) -> Actor | None:
    """Return the moderator who is signed in."""
    secret = session_secret(request)
    return await entering.session_actor(service, secret) if secret else None


async def moderator(request: Request, service: Service) -> Actor:
    """Return who asks through the API; a cookie alone changes nothing, its form token must come along.

    Raises NotAllowed, FormExpired.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        actor = await entering.token_actor(service, secret.strip())
    else:
        actor = await session(request, service)
        if actor and request.method not in ("GET", "HEAD"):
            check_form(request, service, request.headers.get("x-csrf-token", ""))
    if actor is None:
        raise NotAllowed
    return actor


def check_form(request: Request, service: Service, token: str) -> None:
    """Refuse a form that was not made for this session, or was sent from another site's page.

    Raises FormExpired.
    """
    origin = request.headers.get("origin")
    own = (origin_of(service.settings.public_url), origin_of(str(request.base_url)))
    expected = entering.form_token(service, session_secret(request))
    if (origin and origin not in own) or not hmac.compare_digest(token.encode(), expected.encode()):
        raise FormExpired
