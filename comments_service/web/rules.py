"""Rules and bans by API: the same operations as the dashboard's pages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.draft import comment_number
from comments_service.core.models import Record
from comments_service.core.permissions import Actor
from comments_service.core.records import timestamp
from comments_service.core.rules import Rule
from comments_service.operations import maintaining, regulating, trying
from comments_service.operations.permitting import need
from comments_service.operations.regulating import Given
from comments_service.operations.trying import Trial
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.deciding import Line, json_answer, outcome_records
from comments_service.web.intake import any_json, batch_of, parsed

_Days = Annotated[int, Field(ge=1, le=3_650)] | None
DAY = 86_400 * 1_000_000


class RuleInput(BaseModel):
    """A rule to be made; without `site`, for every site; without `expires_days`, for good."""

    kind: Line
    params: dict[str, Any] = Field(default_factory=dict)
    action: Line = "hold"
    state: Line = "on"
    site: Line | None = None
    note: Line = ""
    expires_days: _Days = None


class ChangeInput(BaseModel):
    """What is to be changed of a rule; `version` is the one that was seen, `expires_days` 0 means never."""

    version: int | None = None
    params: dict[str, Any] | None = None
    action: Line | None = None
    state: Line | None = None
    note: Line | None = None
    expires_days: Annotated[int, Field(ge=0, le=3_650)] | None = None


class TryInput(BaseModel):
    """A rule to be tried; without `site`, on every site of the asker."""

    kind: Line
    params: dict[str, Any] = Field(default_factory=dict)
    site: Line | None = None


class MoveInput(BaseModel):
    """By how many places a rule is asked later; fewer than 0: earlier."""

    steps: int = Field(ge=-1_000, le=1_000)


class BanInput(BaseModel):
    """A ban to be made; `apply` decides on what waits, too."""

    by: Line
    value: Line
    action: Line = "reject"
    site: Line | None = None
    note: Line = ""
    expires_days: _Days = None
    apply: bool = False


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of rules and bans below /api/v1/moderation."""
    api = Rules(web)
    return [
        Route("/rules", api.every, methods=["GET"]),
        Route("/rules", api.add, methods=["POST"]),
        Route("/rules/try", api.attempt, methods=["POST"]),
        Route("/rules/undo/{batch}", api.undo, methods=["POST"]),
        Route("/rules/{id}", api.one, methods=["GET"]),
        Route("/rules/{id}", api.change, methods=["PATCH"]),
        Route("/rules/{id}", api.delete, methods=["DELETE"]),
        Route("/rules/{id}/move", api.move, methods=["POST"]),
        Route("/bans", api.bans, methods=["GET"]),
        Route("/bans", api.ban, methods=["POST"]),
        Route("/bans/{id}", api.delete, methods=["DELETE"]),
    ]


class Rules:
    """The endpoints; each asks first who is there, and whether they may."""

    def __init__(self, web: Web) -> None:
        self._web, self._service = web, web.service

    async def _site(self, slug: str | None) -> int:
        return (await self._web.sites.get(slug)).site_id if slug else 0

    async def _records(self, actor: Actor, rules: list[Rule]) -> list[Record]:
        slugs = {site.site_id: site.slug for site in await maintaining.list_sites(self._service)}
        hits = await regulating.records(self._service, actor, rules)
        return [
            rule_record(rule)
            | {"site": slugs.get(rule.site_id), "hits": asdict(hits[rule.rule_id])}
            for rule in rules
        ]

    async def every(self, request: Request) -> Response:
        """Answer the rules in the order in which they are asked."""
        actor = await moderator(request, self._service)
        found = [r for r in await regulating.every(self._service, actor) if r.kind != "ban"]
        return json_answer({"rules": await self._records(actor, found)})

    async def bans(self, request: Request) -> Response:
        """Answer the bans, the newest last."""
        actor = await moderator(request, self._service)
        found = [r for r in await regulating.every(self._service, actor) if r.kind == "ban"]
        return json_answer({"bans": [rule_record(rule) for rule in found]})

    async def one(self, request: Request) -> Response:
        """Answer one rule or ban, a deleted one too."""
        actor = await moderator(request, self._service)
        rule = await regulating.one(self._service, actor, number_of(request))
        return json_answer({"rule": (await self._records(actor, [rule]))[0]})

    async def add(self, request: Request) -> Response:
        """Make a rule behind all others."""
        actor = await moderator(request, self._service, "rule")
        sent = parsed(RuleInput, await any_json(request))
        given = Given(
            sent.kind, sent.params, sent.action, sent.state, await self._site(sent.site),
            sent.note, self._end(sent.expires_days),
        )  # fmt: skip
        made = await regulating.add(self._service, actor, [given])
        return json_answer({"rule": (await self._records(actor, made))[0]}, 201)

    def _end(self, days: int | None) -> int | None:
        return self._service.clock() + days * DAY if days else None

    async def change(self, request: Request) -> Response:
        """Change a rule or ban that is still as it was seen."""
        actor = await moderator(request, self._service, "rule")
        sent = parsed(ChangeInput, await any_json(request))
        changes = sent.model_dump(exclude={"version", "expires_days"})
        ends = {"expires_at": self._end(sent.expires_days), "forever": sent.expires_days == 0}
        rule = await regulating.change(
            self._service, actor, number_of(request), changes | ends, sent.version
        )
        return json_answer({"rule": (await self._records(actor, [rule]))[0]})

    async def delete(self, request: Request) -> Response:
        """Delete a rule or ban."""
        actor = await moderator(request, self._service, "rule")
        await regulating.delete(self._service, actor, number_of(request))
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def move(self, request: Request) -> Response:
        """Ask a rule earlier or later."""
        actor = await moderator(request, self._service, "rule")
        sent = parsed(MoveInput, await any_json(request))
        await regulating.move(self._service, actor, number_of(request), sent.steps)
        found = [r for r in await regulating.every(self._service, actor) if r.kind != "ban"]
        return json_answer({"order": [str(rule.rule_id) for rule in found]})

    async def undo(self, request: Request) -> Response:
        """Take back what was done to a rule."""
        actor = await moderator(request, self._service, "rule")
        rules = await regulating.undo(self._service, actor, batch_of(request))
        return json_answer({"rules": await self._records(actor, rules)})

    async def attempt(self, request: Request) -> Response:
        """Try a rule on past comments; nothing is written."""
        actor = await moderator(request, self._service)
        sent = parsed(TryInput, await any_json(request))
        site_id = await self._site(sent.site)
        trial = await trying.attempt(self._service, actor, sent.kind, sent.params, site_id)
        return json_answer(trial_record(trial))

    async def ban(self, request: Request) -> Response:
        """Make a ban, and decide on what waits where that is asked for."""
        actor = await moderator(request, self._service, "rule")
        sent = parsed(BanInput, await any_json(request))
        site_id = await self._site(sent.site)
        if sent.apply:
            need(actor, "decide", site_id)
        params = {"by": sent.by, "value": sent.value}
        end = self._end(sent.expires_days)
        given = Given("ban", params, sent.action, "on", site_id, sent.note, end)
        [rule] = await regulating.add(self._service, actor, [given])
        record: Record = {"ban": (await self._records(actor, [rule]))[0]}
        if sent.apply:
            batch, outcomes = await trying.apply(self._service, actor, rule)
            results = await outcome_records(self._service, outcomes)
            record |= {"batch": batch, "results": results}
        return json_answer(record, 201)


def number_of(request: Request) -> int:
    """Return the rule's number of a path; what can't be one is answered like one that nobody has."""
    return comment_number(request.path_params["id"]) or 0


def rule_record(rule: Rule) -> Record:
    """Return a rule as moderators see it."""
    return {
        "id": str(rule.rule_id),
        "kind": rule.kind,
        "params": rule.chosen,
        "action": rule.action,
        "state": rule.state,
        "version": rule.version,
        "note": rule.note,
        "expires_at": timestamp(rule.expires_at),
        "created_at": timestamp(rule.created_at),
        "created_by": rule.created_by,
    }


def trial_record(trial: Trial) -> Record:
    """Return what a trial found."""
    return {
        "possible": trial.possible,
        "looked": trial.looked,
        "whole": trial.whole,
        "caught": len(trial.caught),
        "counts": trial.counts,
        "sample": [
            {
                "id": str(each.comment.id),
                "status": each.comment.status,
                "name": each.comment.name,
                "excerpt": each.comment.excerpt,
                "matches": [
                    {"code": match.code, "spans": match.spans, "field": match.field}
                    for match in each.matches
                ],
            }
            for each in trial.sample
        ],
    }
