"""Decisions as they arrive: one, many, all that match a filter, and taking them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.characters import clean_line, forbidden
from comments_service.core.draft import comment_number
from comments_service.core.models import Record
from comments_service.core.moderation import Action
from comments_service.core.records import timestamp
from comments_service.operations import accounts, deciding, moderating, undoing
from comments_service.operations.deciding import Ask, Outcome
from comments_service.service import Service
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.intake import any_json, batch_of, parsed
from comments_service.web.queues import after, filter_of

MOST_DECISIONS = 200


def _id(value: object) -> int:
    # An id that can't be one is answered like one that nobody has.
    return comment_number(str(value)) or 0


def _line(value: object) -> str:
    if not isinstance(value, str) or forbidden(value):
        raise PydanticCustomError("wrong_type", "Send this as text.")
    return clean_line(value)


Line = Annotated[str, BeforeValidator(_line), Field(max_length=500)]
Key = Annotated[str, BeforeValidator(_line), Field(max_length=200)]


class DecisionInput(BaseModel):
    """One decision; `version` is the one that the moderator saw."""

    id: Annotated[int, BeforeValidator(_id)]
    version: int = Field(ge=0, lt=2**62)
    action: Action
    reason: Line = ""


class Decisions(BaseModel):
    """Several decisions; the same `key` again is answered as the first time."""

    decisions: list[DecisionInput] = Field(max_length=MOST_DECISIONS)
    key: Key = ""


class ByFilter(BaseModel):
    """A decision on all that match a filter and that nobody touched after `as_of`, in pieces."""

    filter: dict[str, Line] = {}
    action: Action
    reason: Line = ""
    as_of: int | None = Field(default=None, ge=0, lt=2**62)
    cursor: Line = ""
    key: Key = ""
    dry_run: bool = False


def asks_of(given: Decisions) -> list[Ask]:
    """Return decisions as the operation takes them."""
    return [Ask(item.id, item.version, item.action, item.reason) for item in given.decisions]


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of decisions below /api/v1/moderation."""
    api = Deciding(web)
    return [
        Route("/decisions", api.decide, methods=["POST"]),
        Route("/decisions/by-filter", api.decide_all, methods=["POST"]),
        Route("/undo/{batch}", api.undo, methods=["POST"]),
    ]


class Deciding:
    """The endpoints; each asks first who is there."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def decide(self, request: Request) -> Response:
        """Carry out one decision or many."""
        actor = await moderator(request, self._service, "decide")
        sent = await any_json(request)
        if isinstance(sent, dict) and "decisions" not in sent:
            sent = [sent]
        given = parsed(Decisions, sent if isinstance(sent, dict) else {"decisions": sent})
        key = given.key or _key(request)
        batch = deciding.batch_of(self._service, actor, key)
        batch, outcomes = await deciding.decide(self._service, actor, asks_of(given), batch)
        results = await outcome_records(self._service, outcomes)
        return json_answer({"batch": batch, "results": results})

    async def decide_all(self, request: Request) -> Response:
        """Count what a filter holds, or decide on the next piece of it."""
        actor = await moderator(request, self._service, "decide")
        given = parsed(ByFilter, await any_json(request))
        as_of = given.as_of if given.as_of is not None else self._service.clock()
        wanted = moderating.seen_by(actor, await filter_of(self._web.sites, given.filter))
        frozen = deciding.frozen(wanted, as_of)
        if given.dry_run:
            count = await deciding.count(self._service, frozen)
            return json_answer({"as_of": as_of, "count": count})
        batch = deciding.batch_of(self._service, actor, given.key or _key(request))
        sweep = await deciding.decide_all(
            self._service,
            actor,
            frozen,
            (given.action, given.reason),
            batch,
            after({"cursor": given.cursor}),
        )
        following = "-".join(map(str, sweep.following)) if sweep.following else None
        return json_answer(
            {
                "batch": sweep.batch,
                "as_of": as_of,
                "results": await outcome_records(self._service, sweep.outcomes),
                "next": following,
            }
        )

    async def undo(self, request: Request) -> Response:
        """Take a decision or a whole batch back."""
        actor = await moderator(request, self._service, "decide")
        name, outcomes = await undoing.undo(self._service, actor, batch_of(request))
        results = await outcome_records(self._service, outcomes)
        return json_answer({"batch": name, "results": results})


def _key(request: Request) -> str:
    return clean_line(request.headers.get("idempotency-key", ""))[:200]


async def outcome_records(service: Service, outcomes: Sequence[Outcome]) -> list[Record]:
    """Return what became of decisions, as JSON says it, with what people call who was first."""
    names = await accounts.labels(service, {item.by for item in outcomes if item.by})
    return [_outcome(outcome, names) for outcome in outcomes]


def _outcome(outcome: Outcome, names: dict[str, str]) -> Record:
    record: Record = {
        "id": str(outcome.id),
        "result": outcome.result,
        "status": outcome.status,
        "version": outcome.version,
    }
    if outcome.left:
        record["left"] = outcome.left
    if outcome.by is not None:
        name = names.get(outcome.by, outcome.by)
        record |= {"by": outcome.by, "name": name, "at": timestamp(outcome.at)}
    return record


def json_answer(record: dict[str, Any], status: int = 200) -> Response:
    """Answer with JSON that nobody else may keep."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(orjson.dumps(record), status, headers, "application/json")
