"""Bans as a page: what one would have caught, how long it is to last, and what it does with what waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.errors import BadFields
from comments_service.operations import deciding, regulating, trying
from comments_service.operations.deciding import Outcome
from comments_service.operations.permitting import need
from comments_service.operations.regulating import Given
from comments_service.operations.trying import Trial
from comments_service.web import rule_words
from comments_service.web.context import Web
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_notices import Told
from comments_service.web.dashboard_pages import Fields, Pages, language_of, see
from comments_service.web.dashboard_rules import PAGE, Rules

DAYS = (1, 7, 30, 90, 365)
"""After how many days a ban may end."""
_ACTIONS = ("reject", "spam", "hold")


class Bans:
    """The page and its form."""

    def __init__(self, web: Web, pages: Pages, rules: Rules) -> None:
        self._service, self._pages, self._rules = web.service, pages, rules

    async def new(self, request: Request, actor: Actor) -> Response:
        """Show the form of a ban, with what it would have caught."""
        query = request.query_params
        names = ("by", "value", "site")
        return await self._form(request, actor, {name: query.get(name, "") for name in names})

    async def _form(
        self,
        request: Request,
        actor: Actor,
        typed: Mapping[str, str],
        error: BadFields | None = None,
    ) -> Response:
        trial: Trial | None = None
        waiting = 0
        if error is None and typed.get("value"):
            try:
                trial, waiting = await self._tried(actor, typed)
            except BadFields as refused:
                error = refused
        fields = error.errors if error else ()
        values: dict[str, Any] = {
            "values": {"by": "name", "value": "", "site": "", "action": "reject", "note": "",
                       "expires_days": "30", "apply": ""} | dict(typed),
            "actions": _ACTIONS,
            "days": DAYS,
            "trial": trial,
            "waiting": waiting,
            "problems": {each.field: each.message for each in fields},
        }  # fmt: skip
        shared = await self._rules.shared(request, actor)
        return self._pages.show(request, "ban", shared | values, actor=actor, error=error)

    async def _tried(self, actor: Actor, typed: Mapping[str, str]) -> tuple[Trial, int]:
        params, site_id = _params(typed), await self._rules.site_of(Fields(typed))
        past = await trying.attempt(self._service, actor, "ban", params, site_id)
        now = await trying.attempt(self._service, actor, "ban", params, site_id, "pending")
        return past, len(now.caught)

    async def add(self, request: Request, actor: Actor) -> Response:
        """Make a ban, or count first what it would have caught."""
        form = await self._rules.sent(request)
        if form.get("count"):
            return await self._form(request, actor, form)
        site_id, outcomes = await self._rules.site_of(form), list[Outcome]()
        batch = deciding.batch_of(self._service, actor)  # so that one undo takes all of it back
        try:
            if form.get("apply"):
                need(actor, "decide", site_id)
            given = Given(
                "ban", _params(form), form.get("action", ""), "on", site_id,
                form.get("note", ""), self._rules.end_of(form),
            )  # fmt: skip
            [rule] = await regulating.add(self._service, actor, [given], batch)
        except BadFields as error:
            return await self._form(request, actor, form, error)
        if form.get("apply"):
            _, outcomes = await trying.apply(self._service, actor, rule, batch)
        return self._told(request, rule_words.summary(language_of(request), rule), batch, outcomes)

    def _told(self, request: Request, whom: str, batch: str, outcomes: list[Outcome]) -> Response:
        """Lead to the list, and tell there who is banned and what was decided."""
        say = language_of(request).say
        lines = [(say(Note("Banned: %(whom)s.", whom=whom)), "")]
        done = sum(outcome.result == "done" for outcome in outcomes)
        if done:
            lines.append((say(Note("Decided on %(count)s that were waiting.", count=done)), ""))
        text = notices_of(self._service, request).write(Told(lines, batch))
        return see(f"{PAGE}?notice={text}")


def _params(typed: Mapping[str, str]) -> dict[str, str]:
    return {"by": typed.get("by", ""), "value": typed.get("value", "")}
