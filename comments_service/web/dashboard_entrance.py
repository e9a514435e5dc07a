"""The entrance of the dashboard: signing in, in one step or two, and out."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.permissions import Actor
from comments_service.errors import (
    CodeWrong,
    FormExpired,
    LoginExpired,
    LoginFailed,
    Refused,
    TooManyRequests,
)
from comments_service.language import known
from comments_service.operations import entering, second_factor, sessions
from comments_service.operations.entering import Entered
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_pages import (
    LANGUAGE_COOKIE,
    Fields,
    Pages,
    back,
    fields_of,
    see,
)
from comments_service.web.intake import visitor

HALF_COOKIE = "__Host-comments-half"
_YEAR = 365 * 24 * 3600
LOGIN = "/dashboard/login"


class Entrance:
    """The pages for those who are not signed in yet, and the way out."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def login_form(self, request: Request) -> Response:
        """Ask for address and password, unless somebody is signed in."""
        target = back(request.query_params.get("next", ""))
        if await access.session(request, self._service):
            return see(target)
        return self.login_page(request, "", target)

    def login_page(
        self, request: Request, email: str, target: str, error: Refused | None = None
    ) -> Response:
        """Return the form, with what went wrong before."""
        provider = self._web.provider.host if self._web.provider else ""
        problem = error.sentence if error else ""
        values = {"email": email, "next": target, "problem": problem, "provider": provider}
        return self._pages.show(request, "login", values, error=error)

    async def login(self, request: Request) -> Response:
        """Begin a session, or ask for a code, or show the form again with everything but the password."""
        form = await own_form(request, self._web)
        email, target = form.get("email", ""), back(form.get("next", ""))
        asker = visitor(request, self._service)
        try:
            self._web.logins.admit(asker.address)
            with self._web.passwords.one(email.strip().lower(), asker.address):
                entered = await entering.login(
                    self._service, email, form.get("password", ""), asker
                )
        except (LoginFailed, TooManyRequests) as error:
            return self.login_page(request, email, target, error)
        await self.leave_old(request)
        return entered_page(entered, target)

    async def leave_old(self, request: Request) -> None:
        """End the session that a browser had before it got another one."""
        actor = await access.session(request, self._service)
        if actor:
            number = sessions.number_of(access.session_secret(request))
            await sessions.end(self._service, actor, number)

    async def code_form(self, request: Request) -> Response:
        """Ask for the code of the second factor."""
        target = back(request.query_params.get("next", ""))
        await entering.half_entered(self._service, request.cookies.get(HALF_COOKIE, ""))
        return self._pages.show(request, "code", {"next": target, "problem": ""})

    async def code(self, request: Request) -> Response:
        """Begin a session by the code, or ask again; a recovery code is heard however often others guessed."""
        form = await own_form(request, self._web)
        target, asker = back(form.get("next", "")), visitor(request, self._service)
        try:
            self._web.logins.admit(asker.address)
            cookie = await self._by_code(request, form.get("code", "")[:100])
        except (CodeWrong, TooManyRequests) as error:
            values = {"next": target, "problem": error.sentence}
            return self._pages.show(request, "code", values, error=error)
        except LoginExpired as error:
            return self.login_page(request, "", target, error)
        answer = access.with_session(see(target), cookie)
        return access.with_cookie(answer, HALF_COOKIE, "", 0)

    async def _by_code(self, request: Request, code: str) -> str:
        half = request.cookies.get(HALF_COOKIE, "")
        account = await entering.half_entered(self._service, half)
        asker = visitor(request, self._service)
        if second_factor.is_recovery(code):
            return await entering.second_step(self._service, half, code, asker)
        with self._web.codes.one(account.actor, asker.address):
            return await entering.second_step(self._service, half, code, asker)

    async def logout(self, request: Request, actor: Actor) -> Response:
        """End the session."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        number = sessions.number_of(access.session_secret(request))
        await sessions.end(self._service, actor, number)
        return access.with_cookie(see(LOGIN), access.COOKIE, "", 0)

    async def language(self, request: Request) -> Response:
        """Keep the language that somebody chose, in this browser."""
        form = await own_form(request, self._web)
        code = known(form.get("lang", ""))
        if code is None:
            raise FormExpired
        return access.with_cookie(see(back(form.get("back", ""))), LANGUAGE_COOKIE, code, _YEAR)


async def own_form(request: Request, web: Web) -> Fields:
    """Return a form for which there is no session yet; only our own pages may send it.

    Without this another site could sign a moderator in under a name of its choice. Raises
    FormExpired.
    """
    access.check_sender(request, web.service)
    return await fields_of(request)


def entered_page(entered: Entered, target: str) -> Response:
    """Lead on after the first step: to where somebody wanted to go, or to the second step."""
    if entered.cookie:
        return access.with_session(see(target), entered.cookie)
    asked = see(f"{LOGIN}/code?{urlencode({'next': target}, safe='/')}")
    return access.with_cookie(asked, HALF_COOKIE, entered.half, entering.HALF_SECONDS)
