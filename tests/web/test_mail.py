"""The pages that links in mails lead to: looking changes nothing, the button does, and once is enough."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from comments_service.operations import deciding, learning, logbook, undoing
from comments_service.operations.deciding import Ask
from tests.allowed import page_faults
from tests.conftest import MONA, Clock
from tests.notifying import ALICE, BOB, MONAS, Post, post_office
from tests.people import account
from tests.receivers import links_in, text_of
from tests.web.desk import browser

MALLORY = "<img src=x onerror=alert(1)>"
CLICK = {"List-Unsubscribe": "One-Click"}


class Reader:
    """Somebody who reads mail and opens its links."""

    def __init__(self, post: Post, client: httpx2.AsyncClient) -> None:
        self.post, self.client = post, client

    def link(self, purpose: str, to: str = ALICE, place: int = 0) -> str:
        found = (links_in(message, purpose) for message in self.post.mailbox.to(to))
        return [links for links in found if links][-1][place]

    async def get(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == status, answer.text
        assert answer.headers["cache-control"] == "no-store" and not answer.cookies
        assert not page_faults(answer.text)
        return answer.text

    async def press(self, path: str, status: int = 200, **fields: str) -> str:
        answer = await self.client.post(path, data=fields)
        assert answer.status_code == status, answer.text
        assert not page_faults(answer.text)
        return answer.text

    async def rows(self, table: str) -> list[tuple[Any, ...]]:
        found = await self.post.house.service.database.fetch(f"SELECT * FROM {table}")
        return [tuple(row) for row in found]


@pytest.fixture
async def reader(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Reader]:
    async with post_office(database_url, tmp_path, clock) as post, browser(post.house) as client:
        yield Reader(post, client)


async def test_the_form_asks_and_the_mails_button_confirms(reader: Reader) -> None:
    page = (await reader.client.get("/sites/blog/thread?thread=/post")).text
    assert 'name="notify"' in page
    typed = {"thread": "/post", "name": MALLORY, "body": MALLORY, "notify": "1"}
    missing = await reader.press("/sites/blog/thread", 422, **typed)
    assert "untick the box" in missing and "checked" in missing
    await reader.press("/sites/blog/thread", 303, **typed, email=ALICE, title=MALLORY)
    await reader.post.pass_on()
    path = reader.link("confirm")
    assert "Is this comment yours?" in await reader.get(path)
    assert await reader.rows("confirmations") == []
    assert "You get mail" in await reader.press(path)
    assert len(await reader.rows("confirmations")) == 1
    assert "You get mail" in await reader.press(path)  # once more does no harm
    await reader.get(path + "x", 404)
    reader.post.house.clock.advance(8 * 24 * 3600)
    await reader.press(path, 410)


async def test_json_asks_for_mail_too(reader: Reader) -> None:
    sent = {"thread": "/post", "name": "alice", "body": "x", "notify": True, "email": ALICE}
    api = "/api/v1/sites/blog/comments"
    assert (await reader.client.post(api, json=sent)).status_code == 201
    quiet = sent | {"notify": False, "email": BOB, "body": "y"}
    assert (await reader.client.post(api, json=quiet)).status_code == 201
    await reader.post.pass_on()
    assert [box for _, [box] in reader.post.mailbox.envelopes] == [ALICE]


async def test_a_mail_programs_one_click_and_the_buttons_stop_mail(reader: Reader) -> None:
    await reader.post.followed(title=MALLORY)
    await reader.post.pass_on()
    path = reader.link("stop")
    page = await reader.get(path)
    assert page.count('name="scope"') == 3
    assert await reader.rows("mutes") == []
    assert "no more mail about this page" in await reader.press(path, **CLICK)
    bare = await reader.client.post(path)  # some send nothing at all
    assert bare.status_code == 200
    stopped = await reader.press(path, scope="all")
    assert "no more mail from here at all" in stopped
    assert len(await reader.rows("mutes")) == 2
    await reader.press(path, again="1")
    assert await reader.rows("mutes") == []


async def test_mona_decides_by_a_page_without_signing_in(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite"
    async with (
        post_office(url, tmp_path, clock, moderation="all") as post,
        browser(post.house) as client,
    ):
        reader = Reader(post, client)
        await account(post.house, "mona", "moderator")
        await post.confirm(MONAS)
        comment = (await post.post(MALLORY, name=MALLORY, title=MALLORY)).comment
        await post.pass_on()
        approve, spam, _ = links_in(post.mailbox.to(MONAS)[-1], "act")
        page = await reader.get(approve)
        assert "Approve?" in page and MONAS in page
        assert (await post.house.comment(comment.id)).status == "pending"
        await reader.press(approve)
        assert (await post.house.comment(comment.id)).status == "approved"
        await reader.press(spam)
        assert (await post.house.comment(comment.id)).status == "approved"
        assert 'class="comments-do-' not in await reader.get(spam)
        [act] = [each for each in await logbook.latest(post.house.service) if each.comment_id]
        assert act.actor.startswith("moderator:") and act.action == "approve"


# --- One's own data ---


async def owned(reader: Reader) -> str:
    """Let alice ask for what is hers; return the path of her link."""
    answer = await reader.press("/mail/data", email=ALICE.upper())
    assert "If something was written here" in answer
    await reader.post.pass_on()
    return reader.link("data")


async def test_alice_sees_and_takes_what_is_hers(reader: Reader) -> None:
    mine = await reader.post.followed(body=f"Mine $x$ {MALLORY}", title=MALLORY)
    await reader.post.post("Not hers", name="bob", email=BOB)
    path = await owned(reader)
    assert text_of(reader.post.mailbox.to(ALICE)[-1]).count("http") >= 1
    page = await reader.get(path)
    assert "1 comment was written" in page and "Not hers" not in page
    answer = await reader.client.get(f"{path}/comments.json")
    assert "attachment" in answer.headers["content-disposition"]
    [record] = answer.json()["comments"]
    assert (record["id"], record["source"]) == (str(mine.id), f"Mine $x$ {MALLORY}")
    assert record["mail_about_replies"] and "address" not in record  # nobody has confirmed it
    await reader.press(reader.link("confirm"))
    [record] = (await reader.client.get(f"{path}/comments.json")).json()["comments"]
    assert record["address"] == "192.0.2.1"


async def test_alice_has_it_erased_and_nobody_brings_it_back(reader: Reader) -> None:
    post, service = reader.post, reader.post.house.service
    mine = await post.followed(body="first secret words")
    answer = (await post.post("An answer", name="bob", email=BOB, to=mine)).comment
    other = (await post.post("second secret", name="alice", email=ALICE, thread="/other")).comment
    batch, _ = await deciding.decide(service, MONA, [Ask(other.id, 1, "delete")])
    for version, action in enumerate(("hold", "approve"), 1):
        await deciding.decide(service, MONA, [Ask(mine.id, version, action)])  # type: ignore[arg-type]
    await learning.catch_up(service, 9)
    assert "secret" in str(await reader.rows("lessons")) + str(await reader.rows("learned"))
    path = await owned(reader)
    assert "Tick the box first" in await reader.press(path, 422, sure="")
    assert (await post.house.comment(mine.id)).body == "first secret words"
    assert "2 comments were erased" in await reader.press(path, sure="1")
    assert "Nothing is kept" in await reader.get(path)
    for table in (
        "comments",
        "search",
        "revisions",
        "follows",
        "confirmations",
        "outbox",
        "log",
        "lessons",
        "learned",
    ):
        text = json.dumps([str(row) for row in await reader.rows(table)])
        assert "secret" not in text and ALICE not in text.lower(), table
    page = (await reader.client.get("/sites/blog/thread?thread=/post")).text
    assert f'id="comment-{mine.id}"' in page and "An answer" in page and "secret" not in page
    assert (await post.house.comment(answer.id)).visible
    gone = await post.house.comment(mine.id)
    for action in ("restore", "approve"):
        _, [outcome] = await deciding.decide(service, MONA, [Ask(mine.id, gone.version, action)])  # type: ignore[arg-type]
        assert outcome.result == "forbidden"
    _, [outcome] = await undoing.undo(service, MONA, batch)
    assert outcome.result == "forbidden"
    assert (await logbook.verify(service)).wrong is None


async def test_a_stranger_learns_nothing_and_gets_no_mail_sent(reader: Reader) -> None:
    await reader.post.post("words", name="bob", email=BOB)
    known = await reader.press("/mail/data", email=BOB)
    unknown = await reader.press("/mail/data", email=ALICE)
    assert known.replace(BOB, "") == unknown.replace(ALICE, "")
    for _ in range(3):
        await reader.press("/mail/data", email=BOB)
    await reader.post.pass_on()
    assert [box for _, [box] in reader.post.mailbox.envelopes] == [BOB]  # once an hour
    wrong = await reader.press("/mail/data", 422, email=MALLORY)
    assert "name@example.org" in wrong
    path = reader.link("data", BOB)
    await reader.get(path[:-2], 404)
    stop = reader.link("stop", BOB)
    await reader.press(stop)
    reader.post.house.clock.advance(3600)
    await reader.press("/mail/data", email=BOB)
    await reader.post.pass_on()
    await reader.press(stop, again="1")
    reader.post.house.clock.advance(3600)
    await reader.press("/mail/data", email=BOB)
    await reader.post.pass_on()
    assert len(reader.post.mailbox.envelopes) == 2  # none while bob wanted no mail at all
    reader.post.house.clock.advance(25 * 3600)
    await reader.get(path, 410)
    await reader.press(path, 410, sure="1")
