"""The entrance of the dashboard: signing in and out, and the link for the first moderator."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.permissions import Actor
from comments_service.core.threads import origin_of
from comments_service.errors import (
    BadFields,
    FormExpired,
    InvitationInvalid,
    LoginFailed,
    TooManyRequests,
)
from comments_service.language import known
from comments_service.operations import entering
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_pages import (
    LANGUAGE_COOKIE,
    QUEUE,
    Fields,
    Pages,
    back,
    fields_of,
    see,
)
from comments_service.web.intake import client_address

_YEAR = 365 * 24 * 3600


class Entrance:
    """The pages for those who are not signed in yet, and the way out."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def login_form(self, request: Request) -> Response:
        """Ask for address and password, unless somebody is signed in."""
        target = back(request.query_params.get("next", ""))
        if await access.session(request, self._service):
            return see(target)
        return self._pages.show(request, "login", {"email": "", "next": target, "problem": ""})

    async def login(self, request: Request) -> Response:
        """Begin a session, or show the form again with everything but the password."""
        form = await self._own_form(request)
        email, target = form.get("email", ""), back(form.get("next", ""))
        try:
            self._admit(request)
            secret = await entering.login(self._service, email, form.get("password", ""))
        except (LoginFailed, TooManyRequests) as error:
            values = {"email": email, "next": target, "problem": str(error)}
            return self._pages.show(request, "login", values, error=error)
        return _with_cookie(see(target), secret, entering.SESSION_SECONDS)

    async def logout(self, request: Request, _actor: Actor) -> Response:
        """End the session."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        await entering.logout(self._service, access.session_secret(request))
        return _with_cookie(see("/dashboard/login"), "", 0)

    async def language(self, request: Request) -> Response:
        """Keep the language that somebody chose, in this browser."""
        form = await self._own_form(request)
        answer = see(back(form.get("back", "")))
        code = known(form.get("lang", ""))
        if code is None:
            raise FormExpired
        answer.set_cookie(
            LANGUAGE_COOKIE,
            code,
            max_age=_YEAR,
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def setup_form(self, request: Request) -> Response:
        """Ask the first moderator for address and password; looking uses nothing up."""
        secret = await self._invitation(request.query_params.get("invitation", ""))
        values = {"email": "", "invitation": secret, "problems": {}}
        return self._pages.show(request, "setup", values)

    async def setup(self, request: Request) -> Response:
        """Make the first moderator by the one-time link, and sign them in."""
        form = await self._own_form(request)
        self._admit(request)
        invitation = await self._invitation(form.get("invitation", ""))
        email, password = form.get("email", ""), form.get("password", "")
        try:
            secret = await entering.accept(self._service, invitation, email, password)
        except BadFields as error:
            problems = {field.field: field.message for field in error.errors}
            values = {"email": email, "invitation": invitation, "problems": problems}
            return self._pages.show(request, "setup", values, error=error)
        return _with_cookie(see(QUEUE), secret, entering.SESSION_SECONDS)

    async def _invitation(self, secret: str) -> str:
        """Return the secret of a link that is still good. Raises InvitationInvalid."""
        if not await entering.invited(self._service, secret):
            raise InvitationInvalid
        return secret

    def _admit(self, request: Request) -> None:
        """Count a try of whoever is asking. Raises TooManyRequests."""
        self._web.logins.admit(client_address(request, self._service.settings.trusted_proxies))

    async def _own_form(self, request: Request) -> Fields:
        """Return a form for which there is no session yet; only our own pages may send it.

        Without this another site could sign a moderator in under a name of its choice. What is
        no browser sends neither header, and has nobody to mislead. Raises FormExpired.
        """
        own = (origin_of(self._service.settings.public_url), origin_of(str(request.base_url)))
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "same-origin")
        if (origin and origin not in own) or site not in ("same-origin", "none"):
            raise FormExpired
        return await fields_of(request)


def _with_cookie(response: Response, secret: str, seconds: int) -> Response:
    response.set_cookie(
        access.COOKIE, secret, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )
    return response
