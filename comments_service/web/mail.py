"""The pages that links in mails lead to: looking at them changes nothing, their buttons do."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.sentence import Sentence
from comments_service.errors import BodyMalformed, MediaTypeUnknown
from comments_service.operations import accounts, acting, following
from comments_service.operations.following import Confirmation, Stop
from comments_service.web import board_words, views
from comments_service.web.answers import fresh, page_or_refusal
from comments_service.web.context import Web
from comments_service.web.dashboard_notices import Teller
from comments_service.web.dashboard_pages import Pages
from comments_service.web.dashboard_pages import language_of as of_the_dashboard
from comments_service.web.intake import form_of, language_of

SCOPES: dict[str, Sentence] = {
    "thread": Sentence("Nothing more about this page"),
    "site": Sentence("Nothing more about this site"),
    "all": Sentence("No mail at all from here"),
}
MUTED: dict[str, Sentence] = {
    "thread": Sentence("You get no more mail about this page."),
    "site": Sentence("You get no more mail about this site."),
    "all": Sentence("You get no more mail from here at all."),
}


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /mail."""
    mail = Mail(web, Pages(web.service))
    inside, outside = mail.pages.guarded, page_or_refusal
    return [
        Route("/mail/confirm/{token}", outside(mail.confirm_page), methods=["GET"]),
        Route("/mail/confirm/{token}", outside(mail.confirm), methods=["POST"]),
        Route("/mail/stop/{token}", outside(mail.stop_page), methods=["GET"]),
        Route("/mail/stop/{token}", outside(mail.stop), methods=["POST"]),
        Route("/mail/act/{token}", inside(mail.act_page), methods=["GET"]),
        Route("/mail/act/{token}", inside(mail.act), methods=["POST"]),
    ]


class Mail:
    """The endpoints; a link is all that is needed to use them."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._service, self.pages = web.service, pages

    async def confirm_page(self, request: Request) -> Response:
        """Ask whether a comment, or an account, belongs to who reads the mail."""
        found = await following.confirmation(self._service, request.path_params["token"])
        return self._confirmation(request, found, done=False)

    async def confirm(self, request: Request) -> Response:
        """Take it that it does."""
        found = await following.confirm(self._service, request.path_params["token"])
        return self._confirmation(request, found, done=True)

    def _confirmation(self, request: Request, found: Confirmation, *, done: bool) -> Response:
        seen = found.comment is not None and found.comment.visible
        links = self._service.links("")
        address = links.permalink(found.comment.id) if found.comment and seen else ""
        return _page(request, "mail_confirm.html", found=found, done=done, address=address)

    async def stop_page(self, request: Request) -> Response:
        """Ask what is to stop."""
        return self._stopping(
            request, await following.stopping(self._service, request.path_params["token"])
        )

    async def stop(self, request: Request) -> Response:
        """Stop mail about something, or let it go on; a mail program's one click stops the narrowest."""
        token, form = request.path_params["token"], await _fields(request)
        if form.get("again"):
            found = await following.go_on(self._service, token)
        else:
            found = await following.stop(self._service, token, form.get("scope", ""))
        return self._stopping(request, found)

    def _stopping(self, request: Request, found: Stop) -> Response:
        kinds = {scope: scope.partition(":")[0] for scope in found.offered}
        return _page(
            request,
            "mail_stop.html",
            found=found,
            offers={scope: SCOPES[kind] for scope, kind in kinds.items()},
            muted=[MUTED[scope.partition(":")[0]] for scope in found.muted],
        )

    async def act_page(self, request: Request) -> Response:
        """Ask whether what the link says is to be done."""
        found = await acting.offer(self._service, request.path_params["token"])
        return await self._offer(request, found)

    async def act(self, request: Request) -> Response:
        """Do it."""
        return await self._offer(
            request, await acting.act(self._service, request.path_params["token"])
        )

    async def _offer(self, request: Request, found: acting.Offer) -> Response:
        outcome, language = found.outcome, of_the_dashboard(request)
        lines: list[str] = []
        if outcome is not None:
            names = await accounts.labels(self._service, {outcome.by} if outcome.by else ())
            teller = Teller(language, found.actor, names)
            lines = [line for line, _ in teller.lines([outcome], found.action)]
        done = outcome is not None and outcome.result == "done"
        word = board_words.ACTION[found.action]
        values = {"offer": found, "lines": lines, "done": done, "word": word}
        return self.pages.show(request, "mail_act", values)


def _page(request: Request, template: str, **values: object) -> Response:
    root = views.up(request.url.path)
    return fresh(views.render(template, language_of(request), root=root, **values))


async def _fields(request: Request) -> Mapping[str, str]:
    """Return the fields of a form; what mail programs send without one says as much as nothing."""
    try:
        items = (await form_of(request)).multi_items()
    except (MediaTypeUnknown, BodyMalformed):
        return {}
    return {name: value for name, value in items if isinstance(value, str)}
