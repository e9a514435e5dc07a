"""People as a page: who may do what and where, invitations, second factors that are lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.draft import comment_number
from comments_service.core.permissions import Actor, Role, Sites, role_named
from comments_service.core.sentence import Note
from comments_service.errors import (
    BadFields,
    FieldError,
    LastOwner,
    ModeratorUnknown,
    Refused,
)
from comments_service.operations import accounts, inviting, maintaining, second_factor
from comments_service.web import access, account_words
from comments_service.web.context import Web
from comments_service.web.dashboard_account import told_at
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_pages import Fields, Pages, fields_of

PAGE = "/dashboard/people"


@dataclass(frozen=True)
class Shown:
    """A link that is shown this once: for whom, and whether it makes an account."""

    address: str
    email: str
    invites: bool


class People:
    """The page and its forms; they are for owners."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def show(self, request: Request, actor: Actor) -> Response:
        """Show who has an account, and who is invited."""
        return await self._page(request, actor)

    async def _page(
        self,
        request: Request,
        actor: Actor,
        *,
        link: Shown | None = None,
        typed: Fields | None = None,
        error: Refused | None = None,
    ) -> Response:
        known = await maintaining.list_sites(self._service)
        fields = error.errors if isinstance(error, BadFields) else ()
        query = request.query_params
        values = {
            "told": notices_of(self._service, request).read(query.get("notice", "")),
            "people": await accounts.everybody(self._service, actor),
            "invitations": await inviting.open_ones(self._service, actor),
            "sites": {site.site_id: site.slug for site in known},
            "sites_chosen": lambda theirs: [
                site.slug for site in known if theirs and site.site_id in theirs
            ],
            "roles": get_args(Role),
            "account_words": account_words,
            "link": link,
            "typed": typed or Fields(),
            "problems": {each.field: each.message for each in fields},
            "problem": error.sentence if error and not fields else "",
        }
        return self._pages.show(request, "people", values, actor=actor, error=error)

    async def _form(self, request: Request) -> Fields:
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        return form

    async def invite(self, request: Request, actor: Actor) -> Response:
        """Make a link for somebody, and show it this once."""
        form = await self._form(request)
        try:
            role = _role(form)
            theirs = await sites_of(self._web, form, role)
            made, secret = await inviting.invite(
                self._service, actor, form.get("email", ""), role, theirs
            )
        except BadFields as error:
            return await self._page(request, actor, typed=form, error=error)
        link = Shown(inviting.link(self._service, secret), made.email, invites=True)
        return await self._page(request, actor, link=link)

    async def act(self, request: Request, actor: Actor) -> Response:
        """Do what a button of somebody's row says."""
        form = await self._form(request)
        number = comment_number(request.path_params["id"]) or 0
        try:
            return await self._done(request, actor, number, form)
        except (LastOwner, ModeratorUnknown, BadFields) as error:
            return await self._page(request, actor, error=error)

    async def _done(self, request: Request, actor: Actor, number: int, form: Fields) -> Response:
        service, act = self._service, form.get("act", "")
        if act == "link":
            made, secret = await inviting.new_password(service, actor, number)
            link = Shown(inviting.link(service, secret), made.email, invites=False)
            return await self._page(request, actor, link=link)
        if act == "role":
            role = _role(form)
            theirs = await sites_of(self._web, form, role)
            await accounts.change(service, actor, number, role, theirs)
        elif act == "sessions":
            await accounts.end_sessions(service, actor, number)
        elif act == "second-factor":
            await second_factor.reset(service, actor, number)
        elif act == "remove":
            await accounts.remove(service, actor, number)
        else:
            raise BadFields(FieldError("act", "act_invalid", Note("Choose what is to be done.")))
        return told_at(PAGE, self._web, request, _SAID[act])

    async def withdraw(self, request: Request, actor: Actor) -> Response:
        """Let an invitation count no more."""
        await self._form(request)
        number = comment_number(request.path_params["id"]) or 0
        await inviting.withdraw(self._service, actor, number)
        return told_at(PAGE, self._web, request, Note("The link leads nowhere now."))


_SAID = {
    "role": Note("The role is changed; it counts at once."),
    "sessions": Note("All sessions of this account have ended."),
    "second-factor": Note("The second factor is gone: the password alone lets in now."),
    "remove": Note(
        "The account is removed. What it did stays on record; tokens it made still work."
    ),
}


def _role(form: Fields) -> Role:
    role = role_named(form.get("role", ""))
    if role is None:
        sentence = Note("Choose owner, moderator or reader.")
        raise BadFields(FieldError("role", "role_invalid", sentence))
    return role


async def sites_of(web: Web, form: Fields, role: Role | None = None) -> Sites:
    """Return the sites that are ticked in a form; an owner has every site. Raises BadFields."""
    if role == "owner" or form.get("every"):
        return None
    found = await accounts.sites_named(web.service, form.getlist("site"))
    if found is None:
        sentence = Note("Tick at least one site, or every site.")
        raise BadFields(FieldError("sites", "sites_missing", sentence))
    return found
