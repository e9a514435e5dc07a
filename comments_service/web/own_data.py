"""One's own data: a page that asks for an e-mail address, and what the mailed link leads to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import EMAIL, Asker
from comments_service.errors import BadFields
from comments_service.operations import own_data
from comments_service.operations.own_data import Held
from comments_service.web import views
from comments_service.web.answers import fresh, page_or_refusal
from comments_service.web.context import Web
from comments_service.web.intake import form_of, language_of, parsed, visitor

_FILE = {
    "Cache-Control": "no-store",
    "Content-Disposition": 'attachment; filename="comments.json"',
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /mail/data; where no mail is sent, there is nothing there."""
    pages = OwnData(web)

    def route(path: str, show: Callable[[Request], Awaitable[Response]], method: str) -> Route:
        return Route("/mail/data" + path, page_or_refusal(show), methods=[method])

    return [
        route("", pages.form, "GET"),
        route("", pages.ask, "POST"),
        route("/{token}", pages.show, "GET"),
        route("/{token}", pages.erase, "POST"),
        route("/{token}/comments.json", pages.export, "GET"),
    ]


class OwnData:
    """The endpoints; a link is all that is needed to use them."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    def _token(self, request: Request) -> str:
        if not self._service.settings.mails:
            raise HTTPException(404)
        return str(request.path_params.get("token", ""))

    async def form(self, request: Request) -> Response:
        """Ask whose data are meant."""
        self._token(request)
        return _page(request, "mail_data_ask.html", typed="", problem=None, sent=False)

    async def ask(self, request: Request) -> Response:
        """Mail a link; whether there is anything to be seen, the answer does not tell."""
        self._token(request)
        typed = (await form_of(request)).get("email") or ""
        try:
            email = parsed(Asker, {"email": typed}).email
        except BadFields as error:
            [problem] = error.errors
            return _page(
                request, "mail_data_ask.html", 422, typed=typed, problem=problem, sent=False
            )
        self._web.reports.admit(visitor(request, self._service).address, f"data {email}")
        lang = language_of(request).code
        # After the answer, so that not even its time tells.
        later = BackgroundTask(own_data.ask, self._service, email, lang)
        answer = _page(request, "mail_data_ask.html", typed=email, problem=None, sent=True)
        answer.background = later
        return answer

    async def show(self, request: Request) -> Response:
        """Show what is kept, and what can be done about it."""
        found = await own_data.held(self._service, self._token(request))
        return self._shown(request, found)

    def _shown(self, request: Request, found: Held, status: int = 200, **more: object) -> Response:
        links = self._service.links("")
        addresses = {each.id: links.permalink(each.id) for _, each in found.shown if each.visible}
        token = request.path_params["token"]
        values = {
            "found": found,
            "addresses": addresses,
            "token": token,
            "erased": None,
            "unsure": False,
        } | more
        return _page(request, "mail_data.html", status, **values)

    async def erase(self, request: Request) -> Response:
        """Erase all of it, where that is meant."""
        token, form = self._token(request), await form_of(request)
        if not form.get("sure"):
            found = await own_data.held(self._service, token)
            return self._shown(request, found, 422, unsure=True)
        erased = await own_data.erase(self._service, token)
        return self._shown(request, await own_data.held(self._service, token), erased=erased)

    async def export(self, request: Request) -> Response:
        """Answer all of it as a file."""
        record = await own_data.export(self._service, self._token(request))
        body = orjson.dumps(record, option=orjson.OPT_INDENT_2)
        return Response(body, headers=_FILE, media_type="application/json")


def _page(request: Request, template: str, status: int = 200, **values: object) -> Response:
    root = views.up(request.url.path)
    body = views.render(template, language_of(request), root=root, longest=EMAIL, **values)
    return fresh(body, status)
