"""The moderators' JSON API."""

from __future__ import annotations

import json
from typing import Annotated

import orjson
from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import comment_number
from comments_service.core.models import Record
from comments_service.core.moderation import STATUSES, Action, Status, actions
from comments_service.core.records import public, thread_record, timestamp
from comments_service.core.text import clean_line, forbidden
from comments_service.core.threads import normalised_key, thread_number
from comments_service.errors import BadFields, FieldError
from comments_service.operations import moderating
from comments_service.operations.moderating import Ask, Outcome, QueueItem
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.intake import any_json, number, parsed

MOST_DECISIONS = 200
PAGE = 50


def _id(value: object) -> int:
    # An id that can't be one is answered like one that nobody has.
    return comment_number(str(value)) or 0


def _reason(value: object) -> str:
    if not isinstance(value, str) or forbidden(value):
        raise PydanticCustomError("wrong_type", "Send the reason as text.")
    return clean_line(value)


class DecisionInput(BaseModel):
    """One decision; `version` is the one that the moderator saw."""

    id: Annotated[int, BeforeValidator(_id)]
    version: int
    action: Action
    reason: Annotated[str, BeforeValidator(_reason), Field(max_length=500)] = ""


class Decisions(BaseModel):
    """Several decisions."""

    decisions: list[DecisionInput] = Field(max_length=MOST_DECISIONS)


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes below /api/v1/moderation."""
    api = Moderation(web)
    return [
        Route("/queue", api.queue, methods=["GET"]),
        Route("/decisions", api.decide, methods=["POST"]),
        Route("/log", api.log, methods=["GET"]),
    ]


def wanted_status(query: QueryParams) -> Status:
    """Return the status a queue is asked for. Raises BadFields."""
    text = query.get("status", "pending")
    for status in STATUSES:
        if text == status:
            return status
    raise BadFields(FieldError("status", "status_invalid", f"Choose one of {', '.join(STATUSES)}."))


def cursor_of(item: QueueItem) -> str:
    """Return the cursor that leads past an item of a queue."""
    return f"{item.comment.created_at}-{item.comment.id}"


def before(query: QueryParams) -> tuple[int, int]:
    """Return the time and id that a queue's cursor names. Raises BadFields."""
    text = query.get("cursor", "")
    if not text:
        return 2**63 - 1, 2**63 - 1
    at, _, comment_id = text.partition("-")
    pair = comment_number(at), comment_number(comment_id)
    if pair[0] is None or pair[1] is None:
        raise BadFields(
            FieldError("cursor", "cursor_invalid", "Send the 'next' of an earlier answer.")
        )
    return pair[0], pair[1]


class Moderation:
    """The endpoints; each asks first who is there."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def queue(self, request: Request) -> Response:
        """Answer comments of a status, the newest first, or one by its id."""
        await moderator(request, self._service)
        query = request.query_params
        limit = number(query, "limit", PAGE, 1, 200)
        if "id" in query:
            items = await moderating.queue_item(self._service, _id(query["id"]))
        else:
            site = await self._web.sites.get(query["site"]) if query.get("site") else None
            thread_id = None
            if query.get("thread") and site:
                thread_id = thread_number(site.site_id, normalised_key(query["thread"]))
            items = await moderating.queue(
                self._service,
                wanted_status(query),
                site_id=site.site_id if site else None,
                thread_id=thread_id,
                before=before(query),
                limit=limit,
            )
        more = cursor_of(items[-1]) if len(items) == limit else None
        return _json({"items": [self._item(item) for item in items], "next": more})

    def _item(self, item: QueueItem) -> Record:
        comment, thread = item.comment, item.thread
        links = self._service.links("")
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
            "parent": public(thread, item.parent, links, own={item.parent.id})
            if item.parent
            else None,
            "actions": actions(comment.status),
            "floor": comment.floor,
            "depth": comment.depth,
            "permalink": links.permalink(comment.id),
            "created_at": timestamp(comment.created_at),
            "published_at": timestamp(comment.published_at),
            "edited_at": timestamp(comment.edited_at),
        }

    async def decide(self, request: Request) -> Response:
        """Carry out one decision or many."""
        actor = await moderator(request, self._service)
        sent = await any_json(request)
        if isinstance(sent, dict) and "decisions" not in sent:
            sent = [sent]
        given = parsed(Decisions, sent if isinstance(sent, dict) else {"decisions": sent}).decisions
        asks = [Ask(item.id, item.version, item.action, item.reason) for item in given]
        batch, outcomes = await moderating.decide(self._service, actor, asks)
        return _json({"batch": batch, "results": [_outcome(outcome) for outcome in outcomes]})

    async def log(self, request: Request) -> Response:
        """Answer the last acts, the newest first."""
        await moderator(request, self._service)
        found = await moderating.log(
            self._service, number(request.query_params, "limit", 100, 1, 500)
        )
        return _json(
            {
                "decisions": [
                    {
                        "id": str(item.comment_id),
                        "version": item.version,
                        "batch": item.batch,
                        "by": item.actor,
                        "action": item.action,
                        "before": item.status_before,
                        "after": item.status_after,
                        "reason": item.reason,
                        "at": timestamp(item.at),
                    }
                    for item in found
                ]
            }
        )


def _outcome(outcome: Outcome) -> Record:
    record: Record = {
        "id": str(outcome.id),
        "result": outcome.result,
        "status": outcome.status,
        "version": outcome.version,
    }
    if outcome.by is not None:
        record |= {"by": outcome.by, "at": timestamp(outcome.at)}
    return record


def _json(record: Record) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(orjson.dumps(record), headers=headers, media_type="application/json")
