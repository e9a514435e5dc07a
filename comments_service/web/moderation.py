"""The moderators' JSON API: queues and log; decisions are in `deciding`."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import comment_number
from comments_service.core.models import Entry, Record
from comments_service.core.records import public, thread_record, timestamp
from comments_service.operations import logbook, moderating
from comments_service.operations.moderating import QueueItem
from comments_service.service import Service
from comments_service.web import deciding
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.deciding import json_answer
from comments_service.web.intake import number
from comments_service.web.queues import after, filter_of, oldest, place_of

PAGE = 50
_TOP = 2**62


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /api/v1/moderation."""
    api = Moderation(web)
    return [
        Route("/queue", api.queue, methods=["GET"]),
        Route("/counts", api.counts, methods=["GET"]),
        Route("/log", api.log, methods=["GET"]),
        *deciding.routes(web),
    ]


class Moderation:
    """The endpoints; each asks first who is there."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def queue(self, request: Request) -> Response:
        """Answer a part of a queue, or one comment by its id."""
        actor = await moderator(request, self._service)
        query = request.query_params
        limit = number(query, "limit", PAGE, 1, 200)
        if "id" in query:
            found = await moderating.item(self._service, actor, comment_number(query["id"]) or 0)
        else:
            found = await moderating.items(
                self._service,
                actor,
                await filter_of(self._web.sites, query),
                after=after(query),
                limit=limit,
                oldest=oldest(query),
            )
        more = place_of(found[-1].comment) if len(found) == limit and "id" not in query else None
        return json_answer(
            {"items": [item_record(self._service, item) for item in found], "next": more}
        )

    async def counts(self, request: Request) -> Response:
        """Answer how long each queue is."""
        actor = await moderator(request, self._service)
        slug = request.query_params.get("site")
        site = await self._web.sites.get(slug) if slug else None
        found = await moderating.counts(self._service, actor, site.site_id if site else None)
        return json_answer({"counts": found, "most": moderating.MOST_COUNTED})

    async def log(self, request: Request) -> Response:
        """Answer the last acts, the newest first; with `mine`, the asker's own."""
        actor = await moderator(request, self._service)
        query = request.query_params
        limit = number(query, "limit", 100, 1, 500)
        found = await logbook.latest(
            self._service,
            actor if query.get("mine") else None,
            before=number(query, "before", _TOP, 1, _TOP),
            limit=limit,
            sites=sorted(actor.sites) if actor.sites is not None else (),
        )
        more = str(found[-1].seq) if len(found) == limit else None
        return json_answer({"decisions": [act_record(item) for item in found], "next": more})


def item_record(service: Service, item: QueueItem) -> Record:
    """Return a comment of a queue, as moderators see it."""
    comment, thread = item.comment, item.thread
    links = service.links("")
    return {
        "id": str(comment.id),
        "version": comment.version,
        "status": comment.status,
        "source": comment.body,
        "html": comment.html,
        "reasons": json.loads(comment.reasons),
        "author": {
            "name": comment.name,
            "email": comment.email,
            "url": comment.website or None,
            "address": comment.address,
            "agent": comment.agent,
        },
        "thread": thread_record(thread),
        "parent": public(thread, item.parent, links, own={item.parent.id}) if item.parent else None,
        "actions": comment.actions,
        "reports": comment.reports,
        "edits": comment.edits,
        "floor": comment.floor,
        "depth": comment.depth,
        "permalink": links.permalink(comment.id),
        "created_at": timestamp(comment.created_at),
        "published_at": timestamp(comment.published_at),
        "edited_at": timestamp(comment.edited_at),
    }


def act_record(item: Entry) -> Record:
    """Return an act on record."""
    return {
        "seq": item.seq,
        "id": str(item.comment_id) if item.comment_id else None,
        "version": item.version,
        "batch": item.batch,
        "by": item.actor,
        "action": item.action,
        "before": item.status_before,
        "after": item.status_after,
        "reason": item.reason,
        "rules": item.rule.split(),
        "detail": json.loads(item.detail),
        "at": timestamp(item.at),
        "hash": item.hash,
    }
