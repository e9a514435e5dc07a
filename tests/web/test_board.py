"""What the dashboard's script asks by API: one comment with all about it, replies, edits, news, leases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.conftest import Clock
from tests.web.desk import OLGAS, Desk, browser, desk_in

API = "/api/v1/moderation"


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """Mona is signed in."""
    async with desk_in(tmp_path, clock, signed_in=True) as opened:
        yield opened


async def send(desk: Desk, method: str, path: str, body: object) -> httpx2.Response:
    headers = {"X-CSRF-Token": await desk.csrf()}
    return await desk.client.request(method, f"{API}/{path}", json=body, headers=headers)


async def test_a_comment_is_answered_with_all_there_is_to_know(desk: Desk) -> None:
    comment = (
        await desk.house.post("See https://b.example/ and $x$.", email="a@b.example")
    ).comment
    await send(desk, "PATCH", f"comments/{comment.id}", {"body": "See $x$.", "version": 1})
    found = (await desk.client.get(f"{API}/comments/{comment.id}")).json()
    assert found["item"]["source"] == "See $x$." and found["item"]["version"] == 2
    assert found["author"]["others"] == {} and found["author"]["whole"] is True
    assert found["edits"][0]["changes"][0] == ["same", "See"]
    assert [act["action"] for act in found["acts"]] == ["edit"]
    assert (await desk.client.get(f"{API}/comments/404")).status_code == 404


async def test_a_reply_is_published_once_for_each_key(desk: Desk) -> None:
    comment = (await desk.house.post()).comment
    reply = {"body": "Thanks!", "key": "k"}
    held = await send(desk, "POST", f"comments/{comment.id}/replies", reply)
    assert (held.status_code, held.json()["code"]) == (404, "parent_unknown")
    await desk.decide(comment, 1, "approve")
    first = (await send(desk, "POST", f"comments/{comment.id}/replies", reply)).json()
    again = (await send(desk, "POST", f"comments/{comment.id}/replies", reply)).json()
    assert again == {"id": first["id"], "replayed": True}
    for wrong in ({"body": " "}, {"body": "a\0"}, {"body": "x", "key": 5}, []):
        answer = await send(desk, "POST", f"comments/{comment.id}/replies", wrong)
        assert answer.status_code == 422, wrong


async def test_the_form_of_a_refused_reply_shows_what_was_typed(desk: Desk) -> None:
    comment = (await desk.house.post()).comment
    form = {"csrf": await desk.csrf(), "id": str(comment.id), "version": "1", "action": "approve"}
    answer = await desk.client.post("/dashboard/reply", data=form | {"body": "My <b> words"})
    assert answer.status_code == 404 and "My &lt;b&gt; words</textarea>" in answer.text
    done = await desk.client.post(
        "/dashboard/reply", data=form | {"body": "My words", "approve": "1", "key": "k"}
    )
    assert "Your reply is published." in await desk.read(done.headers["location"])


async def test_news_have_a_tag_and_are_told_once(desk: Desk) -> None:
    first = (await desk.house.post("one")).comment
    url = f"{API}/updates?seq=0&top={first.created_at}-{first.id}"
    quiet = await desk.client.get(url)
    tag = {"If-None-Match": quiet.headers["etag"]}
    assert (quiet.json()["decided"], quiet.json()["arrived"]) == ([], 0)
    assert (await desk.client.get(url, headers=tag)).status_code == 304
    await desk.house.post("two")
    async with browser(desk.house) as client:
        olga = Desk(desk.house, client)
        await olga.sign_in(OLGAS)
        assert (await send(olga, "POST", "looks", {"id": str(first.id)})).status_code == 204
        await olga.decide(first, 1, "spam")
    news = await desk.client.get(url, headers=tag)
    assert news.status_code == 200 and news.headers["etag"] != tag["If-None-Match"]
    told = news.json()
    assert (told["arrived"], told["counts"]["spam"]) == (1, 1)
    assert told["seq"] == told["decided"][0]["seq"]
    assert [(act["action"], act["name"]) for act in told["decided"]] == [("spam", OLGAS)]
    assert told["looking"] == [{"id": str(first.id), "by": OLGAS}]


async def test_strangers_and_odd_questions_are_told_so(desk: Desk) -> None:
    for path in ("updates", "events", "comments/1"):
        async with browser(desk.house) as client:
            assert (await client.get(f"{API}/{path}")).status_code == 401
    for query in ("seq=x", "top=x", "status=x", "since=x"):
        for path in ("updates", "events"):
            assert (await desk.client.get(f"{API}/{path}?{query}")).status_code == 422, query
    assert (await send(desk, "POST", "looks", {"id": "404"})).status_code == 404
    assert (await send(desk, "POST", "looks", {"id": None})).status_code == 204
