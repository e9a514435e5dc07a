"""The log as a page: the last acts, of all or one's own, each with a button that takes it back."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.models import Entry
from comments_service.core.permissions import Actor
from comments_service.operations import accounts, logbook, maintaining, moderating, regulating
from comments_service.operations.regulating import ACTS
from comments_service.web.context import Web
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_pages import Pages
from comments_service.web.intake import number

PAGE = 50
_TOP = 2**62


class Log:
    """The page of the log."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._service, self._pages = web.service, pages

    async def show(self, request: Request, actor: Actor) -> Response:
        """Show the last acts, the newest first."""
        query, mine = request.query_params, bool(request.query_params.get("mine"))
        acts = await logbook.latest(
            self._service,
            actor if mine else None,
            before=number(query, "before", _TOP, 1, _TOP),
            limit=PAGE + 1,
            sites=sorted(actor.sites) if actor.sites is not None else (),
        )
        shown = acts[:PAGE]
        about = {act.seq: whom for act in shown if (whom := _whom(act))}
        known = await maintaining.list_sites(self._service)
        people = {act.actor for act in shown} | set(about.values())
        values = {
            "acts": shown,
            "about": about,
            "sites": {site.site_id: site.slug for site in known},
            "older": shown[-1].seq if len(acts) > PAGE else 0,
            "mine": mine,
            "authors": await moderating.authors(self._service, shown),
            "undoable": await moderating.undoable(self._service, actor, shown),
            "rules": {act.seq: json.loads(act.detail) for act in shown if act.action in ACTS},
            "rules_undoable": await regulating.undoable(self._service, actor, shown),
            "names": await accounts.labels(self._service, people),
            "told": notices_of(self._service, request).read(query.get("notice", "")),
        }
        return self._pages.show(request, "log", values, actor=actor)


def _whom(act: Entry) -> str:
    """Return the account, or the token, that an act was about, as it is called on record."""
    detail = json.loads(act.detail)
    kind = next((kind for kind in ("moderator", "token") if kind in detail), "")
    return f"{kind}:{detail[kind]}" if kind and not act.comment_id else ""
