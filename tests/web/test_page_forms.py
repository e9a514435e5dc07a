"""The form of a thread's page: nothing typed is ever lost."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from comments_service.errors import Unavailable
from comments_service.operations import commenting, reading
from tests.conftest import Clock, House, client_of, house_on
from tests.web.test_pages import PAGE, TYPED, fields, follow


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough here: the pages hold no SQL."""
    return f"sqlite:///{tmp_path}/comments.sqlite"


async def test_alice_posts_and_is_led_to_her_comment(
    house: House, client: httpx2.AsyncClient
) -> None:
    shown = await client.get(PAGE)
    answer = await client.post(PAGE, data=fields(shown.text) | TYPED)
    assert answer.status_code == 303
    place = urlsplit(follow(client, answer))
    assert place.fragment.startswith("comment-")
    assert "receipt" in parse_qs(place.query)  # it is hers to change
    there = await client.get(follow(client, answer))
    assert f'id="{place.fragment}"' in there.text
    again = await client.post(PAGE, data=TYPED)
    assert again.headers["location"] == answer.headers["location"]
    assert (await house.page()).thread.count == 1


async def test_a_multipart_form_posts_too(client: httpx2.AsyncClient) -> None:
    parts = {name: (None, value) for name, value in TYPED.items()}
    assert (await client.post(PAGE, files=parts)).status_code == 303


async def test_bob_replies_and_can_cancel(house: House, client: httpx2.AsyncClient) -> None:
    alice = (await house.post()).comment
    shown = await client.get(f"{PAGE}&replyTo={alice.id}")
    assert "Replying to" in shown.text
    assert f'href="?thread=/post&amp;page=1#comment-{alice.id}">Cancel reply' in shown.text
    sent = fields(shown.text)
    assert sent["parent_id"] == str(alice.id)
    await client.post(PAGE, data=sent | {"name": "bob", "body": "Why?"})
    page = await house.page()
    assert [reply.comment.body for reply in page.roots[0].replies] == ["Why?"]


async def test_cancelling_a_form_that_was_sent_keeps_what_was_typed(
    house: House, client: httpx2.AsyncClient
) -> None:
    alice = (await house.post()).comment
    sent = TYPED | {"parent_id": str(alice.id), "cancel": "1", "website": "not yet"}
    answer = await client.post(PAGE, data=sent)
    kept = fields(answer.text)
    assert answer.status_code == 200
    assert "parent_id" not in kept
    assert (kept["body"], kept["website"]) == (TYPED["body"], "not yet")


async def test_what_is_wrong_is_said_beside_its_field(client: httpx2.AsyncClient) -> None:
    sent = TYPED | {"name": " ", "website": "alice's page", "email": "alice"}
    answer = await client.post(PAGE, data=sent)
    assert answer.status_code == 422
    kept = fields(answer.text)
    assert (kept["body"], kept["website"], kept["email"]) == (
        sent["body"],
        sent["website"],
        "alice",
    )
    for name in ("name", "email", "website"):
        field = re.search(rf'<input id="comments-{name}"[^>]*>', answer.text)
        assert field
        assert 'aria-invalid="true"' in field[0]
        assert f'aria-describedby="comments-{name}-error' in field[0]
        assert f'<a href="#comments-{name}">' in answer.text
    assert '<div class="comments-problem" role="alert">' in answer.text


async def test_a_preview_posts_nothing_and_keeps_everything(
    house: House, client: httpx2.AsyncClient
) -> None:
    answer = await client.post(PAGE, data=TYPED | {"name": "", "preview": "1"})
    assert answer.status_code == 200
    look = await client.post("/api/v1/sites/blog/preview", json={"body": TYPED["body"]})
    assert look.json()["html"] in answer.text
    assert fields(answer.text)["email"] == TYPED["email"]
    assert (await house.page()).thread.count == 0


async def test_every_refusal_keeps_what_was_typed(house: House, client: httpx2.AsyncClient) -> None:
    gone = await client.post(PAGE, data=TYPED | {"parent_id": "17"})
    assert gone.status_code == 404
    assert "parent_id" not in fields(gone.text)
    foreign = await client.post(PAGE, data=TYPED, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    reused = TYPED | {"submission_key": "one"}
    await client.post(PAGE, data=reused)
    other = await client.post(PAGE, data=reused | {"body": "Other words."})
    assert other.status_code == 422
    for answer, body in ((gone, TYPED["body"]), (foreign, TYPED["body"]), (other, "Other words.")):
        assert fields(answer.text)["body"] == body
        assert 'role="alert">' in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_a_silent_database_loses_nothing(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.get(PAGE)

    async def silent(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(reading, "thread", silent)
    monkeypatch.setattr(commenting, "post_comment", silent)
    answer = await client.post(PAGE, data=TYPED)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert fields(answer.text)["body"] == TYPED["body"]


async def test_too_much_is_told_how_long_to_wait(tmp_path: Path, database_url: str) -> None:
    opened = house_on(database_url, tmp_path, Clock(), rate_limits="on")
    async with opened as house, client_of(house) as client:
        for number in range(31):
            answer = await client.post(PAGE, data=TYPED | {"body": f"{number}"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert fields(answer.text)["body"] == "30"


async def test_a_waiting_comment_is_seen_by_its_author_alone(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    answer = await strict_client.post(PAGE, data=TYPED)
    address = follow(strict_client, answer)
    mine = await strict_client.get(address)
    assert "only you see this" in mine.text.lower()
    assert "A first comment waits for a moderator." in mine.text
    assert mine.headers["cache-control"] == "private, no-store"
    assert "receipt=" in re.search(r'<form[^>]*action="([^"]*)"', mine.text)[1]  # type: ignore[index]
    everyone = await strict_client.get(PAGE)
    assert 'data-status="pending"' not in everyone.text
    comment_id = urlsplit(address).fragment.removeprefix("comment-")
    assert (await strict_client.get(f"/c/{comment_id}")).status_code == 404
    assert strict_house.service.settings.moderation == "first-time"


async def test_a_closed_thread_takes_nothing_and_loses_nothing(
    house: House, client: httpx2.AsyncClient
) -> None:
    await house.post()
    await house.service.database.write(lambda tx: tx.fetch("UPDATE threads SET open = 0", {}))
    shown = await client.get(PAGE)
    assert 'class="comments-form"' not in shown.text
    assert "Comments are closed here." in shown.text
    answer = await client.post(PAGE, data=TYPED | {"body": "Too late?"})
    assert answer.status_code == 403
    assert fields(answer.text)["body"] == "Too late?"
