"""What a moderator wrote at length is never lost: a form that is refused shows it again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from comments_service.operations import sessions
from tests.conftest import Clock
from tests.web.desk import Desk, desk_in

WORDS = "Let $x > 0$,\nthen <b> all"
SHOWN = "Let $x &gt; 0$,\nthen &lt;b&gt; all</textarea>"


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path, clock, signed_in=True) as opened:
        yield opened


async def _form(desk: Desk) -> dict[str, str]:
    """Return the fields of a form about a comment that was just approved."""
    comment = (await desk.house.post()).comment
    await desk.decide(comment, 1, "approve")
    return {"csrf": await desk.csrf(), "id": str(comment.id), "version": "2", "action": "approve"}


@pytest.mark.parametrize("path", ["reply", "edit"])
async def test_a_session_that_ended_meanwhile(desk: Desk, path: str) -> None:
    form = await _form(desk) | {"body": WORDS, "back": "/dashboard/queue?status=spam"}
    desk.house.clock.advance(sessions.SESSION_SECONDS + 1)
    answer = await desk.client.post(f"/dashboard/{path}", data=form)
    assert answer.status_code == 401 and SHOWN in answer.text
    assert 'href="/dashboard/login?next=/dashboard/queue%3Fstatus%3Dspam"' in answer.text


@pytest.mark.parametrize("path", ["reply", "edit"])
async def test_a_form_of_another_session(desk: Desk, path: str) -> None:
    form = await _form(desk) | {"body": WORDS, "csrf": "old"}
    answer = await desk.client.post(f"/dashboard/{path}", data=form)
    assert answer.status_code == 403 and SHOWN in answer.text
    foreign = {"Sec-Fetch-Site": "cross-site"}
    answer = await desk.client.post(f"/dashboard/{path}", data=form, headers=foreign)
    assert answer.status_code == 403 and "textarea" not in answer.text  # nor another site's words


async def test_an_edit_of_what_changed_meanwhile(desk: Desk) -> None:
    form = await _form(desk) | {"body": WORDS, "version": "1"}
    answer = await desk.client.post("/dashboard/edit", data=form)
    assert SHOWN in answer.text and "Somebody was first: now approved" in answer.text


async def test_the_words_of_a_rule(desk: Desk) -> None:
    form = {"csrf": "old", "kind": "words", "words": "casino\npoker"}
    answer = await desk.client.post("/dashboard/rules", data=form)
    assert answer.status_code == 403 and "casino\npoker</textarea>" in answer.text


async def test_one_comment_is_replied_to_more_than_once(desk: Desk) -> None:
    form = await _form(desk)
    for body in ("First.", "Second."):
        page = await desk.read(f"/dashboard/queue?id={form['id']}")
        key = re.search(r'name="key" value="([^"]+)"', page)
        assert key
        done = await desk.client.post("/dashboard/reply", data=form | {"body": body, "key": key[1]})
        assert "Your reply is published." in await desk.read(done.headers["location"])
