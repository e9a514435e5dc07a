"""Figures of a site as its moderators see them, on both engines."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import pytest

from comments_service.core.draft import Report
from comments_service.core.figures import DAY, Ruled, Waiting
from comments_service.core.models import Comment, Visitor
from comments_service.core.permissions import OPERATOR, ROLES, Actor
from comments_service.core.policy import Policy
from comments_service.errors import NotPermitted
from comments_service.operations import deciding, maintaining, measuring, reporting, undoing
from comments_service.operations.deciding import Ask
from comments_service.operations.measuring import Figures
from comments_service.storage.database import Transaction
from tests.conftest import MONA, SECOND, House


async def decide(house: House, comment: Comment, action: str) -> str:
    seen = await house.comment(comment.id)
    ask = Ask(comment.id, seen.version, action)  # type: ignore[arg-type]
    batch, [outcome] = await deciding.decide(house.service, MONA, [ask])
    assert outcome.result == "done"
    return batch


async def figures(house: House, days: int = 7) -> Figures:
    return await measuring.figures_of(house.service, MONA, house.site, days)


async def test_mona_sees_how_long_comments_waited_and_what_came_of_them(
    strict_house: House,
) -> None:
    house = strict_house
    house.clock.now -= house.clock.now % DAY  # midnight
    alice, bob = [(await house.post("words", name=name)).comment for name in ("alice", "bob")]
    house.clock.advance(600)
    await decide(house, alice, "approve")
    house.clock.advance(86_400)
    carol = (await house.post("words", name="carol")).comment
    house.clock.advance(10)
    spam = await decide(house, carol, "spam")
    await undoing.undo(house.service, MONA, spam)
    house.clock.advance(10)
    await decide(house, carol, "approve")
    found = await figures(house)
    assert found.whole
    *_, before, today = found.columns
    assert [column.comments for column in found.columns] == [0, 0, 0, 0, 0, 2, 1]
    assert (before.acts, today.acts) == ({"approve": 1}, {"spam": 1, "undo": 1, "approve": 1})
    assert before.waiting.p50 is not None
    assert before.waiting.p50 // SECOND == 600
    # An undo begins no new wait.
    assert today.waiting == Waiting(2, 10 * SECOND, 20 * SECOND)
    assert found.ruled == [Ruled("mode", 3, 1.0, 2, 2)]
    assert bob.status == "pending"


async def test_what_readers_hold_waits_from_then_on(house: House) -> None:
    await maintaining.change_policy(house.service, OPERATOR, house.site, Policy(report_threshold=1))
    site = replace(house.site, policy=Policy(report_threshold=1))
    comment = (await house.post("words")).comment
    house.clock.advance(DAY / SECOND)
    given = Report(reason="spam", note="")
    await reporting.report(house.service, site, comment.id, given, Visitor("192.0.2.9"))
    house.clock.advance(60)
    await decide(house, comment, "reject")
    found = await figures(house)
    assert found.waiting == Waiting(1, 60 * SECOND, 60 * SECOND)
    assert found.ruled == [Ruled("reports", 1, 1.0, 1, 0)]


async def test_a_rule_shows_how_often_it_spoke_on_this_site(house: House) -> None:
    comment = (await house.post("words")).comment
    other = await maintaining.add_site(house.service, "other", [])

    async def store(tx: Transaction) -> None:
        for rule, site in ((12, 0), (13, other.site_id)):
            await tx.fetch(
                """INSERT INTO rules (rule_id, site_id, position, kind, action, state, note, created_at,
                       created_by) VALUES (:rule, :site, 1, 'words', 'hold', 'on', 'watches', 0, 'operator')""",
                {"rule": rule, "site": site},
            )
        for version, shadow in ((1, 0), (2, 1), (3, 1)):
            await tx.fetch(
                """INSERT INTO hits (thread_id, comment_id, rule_id, rule_version, comment_version,
                       site_id, action, shadow, at)
                   VALUES (:thread, :id, 12, 1, :version, :site, 'hold', :shadow, :at)""",
                {
                    "thread": comment.thread_id,
                    "id": comment.id,
                    "version": version,
                    "site": comment.site_id,
                    "shadow": shadow,
                    "at": house.clock.now,
                },
            )

    await house.service.database.write(store)
    assert (await figures(house)).rules == [measuring.Rule(12, "words", "hold", "watches", 1, 2)]
    assert (await measuring.figures_of(house.service, MONA, other, 7)).rules == []


async def test_of_many_comments_the_newest_are_looked_at(strict_house: House) -> None:
    for number in range(4):
        comment = (await strict_house.post(f"words {number}")).comment
        strict_house.clock.advance(1)
        await decide(strict_house, comment, "approve")
    with mock.patch.object(measuring, "MOST", 3):
        found = await figures(strict_house)
    assert not found.whole
    assert found.waiting.count == 3
    assert sum(column.acts["approve"] for column in found.columns) == 4
    # Shares are of the time that is looked at.
    assert found.ruled == [Ruled("mode", 3, 1.0, 3, 3)]


async def test_nobody_sees_the_figures_of_another_site(house: House) -> None:
    elsewhere = Actor("moderator:2", "elsewhere", ROLES["moderator"], frozenset({1}))
    with pytest.raises(NotPermitted):
        await measuring.figures_of(house.service, elsewhere, house.site, 7)
