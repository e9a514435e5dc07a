"""Without any script an author edits and deletes, by the receipt in the address, for as long as that is allowed."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from comments_service.errors import Unavailable
from comments_service.operations import reading
from comments_service.operations.commenting import OWN_WINDOW
from tests.conftest import SECOND, House
from tests.web.test_pages import PAGE, TYPED, follow


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough here: the pages hold no SQL."""
    return f"sqlite:///{tmp_path}/comments.sqlite"


async def posted(client: httpx2.AsyncClient) -> str:
    """Post as alice; return the address to which the form leads."""
    return follow(client, await client.post(PAGE, data=TYPED))


async def followed(
    client: httpx2.AsyncClient, page: httpx2.Response, words: str
) -> httpx2.Response:
    """Follow the link with these words."""
    found = re.search(rf'<a [^>]*href="([^"]*)"[^>]*>{words}</a>', page.text)
    assert found, words
    return await client.get(str(page.url.join(unescape(found[1]))))


async def sent(client: httpx2.AsyncClient, page: httpx2.Response, **typed: str) -> httpx2.Response:
    """Send the form that changes a comment."""
    form = re.search(r'<form class="comments-change".*?</form>', page.text, re.DOTALL)
    assert form
    values = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', form[0]))
    action = unescape(re.search(r'action="([^"]*)"', form[0])[1])  # type: ignore[index]
    return await client.post(str(page.url.join(action)), data=values | typed)


async def test_alice_edits(house: House, client: httpx2.AsyncClient) -> None:
    page = await client.get(await posted(client))
    assert "You can change this until" in page.text
    form = await followed(client, page, "Edit")
    assert f"{TYPED['body']}</textarea>" in form.text
    answer = await sent(client, form, body="Let $x=2$.")
    assert answer.status_code == 303
    after = await client.get(follow(client, answer))
    assert "x" in after.text and "<mn>2</mn>" in after.text
    assert "comments-change" not in after.text
    assert "edit" not in parse_qs(urlsplit(str(after.url)).query)
    assert (await house.page()).roots[0].comment.body == "Let $x=2$."


async def test_an_edit_can_be_seen_before_it_is_saved(
    house: House, client: httpx2.AsyncClient
) -> None:
    form = await followed(client, await client.get(await posted(client)), "Edit")
    shown = await sent(client, form, body="Let *y* be.", preview="1")
    assert shown.status_code == 200
    assert "Let <em>y</em> be." in shown.text
    assert "Let *y* be.</textarea>" in shown.text
    assert (await house.page()).roots[0].comment.body == TYPED["body"]


async def test_alice_deletes_after_she_was_asked(house: House, client: httpx2.AsyncClient) -> None:
    page = await client.get(await posted(client))
    form = await followed(client, page, "Delete")
    assert "for good?" in form.text
    body = '<div class="comments-body"'
    assert form.text.count(body) == page.text.count(body)  # what is asked about stands there
    kept = await followed(client, form, "Leave it as it is")
    assert "comments-change" not in kept.text
    assert (await sent(client, form)).status_code == 303
    assert (await house.page()).thread.count == 0


async def test_a_refused_edit_loses_nothing(
    house: House, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = await followed(client, await client.get(await posted(client)), "Edit")
    empty = await sent(client, form, body=" ")
    assert empty.status_code == 422
    assert "Type your comment." in empty.text
    house.clock.advance(OWN_WINDOW / SECOND + 1)
    late = await sent(client, form, body="Too late?")
    assert late.status_code == 403
    assert "is over" in late.text
    assert "Too late?</textarea>" in late.text

    async def silent(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(reading, "thread", silent)
    down = await sent(client, form, body="Still here?")
    assert "Still here?</textarea>" in down.text


async def test_only_its_author_and_only_in_time(house: House, client: httpx2.AsyncClient) -> None:
    address = await posted(client)
    comment_id = urlsplit(address).fragment.removeprefix("comment-")
    for stranger in (f"{PAGE}&edit={comment_id}", f"{PAGE}&delete={comment_id}&receipt=x"):
        shown = await client.get(stranger)
        assert "comments-change" not in shown.text
        assert "data-until" not in shown.text
    forged = {"own": "edit", "comment": comment_id, "body": "Mine."}
    for values, status in ((forged, 403), (forged | {"comment": "x"}, 404)):
        assert (await client.post(PAGE, data=values)).status_code == status
    house.clock.advance(OWN_WINDOW / SECOND + 1)
    late = await client.get(address)
    assert "data-until" not in late.text
    assert (await house.page()).roots[0].comment.body == TYPED["body"]


async def test_a_waiting_comment_can_be_changed_too(strict_client: httpx2.AsyncClient) -> None:
    page = await strict_client.get(await posted(strict_client))
    form = await followed(strict_client, page, "Edit")
    after = await strict_client.get(
        follow(strict_client, await sent(strict_client, form, body="Better."))
    )
    assert 'data-status="pending"' in after.text
    assert "Better." in after.text


async def test_authors_of_a_page_know_who_quotes_them(
    house: House, client: httpx2.AsyncClient
) -> None:
    alice = (await house.post("First.")).comment
    link = house.service.links("blog").permalink(alice.id)
    bob = (await house.post(f"> First.\n>\n> — alice, {link}\n\nWhy?", name="bob")).comment
    await house.post(f"A mere link: {link}", name="carol")
    await house.post("> A quotation from elsewhere: https://evil.example/c/1", name="dave")
    shown = (await client.get(PAGE)).text
    assert re.findall(r'Quoted by <a href="#comment-(\d+)"', shown) == [str(bob.id)]


async def test_deep_replies_name_what_they_answer(house: House, client: httpx2.AsyncClient) -> None:
    above = (await house.post("root")).comment
    for level in range(9):
        above = (await house.post(f"level {level}", name=f"n{level}", to=above)).comment
    shown = (await client.get(PAGE)).text
    assert re.findall(r"in reply to <a[^>]*><bdi>(\w+)", shown) == ["n5", "n6", "n7"]
    assert re.search(r'<details class="comments-fold" open>\s*<summary>9 replies</summary>', shown)
