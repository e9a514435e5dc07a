"""The service learns words from what moderators decide, and unlearns what they take back."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from comments_service.core.models import Comment
from comments_service.core.permissions import OPERATOR
from comments_service.operations import deciding, judging, learning, regulating, trying, undoing
from comments_service.operations.deciding import Ask
from comments_service.operations.regulating import Given
from comments_service.storage import learned, own
from comments_service.storage.database import Transaction
from tests.conftest import MONA, House

SPAM = "Win big at the casino, 专业代开发票 now"
KEPT = "The proof of the lemma is not continuous at zero"


async def taught(house: House, each: int = 10) -> list[tuple[Comment, str]]:
    """Let mona decide on comments of both sorts; return them with their batches."""
    found = []
    for number in range(2 * each):
        body, action = ((SPAM, "spam"), (KEPT, "hold"))[number % 2]
        comment = (await house.post(f"{body} {number}", thread=f"/{number}")).comment
        steps: list[Any] = ["hold", "approve"] if action == "hold" else [action]
        for version, step in enumerate(steps, 1):
            batch, _ = await deciding.decide(house.service, MONA, [Ask(comment.id, version, step)])
        found.append((comment, batch))
    return found


async def test_what_was_taken_for_spam_is_known_again(house: House) -> None:
    await regulating.add(house.service, OPERATOR, [Given("learned", {"percent": 90}, "hold")])
    decided = await taught(house)
    await asyncio.gather(*(learning.catch_up(house.service, 9) for _ in range(3)))
    spam = (await house.post("A casino: 代开发票!", thread="/new")).comment
    assert spam.status == "pending"
    [reason] = json.loads(spam.reasons)
    assert reason["code"] == "learned_spam"
    marked = {spam.body[start:end] for start, end in reason["spans"]}
    assert {"casino", "代开", "发票"} <= marked
    assert (await house.post("A proof of the lemma", thread="/new")).comment.visible
    known = await judging.dossier(house.service, MONA, spam.id)
    assert known and dict(known.words)["casino"] > 0.9
    lessons = await learning.lessons(house.service, MONA, house.site.site_id)
    assert (lessons.kept, lessons.spam) == (10, 10)
    assert "casino" in dict(lessons.for_spam) and "proof" in dict(lessons.against)
    trial = await trying.attempt(house.service, MONA, "learned", {"percent": 90})
    assert trial.counts == {"spam": 10, "pending": 1}

    await undoing.undo(house.service, MONA, decided[0][1])
    lessons = await learning.lessons(house.service, MONA, house.site.site_id)
    assert (lessons.kept, lessons.spam) == (10, 9)
    assert lessons.for_spam == [], "of nine it says nothing"
    assert (await house.post("A casino: 代开发票! 2", thread="/new")).comment.visible
    elsewhere = replace(MONA, sites=frozenset[int]())
    assert (await learning.lessons(house.service, elsewhere, 0)).spam == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_another_decision_on_a_comment_takes_the_place_of_its_lesson(house: House) -> None:
    [(comment, _), *_] = await taught(house, 1)
    await learning.catch_up(house.service)
    assert (await learning.lessons(house.service, MONA, 0)).spam == 1
    await deciding.decide(house.service, MONA, [Ask(comment.id, 2, "approve")])
    lessons = await learning.lessons(house.service, MONA, 0)
    assert (lessons.kept, lessons.spam) == (2, 0)

    gone = replace(await house.comment(comment.id), **own.ERASED)

    async def erase(tx: Transaction) -> object:
        await own.erase(tx, gone)
        return await learned.lesson(tx, comment)

    assert await house.service.database.write(lambda tx: learned.lesson(tx, comment))
    assert await house.service.database.write(erase) is None, "what is erased is remembered nowhere"
