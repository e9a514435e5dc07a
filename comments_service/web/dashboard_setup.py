"""The page of a one-time link: the first moderator, somebody who was invited, a new password."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from comments_service.errors import BadFields
from comments_service.operations import inviting
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_entrance import LOGIN, own_form
from comments_service.web.dashboard_pages import QUEUE, Pages, see
from comments_service.web.intake import visitor


class Setup:
    """The page and its form."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def form(self, request: Request) -> Response:
        """Ask for what somebody will sign in with; looking uses nothing up."""
        return await self._page(request, request.query_params.get("invitation", ""), "")

    async def accept(self, request: Request) -> Response:
        """Use the link up, and sign in whom it made an account for."""
        form = await own_form(request, self._web)
        asker = visitor(request, self._service)
        self._web.logins.admit(asker.address)
        secret, email = form.get("invitation", ""), form.get("email", "")
        try:
            cookie = await inviting.accept(
                self._service, secret, email, form.get("password", ""), asker
            )
        except BadFields as error:
            return await self._page(request, secret, email, error)
        if not cookie:
            return see(LOGIN)
        return access.with_session(see(QUEUE), cookie)

    async def _page(
        self, request: Request, secret: str, email: str, error: BadFields | None = None
    ) -> Response:
        invitation = await inviting.invited(self._service, secret)
        problems = {each.field: each.message for each in error.errors} if error else {}
        kind = "first" if invitation.first else "password" if invitation.moderator_id else "invited"
        values = {
            "kind": kind,
            "email": email if invitation.first else invitation.email,
            "role": invitation.role,
            "invitation": secret,
            "problems": problems,
        }
        return self._pages.show(request, "setup", values, error=error)
