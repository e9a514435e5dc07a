"""The dashboard of the moderators: queue, decisions and log, on pages that need no script."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import comment_number
from comments_service.core.moderation import QUEUES, Action, Queue, actions
from comments_service.core.permissions import Actor
from comments_service.operations import (
    deciding,
    entering,
    logbook,
    maintaining,
    moderating,
    undoing,
)
from comments_service.operations.deciding import Ask
from comments_service.operations.moderating import QueueItem
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_entrance import Entrance
from comments_service.web.dashboard_notices import Notice, Notices, told
from comments_service.web.dashboard_pages import QUEUE, Fields, Pages, back, fields_of, see
from comments_service.web.deciding import Decisions, asks_of
from comments_service.web.intake import parsed
from comments_service.web.queues import after, filter_of, place_of

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
        Route("/dashboard/undo", inside(board.undo), methods=["POST"]),
        Route("/dashboard/log", inside(board.log), methods=["GET"]),
    ]


@dataclass(frozen=True)
class View:
    """A part of the queue as a page shows it; an address is '' where there is nothing to go to."""

    items: list[QueueItem]
    here: str
    status: Queue | None = None  # None: one comment, of whatever status
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
        view = await (
            self._single(actor, query["id"]) if "id" in query else self._listed(actor, query)
        )
        sites = await maintaining.list_sites(self._service)
        values = {
            "view": view,
            "counts": await moderating.counts(self._service, actor),
            "told": self._notices(request).read(query.get("notice", "")),
            "sites": {site.site_id: site.slug for site in sites},
            "most": moderating.MOST_COUNTED,
            "bulk": _legal(view.items),
            "queues": [name for name in QUEUES if name != "all"],
        }
        return self._pages.show(request, "queue", values, actor=actor)

    async def _single(self, actor: Actor, text: str) -> View:
        items = await moderating.item(self._service, actor, comment_number(text) or 0)
        return View(items, f"{QUEUE}?id={items[0].comment.id}" if items else QUEUE)

    async def _listed(self, actor: Actor, query: QueryParams) -> View:
        wanted, slug = await filter_of(self._web.sites, query), query.get("site", "")
        found = await moderating.items(
            self._service, actor, wanted, after=after(query), limit=PAGE + 1
        )
        items, newest = found[:PAGE], _address(wanted.queue, slug)
        here = _address(wanted.queue, slug, query.get("cursor", ""))
        more = len(found) > PAGE
        older = _address(wanted.queue, slug, place_of(items[-1].comment)) if more else ""
        return View(items, here, wanted.queue, slug, older, newest if here != newest else "")

    async def decide(self, request: Request, actor: Actor) -> Response:
        """Carry out one decision or many, and lead back to where they were made."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        asks, here = _asks(form), back(form.get("back", ""))
        batch, outcomes = await deciding.decide(self._service, actor, asks)
        names = await entering.labels(self._service, {item.by for item in outcomes if item.by})
        notices = told(outcomes, asks[0].action, actor, names) if asks else []
        done = any(outcome.result == "done" for outcome in outcomes)
        return self._lead_back(request, here, notices, batch if done else "")

    async def undo(self, request: Request, actor: Actor) -> Response:
        """Take a batch of decisions back."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        _, outcomes = await undoing.undo(self._service, actor, form.get("batch", ""))
        names = await entering.labels(self._service, {item.by for item in outcomes if item.by})
        notices = told(outcomes, "undo", actor, names)
        return self._lead_back(request, back(form.get("back", "")), notices)

    def _lead_back(
        self, request: Request, here: str, notices: list[Notice], batch: str = ""
    ) -> Response:
        said = notices or [("Nothing was ticked.", "")]
        text = self._notices(request).write(said, batch)
        return see(f"{here}{'&' if '?' in here else '?'}notice={text}")

    def _notices(self, request: Request) -> Notices:
        return Notices(entering.form_token(self._service, access.session_secret(request)))

    async def log(self, request: Request, actor: Actor) -> Response:
        """Show the last acts, the newest first."""
        sites = sorted(actor.sites) if actor.sites is not None else ()
        acts = await logbook.latest(self._service, sites=sites)
        names = await entering.labels(self._service, {act.actor for act in acts})
        return self._pages.show(request, "log", {"acts": acts, "names": names}, actor=actor)


def _legal(items: list[QueueItem]) -> list[Action]:
    """Return the actions that are legal for at least one of some comments, each once."""
    return list(
        dict.fromkeys(
            action
            for item in items
            for action in actions(item.comment.status, attention=item.comment.attention)
        )
    )


def _address(status: Queue, slug: str, cursor: str = "") -> str:
    parts = {"status": status, "site": slug, "cursor": cursor}
    return f"{QUEUE}?" + urlencode({name: value for name, value in parts.items() if value})


def _asks(form: Fields) -> list[Ask]:
    """Return a form's decisions: on one comment, or on all that were ticked. Raises BadFields."""
    one = [f"{form['id']}:{form.get('version', '')}"] if form.get("id") else []
    picks = [pick.partition(":") for pick in dict.fromkeys(one or form.getlist("pick"))]
    same = {"action": form.get("action", ""), "reason": form.get("reason", "")}
    sent = [{"id": number, "version": version, **same} for number, _, version in picks]
    return asks_of(parsed(Decisions, {"decisions": sent}))
