"""A checker outside is asked by a rule, outside any transaction, and where it fails a moderator looks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qs

import pytest

from comments_service.core.permissions import OPERATOR
from comments_service.errors import BadFields
from comments_service.notify import checker
from comments_service.operations import regulating
from comments_service.operations.regulating import Given
from tests.conftest import Clock, House, house_on
from tests.receivers import Receiver


@pytest.fixture
async def house(tmp_path: Path, clock: Clock, receiver: Receiver) -> AsyncIterator[House]:
    """A house on SQLite that asks the receiver."""
    asks = {"akismet_key": "k3y", "akismet_url": receiver.url, "outbound_networks": "127.0.0.0/8"}
    url = f"sqlite:///{tmp_path}/comments.sqlite"
    async with house_on(url, tmp_path, clock, **asks) as opened:
        yield opened


async def code_of(house: House, body: str, **more: str) -> tuple[str, str]:
    comment = (await house.post(body, **more)).comment
    reasons = json.loads(comment.reasons)
    return comment.status, reasons[0]["code"] if reasons else ""


async def test_what_it_says_is_done_and_what_it_does_not_say_is_left_to_a_moderator(
    house: House, receiver: Receiver
) -> None:
    words = Given("words", {"words": ["casino"]}, "hold")
    await regulating.add(house.service, OPERATOR, [words, Given("checker", {}, "spam")])
    receiver.answers = [
        (200, {}, b"true"),
        (200, {}, b"false"),
        (200, {}, b"invalid"),
        (500, {}, b"true"),
        (302, {"Location": "/"}, b""),
    ]
    found = [await code_of(house, f"Words {n}", email="a@b.example") for n in range(5)]
    assert found == [
        ("spam", "checker_spam"),
        ("approved", ""),
        ("pending", "checker_silent"),
        ("pending", "checker_silent"),
        ("pending", "checker_silent"),
    ]
    asked = {name: text for name, [text] in parse_qs(receiver.received[0].body.decode()).items()}
    assert (asked["api_key"], asked["blog"], asked["comment_content"]) == (
        "k3y",
        "https://blog.example",
        "Words 0",
    )
    assert (asked["user_ip"], asked["comment_author_email"]) == ("192.0.2.1", "a@b.example")
    assert await code_of(house, "A casino") == ("pending", "word_found")
    assert len(receiver.received) == 5, "what is settled already tells nobody outside"


async def test_a_checker_that_hangs_holds_one_comment_and_nobody_else(
    house: House, receiver: Receiver
) -> None:
    await regulating.add(house.service, OPERATOR, [Given("checker", {}, "reject")])
    never = asyncio.Event()
    receiver.hold = lambda: never
    with mock.patch.object(checker, "SECONDS", 0.2):
        slow = asyncio.create_task(code_of(house, "Words"))
        await receiver.got()
        assert (await house.page()).roots == []  # the database is nobody's meanwhile
        assert await slow == ("pending", "checker_silent")


async def test_without_a_key_nobody_is_asked(house: House) -> None:
    keyless = house.service.settings.model_copy(update={"akismet_key": ""})
    assert checker.checker(keyless) is None
    mute = replace(house.service, check=None)
    with pytest.raises(BadFields) as refused:
        await regulating.add(mute, OPERATOR, [Given("checker", {})])
    assert "AKISMET_KEY" in refused.value.errors[0].message
