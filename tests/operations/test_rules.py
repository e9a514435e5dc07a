"""Rules act on what is posted and edited, are counted, tried, changed on record and taken back."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from comments_service.core.draft import Draft
from comments_service.core.filters import Filter
from comments_service.core.kinds import words
from comments_service.core.models import Comment, Visitor
from comments_service.core.permissions import OPERATOR, ROLES, Actor
from comments_service.core.rules import Rule
from comments_service.errors import (
    BadFields,
    Banned,
    BatchUnknown,
    NotPermitted,
    RefusedByRule,
    RuleChanged,
    RuleUnknown,
)
from comments_service.operations import (
    accounts,
    commenting,
    deciding,
    logbook,
    maintaining,
    moderating,
    reading,
    regulating,
    trying,
    undoing,
)
from comments_service.operations.deciding import Ask
from comments_service.operations.regulating import Given
from comments_service.storage import rules
from comments_service.storage.rules import Record
from tests.conftest import MONA, House

OLGA = OPERATOR
CASINO = {"words": ["casino"]}
PROOF = (
    "I wonder whether the second step of the proof of Lemma 3 is right, because the function need "
    "not be continuous at zero."
)


async def make(house: House, kind: str, params: dict[str, Any], **more: Any) -> Rule:
    [rule] = await regulating.add(house.service, OLGA, [Given(kind, params, **more)])
    return rule


async def test_a_site_that_has_as_many_rules_as_can_be_takes_no_room_of_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regulating, "MOST_RULES", 2)
    monkeypatch.setattr(regulating, "MOST_BANS", 1)
    number = house.site.site_id
    other = (await maintaining.add_site(house.service, "other", [])).site_id
    ban = {"by": "name", "value": "mallory"}
    for kind, params, most in (("words", CASINO, 2), ("ban", ban, 1)):
        for _ in range(most):
            await make(house, kind, params, site_id=number)
        with pytest.raises(BadFields):
            await make(house, kind, params, site_id=number)
        for elsewhere in (other, 0):
            await make(house, kind, params, site_id=elsewhere)


async def test_others_are_answered_while_a_pattern_is_matched(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, answered = threading.Event(), threading.Event()

    def find(_: str) -> list[tuple[int, int]]:
        begun.set()
        assert answered.wait(10)
        return []

    await house.post("one before")
    monkeypatch.setitem(words._WAYS, "pattern", lambda _: find)
    params = {"words": ["a+"], "how": "pattern"}
    await make(house, "words", params)
    for work in (house.post("words"), trying.attempt(house.service, MONA, "words", params)):
        begun.clear()
        answered.clear()
        task = asyncio.ensure_future(work)
        assert await asyncio.to_thread(begun.wait, 10)
        answered.set()
        await task


async def decide(house: House, comment: Comment, action: Any) -> None:
    now = await house.comment(comment.id)
    [outcome] = (await deciding.decide(house.service, MONA, [Ask(now.id, now.version, action)]))[1]
    assert outcome.result == "done"


async def record(house: House, rule: Rule) -> Record:
    return (await regulating.records(house.service, OLGA, [rule]))[rule.rule_id]


async def test_the_first_rule_that_speaks_decides_and_its_reason_is_kept(house: House) -> None:
    shadow = await make(house, "links", {"most": 0}, action="spam", state="shadow")
    held = await make(house, "words", CASINO, action="hold")
    await make(house, "words", CASINO, action="spam")
    fine = (await house.post("Nice proof.")).comment
    assert (fine.status, fine.reasons) == ("approved", "[]")
    waiting = (await house.post("A casino: https://casino.example")).comment
    assert waiting.status == "pending"
    [reason] = json.loads(waiting.reasons)
    assert (reason["rule"], reason["version"]) == (str(held.rule_id), 1)
    assert [waiting.body[start:end] for start, end in reason["spans"]] == ["casino", "casino"]
    found = await rules.of_comment(house.service.database, waiting)
    assert set(found) == {(shadow.rule_id, "spam", True), (held.rule_id, "hold", False)}
    assert (await record(house, shadow)).shadow == 1


async def test_what_is_spam_waits_for_its_author_and_nobody_else_sees_it(house: House) -> None:
    await make(house, "words", CASINO, action="spam")
    posted = await house.post("casino")
    assert posted.comment.status == "spam"
    thread = await reading.thread(house.service, house.site, "/post")
    page = await reading.page(house.service, thread, 1, frozenset({posted.comment.id}))
    assert [node.comment.id for node in page.roots] == [posted.comment.id]
    assert (await house.page()).roots == []


async def test_a_rejected_comment_is_stored_nowhere_and_counted_once(house: House) -> None:
    rule = await make(house, "words", CASINO, action="reject")
    for _ in range(2):
        with pytest.raises(RefusedByRule, match="words that a rule"):
            await house.post("casino", key="one")
    assert await moderating.items(house.service, MONA, Filter("all")) == []
    assert (await record(house, rule)).hits == 2
    again = await house.post("Nice proof.", key="one")
    await make(house, "words", {"words": ["proof"]}, action="reject")
    same = await house.post("Nice proof.", key="one")
    assert (same.replayed, same.comment.id) == (True, again.comment.id)


async def test_bans_come_first_and_end(house: House) -> None:
    await make(house, "proven", {}, action="publish")
    until = house.clock.now + 60_000_000
    await make(
        house, "ban", {"by": "network", "value": "192.0.2.0/24"}, action="reject", expires_at=until
    )
    with pytest.raises(Banned):
        await house.post(address="192.0.2.9")
    assert (await house.post(address="198.51.100.1")).comment.visible
    house.clock.advance(61)
    assert (await house.post("Now?", address="192.0.2.9")).comment.visible


async def test_what_is_looked_up_is_what_happened(house: House) -> None:
    await make(house, "often", {"most": 2, "minutes": 10}, action="hold")
    statuses = [(await house.post(f"Number {n}")).comment.status for n in range(3)]
    assert statuses == ["approved", "approved", "pending"]
    assert (await house.post("Me", address="198.51.100.7")).comment.visible
    house.clock.advance(700)
    await make(house, "alike", {"distance": 8}, action="hold")
    assert (await house.post(PROOF)).comment.visible
    assert not (await house.post(PROOF + " Really!", name="bob", thread="/other")).comment.visible
    await accounts.add(house.service, "mona@blog.example", "correct horse battery")
    await make(house, "names", {"moderators": True}, action="hold")
    assert not (await house.post("I am she.", name="МОNА", address="203.0.113.1")).comment.visible
    await make(house, "age", {"days": 30}, action="reject")
    house.clock.advance(31 * 86_400)
    with pytest.raises(RefusedByRule, match="older"):
        await house.post("Late.")
    assert (await house.post("New page.", thread="/new")).comment.visible


async def test_a_field_that_nobody_sees_and_a_pace_that_nobody_has(house: House) -> None:
    await make(house, "trap", {}, action="spam")
    await make(house, "fast", {"seconds": 3}, action="hold")
    said = {"thread": "/post", "name": "bot"}
    sent = [
        Draft.model_validate(said | more)
        for more in (
            {"body": "One", "subject": "Cheap"},
            {"body": "Two", "elapsed": 900},
            {"body": "Three", "elapsed": "nonsense", "subject": ""},
            {"body": "Four", "elapsed": "5000"},
        )
    ]
    posted = [
        await commenting.post_comment(house.service, house.site, draft, Visitor("192.0.2.1"))
        for draft in sent
    ]
    assert [each.comment.status for each in posted] == ["spam", "pending", "approved", "approved"]


async def test_an_edit_goes_through_the_rules_again(house: House) -> None:
    await make(house, "often", {"most": 1, "minutes": 10}, action="reject")
    own = (await house.post("Nice proof.")).comment
    spam = await make(house, "words", CASINO, action="spam")
    visitor = Visitor("192.0.2.1", "tests", frozenset({own.id}))

    async def edit(body: str) -> Comment:
        return (await commenting.edit_comment(house.service, house.site, own.id, body, visitor))[1]

    assert (await edit("Nicer proof.")).visible, "an edit is nothing that was sent too often"
    held = await edit("A casino.")
    assert (held.status, json.loads(held.reasons)[0]["rule"]) == ("pending", str(spam.rule_id))
    await make(house, "words", {"words": ["roulette"]}, action="reject")
    with pytest.raises(RefusedByRule):
        await edit("Roulette!")
    assert (await house.comment(own.id)).body == "A casino."


async def test_a_rule_shows_how_often_moderators_decided_otherwise(house: House) -> None:
    rule = await make(house, "words", CASINO, action="hold")
    said = [(await house.post(f"casino {n}")).comment for n in range(4)]
    for comment, action in zip(said, ["approve", "spam", "approve"], strict=False):
        await decide(house, comment, action)
    assert await record(house, rule) == Record(4, 0, 3, 2)
    [act] = await logbook.latest(house.service, MONA, limit=1)
    await undoing.undo(house.service, MONA, act.batch)
    assert await record(house, rule) == Record(4, 0, 2, 1)
    elsewhere = Actor("moderator:9", "x", ROLES["moderator"], frozenset({5}))
    found = await regulating.records(house.service, elsewhere, [rule])
    assert found[rule.rule_id].hits == 0


async def test_every_change_of_a_rule_is_on_record_and_can_be_taken_back(house: House) -> None:
    service = house.service
    rule = await make(house, "words", CASINO, action="reject", note="gambling")
    changed = await regulating.change(
        service, MONA, rule.rule_id, {"params": {"words": ["poker"]}, "action": "hold"}, 1
    )
    assert (changed.version, changed.chosen["words"], changed.note) == (2, ["poker"], "gambling")
    with pytest.raises(RuleChanged):
        await regulating.change(service, MONA, rule.rule_id, {"action": "spam"}, 1)
    assert (await house.post("casino")).comment.visible
    await regulating.delete(service, MONA, rule.rule_id)
    assert (await house.post("poker")).comment.visible
    assert await regulating.every(service, MONA) == []

    acts = await logbook.latest(service, limit=3)
    assert [act.action for act in acts] == ["rule_delete", "rule_change", "rule_add"]
    with pytest.raises(RuleChanged):
        await regulating.undo(service, MONA, acts[1].batch)
    [back] = await regulating.undo(service, MONA, acts[0].batch)
    assert (back.state, back.version, back.chosen["words"]) == ("on", 4, ["poker"])
    [undone] = await logbook.latest(service, limit=1)
    assert undone.action == "rule_undo"
    with pytest.raises(BatchUnknown):
        await regulating.undo(service, MONA, "nonsense")
    assert (await logbook.verify(service)).wrong is None


async def test_of_many_changes_at_once_one_is_made(house: House) -> None:
    rule = await make(house, "words", CASINO)
    changes = (
        regulating.change(house.service, MONA, rule.rule_id, {"note": f"mine {number}"}, 1)
        for number in range(8)
    )
    found = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(each) for each in found if not isinstance(each, Rule)] == [RuleChanged] * 7
    now = await regulating.one(house.service, MONA, rule.rule_id)
    assert [each for each in found if isinstance(each, Rule)] == [now]
    assert (await logbook.verify(house.service)).rows == 2


async def test_rules_are_put_in_order_and_moved_back(house: House) -> None:
    first, second, third = [
        await make(house, "words", {"words": [word]}) for word in ("a", "b", "c")
    ]
    ban = await make(house, "ban", {"by": "name", "value": "mallory"})
    await regulating.move(house.service, MONA, third.rule_id, -2)
    await regulating.move(house.service, MONA, first.rule_id, 9)

    async def order() -> list[int]:
        return [rule.rule_id for rule in await regulating.every(house.service, MONA)]

    assert await order() == [each.rule_id for each in (ban, third, second, first)]
    for act in await logbook.latest(house.service, MONA, limit=2):
        await regulating.undo(house.service, MONA, act.batch)
    assert await order() == [each.rule_id for each in (ban, first, second, third)]


async def test_who_has_only_some_sites_rules_only_there(house: House) -> None:
    here = replace(MONA, sites=frozenset({house.site.site_id}))
    [own] = await regulating.add(
        house.service, here, [Given("words", CASINO, site_id=house.site.site_id)]
    )
    everywhere = await make(house, "words", CASINO)
    elsewhere = await make(house, "words", CASINO, site_id=77)
    assert await regulating.every(house.service, here) == [own, everywhere]
    with pytest.raises(NotPermitted):
        await regulating.add(house.service, here, [Given("words", CASINO)])
    with pytest.raises(NotPermitted):
        await regulating.delete(house.service, here, everywhere.rule_id)
    with pytest.raises(RuleUnknown):
        await regulating.one(house.service, here, elsewhere.rule_id)
    reader = replace(here, may=ROLES["reader"])
    with pytest.raises(NotPermitted):
        await regulating.change(house.service, reader, own.rule_id, {"state": "off"}, 1)
    assert (await house.post("casino")).comment.status == "pending"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (Given("nonsense", {}), "kind"),
        (Given("words", {"words": []}), "words"),
        (Given("words", CASINO, action="burn"), "action"),
        (Given("words", CASINO, state="deleted"), "state"),
        (Given("words", CASINO, note="x" * 501), "note"),
        (Given("words", CASINO, expires_at=5), "expires_at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_rule_that_means_nothing_names_its_field(
    house: House, given: Given, field: str
) -> None:
    with pytest.raises(BadFields) as caught:
        await regulating.add(house.service, OLGA, [given])
    assert [each.field for each in caught.value.errors] == [field]
    assert await regulating.every(house.service, OLGA) == []


async def test_a_rule_is_tried_on_past_comments_without_a_trace(house: House) -> None:
    for body in ("casino one", "Nice proof.", "casino two"):
        await house.post(body)
    bob = (await house.post("casino three", name="bob", address="198.51.100.2")).comment
    await decide(house, bob, "spam")
    seq = (await logbook.latest(house.service, limit=1))[0].seq
    trial = await trying.attempt(house.service, MONA, "words", CASINO)
    assert (trial.looked, trial.whole, trial.counts) == (4, True, {"approved": 2, "spam": 1})
    assert [each.comment.body for each in trial.sample] == [
        "casino three",
        "casino two",
        "casino one",
    ]
    assert trial.sample[0].matches[0].spans == ((0, 6),)
    often = await trying.attempt(house.service, MONA, "often", {"most": 2, "minutes": 5})
    assert [each.comment.body for each in often.caught] == ["casino two"]
    assert not (await trying.attempt(house.service, MONA, "trap", {})).possible
    assert (await trying.attempt(house.service, MONA, "words", CASINO, 77)).looked == 0
    with pytest.raises(BadFields):
        await trying.attempt(house.service, MONA, "words", {"words": ["(a"], "how": "pattern"})
    assert (await logbook.latest(house.service, limit=1))[0].seq == seq


async def test_a_ban_is_applied_to_what_waits_in_one_batch(strict_house: House) -> None:
    house = strict_house
    for body in ("One", "Two"):
        await house.post(body, name="mallory")
    alice = (await house.post("Three")).comment
    ban = await make(house, "ban", {"by": "name", "value": "Mallory"}, action="reject", note="no")
    batch, outcomes = await trying.apply(house.service, MONA, ban)
    assert [outcome.status for outcome in outcomes] == ["rejected", "rejected"]
    assert (await house.comment(alice.id)).status == "pending"
    await undoing.undo(house.service, MONA, batch)
    counts = await moderating.counts(house.service, MONA)
    assert (counts["pending"], counts["rejected"]) == (3, 0)
