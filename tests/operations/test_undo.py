"""Decisions are taken back whole, made once for each key, and made on all that match a filter."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comments_service.core.filters import Filter
from comments_service.core.models import Comment, Visitor
from comments_service.core.moderation import STATUSES, Action, actions
from comments_service.core.permissions import ROLES, Actor
from comments_service.errors import BatchUnknown, NotPermitted
from comments_service.operations import commenting, deciding, logbook, moderating, undoing
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, House

WAYS: dict[str, list[Action]] = {
    "pending": [],
    "approved": ["approve"],
    "spam": ["spam"],
    "rejected": ["reject"],
    "deleted": ["spam", "delete"],
}
OLGA = Actor("moderator:2", "olga@blog.example", ROLES["owner"])


async def decide(house: House, comment: Comment, action: Action, actor: Actor = MONA) -> str:
    now = await house.comment(comment.id)
    batch, [outcome] = await deciding.decide(
        house.service, actor, [Ask(comment.id, now.version, action)]
    )
    assert outcome.result == "done"
    return batch


async def test_every_decision_can_be_taken_back(strict_house: House) -> None:
    house = strict_house
    for start in STATUSES:
        for action in actions(start):
            comment = (await house.post(f"{start} {action}")).comment
            for step in WAYS[start]:
                await decide(house, comment, step)
            before = await house.comment(comment.id)
            batch = await decide(house, comment, action)
            _, [outcome] = await undoing.undo(house.service, OLGA, batch)
            after = await house.comment(comment.id)
            assert (outcome.result, after.status) == ("done", start), (start, action)
            assert after.version == before.version + 2
            shown = sum(c.comment.visible for c in (await house.page(1)).roots)
            assert (await house.page(1)).thread.count == shown


async def test_an_undo_is_on_record_and_can_be_undone(strict_house: House) -> None:
    comment = (await strict_house.post()).comment
    service = strict_house.service
    batch = await decide(strict_house, comment, "approve")
    undone, _ = await undoing.undo(service, OLGA, batch)
    assert (await strict_house.comment(comment.id)).status == "pending"
    _, [again] = await undoing.undo(service, OLGA, batch)
    assert again.result == "unchanged"
    await undoing.undo(service, MONA, undone)
    assert (await strict_house.comment(comment.id)).status == "approved"
    acts = await logbook.latest(service)
    assert [(act.actor, act.action) for act in acts] == [
        (MONA.name, "undo"), (OLGA.name, "undo"), (MONA.name, "approve"),
    ]  # fmt: skip


async def test_what_somebody_touched_since_is_not_taken_back(strict_house: House) -> None:
    service = strict_house.service
    one, two = [(await strict_house.post(f"words {n}")).comment for n in range(2)]
    asks = [Ask(one.id, 1, "spam"), Ask(two.id, 1, "spam")]
    batch, _ = await deciding.decide(service, MONA, asks)
    await decide(strict_house, two, "approve", OLGA)
    _, outcomes = await undoing.undo(service, MONA, batch)
    assert [(o.result, o.status, o.by) for o in outcomes] == [
        ("done", "pending", None), ("stale", "approved", OLGA.name),
    ]  # fmt: skip
    with pytest.raises(BatchUnknown):
        await undoing.undo(service, MONA, "nobody's")


async def test_the_same_key_is_answered_as_the_first_time(strict_house: House) -> None:
    service = strict_house.service
    comment = (await strict_house.post()).comment
    batch = deciding.batch_of(service, MONA, "press 1")
    ask = Ask(comment.id, 1, "approve")
    first = await deciding.decide(service, MONA, [ask], batch)
    await decide(strict_house, comment, "spam", OLGA)
    assert await deciding.decide(service, MONA, [ask], batch) == first
    assert deciding.batch_of(service, OLGA, "press 1") != batch
    assert (await strict_house.comment(comment.id)).status == "spam"


async def test_all_that_match_are_decided_on_in_pieces_and_nothing_that_came_later(
    strict_house: House,
) -> None:
    service, number = strict_house.service, deciding.PIECE + 20
    for n in range(number):
        await strict_house.post(f"cheap watches {n}", name="mallory", thread=f"/t/{n % 3}")
    alices = (await strict_house.post("a proof", name="alice")).comment
    wanted = deciding.frozen(Filter(text="WATCHES", sites=MONA.sites), service.clock())
    assert await deciding.count(service, wanted) == number
    strict_house.clock.advance(1)
    late = (await strict_house.post("more watches", name="mallory")).comment
    batch = deciding.batch_of(service, MONA)
    first = await deciding.decide_all(service, MONA, wanted, ("spam", "watches"), batch)
    assert first.following and len(first.outcomes) == deciding.PIECE
    second = await deciding.decide_all(
        service, MONA, wanted, ("spam", "watches"), batch, first.following
    )
    assert second.following is None and len(second.outcomes) == 20
    counts = await moderating.counts(service, MONA)
    assert (counts["spam"], counts["pending"]) == (number, 2)
    for other in (alices, late):
        assert (await strict_house.comment(other.id)).status == "pending"
    _, outcomes = await undoing.undo(service, MONA, batch)
    assert [o.result for o in outcomes] == ["done"] * number
    assert (await moderating.counts(service, MONA))["pending"] == number + 2


async def test_an_edit_asks_for_a_second_look_until_somebody_answers(house: House) -> None:
    posted = await house.post("It is 2.")
    visitor = Visitor("192.0.2.1", "tests", frozenset({posted.comment.id}))
    await commenting.edit_comment(house.service, house.site, posted.comment.id, "It is 3.", visitor)
    edited = await house.comment(posted.comment.id)
    assert (edited.status, edited.edits, edited.version) == ("approved", 1, 2)
    [item] = await moderating.items(house.service, MONA, Filter("edited"))
    [before] = await moderating.former_texts(house.service, item.comment)
    assert (before.body, before.actor) == ("It is 2.", "author")
    batch = await decide(house, edited, "approve")
    assert await moderating.items(house.service, MONA, Filter("edited")) == []
    await undoing.undo(house.service, MONA, batch)
    assert (await house.comment(edited.id)).edits == 1


async def test_moderators_see_and_decide_only_on_their_sites(strict_house: House) -> None:
    service = strict_house.service
    comment = (await strict_house.post()).comment
    elsewhere = replace(MONA, sites=frozenset({comment.site_id + 1}))
    reader = replace(MONA, may=ROLES["reader"])
    assert await moderating.items(service, elsewhere, Filter()) == []
    assert await moderating.item(service, elsewhere, comment.id) == []
    assert (await moderating.counts(service, elsewhere))["pending"] == 0
    for actor in (elsewhere, reader):
        _, [outcome] = await deciding.decide(service, actor, [Ask(comment.id, 1, "approve")])
        assert (outcome.result, outcome.status) == ("forbidden", None)
    with pytest.raises(NotPermitted):
        await moderating.items(service, elsewhere, Filter(site_id=comment.site_id))
    batch = await decide(strict_house, comment, "approve")
    _, [outcome] = await undoing.undo(service, reader, batch)
    assert outcome.result == "forbidden"


async def test_fifty_moderators_on_one_queue_lose_double_and_overwrite_nothing(
    strict_house: House,
) -> None:
    """Each decides and undoes at random on what they see; the log tells each comment's whole way."""
    house, service = strict_house, strict_house.service
    posted = [(await house.post(f"words {n}", thread=f"/t/{n % 4}")).comment for n in range(20)]

    async def work(number: int) -> int:
        dice, actor = random.Random(number), Actor(f"moderator:{number}", "m", ROLES["moderator"])
        done = 0
        for _ in range(4):
            seen = await house.comment(dice.choice(posted).id)
            action = dice.choice(actions(seen.status))
            batch, [outcome] = await deciding.decide(
                service, actor, [Ask(seen.id, seen.version, action)]
            )
            done += outcome.result == "done"
            if outcome.result == "done" and dice.random() < 0.3:
                _, [undone] = await undoing.undo(service, actor, batch)
                done += undone.result == "done"
        return done

    told = sum(await asyncio.gather(*(work(number) for number in range(50))))
    acts = (await logbook.latest(service, limit=1_000))[::-1]
    assert len(acts) == told
    for comment in posted:
        mine = [act for act in acts if act.comment_id == comment.id]
        assert [act.version for act in mine] == list(range(1, len(mine) + 1))
        way = ["pending", *(act.status_after for act in mine)]
        assert [act.status_before for act in mine] == way[:-1]
        now = await house.comment(comment.id)
        assert (now.status, now.version) == (way[-1], len(mine) + 1)
    assert (await logbook.verify(service)).wrong is None


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=5))
async def test_undoing_backwards_leads_back_to_the_beginning(
    strict_house: House, choices: list[int]
) -> None:
    comment = (await strict_house.post(f"words {strict_house.clock.now}")).comment
    batches = []
    for choice in choices:
        now = await strict_house.comment(comment.id)
        legal = actions(now.status)
        batches.append(await decide(strict_house, comment, legal[choice % len(legal)]))
    for batch in reversed(batches):
        _, [outcome] = await undoing.undo(strict_house.service, MONA, batch)
        assert outcome.result == "done"
    assert (await strict_house.comment(comment.id)).status == "pending"
    assert (await strict_house.page(1)).thread.count == 0
