"""The button that says a comment helped: a form without scripts, and the same page for everybody."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import httpx2
import pytest

from comments_service.core.permissions import ROLES, Actor
from comments_service.core.policy import Policy
from comments_service.operations import deciding, maintaining
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, House, client_of
from tests.web.test_pages import PAGE, TYPED, follow

OLGA = Actor("moderator:2", "olga@blog.example", ROLES["owner"])


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough here: the pages hold no SQL."""
    return f"sqlite:///{tmp_path}/comments.sqlite"


def buttons(page: httpx2.Response) -> list[tuple[str, str, str, str]]:
    """Return name, value, whether it is pressed or disabled, and figure of each button."""
    pattern = (
        r'<button class="comments-vote" form="comments-votes" name="(\w+)" value="(\d+)"'
        r' aria-pressed="(\w+"(?: disabled)?)>[^<]* <span>(\d*)</span>'
    )
    return [(n, v, s.replace('"', ""), c) for n, v, s, c in re.findall(pattern, page.text)]


async def press(client: httpx2.AsyncClient, page: httpx2.Response, at: int = 0) -> httpx2.Response:
    """Press a button as a browser does, and go where it leads."""
    action = re.search(r'<form id="comments-votes" method="post" action="([^"]*)"', page.text)
    assert action
    name, value, *_ = buttons(page)[at]
    answer = await client.post(str(page.url.join(unescape(action[1]))), data={name: value})
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    assert answer.headers["location"].endswith(f"#comment-{value}")
    return await client.get(follow(client, answer))


async def test_a_vote_is_given_and_taken_back(house: House, client: httpx2.AsyncClient) -> None:
    one, two = [str((await house.post(f"words {n}")).comment.id) for n in range(2)]
    page = await client.get(f"{PAGE}&lang=en&order=newest")
    assert buttons(page) == [("vote", two, "false", ""), ("vote", one, "false", "")]
    page = await press(client, page)
    assert {"lang=en", "page=1", "order=newest"} <= set(page.url.query.decode().split("&"))
    assert buttons(page) == [("unvote", two, "true", "1"), ("vote", one, "false", "")]
    page = await press(client, page, 1)
    assert buttons(page) == [("unvote", two, "true", "1"), ("unvote", one, "true", "1")]
    page = await press(client, page)
    assert buttons(page) == [("vote", two, "false", ""), ("unvote", one, "true", "1")]


async def test_a_page_holds_nobodys_votes(house: House, client: httpx2.AsyncClient) -> None:
    await house.post()
    before = await client.get(PAGE)
    await press(client, before)
    headers = {"If-None-Match": before.headers["etag"]}
    after = await client.get(PAGE, headers=headers)
    assert (after.status_code, after.headers["cache-control"]) == (200, "no-cache")
    assert [button[2:] for button in buttons(after)] == [("false", "1")]


async def test_nobody_votes_on_their_own(house: House, client: httpx2.AsyncClient) -> None:
    posted = await client.post(PAGE, data=TYPED)
    page = await client.get(follow(client, posted))
    [(name, number, state, _)] = buttons(page)
    assert state == "false disabled"
    refused = await client.post(str(page.url), data={name: number})
    assert refused.status_code == 403
    assert "Nobody votes on a comment of their own." in refused.text


async def test_what_can_not_be_voted_on_has_no_button(
    house: House, client: httpx2.AsyncClient
) -> None:
    comment = (await house.post()).comment
    await house.post("answer", to=comment)
    await deciding.decide(house.service, MONA, [Ask(comment.id, 1, "hold")])
    assert len(buttons(await client.get(PAGE))) == 1
    for number in (str(comment.id), "404", "x"):
        assert (await client.post(PAGE, data={"vote": number})).status_code == 404
    elsewhere = {"Origin": "https://mallory.example"}
    refused = await client.post(PAGE, data={"vote": "404"}, headers=elsewhere)
    assert refused.status_code == 403


async def test_an_owner_switches_votes_off_and_every_page_is_new(
    house: House, client: httpx2.AsyncClient
) -> None:
    comment = (await house.post()).comment
    before = await client.get(PAGE)
    await maintaining.change_policy(house.service, OLGA, house.site, Policy(votes=False))
    async with client_of(house) as later:
        after = await later.get(PAGE, headers={"If-None-Match": before.headers["etag"]})
        assert (after.status_code, buttons(after)) == (200, [])
        assert "comments-votes" not in after.text
        assert (await later.post(PAGE, data={"vote": str(comment.id)})).status_code == 403
