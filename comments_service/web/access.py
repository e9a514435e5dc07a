"""Who is at the door of the moderators: a session's cookie with its form token, or a bearer token."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.permissions import Actor, Permission
from comments_service.core.threads import origin_of
from comments_service.errors import FormExpired, NotAllowed, NotPermitted
from comments_service.operations import sessions, tokens
from comments_service.service import Service
from comments_service.web.intake import visitor

COOKIE = "__Host-comments"


def session_secret(request: Request) -> str:
    """Return the session's cookie, '' where there is none."""
    return request.cookies.get(COOKIE, "")


async def session(request: Request, service: Service) -> Actor | None:
    """Return the moderator who is signed in; `request.state.due` says whether the secret is old."""
    cookie = session_secret(request)
    found = await sessions.find(service, cookie, visitor(request, service)) if cookie else None
    request.state.due = found is not None and found.due
    return found.actor if found else None


async def moderator(request: Request, service: Service, permission: Permission = "read") -> Actor:
    """Return who asks through the API; a cookie alone changes nothing, its form token must come along.

    Raises NotAllowed, FormExpired, and NotPermitted for who lacks the permission on every site.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        actor = await tokens.actor_of(service, secret.strip())
    else:
        actor = await session(request, service)
        if actor and request.method not in ("GET", "HEAD"):
            check_form(request, service, request.headers.get("x-csrf-token", ""))
    if actor is None:
        raise NotAllowed
    if permission not in actor.may:
        raise NotPermitted
    return actor


def check_form(request: Request, service: Service, token: str) -> None:
    """Refuse a form that was not made for this session, or was sent from another site's page.

    Raises FormExpired.
    """
    check_sender(request, service)
    expected = sessions.form_token(service, session_secret(request))
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise FormExpired


def check_sender(request: Request, service: Service) -> None:
    """Refuse what a browser says it sends from a page that is not ours. Raises FormExpired.

    What is no browser sends neither header, and has nobody to mislead.
    """
    own = (origin_of(service.settings.public_url), origin_of(str(request.base_url)))
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if (origin and origin not in own) or site not in ("same-origin", "none"):
        raise FormExpired


def with_session(response: Response, cookie: str) -> Response:
    """Give a browser its session."""
    return with_cookie(response, COOKIE, cookie, sessions.SESSION_SECONDS)


def with_cookie(response: Response, name: str, value: str, seconds: int) -> Response:
    """Give a browser a cookie for some seconds; 0 takes it away."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )
    return response
