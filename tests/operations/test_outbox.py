"""What leaves the house: written with its cause, sent at least once, taken back by an undo that is in time."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from comments_service.core.models import Visitor
from comments_service.core.notices import MOST_ATTEMPTS, SECOND, pause
from comments_service.core.permissions import OPERATOR, ROLES, Actor
from comments_service.errors import NoticeUnknown, NotPermitted, Refused
from comments_service.operations import commenting, outbox, undoing
from comments_service.operations import webhooks as hooking
from comments_service.operations.notices import of_comment
from comments_service.storage import outbox as stored
from comments_service.storage.database import Transaction
from comments_service.worker import MOST_OF_ONE, MOST_OUTSIDE
from tests.conftest import MONA, Clock, house_on
from tests.notifying import ALICE, BOB, Post, decided, events_of
from tests.receivers import Receiver


async def test_what_nobody_wants_to_know_writes_nothing(
    database_url: str, tmp_path: Path, clock: Clock
) -> None:
    async with house_on(database_url, tmp_path, clock) as house:
        posted = await house.post(email=ALICE, notify=True)
        await house.post("so", to=posted.comment)
        assert await house.service.database.fetch("SELECT id FROM outbox") == []
        assert await house.service.database.fetch("SELECT comment_id FROM follows") == []


async def test_every_event_is_told_once_in_order(office: Post, receiver: Receiver) -> None:
    await office.hook(receiver)
    posted = await office.post()
    await office.pass_on()
    await decided(office, posted.comment.id, "hold")
    await office.pass_on()
    await decided(office, posted.comment.id, "approve")
    await office.pass_on()
    assert events_of(receiver)[0] == "published"
    assert sorted(events_of(receiver)[1:4]) == ["decided", "pending", "removed"]
    assert sorted(events_of(receiver)[4:]) == ["decided", "published"]
    assert await office.waiting() == []
    assert len(await office.waiting("sent")) == 6


async def test_a_notice_is_written_with_its_cause_or_not_at_all(
    office: Post, receiver: Receiver
) -> None:
    await office.hook(receiver)
    parent = (await office.post()).comment
    await decided(office, parent.id, "delete")
    with pytest.raises(Refused):
        await office.post("never stored", to=parent)
    await office.post("twice", key="k")
    await office.post("twice", key="k")
    await office.pass_on()
    assert events_of(receiver).count("published") == 1  # of the first, nothing: it is gone again


async def test_what_waits_no_more_is_not_told_to_wait(
    strict_office: Post, receiver: Receiver
) -> None:
    await strict_office.hook(receiver, ["pending"])
    service, site = strict_office.house.service, strict_office.house.site
    gone = (await strict_office.post("Let nobody read this.")).comment
    own = Visitor(receipts=frozenset({gone.id}))
    await commenting.delete_comment(service, site, gone.id, own)
    waits = (await strict_office.post("This waits.", name="bob")).comment
    await strict_office.pass_on()
    [told] = receiver.received
    assert json.loads(told.body)["comment"]["id"] == str(waits.id)


async def test_nothing_leaves_before_its_time(office: Post, receiver: Receiver) -> None:
    await office.hook(receiver)
    await office.post()
    await office.pass_on(4.9)
    assert receiver.received == []
    await office.pass_on(0.2)
    assert events_of(receiver) == ["published"]


async def test_an_undo_in_time_is_whole(strict_office: Post, receiver: Receiver) -> None:
    post = strict_office
    waiting = (await post.post(name="bob")).comment
    await post.pass_on()
    await post.hook(receiver)
    batch = await decided(post, waiting.id, "approve")
    _, [outcome] = await undoing.undo(post.house.service, MONA, batch)
    assert outcome.left == 0
    await post.pass_on()
    assert receiver.received == []


async def test_an_undo_that_is_late_says_so_and_tells_the_opposite(
    strict_office: Post, receiver: Receiver
) -> None:
    post = strict_office
    waiting = (await post.post(name="bob")).comment
    await post.hook(receiver, ["published", "removed"])
    batch = await decided(post, waiting.id, "approve")
    await post.pass_on()
    _, [outcome] = await undoing.undo(post.house.service, MONA, batch)
    assert outcome.left == 1
    await post.pass_on()
    assert events_of(receiver) == ["published", "removed"]


async def test_what_is_being_sent_is_not_taken_back(
    strict_office: Post, receiver: Receiver
) -> None:
    post = strict_office
    waiting = (await post.post(name="bob")).comment
    await post.hook(receiver, ["published", "removed"])
    batch = await decided(post, waiting.id, "approve")
    on_its_way = asyncio.Event()
    receiver.hold = lambda: on_its_way
    post.house.clock.advance(10)
    sending = asyncio.create_task(post.worker.drain())
    await receiver.got()
    _, [outcome] = await undoing.undo(post.house.service, MONA, batch)
    assert outcome.left == 1
    on_its_way.set()
    await sending
    await post.pass_on()
    assert events_of(receiver) == ["published", "removed"]


async def test_a_failed_notice_is_tried_again_under_its_id(
    office: Post, receiver: Receiver
) -> None:
    await office.hook(receiver, ["published"])
    receiver.answers = [(500, {}, b"no \x00\x1b[31m room"), (503, {}, b"")]
    await office.post()
    await office.pass_on()
    [notice] = await office.waiting()
    assert (notice.attempts, notice.status, notice.answer) == (1, 500, "no [31m room")
    await office.pass_on(8 * 60)
    await office.pass_on(8 * 60)
    assert await office.waiting() == []
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1
    assert [json.loads(each.body)["id"] for each in receiver.received] == [str(notice.id)] * 3


async def test_what_never_arrives_is_dead_until_somebody_has_it_sent_again(
    office: Post, receiver: Receiver
) -> None:
    await office.hook(receiver, ["published"])
    receiver.answers = [(500, {}, b"")] * MOST_ATTEMPTS
    await office.post()
    for _ in range(MOST_ATTEMPTS):
        await office.pass_on(12 * 3600)
    assert await office.waiting() == []
    [dead] = await outbox.listed(office.house.service, OPERATOR, "dead", 2**62, 10)
    assert (dead.attempts, dead.status) == (MOST_ATTEMPTS, 500)
    with pytest.raises(NotPermitted):
        await outbox.send_again(office.house.service, MONA, dead.id)
    await outbox.send_again(office.house.service, OPERATOR, dead.id)
    await office.pass_on()
    [sent] = await office.waiting("sent")
    assert sent.id == dead.id
    assert len(receiver.received) == MOST_ATTEMPTS + 1


async def test_an_event_that_was_never_handed_out_can_be_sent_again(
    office: Post, receiver: Receiver
) -> None:
    await office.hook(receiver, ["published"])
    await office.post()
    service, [event] = office.house.service, await office.waiting()
    with pytest.raises(NoticeUnknown):  # not before its time: an undo must be whole
        await outbox.send_again(service, OPERATOR, event.id)
    await service.database.write(lambda tx: tx.fetch("UPDATE outbox SET state = 'dead'"))
    await outbox.send_again(service, OPERATOR, event.id)
    await office.pass_on()
    assert events_of(receiver) == ["published"]


async def test_what_is_sent_again_in_vain_stays_on_record(office: Post, receiver: Receiver) -> None:
    await office.hook(receiver, ["published"])
    posted = await office.post()
    await office.pass_on()
    [sent] = await office.waiting("sent")
    await decided(office, posted.comment.id, "delete")
    await outbox.send_again(office.house.service, OPERATOR, sent.id)
    await office.pass_on()
    assert len(receiver.received) == 1
    [kept] = await office.waiting("sent")
    assert (kept.id, kept.status) == (sent.id, 200) and "Not sent again" in kept.answer


async def test_all_dead_notices_of_ones_sites_can_be_sent_again(
    office: Post, receiver: Receiver
) -> None:
    await office.hook(receiver, ["published"])
    receiver.answers = [(410, {}, b"gone")] * 3
    for number in range(3):
        await office.post(f"comment {number}")
    await office.pass_on()
    assert len(await office.waiting("dead")) == 3
    elsewhere = Actor("token:1", "t", ROLES["owner"], frozenset({1}))
    assert await outbox.send_all_again(office.house.service, elsewhere) == 0
    assert await outbox.send_all_again(office.house.service, OPERATOR) == 3
    await office.pass_on()
    assert len(await office.waiting("sent")) == 3


async def test_a_destination_that_hangs_keeps_no_other_waiting(office: Post) -> None:
    async with Receiver() as hanging, Receiver() as quick:
        await office.hook(hanging, ["published"])
        never = asyncio.Event()
        hanging.hold = lambda: never
        for number in range(3 * MOST_OF_ONE):
            await office.post(f"comment {number}")
        office.house.clock.advance(10)
        running = asyncio.create_task(office.worker.run())
        await hanging.got(MOST_OF_ONE)
        await office.hook(quick, ["published"])
        await office.post("later than all")
        office.house.clock.advance(10)
        await quick.got()
        assert len(hanging.received) == MOST_OF_ONE
        never.set()
        office.worker.stop()
        await running
        await office.worker.drain()
        assert len(hanging.received) == 3 * MOST_OF_ONE + 1


async def test_however_many_webhooks_hang_there_is_room_for_mail(office: Post) -> None:
    service = office.house.service
    now, posted = service.clock(), await office.post()
    hooks = [f"webhook:{number}" for number in range(60)]

    async def fill(tx: Transaction) -> None:
        await tx.fetch("DELETE FROM outbox")
        for name in [*hooks * MOST_OF_ONE, "mail"]:
            data = of_comment(service, "webhook", "published", name, posted.comment, {})
            await stored.add(tx, replace(data, due_at=now - (name != "mail")))

    await service.database.write(fill)
    running: Counter[str] = Counter()
    order = []
    for room in (32, 8):
        taken = await outbox.take(service, "lease", running, room, MOST_OF_ONE, MOST_OUTSIDE)
        order.append({notice.destination for notice in taken})
        running.update(notice.destination for notice in taken)
    assert running.total() == MOST_OUTSIDE + 1
    assert order[1] == {"mail"}


async def test_two_workers_send_nothing_twice(office: Post, receiver: Receiver) -> None:
    await office.hook(receiver, ["published"])
    for number in range(30):
        await office.post(f"comment {number}")
    office.house.clock.advance(10)
    other = Post(office.house, office.mailbox)
    await asyncio.gather(office.worker.drain(), other.worker.drain())
    assert len(receiver.received) == 30


async def test_a_worker_that_is_gone_is_followed_by_another_when_its_lease_ends(
    office: Post, receiver: Receiver
) -> None:
    await office.hook(receiver, ["published"])
    await office.post()
    office.house.clock.advance(10)
    taken = await outbox.take(office.house.service, "gone", {}, 10, 10, 10)
    assert [notice.kind for notice in taken] == ["event"]
    await office.pass_on(outbox.LEASE_SECONDS - 1)
    assert receiver.received == []
    await office.pass_on(2)
    assert events_of(receiver) == ["published"]
    await outbox.settle(office.house.service, taken[0], outbox.Result("later"), 0.5)
    assert await office.waiting() == []  # what the late one says changes nothing


async def test_a_worker_that_ends_waits_for_what_is_on_its_way_and_gives_the_rest_back(
    office: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comments_service.worker.LAST_SECONDS", 0.05)
    await office.hook(receiver, ["published"])
    never = asyncio.Event()
    receiver.hold = lambda: never
    await office.post()
    office.house.clock.advance(10)
    running = asyncio.create_task(office.worker.run())
    await receiver.got()
    office.worker.stop()
    await running
    [notice] = await office.waiting()
    assert (notice.lease, notice.due_at) == ("", office.house.clock.now)


async def test_a_fault_of_one_notice_ends_neither_others_nor_the_worker(
    office: Post, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    await office.hook(receiver, ["published"])
    broken = (await office.post("broken")).comment
    await office.post("whole")

    async def break_it(tx: Transaction) -> None:
        await tx.fetch(
            "UPDATE outbox SET data = 'no JSON' WHERE comment_id = :id", {"id": broken.id}
        )

    await office.house.service.database.write(break_it)
    await office.pass_on()
    assert events_of(receiver) == ["published"]
    [notice] = await office.waiting()
    assert "fault" in notice.answer
    assert "failed: JSONDecodeError" in caplog.text


async def test_what_was_sent_is_forgotten_in_time_but_nobody_is_told_twice(office: Post) -> None:
    await office.confirm(ALICE)
    answer = (await office.post("yes", name="bob", to=await office.followed())).comment
    await office.pass_on()
    assert len(office.mailbox.to(ALICE)) == 1
    office.house.clock.advance(31 * 24 * 3600)
    assert await outbox.tidy(office.house.service) >= 1
    assert await office.waiting("sent") == []
    [told] = await office.waiting("told")
    assert (told.kind, told.data) == ("reply", "{}")
    with pytest.raises(NoticeUnknown):
        await outbox.send_again(office.house.service, OPERATOR, told.id)
    await decided(office, answer.id, "hold")
    await decided(office, answer.id, "approve")
    await office.pass_on()
    assert len(office.mailbox.to(ALICE)) == 1


async def test_a_site_that_begins_to_want_notices_is_told_from_then_on(
    office: Post, receiver: Receiver
) -> None:
    await office.post("before")
    number = await office.hook(receiver, ["published"])
    await office.post("during")
    await office.pass_on()
    await hooking.change(office.house.service, OPERATOR, number, active=False)
    await office.post("after")
    await office.pass_on()
    assert len(receiver.received) == 1


async def test_many_comments_by_many_hands_are_each_told_once(
    office: Post, receiver: Receiver
) -> None:
    await office.hook(receiver, ["published"])
    office.house.service.wanted.forget()
    posts = [office.post(f"comment {n}", thread=f"/t{n % 7}", key=f"k{n}") for n in range(40)]
    await asyncio.gather(
        *posts, *(office.post(f"comment {n}", thread=f"/t{n % 7}", key=f"k{n}") for n in range(40))
    )
    await office.pass_on()
    told = [json.loads(each.body)["comment"]["id"] for each in receiver.received]
    assert len(told) == len(set(told)) == 40


def test_pauses_grow_are_spread_and_end_within_two_days() -> None:
    middle = [pause(attempt, 0.5) / SECOND for attempt in range(1, MOST_ATTEMPTS)]
    assert middle[:4] == [15, 45, 135, 405]
    assert middle == sorted(middle)
    assert max(middle) == 6 * 3600
    assert 24 * 3600 < sum(middle) < 48 * 3600
    assert (pause(3, 0) / SECOND, pause(3, 1) / SECOND) == (67.5, 202.5)


async def test_addresses_of_people_are_not_in_the_outbox(office: Post) -> None:
    await office.post("yes", name="bob", email=BOB, to=await office.followed())
    rows = await office.house.service.database.fetch("SELECT * FROM outbox")
    assert rows
    assert not [row for row in rows if "@" in str(tuple(row))]
