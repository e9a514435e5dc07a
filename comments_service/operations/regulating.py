"""How rules and bans are made, changed, put in order, deleted and brought back, each time on record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from comments_service.core.characters import clean_line, forbidden
from comments_service.core.models import Entry
from comments_service.core.permissions import Actor
from comments_service.core.rules import ACTIONS, KINDS, STATES, Rule
from comments_service.core.sentence import Note
from comments_service.errors import (
    BadFields,
    BatchUnknown,
    FieldError,
    NotPermitted,
    RuleChanged,
    RuleUnknown,
)
from comments_service.operations import logbook
from comments_service.operations.permitting import need
from comments_service.service import Service
from comments_service.storage import log, rules
from comments_service.storage.database import Transaction
from comments_service.storage.rules import Record

MOST_RULES, MOST_BANS, NOTE = 300, 5_000, 500
"""Of one site, and beside them of every site; the longest note."""
ACTS = ("rule_add", "rule_change", "rule_delete", "rule_move", "rule_undo")
"""What is on record of rules and bans."""
_CHANGEABLE = ("params", "action", "state", "note", "expires_at")


@dataclass(frozen=True)
class Given:
    """A rule as somebody wants it; `site_id` 0: for every site."""

    kind: str
    params: Mapping[str, Any]
    action: str = "hold"
    state: str = "on"
    site_id: int = 0
    note: str = ""
    expires_at: int | None = None


async def every(service: Service, actor: Actor) -> list[Rule]:
    """Return the rules and bans of the actor's sites and of every site, in order. Raises NotPermitted."""
    if "read" not in actor.may:
        raise NotPermitted
    found = await rules.every(service.database)
    return [rule for rule in found if rule.site_id == 0 or actor.on_site(rule.site_id)]


async def one(service: Service, actor: Actor, rule_id: int) -> Rule:
    """Return a rule or ban, a deleted one too. Raises NotPermitted, RuleUnknown."""
    if "read" not in actor.may:
        raise NotPermitted
    found = await rules.get(service.database, rule_id)
    if found is None or not (found.site_id == 0 or actor.on_site(found.site_id)):
        raise RuleUnknown
    return found


async def records(service: Service, actor: Actor, wanted: Iterable[Rule]) -> dict[int, Record]:
    """Return what became of each rule's hits, on the sites that the actor may see."""
    return {
        rule.rule_id: await rules.record(service.database, rule.rule_id, actor.sites)
        for rule in wanted
    }


def checked(kind: str, params: Mapping[str, Any]) -> str:
    """Return the parameters of a kind as they are stored. Raises BadFields."""
    if kind not in KINDS:
        sentence = Note("Choose one of %(kinds)s.", kinds=", ".join(KINDS))
        raise BadFields(FieldError("kind", "kind_invalid", sentence))
    try:
        found = KINDS[kind].params.model_validate(dict(params))
    except ValidationError as error:
        raise BadFields(*map(_field_error, error.errors())) from None
    return json.dumps(found.model_dump(), ensure_ascii=False)


def _field_error(error: Any) -> FieldError:
    name = str(error["loc"][0]) if error["loc"] else "params"
    return FieldError(name, error["type"], error.get("ctx", {}).get("sentence", error["msg"]))


async def add(
    service: Service, actor: Actor, wanted: Sequence[Given], batch: str = ""
) -> list[Rule]:
    """Make rules behind all others, in one batch. Raises NotPermitted, BadFields."""
    for given in wanted:
        need(actor, "rule", given.site_id)
    made = [_made(service, actor, given) for given in wanted]

    async def store(tx: Transaction) -> list[Rule]:
        await rules.lock(tx)
        known = await rules.every(tx)
        _room(known, made)
        last = max((rule.position for rule in known), default=0)
        placed = [replace(rule, position=last + at + 1) for at, rule in enumerate(made)]
        for rule in placed:
            await rules.save(tx, rule)
        acts = [_act(service, actor, "rule_add", rule, {"state": "deleted"}) for rule in placed]
        name = batch or acts[0].batch
        await logbook.write(tx, service, [replace(act, batch=name) for act in acts])
        return placed

    return await service.database.write(store)


def _made(service: Service, actor: Actor, given: Given) -> Rule:
    if given.kind == "checker" and service.check is None:
        sentence = Note("The operator has to set AKISMET_KEY first.")
        raise BadFields(FieldError("kind", "kind_invalid", sentence))
    rule = Rule(
        rule_id=service.ids(),
        site_id=given.site_id,
        position=0,
        kind=given.kind,
        params=checked(given.kind, given.params),
        action="hold",
        state="on",
        version=1,
        note="",
        expires_at=None,
        created_at=service.clock(),
        created_by=actor.name,
    )
    return _with(service, rule, vars(given) | {"params": None})


def _with(service: Service, rule: Rule, changes: Mapping[str, Any]) -> Rule:
    """Return a rule with some things changed; what is None or missing stays. Raises BadFields."""
    given = {name: changes[name] for name in _CHANGEABLE if changes.get(name) is not None}
    if given.get("action", rule.action) not in ACTIONS:
        raise BadFields(FieldError("action", "action_invalid", Note("Choose what the rule does.")))
    if given.get("state", rule.state) not in STATES:
        raise BadFields(FieldError("state", "state_invalid", Note("Choose on, shadow or off.")))
    if "note" in given:
        given["note"] = _note(given["note"])
    if "params" in given:
        given["params"] = checked(rule.kind, given["params"])
    if "expires_at" in given and given["expires_at"] <= service.clock():
        sentence = Note("Choose a time that is still to come.")
        raise BadFields(FieldError("expires_at", "time_invalid", sentence))
    return replace(rule, **given)


def _note(text: str) -> str:
    if forbidden(text) or len(text) > NOTE:
        sentence = Note("Shorten this to %(limit)s characters.", limit=NOTE)
        raise BadFields(FieldError("note", "too_long", sentence))
    return clean_line(text)


def _room(known: Sequence[Rule], made: Sequence[Rule]) -> None:
    """Refuse more than a site can have, or all sites together: nobody takes the room of another's."""
    for site_id in {rule.site_id for rule in made}:
        there = [rule.kind for rule in (*known, *made) if rule.site_id == site_id]
        bans = there.count("ban")
        if bans > MOST_BANS or len(there) - bans > MOST_RULES:
            sentence = Note("There are as many as there can be. Delete some that nothing needs.")
            raise BadFields(FieldError("kind", "too_many", sentence))


def values_of(rule: Rule) -> dict[str, Any]:
    """Return what can be changed of a rule, as plain values."""
    return {name: getattr(rule, name) for name in _CHANGEABLE} | {"params": rule.chosen}


def _act(
    service: Service, actor: Actor, action: str, rule: Rule, before: Mapping[str, Any]
) -> Entry:
    """Return the record of what was done to a rule: `before` is what an undo puts back."""
    detail = {"rule": str(rule.rule_id), "kind": rule.kind, "rule_version": rule.version}
    return logbook.house_act(
        service, actor.name, action, site_id=rule.site_id, reason=rule.note,
        **detail, before=before, after=values_of(rule),
    )  # fmt: skip


async def change(
    service: Service, actor: Actor, rule_id: int, changes: Mapping[str, Any], version: int | None
) -> Rule:
    """Change a rule that is still as it was seen; what is None stays.

    `forever` takes an end away. Raises NotPermitted, RuleUnknown, RuleChanged, BadFields.
    """
    rule = await one(service, actor, rule_id)
    wanted = replace(rule, expires_at=None) if changes.get("forever") else rule
    state = {"state": "on"} if wanted.state == "deleted" and not changes.get("state") else {}
    return await _changed(
        service, actor, rule, _with(service, wanted, {**changes, **state}), "rule_change", version
    )


async def delete(service: Service, actor: Actor, rule_id: int, version: int | None = None) -> None:
    """Delete a rule, so that it is asked no more. Raises NotPermitted, RuleUnknown, RuleChanged."""
    rule = await one(service, actor, rule_id)
    if rule.state == "deleted":
        raise RuleUnknown
    await _changed(service, actor, rule, replace(rule, state="deleted"), "rule_delete", version)


async def _changed(
    service: Service, actor: Actor, rule: Rule, to: Rule, action: str, version: int | None
) -> Rule:
    need(actor, "rule", rule.site_id)
    seen = rule.version if version is None else version
    changed = replace(to, version=seen + 1)

    async def store(tx: Transaction) -> Rule:
        await rules.lock(tx)
        now = await rules.get(tx, rule.rule_id)
        if now is None or now.version != seen:
            raise RuleChanged
        if replace(changed, version=seen) == now:
            return now
        await rules.save(tx, replace(changed, position=now.position))
        await logbook.write(tx, service, [_act(service, actor, action, changed, values_of(now))])
        return changed

    return await service.database.write(store)


async def move(service: Service, actor: Actor, rule_id: int, steps: int) -> None:
    """Ask a rule earlier (fewer than 0) or later, by steps. Raises NotPermitted, RuleUnknown."""
    rule = await one(service, actor, rule_id)
    need(actor, "rule", rule.site_id)
    if rule.kind == "ban" or rule.state == "deleted":
        raise RuleUnknown

    async def store(tx: Transaction) -> None:
        await rules.lock(tx)
        order = [each for each in await rules.every(tx) if each.kind != "ban"]
        line = [each.rule_id for each in order]
        if rule_id not in line:
            raise RuleUnknown
        place = line.index(rule_id)
        to = min(max(place + steps, 0), len(line) - 1)
        if to == place:
            return
        line.insert(to, line.pop(place))
        for position, each in enumerate(line):
            await rules.put(tx, each, position + 1)
        before = {"steps": place - to}
        await logbook.write(tx, service, [_act(service, actor, "rule_move", rule, before)])

    await service.database.write(store)


async def undo(service: Service, actor: Actor, batch: str) -> list[Rule]:
    """Take back what was done to rules, where nothing was done to them since; an undo can be undone.

    Raises NotPermitted, BatchUnknown, RuleChanged.
    """
    entries = await log.of_batch(service.database, batch, 0, MOST_RULES)
    found = [entry for entry in entries if entry.action in ACTS]
    if not found:
        raise BatchUnknown
    return [await _taken_back(service, actor, json.loads(entry.detail)) for entry in found]


async def _taken_back(service: Service, actor: Actor, detail: Mapping[str, Any]) -> Rule:
    rule, before = await one(service, actor, int(detail["rule"])), detail["before"]
    if "steps" in before:
        await move(service, actor, rule.rule_id, before["steps"])
        return rule
    if rule.version != detail["rule_version"]:
        raise RuleChanged
    values = {name: before[name] for name in _CHANGEABLE if name in before}
    if "params" in values:
        values["params"] = json.dumps(values["params"], ensure_ascii=False)
    return await _changed(service, actor, rule, replace(rule, **values), "rule_undo", None)


async def undoable(service: Service, actor: Actor, acts: Sequence[Entry]) -> set[int]:
    """Return the numbers of those acts on rules that are still the last ones on them."""
    about = sorted((act for act in acts if act.action in ACTS), key=lambda act: -act.seq)
    every = await rules.every(service.database, deleted=True) if about else []
    known = {rule.rule_id: rule for rule in every}
    found, moved = set(), set[int]()
    for act in about:
        detail = json.loads(act.detail)
        rule = known.get(int(detail["rule"]))
        if rule is None or not actor.allowed("rule", rule.site_id):
            continue
        again = act.action == "rule_move" and rule.rule_id in moved
        if rule.version == detail["rule_version"] and not again:
            found.add(act.seq)
        moved |= {rule.rule_id} if act.action == "rule_move" else set()
    return found
