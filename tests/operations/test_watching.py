"""What moderators are told while they work: what others did, what came, who looks where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comments_service.core.filters import Filter
from comments_service.core.permissions import ROLES, Actor
from comments_service.errors import CommentUnknown
from comments_service.operations import accounts, answering, deciding, filtering, judging, watching
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, House

OLGA = Actor("moderator:2", "olga@blog.example", ROLES["owner"])


async def test_mona_is_told_what_olga_did_and_what_came_since(strict_house: House) -> None:
    service = strict_house.service
    first = (await strict_house.post("one")).comment
    top = (first.created_at, first.id)
    before = await watching.state(service)
    seq = await watching.newest_act(service)
    await strict_house.post("two")
    assert await watching.state(service) != before
    await deciding.decide(service, OLGA, [Ask(first.id, 1, "spam")])
    news = await watching.updates(service, MONA, seq, Filter(), top)
    assert [(act.comment_id, act.actor, act.action) for act in news.acts] == [
        (first.id, OLGA.name, "spam")
    ]
    assert (news.arrived, news.seq) == (1, seq + 1)
    again = await watching.updates(service, MONA, news.seq, Filter("spam"), None)
    assert (again.acts, again.arrived) == ([], 0)


async def test_who_looks_at_what_is_seen_by_the_others_for_a_while(strict_house: House) -> None:
    service, clock = strict_house.service, strict_house.clock
    one, two = [(await strict_house.post(f"words {n}")).comment for n in range(2)]
    await watching.look(service, OLGA, one.id)
    before = await watching.state(service)
    await watching.look(service, OLGA, two.id)
    assert await watching.state(service) != before
    seen = await watching.updates(service, MONA, 0, Filter(), None)
    own = await watching.updates(service, OLGA, 0, Filter(), None)
    assert (seen.looking, own.looking) == ([(two.id, OLGA.name)], [])
    clock.advance(watching.LOOK_SECONDS + 1)
    assert (await watching.updates(service, MONA, 0, Filter(), None)).looking == []
    await watching.look(service, OLGA, one.id)
    await watching.look(service, OLGA, None)
    assert (await watching.updates(service, MONA, 0, Filter(), None)).looking == []
    elsewhere = replace(MONA, sites=frozenset({404}))
    await watching.look(service, OLGA, one.id)
    here = replace(MONA, sites=frozenset({strict_house.site.site_id}))
    for who, seen_there in ((here, [(one.id, OLGA.name)]), (elsewhere, [])):
        told = await watching.updates(service, who, 0, Filter(), None)
        assert told.looking == seen_there
    for who, number in ((MONA, 404), (elsewhere, one.id)):
        with pytest.raises(CommentUnknown):
            await watching.look(service, who, number)


async def test_a_dossier_holds_all_there_is_to_know(strict_house: House) -> None:
    house, service = strict_house, strict_house.service
    root = (await house.post("What is $e$?", name="bob", email="b@mail.example")).comment
    await deciding.decide(service, MONA, [Ask(root.id, 1, "approve")])
    spam = (
        await house.post("buy", name="al", email="a@mail.example", address="198.51.100.7")
    ).comment
    await deciding.decide(service, MONA, [Ask(spam.id, 1, "spam")])
    body = "See https://evil.example/x."
    mail = "a@mail.example"
    asked = (await house.post(body, to=root, email=mail, address="198.51.100.8")).comment
    await answering.edit(service, OLGA, Ask(asked.id, 1, "approve", "a link"), "See nothing.")
    found = await judging.dossier(service, MONA, asked.id)
    assert found is not None
    assert [comment.id for comment in found.ancestors] == [root.id]
    assert (dict(found.author.counts), found.author.names) == ({"spam": 1}, ["al"])
    assert found.author.first_at == spam.created_at and found.author.whole
    assert found.links == []
    [edit] = found.edits
    assert (edit.actor, edit.changes[0]) == (OLGA.name, ("same", "See "))
    assert [act.action for act in found.acts] == ["edit"]
    assert await judging.dossier(service, replace(MONA, sites=frozenset()), asked.id) is None


async def test_filters_are_kept_by_name_for_their_moderator_alone(strict_house: House) -> None:
    from comments_service.errors import BadFields

    service = strict_house.service
    added = await accounts.add(service, "mona@blog.example", "correct horse")
    mona = replace(MONA, name=f"moderator:{added.moderator_id}")
    await filtering.save(service, mona, "垃圾", "status=spam&q=watches")
    await filtering.save(service, mona, "垃圾", "status=spam")
    [kept] = await filtering.saved(service, mona)
    assert (kept.name, kept.query) == ("垃圾", "status=spam")
    assert await filtering.saved(service, OLGA) == []
    assert await filtering.saved(service, replace(MONA, name="token:1")) == []
    await filtering.forget(service, OLGA, str(kept.filter_id))
    assert await filtering.saved(service, mona) == [kept]
    await filtering.forget(service, mona, str(kept.filter_id))
    assert await filtering.saved(service, mona) == []
    for name in ("", "x" * 61):
        with pytest.raises(BadFields):
            await filtering.save(service, mona, name, "")
