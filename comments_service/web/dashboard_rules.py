"""Rules as pages: the list in its order, and a form in which each is made, tried, changed and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core.draft import comment_number
from comments_service.core.permissions import Actor
from comments_service.core.rules import STATES, Rule, RuleAction
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError, Refused, RuleUnknown
from comments_service.operations import (
    accounts,
    learning,
    logbook,
    maintaining,
    recommending,
    regulating,
    trying,
)
from comments_service.operations.learning import Lessons
from comments_service.operations.regulating import Given
from comments_service.operations.trying import Trial
from comments_service.web import access, rule_words
from comments_service.web.context import Web
from comments_service.web.dashboard_acts import notices_of
from comments_service.web.dashboard_notices import Told
from comments_service.web.dashboard_pages import Fields, Pages, fields_of, language_of, see
from comments_service.web.intake import number

PAGE = "/dashboard/rules"
BANS = 100
"""Bans that the page shows, the newest."""
DAY = 86_400 * 1_000_000


class Rules:
    """The pages and their forms."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def every(self, request: Request, actor: Actor) -> Response:
        """Show the rules in the order in which they are asked, and the newest bans."""
        found = await regulating.every(self._service, actor)
        rules = [rule for rule in found if rule.kind != "ban"]
        bans = [rule for rule in found if rule.kind == "ban"][::-1]
        values = await self.shared(request, actor) | {
            "rules": rules,
            "bans": bans[:BANS],
            "more_bans": max(0, len(bans) - BANS),
            "records": await regulating.records(self._service, actor, [*rules, *bans[:BANS]]),
        }
        return self._pages.show(request, "rules", values, actor=actor)

    async def shared(self, request: Request, actor: Actor) -> dict[str, Any]:
        """Return what the pages of rules and bans share."""
        known = await maintaining.list_sites(self._service)
        query = request.query_params
        return {
            "told": notices_of(self._service, request).read(query.get("notice", "")),
            "sites": {s.site_id: s.slug for s in known if actor.on_site(s.site_id)},
            "everywhere": actor.on_site(0),
            "now": self._service.clock(),
            "may_change": lambda rule: actor.allowed("rule", rule.site_id),
        }

    async def new(self, request: Request, actor: Actor) -> Response:
        """Show the form of a new rule, or the kinds there are."""
        kind = request.query_params.get("kind", "")
        if kind not in rule_words.MADE_BY_HAND:
            values = await self.shared(request, actor)
            return self._pages.show(request, "rule_kinds", values, actor=actor)
        return await self._form(request, actor, kind)

    async def one(self, request: Request, actor: Actor) -> Response:
        """Show one rule with its form, also a ban, also a deleted one."""
        rule = await self._rule(request, actor)
        return await self._form(request, actor, rule.kind, rule)

    async def _rule(self, request: Request, actor: Actor) -> Rule:
        number = comment_number(request.path_params["id"]) or 0
        return await regulating.one(self._service, actor, number)

    async def _form(
        self,
        request: Request,
        actor: Actor,
        kind: str,
        rule: Rule | None = None,
        *,
        typed: Fields | None = None,
        trial: Trial | None = None,
        error: Refused | None = None,
    ) -> Response:
        fields = error.errors if isinstance(error, BadFields) else ()
        values = rule_words.chosen(kind, rule.chosen if rule else None)
        values |= _values_of(rule)
        if typed is not None:
            ticks = [c.name for c in rule_words.CHOICES.get(kind, ()) if c.type == "tick"]
            values |= dict.fromkeys(ticks, "") | dict(typed)
        more: dict[str, Any] = {
            "kind": kind,
            "rule": rule,
            "record": (await regulating.records(self._service, actor, [rule]))[rule.rule_id]
            if rule
            else None,
            "names": await accounts.labels(self._service, {rule.created_by} if rule else set()),
            "choices": rule_words.CHOICES.get(kind, ()),
            "actions": get_args(RuleAction),
            "states": STATES,
            "values": values,
            "trial": trial,
            "lessons": await self._lessons(actor, kind, rule),
            "problems": {each.field: each.message for each in fields},
            "problem": error.sentence if error and not fields else "",
        }
        shared = await self.shared(request, actor)
        return self._pages.show(request, "rule", shared | more, actor=actor, error=error)

    async def _lessons(self, actor: Actor, kind: str, rule: Rule | None) -> Lessons | None:
        """Return what a rule that learns has learned."""
        if kind != "learned":
            return None
        return await learning.lessons(self._service, actor, rule.site_id if rule else 0)

    async def sent(self, request: Request) -> Fields:
        """Return a form of this very session. Raises FormExpired."""
        form = await fields_of(request)
        access.check_form(request, self._service, form.get("csrf", ""))
        return form

    async def add(self, request: Request, actor: Actor) -> Response:
        """Make a rule, or try it first."""
        form, began = await self.sent(request), self._service.clock()
        kind = form.get("kind", "")
        if kind not in rule_words.MADE_BY_HAND:
            raise RuleUnknown
        try:
            site_id = await self.site_of(form)
            if form.get("try"):
                params = params_of(kind, form)
                trial = await trying.attempt(self._service, actor, kind, params, site_id)
                return await self._form(request, actor, kind, typed=form, trial=trial)
            given = Given(
                kind, params_of(kind, form), form.get("action", ""), form.get("state", "on"),
                site_id, form.get("note", ""), self.end_of(form),
            )  # fmt: skip
            await regulating.add(self._service, actor, [given])
        except BadFields as error:
            return await self._form(request, actor, kind, typed=form, error=error)
        return await self._told(request, actor, Note("The rule is made; it is asked last."), began)

    async def _told(self, request: Request, actor: Actor, sentence: Note, began: int) -> Response:
        """Lead to the list, and tell there what was done, with a button that takes it back.

        `began` is when the request was begun with: where nothing was done since, there is no button.
        """
        acts = await logbook.latest(self._service, actor, limit=1)
        done = [act.batch for act in acts if act.action in regulating.ACTS and act.at >= began]
        told = Told([(language_of(request).say(sentence), "")], done[0] if done else "")
        return see(f"{PAGE}?notice={notices_of(self._service, request).write(told)}")

    async def site_of(self, form: Fields) -> int:
        """Return the site that a form names; 0: every site. Raises SiteUnknown."""
        slug = form.get("site", "")
        return (await self._web.sites.get(slug)).site_id if slug else 0

    def end_of(self, form: Fields) -> int | None:
        """Return when something is to end, None: never. Raises BadFields."""
        if not form.get("expires_days"):
            return None
        return self._service.clock() + number(form, "expires_days", 1, 1, 3_650) * DAY

    async def act(self, request: Request, actor: Actor) -> Response:
        """Do what a button of a rule says: try, save, move, delete, bring back."""
        form, rule = await self.sent(request), await self._rule(request, actor)
        act, service, began = form.get("act", ""), self._service, self._service.clock()
        try:
            if act == "try":
                params = rule.chosen if rule.kind == "ban" else params_of(rule.kind, form)
                trial = await trying.attempt(service, actor, rule.kind, params, rule.site_id)
                return await self._form(request, actor, rule.kind, rule, typed=form, trial=trial)
            if act in ("up", "down"):
                await regulating.move(service, actor, rule.rule_id, -1 if act == "up" else 1)
            elif act == "delete":
                await regulating.delete(service, actor, rule.rule_id, _version(form))
            elif act in ("save", "restore"):
                changes = self._changes(rule, form) if act == "save" else {"state": "on"}
                await regulating.change(service, actor, rule.rule_id, changes, _version(form))
            else:
                raise BadFields(
                    FieldError("act", "act_invalid", Note("Choose what is to be done."))
                )
        except Refused as error:
            return await self._form(request, actor, rule.kind, rule, typed=form, error=error)
        return await self._told(request, actor, _SAID[act], began)

    def _changes(self, rule: Rule, form: Fields) -> dict[str, Any]:
        changes: dict[str, Any] = {name: form.get(name) for name in ("action", "state", "note")}
        changes["forever"] = form.get("expires_days") == "never"
        if not changes["forever"]:
            changes["expires_at"] = self.end_of(form)
        if rule.kind != "ban":
            changes["params"] = params_of(rule.kind, form)
        return changes

    async def recommended(self, request: Request, actor: Actor) -> Response:
        """Make the rules that most sites want."""
        form, began = await self.sent(request), self._service.clock()
        site_id = await self.site_of(form)
        await regulating.add(self._service, actor, recommending.rules(site_id))
        said = Note("The rules are made. Change them as you like.")
        return await self._told(request, actor, said, began)


def _version(form: Fields) -> int | None:
    text = form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def params_of(kind: str, form: Fields) -> dict[str, Any]:
    """Return what a form chooses for a kind of rule."""
    choices = rule_words.CHOICES.get(kind, ())
    return {each.name: form.get(each.name, "") for each in choices}


def _values_of(rule: Rule | None) -> Mapping[str, str]:
    if rule is None:
        return {"action": "hold", "state": "on", "note": "", "site": "", "expires_days": ""}
    return {"action": rule.action, "state": rule.state, "note": rule.note, "expires_days": ""}


_SAID = {
    "up": Note("The rule is asked earlier."),
    "down": Note("The rule is asked later."),
    "delete": Note("It is deleted. The log can bring it back."),
    "save": Note("It is changed; it counts at once."),
    "restore": Note("It is back; it counts at once."),
}
