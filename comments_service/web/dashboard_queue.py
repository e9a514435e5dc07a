"""The queue as a page: lists of cards, and one comment with all there is to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.draft import BODY, comment_number
from comments_service.core.moderation import QUEUES, Action
from comments_service.core.permissions import Actor
from comments_service.operations import (
    accounts,
    filtering,
    judging,
    maintaining,
    moderating,
    watching,
)
from comments_service.operations.judging import Author, Dossier
from comments_service.operations.moderating import QueueItem
from comments_service.web.context import Web
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_pages import QUEUE, Pages
from comments_service.web.queues import address, after, filter_of, oldest, place_of

PAGE = 25
"""Comments on a page of the queue."""
_PARTS = {"1": "part", "card": "one"}  # what the script asks for, instead of a whole page


@dataclass(frozen=True)
class View:
    """A part of the queue as a page shows it; an address is '' where there is nothing to go to."""

    items: list[QueueItem]
    query: Mapping[str, str]  # of the address, without its cursor
    here: str
    older: str = ""
    newest: str = ""
    dossier: Dossier | None = None  # where one comment is looked at, of whatever status
    authors: dict[int, Author] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Return the queue's name, '' where one comment is looked at."""
        return "" if "id" in self.query else self.query.get("status") or "pending"

    @property
    def filtered(self) -> bool:
        """Say whether more is asked for than a queue and a site."""
        return bool(set(self.query) - {"status", "site", "id"})

    @property
    def narrowed(self) -> bool:
        """Say whether a field is in use that is folded away otherwise."""
        return self.filtered and set(self.query) - {"status", "site"} != {"q"}

    def to(self, **other: str) -> str:
        """Return the address of the same view with other words in its query."""
        return address({**self.query, **other})

    @property
    def top(self) -> str:
        """Return the place of the newest comment shown, from which later ones are counted."""
        if self.newest or self.query.get("order") == "oldest":
            return ""
        return place_of(self.items[0].comment) if self.items else "0-0"


class Board:
    """The page of the queue."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def queue(self, request: Request, actor: Actor) -> Response:
        """Show the comments of a queue, or one comment of whatever status."""
        query = request.query_params
        single = "id" in query
        view = await (self._single(actor, query) if single else self._listed(actor, query))
        names = {act.actor for act in view.dossier.acts} if view.dossier else set()
        values = {
            "view": view,
            "told": notices_of(self._service, request).read(query.get("notice", "")),
            "names": await accounts.labels(self._service, names),
            "bulk": _legal(view.items) if "decide" in actor.may else [],
            "longest": BODY,
            "key": str(self._service.ids()),  # names one press of the button that replies
            **await self._around(actor, query.get("site", "")),
        }
        name = _PARTS.get(query.get("part", ""), "queue") if single else "queue"
        return self._pages.show(request, name, values, actor=actor)

    async def _around(self, actor: Actor, slug: str) -> dict[str, Any]:
        """Return what stands around the cards: counts, sites, saved filters, the newest act."""
        known = await maintaining.list_sites(self._service)
        sites = {site.site_id: site.slug for site in known if actor.on_site(site.site_id)}
        here = next((number for number, name in sites.items() if name == slug), None)
        return {
            "counts": await moderating.counts(self._service, actor, here),
            "most": moderating.MOST_COUNTED,
            "queues": QUEUES,
            "sites": sites,
            "saved": await filtering.saved(self._service, actor),
            "seq": await watching.newest_act(self._service),
        }

    async def _single(self, actor: Actor, query: QueryParams) -> View:
        text = query["id"]
        found = await judging.dossier(self._service, actor, comment_number(text) or 0)
        if found is None:
            return View([], {"id": text}, QUEUE)
        comment = found.item.comment
        here = f"{QUEUE}?id={comment.id}"
        authors = {comment.id: found.author}
        if query.get("part") == "card":
            return View([found.item], {"status": comment.status}, here, authors=authors)
        return View([found.item], {"id": text}, here, dossier=found, authors=authors)

    async def _listed(self, actor: Actor, query: QueryParams) -> View:
        wanted = await filter_of(self._web.sites, query)
        found = await moderating.items(
            self._service,
            actor,
            wanted,
            after=after(query),
            limit=PAGE + 1,
            oldest=oldest(query),
        )
        items, more = found[:PAGE], len(found) > PAGE
        # A form sends what was left empty too.
        plain = {n: text for n, text in query.items() if text and n not in ("cursor", "notice")}
        newest, here = address(plain), address({**plain, "cursor": query.get("cursor", "")})
        older = address({**plain, "cursor": place_of(items[-1].comment)}) if more else ""
        authors = {
            item.comment.id: await judging.author(self._service, actor, item.comment)
            for item in items
        }
        first = newest if here != newest else ""
        return View(items, plain, here, older, first, authors=authors)


def _legal(items: list[QueueItem]) -> list[Action]:
    """Return the actions that are legal for at least one of some comments, each once."""
    return list(dict.fromkeys(action for item in items for action in item.comment.actions))
