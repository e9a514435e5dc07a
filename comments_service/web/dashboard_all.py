"""Deciding on all that match: how many there are as of now, then the decision, piece by piece."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.filters import Filter, Place
from comments_service.core.moderation import STATUSES, Action, Status, actions
from comments_service.core.permissions import Actor
from comments_service.operations import deciding, moderating
from comments_service.operations.deciding import Outcome
from comments_service.web import access
from comments_service.web.context import Web
from comments_service.web.dashboard_pages import Pages, fields_of
from comments_service.web.deciding import ByFilter
from comments_service.web.intake import parsed
from comments_service.web.queues import NAMES, address, after, filter_of

PIECES = 10
"""Pieces of a decision that one press of the button carries out."""
_TOLD = 20  # comments that are named where they were not decided on


@dataclass(frozen=True)
class Progress:
    """How far a decision on all that match has come."""

    counts: Counter[str]
    left: list[Outcome]  # the first of those that were not decided on
    batch: str
    cursor: str  # '' where it is through


class AllThatMatch:
    """The page and its form."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def ask(self, request: Request, actor: Actor) -> Response:
        """Count what matches as of now, and ask."""
        query = {name: request.query_params.get(name, "") for name in NAMES}
        as_of = self._service.clock()
        frozen = await self._frozen(actor, query, as_of)
        values = {
            "query": query,
            "as_of": as_of,
            "count": await deciding.count(self._service, frozen),
            "legal": legal_in(frozen.queue),
            "key": str(self._service.ids()),
            "back": address(query),
            "progress": None,
            "wanted": QueryParams(query),
            "action": "",
            "reason": "",
        }
        return self._pages.show(request, "all", values, actor=actor)

    async def _frozen(self, actor: Actor, query: dict[str, str], as_of: int) -> Filter:
        wanted = await filter_of(self._web.sites, query)
        return deciding.frozen(moderating.seen_by(actor, wanted), as_of)

    async def decide(self, request: Request, actor: Actor) -> Response:
        """Carry out some pieces of the decision, and show how far it has come."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        query = {name: form.get(name, "") for name in NAMES}
        given = parsed(
            ByFilter,
            {
                "filter": query,
                "action": form.get("action", ""),
                "reason": form.get("reason_given", ""),
                "as_of": form.get("as_of", ""),
                "cursor": form.get("cursor", ""),
                "key": form.get("key", ""),
            },
        )
        frozen = await self._frozen(actor, query, given.as_of or 0)
        progress = await self._go_on(actor, frozen, given)
        values = {
            "query": query,
            "as_of": given.as_of,
            "count": await deciding.count(self._service, frozen) if progress.cursor else 0,
            "legal": [given.action],
            "key": given.key,
            "back": address(query),
            "progress": progress,
            "wanted": QueryParams(query),
            "action": given.action,
            "reason": given.reason,
        }
        return self._pages.show(request, "all", values, actor=actor)

    async def _go_on(self, actor: Actor, frozen: Filter, given: ByFilter) -> Progress:
        batch = deciding.batch_of(self._service, actor, given.key)
        place: Place | None = after({"cursor": given.cursor})
        outcomes: list[Outcome] = []
        for _ in range(PIECES):
            if place is None:
                break
            decision = (given.action, given.reason)
            sweep = await deciding.decide_all(self._service, actor, frozen, decision, batch, place)
            outcomes += sweep.outcomes
            place = sweep.following
        counts = Counter(outcome.result for outcome in outcomes)
        left = [outcome for outcome in outcomes if outcome.result != "done"][:_TOLD]
        cursor = f"{place[0]}-{place[1]}" if place else ""
        return Progress(Counter(counts), left, batch, cursor)


def legal_in(queue: str) -> list[Action]:
    """Return the actions that are legal for what is in a queue, each once."""
    found: list[Status] = [status for status in STATUSES if status == queue] or list(STATUSES)
    attention = queue in ("reported", "edited")
    every = [action for status in found for action in actions(status, attention=attention)]
    return list(dict.fromkeys(every))
