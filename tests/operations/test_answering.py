"""Moderators reply under their own name, and edit what others wrote, on record and to be undone."""

from __future__ import annotations

import pytest

from comments_service.core.models import Visitor
from comments_service.core.permissions import ROLES, Actor
from comments_service.errors import CommentUnknown, NotPermitted, ParentUnknown
from comments_service.operations import (
    accounts,
    answering,
    deciding,
    logbook,
    moderating,
    reading,
    undoing,
)
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, House

HERE = Visitor("192.0.2.9", "tests")


async def mona(house: House) -> Actor:
    added = await accounts.add(house.service, "mona@blog.example", "correct horse")
    return Actor(f"moderator:{added.moderator_id}", added.email, ROLES["moderator"])


async def test_a_reply_of_a_moderator_is_published_with_a_badge_once(strict_house: House) -> None:
    actor, service = await mona(strict_house), strict_house.service
    comment = (await strict_house.post()).comment
    with pytest.raises(ParentUnknown, match="Approve"):
        await answering.reply(service, actor, comment.id, "Thanks!", "k", HERE)
    await deciding.decide(service, actor, [Ask(comment.id, 1, "approve")])
    first = await answering.reply(service, actor, comment.id, "See $x$.", "k", HERE)
    again = await answering.reply(service, actor, comment.id, "See $x$.", "k", HERE)
    assert again.replayed and again.comment.id == first.comment.id
    [root] = (await strict_house.page()).roots
    [reply] = root.replies
    assert (reply.comment.name, reply.comment.status) == ("mona", "approved")
    assert reply.comment.moderator_id is not None


async def test_a_name_that_is_typed_gets_no_badge(house: House) -> None:
    await mona(house)
    typed = (await house.post(name="mona", email="mona@blog.example")).comment
    assert typed.moderator_id is None


async def test_tokens_readers_and_strangers_to_the_site_write_nothing(house: House) -> None:
    actor, comment = await mona(house), (await house.post()).comment
    token = Actor("token:1", "token 1", ROLES["moderator"])
    reader = Actor(actor.name, actor.label, ROLES["reader"])
    elsewhere = Actor(actor.name, actor.label, ROLES["moderator"], frozenset({404}))
    for who, error in ((token, NotPermitted), (reader, NotPermitted), (elsewhere, CommentUnknown)):
        with pytest.raises(error):
            await answering.reply(house.service, who, comment.id, "Hm.", "", HERE)
    for who, error in ((reader, NotPermitted), (elsewhere, CommentUnknown)):
        with pytest.raises(error):
            await answering.edit(house.service, who, Ask(comment.id, 1, "approve"), "Hm.")
    assert (await house.page()).thread.count == 1


async def test_an_edit_is_kept_noticed_and_taken_back(house: House) -> None:
    service = house.service
    comment = (await house.post("It is $2$.")).comment
    change = await reading.site_change(service, house.site.site_id)
    batch, done = await answering.edit(
        service, MONA, Ask(comment.id, 1, "approve", "a slip"), "It is $3$."
    )
    assert (done.result, done.version) == ("done", 2)
    edited = await house.comment(comment.id)
    assert (edited.body, edited.edits) == ("It is $3$.", 0) and "3" in edited.html
    assert await reading.site_change(service, house.site.site_id) == change + 1
    [before] = await moderating.former_texts(service, edited)
    assert (before.body, before.actor) == ("It is $2$.", MONA.name)
    _, stale = await answering.edit(service, MONA, Ask(comment.id, 1, "approve"), "Mine.")
    assert (stale.result, stale.by) == ("stale", MONA.name)
    undone, [outcome] = await undoing.undo(service, MONA, batch)
    assert outcome.result == "done"
    assert (await house.comment(comment.id)).body == "It is $2$."
    await undoing.undo(service, MONA, undone)
    assert (await house.comment(comment.id)).body == "It is $3$."
    assert [act.action for act in await logbook.latest(service)] == ["undo", "undo", "edit"]
    assert await reading.site_change(service, house.site.site_id) == change + 3


async def test_an_edit_of_what_waits_is_noticed_by_no_reader(strict_house: House) -> None:
    service = strict_house.service
    comment = (await strict_house.post("wrods")).comment
    batch, _ = await answering.edit(service, MONA, Ask(comment.id, 1, "approve"), "words")
    assert (await strict_house.comment(comment.id)).status == "pending"
    await undoing.undo(service, MONA, batch)
    assert await reading.site_change(service, strict_house.site.site_id) == 0
    _, same = await answering.edit(service, MONA, Ask(comment.id, 3, "approve"), "wrods")
    assert same.result == "unchanged"
