"""Decisions: legal ones, on the version that was seen, each on record."""

from __future__ import annotations

import asyncio

import pytest

from comments_service.core.moderation import STATUSES, TABLE, actions, after
from comments_service.core.permissions import ROLES, Actor
from comments_service.core.policy import Policy
from comments_service.errors import BadFields, NotPermitted
from comments_service.operations import deciding, logbook, maintaining, reading
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, House

OLGA = Actor("moderator:2", "olga@blog.example", ROLES["owner"])


def test_every_status_has_legal_actions_and_each_leads_somewhere() -> None:
    assert set(TABLE) == set(STATUSES)
    for status in STATUSES:
        assert actions(status)
        for action in actions(status):
            assert after(status, action, "approved") in STATUSES
            assert after(status, action, "approved") != status


async def test_a_stale_decision_changes_nothing_and_names_who_was_first(
    strict_house: House,
) -> None:
    comment = (await strict_house.post()).comment
    service = strict_house.service
    _, [done] = await deciding.decide(service, MONA, [Ask(comment.id, 1, "spam")])
    _, [late] = await deciding.decide(service, OLGA, [Ask(comment.id, 1, "approve")])
    assert (done.result, done.status, done.version) == ("done", "spam", 2)
    assert (late.result, late.status, late.by) == ("stale", "spam", MONA.name)
    assert late.at is not None and (await strict_house.comment(comment.id)).status == "spam"


async def test_repeating_ones_own_decision_is_no_conflict(strict_house: House) -> None:
    comment = (await strict_house.post()).comment
    ask = Ask(comment.id, 1, "approve")
    await deciding.decide(strict_house.service, MONA, [ask])
    _, [again] = await deciding.decide(strict_house.service, MONA, [ask])
    assert (again.result, again.status, again.version) == ("unchanged", "approved", 2)
    assert len(await logbook.latest(strict_house.service)) == 1


async def test_what_is_not_legal_is_forbidden_and_what_is_not_there_unknown(house: House) -> None:
    comment = (await house.post()).comment
    asks = [Ask(comment.id, 1, "restore"), Ask(404, 1, "approve"), Ask(comment.id, 1, "approve")]
    _, outcomes = await deciding.decide(house.service, MONA, asks[:2])
    assert [outcome.result for outcome in outcomes] == ["forbidden", "unknown"]
    _, [same] = await deciding.decide(house.service, MONA, asks[2:])
    assert (same.result, same.version) == ("unchanged", 1)


async def test_restore_leads_back_to_where_it_stood(strict_house: House) -> None:
    house = strict_house
    comment = (await house.post()).comment
    for action, status in [
        ("spam", "spam"), ("delete", "deleted"), ("restore", "pending"),
        ("approve", "approved"), ("delete", "deleted"), ("restore", "approved"),
        ("hold", "pending"), ("reject", "rejected"), ("restore", "pending"),
    ]:  # fmt: skip
        version = (await house.comment(comment.id)).version
        ask = Ask(comment.id, version, action)  # type: ignore[arg-type]
        _, [outcome] = await deciding.decide(house.service, MONA, [ask])
        assert (outcome.result, outcome.status) == ("done", status)
    acts = await logbook.latest(house.service)
    assert len(acts) == 9 and acts[0].status_before == "rejected"


async def test_many_moderators_on_one_queue_lose_and_repeat_nothing(strict_house: House) -> None:
    house = strict_house
    posted = [(await house.post(f"words {n}", thread=f"/t/{n % 4}")).comment for n in range(40)]
    people = [Actor(f"moderator:{n}", f"m{n}", ROLES["moderator"]) for n in range(20)]

    async def work(actor: Actor, number: int) -> list[str]:
        action = "approve" if number % 2 else "spam"
        asks = [Ask(comment.id, 1, action) for comment in posted]  # type: ignore[arg-type]
        _, outcomes = await deciding.decide(house.service, actor, asks)
        return [outcome.result for outcome in outcomes]

    results = await asyncio.gather(*(work(actor, n) for n, actor in enumerate(people)))
    for index, comment in enumerate(posted):
        assert [result[index] for result in results].count("done") == 1
        assert (await house.comment(comment.id)).version == 2
    assert len(await logbook.latest(house.service, limit=500)) == 40


async def test_two_decisions_on_one_comment_in_a_batch_are_each_answered(
    strict_house: House,
) -> None:
    comment = (await strict_house.post()).comment
    asks = [Ask(comment.id, 1, "approve"), Ask(comment.id, 1, "spam"), Ask(404, 1, "spam")]
    _, outcomes = await deciding.decide(strict_house.service, MONA, asks)
    assert [outcome.result for outcome in outcomes] == ["done", "stale", "unknown"]


async def test_a_site_has_a_policy_of_its_own_which_only_an_owner_changes(house: House) -> None:
    service, policy = house.service, Policy(moderation="all")
    with pytest.raises(NotPermitted):
        await maintaining.change_policy(service, MONA, house.site, policy)
    house.site = await maintaining.change_policy(service, OLGA, house.site, policy)
    assert (await house.post()).comment.status == "pending"
    assert (await reading.site(service, "blog")).policy == policy
    [act] = await logbook.latest(service)
    assert (act.actor, act.action, act.thread_id) == (OLGA.name, "policy", 0)


async def test_pages_are_new_when_a_site_shows_them_differently(house: House) -> None:
    await house.post(thread="/one")
    before = (await house.page(thread="/one")).thread.freshness
    await maintaining.change_policy(house.service, OLGA, house.site, Policy(avatars="none"))
    assert (await house.page(thread="/one")).thread.freshness > before


async def test_origins_are_replaced_as_a_whole(house: House) -> None:
    wanted = ["https://b.example/", "https://a.example", "https://b.example"]
    site = await maintaining.change_policy(
        house.service, OLGA, house.site, house.site.policy, wanted
    )
    assert site.origins == ("https://a.example", "https://b.example")
    assert (await reading.site(house.service, "blog")).origins == site.origins


@pytest.mark.parametrize(
    "text",
    ["https://a;script-src *", "https://a b", "https://*.example", "https://a'b", "blog", ""],
)
async def test_what_is_no_origin_never_gets_into_a_header(house: House, text: str) -> None:
    with pytest.raises(BadFields):
        await maintaining.change_policy(house.service, OLGA, house.site, house.site.policy, [text])
