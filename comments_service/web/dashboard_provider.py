"""Signing in by an identity provider: the way there, and the way back."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import Response

from comments_service.errors import LoginExpired, ProviderRefused, Refused
from comments_service.operations import entering
from comments_service.operations.entering import Entered
from comments_service.operations.identity import Begun, Provider
from comments_service.operations.vault import seal, unseal
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_entrance import LOGIN, Entrance, entered_page
from comments_service.web.dashboard_pages import Pages, back, see
from comments_service.web.intake import visitor

COOKIE = "__Host-comments-provider"
SECONDS = 600
"""How long somebody may take at the provider."""
_SEALED = "on the way to the provider"


class ByProvider:
    """The two routes; what must come back unchanged waits in a cookie that is sealed."""

    def __init__(self, web: Web, pages: Pages, entrance: Entrance) -> None:
        self._web, self._service, self._pages = web, web.service, pages
        self._entrance = entrance
        self._callback = f"{web.service.settings.public_url}/dashboard/login/callback"

    async def begin(self, request: Request) -> Response:
        """Lead on to the provider."""
        provider, target = self._web.provider, back(request.query_params.get("next", ""))
        if provider is None:
            return see(LOGIN)
        self._web.logins.admit(visitor(request, self._service).address)
        try:
            begun = await provider.begin(self._callback)
        except Refused as error:
            return self._entrance.login_page(request, "", target, error)
        kept = [begun.state, begun.nonce, begun.verifier, target]
        sealed = seal(self._service, _SEALED, kept)
        return access.with_cookie(see(begun.address), COOKIE, sealed, SECONDS)

    async def callback(self, request: Request) -> Response:
        """Let in whom the provider vouches for; what was kept for the way is good once."""
        provider = self._web.provider
        if provider is None:
            return see(LOGIN)
        kept = unseal(self._service, _SEALED, request.cookies.get(COOKIE, ""), SECONDS)
        target = kept[3] if kept else ""
        try:
            if not kept:
                raise LoginExpired
            entered = await self._entered(request, provider, Begun("", *kept[:3]))
        except Refused as error:
            answer = self._entrance.login_page(request, "", back(target), error)
        else:
            await self._entrance.leave_old(request)
            answer = entered_page(entered, back(target))
        return access.with_cookie(answer, COOKIE, "", 0)

    async def _entered(self, request: Request, provider: Provider, begun: Begun) -> Entered:
        query = request.query_params
        same = hmac.compare_digest(query.get("state", "").encode(), begun.state.encode())
        if not same or query.get("iss", provider.issuer) != provider.issuer or "code" not in query:
            raise ProviderRefused
        found = await provider.identify(begun, query["code"], self._callback)
        asker = visitor(request, self._service)
        return await entering.vouched_for(self._service, found.subject, found.email, asker)
