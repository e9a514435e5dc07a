"""One vote for each reader: given once however often, taken back, counted again, never a change of the feeds."""

from __future__ import annotations

import asyncio

import pytest

from comments_service.core.models import Visitor
from comments_service.core.permissions import ROLES, Actor
from comments_service.core.policy import Policy
from comments_service.errors import CommentUnknown, VoteOwn, VotesOff
from comments_service.operations import deciding, maintaining, reading, voting
from comments_service.operations.deciding import Ask
from comments_service.storage.database import Transaction
from tests.conftest import MONA, House

OLGA = Actor("moderator:2", "olga@blog.example", ROLES["owner"])


async def vote(house: House, comment_id: int, who: str, *, wanted: bool = True) -> int:
    return await voting.vote(house.service, house.site, comment_id, who, wanted=wanted)


async def test_a_reader_has_one_vote_however_often_they_press(house: House) -> None:
    comment = (await house.post()).comment
    presses = [vote(house, comment.id, f"reader {n % 10}") for n in range(50)]
    await asyncio.gather(*presses)
    assert (await house.comment(comment.id)).votes == 10
    await asyncio.gather(*(vote(house, comment.id, "reader 3", wanted=False) for _ in range(5)))
    assert await vote(house, comment.id, "reader 4") == 9


async def test_votes_freshen_the_page_and_change_nothing_for_pollers(house: House) -> None:
    comment = (await house.post()).comment
    before = await reading.site_change(house.service, house.site.site_id)
    fresh = (await house.page()).thread.freshness
    await vote(house, comment.id, "bob")
    await vote(house, comment.id, "bob")
    assert (await house.page()).thread.freshness == fresh + 1
    await vote(house, comment.id, "bob", wanted=False)
    assert (await house.page()).thread.freshness == fresh + 2
    assert await reading.site_change(house.service, house.site.site_id) == before


async def test_a_new_policy_makes_every_page_new(house: House) -> None:
    for key in ("/post", "/other"):
        await house.post(thread=key)
    before = [(await house.page(thread=key)).thread.freshness for key in ("/post", "/other")]
    told: list[int] = []
    house.service.news.listen(lambda _, thread_id: told.append(thread_id))
    await maintaining.change_policy(house.service, OLGA, house.site, Policy(avatars="none"))
    pages = [await house.page(thread=key) for key in ("/post", "/other")]
    assert all(page.thread.freshness > old for page, old in zip(pages, before, strict=True))
    assert sorted(told) == sorted([0, *(page.thread.thread_id for page in pages)])  # 0: the site


async def test_nobody_votes_on_what_is_proven_to_be_theirs(house: House) -> None:
    comment = (await house.post()).comment
    with pytest.raises(VoteOwn):
        await voting.vote(
            house.service, house.site, comment.id, "alice", wanted=True, own={comment.id}
        )
    assert (await house.comment(comment.id)).votes == 0


async def test_hidden_comments_and_sites_without_votes_take_none(house: House) -> None:
    comment = (await house.post()).comment
    await deciding.decide(house.service, MONA, [Ask(comment.id, 1, "hold")])
    for number in (comment.id, 404):
        with pytest.raises(CommentUnknown):
            await vote(house, number, "bob")
    await deciding.decide(house.service, MONA, [Ask(comment.id, 2, "approve")])
    policy = Policy(votes=False)
    house.site = await maintaining.change_policy(house.service, OLGA, house.site, policy)
    with pytest.raises(VotesOff):
        await vote(house, comment.id, "bob")


async def test_wrong_figures_are_counted_again(house: House) -> None:
    one, two = [(await house.post(f"words {n}")).comment for n in range(2)]
    await vote(house, one.id, "bob")

    async def spoil(tx: Transaction) -> None:
        await tx.fetch("UPDATE comments SET votes = votes + 7")

    await house.service.database.write(spoil)
    assert await voting.recount(house.service) == 2
    assert [(await house.comment(c.id)).votes for c in (one, two)] == [1, 0]
    assert await voting.recount(house.service) == 0


def test_a_voter_is_a_key_or_else_a_network_and_browser(strict_house: House) -> None:
    service = strict_house.service
    here, there = Visitor("2001:db8::1", "x"), Visitor("2001:db8::2", "x")
    assert voting.voter(service, here, "") == voting.voter(service, there, "")
    assert voting.voter(service, here, "") != voting.voter(service, Visitor("2001:db8::1", "y"), "")
    assert voting.voter(service, here, "k") == voting.voter(service, Visitor(), "k")
