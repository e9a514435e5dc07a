"""The change counter: a poller with a cursor misses nothing and is told nothing twice."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comments_service.core.models import Visitor
from comments_service.core.moderation import Action
from comments_service.operations import commenting, deciding, reading
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, Clock, House, house_on
from tests.postgres_room import Room


@dataclass
class Poller:
    """Somebody who asks again and again with the cursor of the last answer."""

    cursor: int = 0
    seen: list[int] = field(default_factory=list)
    known: dict[int, str] = field(default_factory=dict)  # what it believes readers can see

    async def poll(self, house: House, limit: int) -> None:
        found = await reading.changes(house.service, house.site, self.cursor, limit)
        for _, change in found:
            self.seen.append(change.seq)
            self.cursor = change.seq
            if change.kind == "removed" or not change.comment.visible:
                self.known.pop(change.comment.id, None)
            else:
                self.known[change.comment.id] = change.comment.body


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["post", "reply", "approve", "hold", "spam", "delete", "restore", "edit", "poll"]
        ),
        st.integers(0, 30),
        st.integers(1, 4),
    ),
    min_size=5,
    max_size=60,
)


async def take(house: House, step: Step, ids: list[int], pollers: list[Poller]) -> None:
    what, which, amount = step
    if what == "poll":
        await pollers[which % len(pollers)].poll(house, amount)
    elif what == "post" or not ids:
        thread = f"/thread/{which % 3}"
        ids.append((await house.post(f"words {len(ids)}", thread=thread)).comment.id)
    elif what == "reply":
        parent = await house.comment(ids[which % len(ids)])
        if parent.visible:
            thread = await reading.resolve(house.service, parent.id)
            posted = await house.post(f"words {len(ids)}", to=parent, thread=thread[0].key)
            ids.append(posted.comment.id)
    elif what == "edit":
        await edit(house, ids[which % len(ids)], f"edited {which} {amount}")
    else:
        comment = await house.comment(ids[which % len(ids)])
        action: Action = what  # type: ignore[assignment]
        await deciding.decide(house.service, MONA, [Ask(comment.id, comment.version, action)])


async def edit(house: House, comment_id: int, body: str) -> None:
    comment = await house.comment(comment_id)
    if comment.status in ("approved", "pending"):
        own = Visitor(receipts=frozenset({comment_id}))
        await commenting.edit_comment(house.service, house.site, comment_id, body, own)


async def truth(house: House, ids: list[int]) -> dict[int, str]:
    found = [await house.comment(number) for number in ids]
    return {comment.id: comment.body for comment in found if comment.visible}


async def play(house: House, steps: list[Step]) -> None:
    ids: list[int] = []
    pollers = [Poller(), Poller()]
    for step in steps:
        await take(house, step, ids, pollers)
    newest = await reading.site_change(house.service, house.site.site_id)
    for poller in [*pollers, Poller()]:
        while poller.cursor < newest:
            await poller.poll(house, 7)
        assert poller.seen == list(range(1, newest + 1))
        assert poller.known == await truth(house, ids)


@asynccontextmanager
async def fresh_house(mode: str, room: Room | None) -> AsyncIterator[House]:
    with tempfile.TemporaryDirectory() as folder:
        url = room.url if room else f"sqlite:///{folder}/c.sqlite"
        async with house_on(url, Path(folder), Clock(), moderation=mode) as house:
            yield house
    if room:
        room.clear()


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_pollers_at_random_moments_miss_nothing_and_are_told_nothing_twice(
    engine: str, request: pytest.FixtureRequest
) -> None:
    room = request.getfixturevalue("postgres_room") if engine == "postgres" else None

    @settings(
        max_examples=60 if engine == "sqlite" else 12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS, st.sampled_from(["none", "all", "first-time"]))
    def property_(steps: list[Step], mode: str) -> None:
        async def run() -> None:
            async with fresh_house(mode, room) as house:
                await play(house, steps)

        asyncio.run(run())

    property_()


async def test_numbers_come_in_commit_order_while_many_write_at_once(house: House) -> None:
    """Whatever a poller reads while writers race is a beginning of the final list, without a hole."""
    writers = 40
    done = asyncio.Event()
    reads: list[list[int]] = []

    async def poll() -> None:
        while not done.is_set():
            found = await reading.changes(house.service, house.site, 0, 500)
            reads.append([change.seq for _, change in found])
            await asyncio.sleep(0)

    async def write(number: int) -> None:
        posted = await house.post(f"words {number}", thread=f"/thread/{number % 5}")
        await edit(house, posted.comment.id, f"edited {number}")
        comment = await house.comment(posted.comment.id)
        await deciding.decide(house.service, MONA, [Ask(comment.id, comment.version, "hold")])

    polling = asyncio.ensure_future(poll())
    await asyncio.gather(*(write(number) for number in range(writers)))
    done.set()
    await polling
    assert len(reads) > 3
    assert all(read == list(range(1, len(read) + 1)) for read in reads)
    final = await reading.changes(house.service, house.site, 0, 500)
    assert [change.seq for _, change in final] == list(range(1, writers * 3 + 1))


async def test_a_removed_comment_shows_as_a_change_and_its_text_is_gone(house: House) -> None:
    from comments_service.core.records import change_record

    posted = await house.post("secret after all")
    await deciding.decide(house.service, MONA, [Ask(posted.comment.id, 1, "spam")])
    links = house.service.links("blog")
    found = await reading.changes(house.service, house.site, 0, 10)
    records = [change_record(change, thread, links) for thread, change in found]
    assert [record["kind"] for record in records] == ["published", "removed"]
    assert "secret" not in str(records)
