"""The dashboard of the moderators: queue, decisions and log, on pages that need no script."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import comment_number
from comments_service.core.models import Actor
from comments_service.core.moderation import Status
from comments_service.operations import entering, maintaining, moderating
from comments_service.operations.moderating import Ask, QueueItem
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_entrance import Entrance
from comments_service.web.dashboard_notices import Notices, told
from comments_service.web.dashboard_pages import QUEUE, Fields, Pages, back, fields_of, see
from comments_service.web.intake import parsed
from comments_service.web.moderation import Decisions, before, cursor_of, wanted_status

PAGE = 25
"""Comments on a page of the queue."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /dashboard; all but those of the entrance are for moderators."""
    pages = Pages(web.service)
    board, entrance = Dashboard(web, pages), Entrance(web, pages)
    inside, outside = pages.signed_in, pages.guarded
    return [
        Route("/dashboard", inside(board.home), methods=["GET"]),
        Route("/dashboard/", inside(board.home), methods=["GET"]),
        Route("/dashboard/login", outside(entrance.login_form), methods=["GET"]),
        Route("/dashboard/login", outside(entrance.login), methods=["POST"]),
        Route("/dashboard/logout", inside(entrance.logout), methods=["POST"]),
        Route("/dashboard/setup", outside(entrance.setup_form), methods=["GET"]),
        Route("/dashboard/setup", outside(entrance.setup), methods=["POST"]),
        Route("/dashboard/queue", inside(board.queue), methods=["GET"]),
        Route("/dashboard/decisions", inside(board.decide), methods=["POST"]),
        Route("/dashboard/log", inside(board.log), methods=["GET"]),
    ]


@dataclass(frozen=True)
class View:
    """A part of the queue as a page shows it; an address is '' where there is nothing to go to."""

    items: list[QueueItem]
    here: str
    status: Status | None = None  # None: one comment, of whatever status
    site: str = ""
    older: str = ""
    newest: str = ""


class Dashboard:
    """The pages for those who are signed in."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def home(self, _request: Request, _actor: Actor) -> Response:
        """Lead on to the queue."""
        return see(QUEUE)

    async def queue(self, request: Request, actor: Actor) -> Response:
        """Show the comments of a status, the newest first, or one comment of whatever status."""
        query = request.query_params
        view = await (self._single(query["id"]) if "id" in query else self._listed(query))
        sites = await maintaining.list_sites(self._service)
        values = {
            "view": view,
            "counts": await moderating.counts(self._service),
            "notices": self._notices(request).read(query.get("notice", "")),
            "sites": {site.site_id: site.slug for site in sites},
        }
        return self._pages.show(request, "queue", values, actor=actor)

    async def _single(self, text: str) -> View:
        items = await moderating.queue_item(self._service, comment_number(text) or 0)
        return View(items, f"{QUEUE}?id={items[0].comment.id}" if items else QUEUE)

    async def _listed(self, query: QueryParams) -> View:
        status, cursor = wanted_status(query), before(query)
        site = await self._web.sites.get(query["site"]) if query.get("site") else None
        slug, site_id = (site.slug, site.site_id) if site else ("", None)
        found = await moderating.queue(
            self._service, status, site_id=site_id, before=cursor, limit=PAGE + 1
        )
        items, newest = found[:PAGE], _address(status, slug)
        here = _address(status, slug, query.get("cursor", ""))
        older = _address(status, slug, cursor_of(items[-1])) if len(found) > PAGE else ""
        return View(items, here, status, slug, older, newest if here != newest else "")

    async def decide(self, request: Request, actor: Actor) -> Response:
        """Carry out one decision or many, and lead back to where they were made."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        asks, here = _asks(form), back(form.get("back", ""))
        _, outcomes = await moderating.decide(self._service, actor, asks)
        names = await entering.labels(self._service, {item.by for item in outcomes if item.by})
        notices = told(outcomes, asks[0].action, actor, names) if asks else []
        text = self._notices(request).write(notices or [("Nothing was ticked.", "")])
        return see(f"{here}{'&' if '?' in here else '?'}notice={text}")

    def _notices(self, request: Request) -> Notices:
        return Notices(entering.form_token(self._service, access.session_secret(request)))

    async def log(self, request: Request, actor: Actor) -> Response:
        """Show the last acts, the newest first."""
        acts = await moderating.log(self._service)
        names = await entering.labels(self._service, {act.actor for act in acts})
        return self._pages.show(request, "log", {"acts": acts, "names": names}, actor=actor)


def _address(status: Status, slug: str, cursor: str = "") -> str:
    parts = {"status": status, "site": slug, "cursor": cursor}
    return f"{QUEUE}?" + urlencode({name: value for name, value in parts.items() if value})


def _asks(form: Fields) -> list[Ask]:
    """Return a form's decisions: on one comment, or on all that were ticked. Raises BadFields."""
    one = [f"{form['id']}:{form.get('version', '')}"] if form.get("id") else []
    picks = [pick.partition(":") for pick in dict.fromkeys(one or form.getlist("pick"))]
    same = {"action": form.get("action", ""), "reason": form.get("reason", "")}
    sent = [{"id": number, "version": version, **same} for number, _, version in picks]
    given = parsed(Decisions, {"decisions": sent}).decisions
    return [Ask(item.id, item.version, item.action, item.reason) for item in given]
