"""Readers report a comment once each; enough reports hold it, and a moderator's answer closes them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from comments_service.core.draft import Report
from comments_service.core.filters import Filter
from comments_service.core.models import Comment, Visitor
from comments_service.core.policy import Policy
from comments_service.errors import CommentUnknown
from comments_service.operations import (
    deciding,
    judging,
    logbook,
    moderating,
    reading,
    reporting,
    undoing,
)
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, House

SPAM = Report(reason="spam", note="buys nothing")


async def report(house: House, comment: Comment, reader: int, given: Report = SPAM) -> None:
    visitor = Visitor(f"198.51.100.{reader}", "tests")
    await reporting.report(house.service, house.site, comment.id, given, visitor)


async def test_each_network_reports_once_and_moderators_see_why(house: House) -> None:
    comment = (await house.post()).comment
    await asyncio.gather(*(report(house, comment, reader) for reader in (1, 2, 1, 1, 2)))
    now = await house.comment(comment.id)
    assert (now.status, now.reports, now.version) == ("approved", 2, 3)
    [item] = await moderating.items(house.service, MONA, Filter("reported"))
    assert item.comment.id == comment.id
    found = await judging.dossier(house.service, MONA, comment.id)
    assert (
        found
        and [(one.reason, one.note) for one in found.reports] == [("spam", "buys nothing")] * 2
    )


async def test_a_decision_on_what_was_reported_since_is_stale(house: House) -> None:
    comment = (await house.post()).comment
    await report(house, comment, 1)
    _, [late] = await deciding.decide(house.service, MONA, [Ask(comment.id, 1, "spam")])
    assert (late.result, late.by) == ("stale", None)


async def test_to_keep_it_answers_the_reports_until_they_are_made_anew(house: House) -> None:
    comment = (await house.post()).comment
    await report(house, comment, 1)
    batch, [kept] = await deciding.decide(house.service, MONA, [Ask(comment.id, 2, "approve")])
    assert (kept.result, kept.status) == ("done", "approved")
    assert await moderating.items(house.service, MONA, Filter("reported")) == []
    await report(house, comment, 1)
    assert (await house.comment(comment.id)).reports == 0
    await undoing.undo(house.service, MONA, batch)
    assert (await house.comment(comment.id)).reports == 1


async def test_enough_reports_hold_it_on_record_and_a_moderator_has_the_last_word(
    house: House,
) -> None:
    service = house.service
    house.site = replace(house.site, policy=Policy(report_threshold=3))
    comment = (await house.post()).comment
    change = await reading.site_change(service, house.site.site_id)
    for reader in (1, 2):
        await report(house, comment, reader)
    assert (await house.comment(comment.id)).visible
    await report(house, comment, 3)
    held = await house.comment(comment.id)
    assert (held.status, held.reports) == ("pending", 3) and '"reported"' in held.reasons
    assert await reading.site_change(service, house.site.site_id) == change + 1
    [act] = await logbook.latest(service)
    assert (act.actor, act.action, act.status_after) == (reporting.ACTOR, "hold", "pending")
    with pytest.raises(CommentUnknown):
        await report(house, comment, 4)
    await deciding.decide(service, MONA, [Ask(comment.id, held.version, "approve")])
    for reader in (4, 5):
        await report(house, comment, reader)
    kept = await house.comment(comment.id)
    assert (kept.status, kept.reports) == ("approved", 2)
    assert (await logbook.verify(service)).wrong is None


async def test_many_readers_at_once_hold_it_once(house: House) -> None:
    house.site = replace(house.site, policy=Policy(report_threshold=5))
    comment = (await house.post()).comment
    results = await asyncio.gather(
        *(report(house, comment, reader) for reader in range(1, 30)), return_exceptions=True
    )
    assert results.count(None) == 5
    assert all(isinstance(result, CommentUnknown) for result in results if result)
    assert (await house.comment(comment.id)).status == "pending"
    assert len(await logbook.latest(house.service)) == 1


async def test_what_is_hidden_or_elsewhere_is_unknown(strict_house: House) -> None:
    comment = (await strict_house.post()).comment
    with pytest.raises(CommentUnknown):
        await report(strict_house, comment, 1)
    await deciding.decide(strict_house.service, MONA, [Ask(comment.id, 1, "approve")])
    strict_house.site = replace(strict_house.site, site_id=404)
    with pytest.raises(CommentUnknown):
        await report(strict_house, comment, 1)
