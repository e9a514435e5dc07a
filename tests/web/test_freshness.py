"""Marks asked for together: as few questions as can be, and none answered from before it was asked."""

from __future__ import annotations

import asyncio

import pytest

from comments_service.errors import Unavailable
from comments_service.operations import reading
from comments_service.web.freshness import Freshness, Key


class Slow:
    """A database whose answers wait until they are let go; each is the number of its question."""

    def __init__(self) -> None:
        self.asked: list[list[Key]] = []
        self.go: list[asyncio.Event] = []

    async def marks(self, _service: object, keys: list[Key]) -> dict[Key, int]:
        self.asked.append(keys)
        self.go.append(asyncio.Event())
        number = len(self.asked)
        await self.go[-1].wait()
        if (0, 13) in keys:
            raise Unavailable
        return dict.fromkeys(keys, number)

    async def question(self, number: int) -> None:
        while len(self.asked) < number:  # noqa: ASYNC110 - the event under test has no other sign
            await asyncio.sleep(0)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow()
    monkeypatch.setattr(reading, "marks", made.marks)
    return made


async def test_who_comes_while_a_question_is_on_its_way_waits_for_the_next(slow: Slow) -> None:
    fresh = Freshness(None)  # type: ignore[arg-type]
    first = asyncio.ensure_future(fresh.mark((1, 7)))
    await slow.question(1)
    later = [asyncio.ensure_future(fresh.mark(key)) for key in ((1, 7), (1, 7), (1, 0), (2, 8))]
    await asyncio.sleep(0)
    slow.go[0].set()
    assert await first == 1
    await slow.question(2)
    assert slow.asked[1] == [(1, 7), (1, 0), (2, 8)]
    assert not any(asker.done() for asker in later)
    slow.go[1].set()
    assert await asyncio.gather(*later) == [2, 2, 2, 2]


async def test_a_question_that_fails_fails_its_askers_only(slow: Slow) -> None:
    fresh = Freshness(None)  # type: ignore[arg-type]
    unlucky = asyncio.ensure_future(fresh.mark((0, 13)))
    await slow.question(1)
    lucky = asyncio.ensure_future(fresh.mark((1, 7)))
    await asyncio.sleep(0)
    slow.go[0].set()
    with pytest.raises(Unavailable):
        await unlucky
    await slow.question(2)
    slow.go[1].set()
    assert await lucky == 2


async def test_an_asker_who_leaves_takes_nothing_from_the_others(slow: Slow) -> None:
    fresh = Freshness(None)  # type: ignore[arg-type]
    leaver, stayer = (asyncio.ensure_future(fresh.mark((1, 7))) for _ in range(2))
    await slow.question(1)
    leaver.cancel()
    await asyncio.sleep(0)
    slow.go[0].set()
    assert await stayer == 1
