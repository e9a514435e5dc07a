"""One's own account as a page: password, second factor, sessions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.draft import comment_number
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, Refused
from comments_service.operations import accounts, maintaining, passwords, second_factor, sessions
from comments_service.web import access, account_words
from comments_service.web.browsers import browser_name
from comments_service.web.context import Web
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_notices import Told
from comments_service.web.dashboard_pages import Fields, Pages, fields_of, language_of, see
from comments_service.web.intake import visitor

PAGE = "/dashboard/account"


class Account:
    """The page and its forms."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def show(self, request: Request, actor: Actor) -> Response:
        """Show one's own account."""
        return await self.page(request, actor)

    async def page(
        self, request: Request, actor: Actor, where: str = "", error: Refused | None = None
    ) -> Response:
        """Return the page; `where` names the form that an error is about."""
        known = await maintaining.list_sites(self._service)
        fields = error.errors if isinstance(error, BadFields) else ()
        values = {
            "told": notices_of(self._service, request).read(request.query_params.get("notice", "")),
            "mine": [site.slug for site in known if actor.on_site(site.site_id)],
            "own": await accounts.own(self._service, actor),
            "mails": self._service.settings.mails,
            "codes_left": await second_factor.codes_left(self._service, actor),
            "sessions": await sessions.mine(self._service, actor),
            "this": sessions.number_of(access.session_secret(request)),
            "browser_name": browser_name,
            "account_words": account_words,
            "where": where,
            "problems": {each.field: each.message for each in fields},
            "problem": error.sentence if error and not fields else "",
        }
        return self._pages.show(request, "account", values, actor=actor, error=error)

    async def form(self, request: Request) -> Fields:
        """Return a form of this very session. Raises FormExpired."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        return form

    async def password(self, request: Request, actor: Actor) -> Response:
        """Change one's own password; all one's other sessions end."""
        form, address = await self.form(request), visitor(request, self._service).address
        number = sessions.number_of(access.session_secret(request))
        old, new = form.get("password", ""), form.get("new_password", "")
        try:
            with self._web.passwords.one(actor.label, address):
                await passwords.confirmed(self._service, actor, old)
            await passwords.change(self._service, actor, number, new)
        except Refused as error:
            return await self.page(request, actor, "password", error)
        said = Note("Your password is changed. All your other sessions have ended.")
        return await self.led_back(request, said)

    async def end(self, request: Request, actor: Actor) -> Response:
        """End one of one's own sessions, or all others."""
        form = await self.form(request)
        number = comment_number(form.get("session", ""))
        if number:
            await sessions.end(self._service, actor, number)
        else:
            this = sessions.number_of(access.session_secret(request))
            await sessions.end_others(self._service, actor, this)
        return self.told(request, Note("That is signed out."))

    async def led_back(self, request: Request, sentence: Note) -> Response:
        """Lead back to the page, with a new secret for the session."""
        cookie = await sessions.rotate(self._service, access.session_secret(request))
        return access.with_session(self.told(request, sentence), cookie)

    def told(self, request: Request, sentence: Note) -> Response:
        """Lead back to the page, and tell there what was done."""
        return told_at(PAGE, self._web, request, sentence)


def told_at(page: str, web: Web, request: Request, sentence: Note) -> Response:
    """Lead to a page, and tell there what was done."""
    said = Told([(language_of(request).say(sentence), "")])
    return see(f"{page}?notice={notices_of(web.service, request).write(said)}")
