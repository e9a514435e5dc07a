"""The second factor of one's own account: set up by a picture, switched off, new recovery codes."""

from __future__ import annotations

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FormExpired, Refused
from comments_service.operations import accounts, passwords, second_factor, sessions
from comments_service.operations.second_factor import Offer
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_account import PAGE, Account
from comments_service.web.dashboard_pages import Pages, see
from comments_service.web.intake import visitor


class SecondFactor:
    """The page that sets it up, and the forms of the account's page."""

    def __init__(self, web: Web, pages: Pages, account: Account) -> None:
        self._web, self._service, self._pages = web, web.service, pages
        self._account = account

    async def form(self, request: Request, actor: Actor) -> Response:
        """Show a fresh secret, as picture and text; nothing is stored before a code proves it."""
        if (await accounts.own(self._service, actor)).totp:
            return see(PAGE)
        return self._page(request, actor, second_factor.offer(self._service, actor))

    def _page(
        self, request: Request, actor: Actor, offer: Offer, error: Refused | None = None
    ) -> Response:
        fields = error.errors if isinstance(error, BadFields) else ()
        groups = [offer.text[place : place + 4] for place in range(0, len(offer.text), 4)]
        values = {
            "offer": offer,
            "picture": picture(offer.address),
            "groups": groups,
            "problems": {each.field: each.message for each in fields},
            "problem": error.sentence if error and not fields else "",
        }
        return self._pages.show(request, "second_factor", values, actor=actor, error=error)

    async def switch_on(self, request: Request, actor: Actor) -> Response:
        """Store the secret by the proof of a code, and show the recovery codes, this once."""
        form = await self._account.form(request)
        offer = second_factor.offered(self._service, actor, form.get("offer", ""))
        if offer is None or (await accounts.own(self._service, actor)).totp:
            raise FormExpired
        number = sessions.number_of(access.session_secret(request))
        try:
            with self._web.passwords.one(actor.label, visitor(request, self._service).address):
                await passwords.confirmed(self._service, actor, form.get("password", ""))
            codes = await second_factor.switch_on(
                self._service, actor, number, offer, form.get("code", "")
            )
        except Refused as error:
            return self._page(request, actor, offer, error)
        return await self._codes(request, actor, codes)

    async def switch_off(self, request: Request, actor: Actor) -> Response:
        """Forget the second factor, by password or code."""
        form = await self._account.form(request)
        try:
            with self._web.passwords.one(actor.label, visitor(request, self._service).address):
                await second_factor.switch_off(self._service, actor, form.get("proof", ""))
        except Refused as error:
            return await self._account.page(request, actor, "off", error)
        said = Note("The second factor is off: your password alone lets you in.")
        return await self._account.led_back(request, said)

    async def renew(self, request: Request, actor: Actor) -> Response:
        """Show new recovery codes, this once, by password or code."""
        form = await self._account.form(request)
        try:
            with self._web.passwords.one(actor.label, visitor(request, self._service).address):
                codes = await second_factor.renew_codes(self._service, actor, form.get("proof", ""))
        except Refused as error:
            return await self._account.page(request, actor, "codes", error)
        return await self._codes(request, actor, codes)

    async def _codes(self, request: Request, actor: Actor, codes: list[str]) -> Response:
        cookie = await sessions.rotate(self._service, access.session_secret(request))
        page = self._pages.show(request, "recovery_codes", {"codes": codes}, actor=actor)
        return access.with_session(page, cookie)


def picture(address: str) -> Markup:
    """Return a QR code as SVG, dark on light whatever the colours of the page are."""
    made = segno.make(address, micro=False, error="m")
    return Markup(made.svg_inline(scale=4, border=3, dark="#000", light="#fff", omitsize=True))  # noqa: S704
