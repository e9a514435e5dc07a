"""The thread's page and its form, as a browser without scripts has them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx2
import pytest

from comments_service import demo
from comments_service.core.tree import SHOWN_REPLIES
from comments_service.operations import deciding
from comments_service.operations.deciding import Ask
from comments_service.web import pages
from tests.conftest import BLOG, MONA, Clock, House, client_of, house_on

PAGE = "/sites/blog/thread?thread=/post"
TYPED = {"thread": "/post", "name": "alice", "email": "alice@blog.example", "body": "Let $x=1$."}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough here: the pages hold no SQL."""
    return f"sqlite:///{tmp_path}/comments.sqlite"


@pytest.fixture
async def crowded(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """A house where a root has more replies than its page shows."""
    async with house_on(database_url, tmp_path, Clock()) as house:
        root = (await house.post("root")).comment
        for number in range(SHOWN_REPLIES + 3):
            await house.post(f"reply {number}", name="bob", to=root)
        yield house


def fields(html: str) -> dict[str, str]:
    """Return what a browser would send of the page's form."""
    form = html[html.index("<form") :]
    found = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', form)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    area = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.DOTALL)
    assert area
    return {k: unescape(v) for k, v in [*found, *hidden]} | {"body": unescape(area[1])}


def follow(client: httpx2.AsyncClient, answer: httpx2.Response) -> str:
    return str(answer.url.join(answer.headers["location"]))


async def test_a_page_runs_nothing_and_sets_no_cookie(
    house: House, client: httpx2.AsyncClient
) -> None:
    await house.post(
        '<script>alert(1)</script> "><img src=x onerror=alert(1)>', name="<b>mallory</b>"
    )
    answer = await client.get(PAGE)
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "default-src 'none'" in policy
    assert f"frame-ancestors 'self' {BLOG}" in policy
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in answer.headers
    assert "submission_key" not in answer.text
    assert re.findall(r"<script[^>]*>", answer.text) == [
        '<script type="module" src="../../static/embed.js">'
    ]
    assert not re.search(r"<style|\sstyle=|\son\w+=\"|<img", answer.text)
    assert "&lt;b&gt;mallory&lt;/b&gt;" in answer.text


async def test_a_page_is_revalidated(house: House, client: httpx2.AsyncClient) -> None:
    await house.post()
    first = await client.get(PAGE)
    again = await client.get(PAGE, headers={"If-None-Match": first.headers["etag"]})
    assert (first.headers["cache-control"], again.status_code) == ("no-cache", 304)
    await house.post("more")
    after = await client.get(PAGE, headers={"If-None-Match": first.headers["etag"]})
    assert after.status_code == 200
    head = await client.head(PAGE)
    assert head.headers["etag"] == after.headers["etag"]


async def test_a_quotation_is_the_source_byte_for_byte(
    house: House, client: httpx2.AsyncClient
) -> None:
    source = "Let $a<b$ & `c`\n\n> old\n\n$$\\int_0^1$$"
    alice = (await house.post(source)).comment
    shown = await client.get(f"{PAGE}&quote={alice.id}")
    quoted = fields(shown.text)["body"]
    lines = quoted.split("\n")
    assert "\n".join(line.removeprefix("> ") for line in lines[: source.count("\n") + 1]) == source
    assert f"> — alice, http://127.0.0.1:8000/c/{alice.id}" in lines
    await deciding.decide(house.service, MONA, [Ask(alice.id, alice.version, "hold")])
    assert fields((await client.get(f"{PAGE}&quote={alice.id}")).text)["body"] == ""


@pytest.mark.parametrize("name", ["replyTo", "quote"])
async def test_an_unknown_comment_is_ignored_with_a_notice(
    house: House, client: httpx2.AsyncClient, name: str
) -> None:
    other = (await house.post(thread="/other")).comment
    for wanted in ("17", "x", str(other.id)):
        shown = await client.get(f"{PAGE}&{name}={wanted}")
        assert shown.status_code == 200
        assert 'class="comments-notice"' in shown.text
        assert "parent_id" not in fields(shown.text)


async def test_links_lead_to_the_service_where_no_page_is_known(
    house: House, client: httpx2.AsyncClient
) -> None:
    alice = (await house.post()).comment
    answer = await client.get(f"/c/{alice.id}")
    assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-cache")
    assert answer.headers["location"].endswith(
        f"/sites/blog/thread?thread=/post&page=1#comment-{alice.id}"
    )


async def test_links_lead_to_the_host_page(client: httpx2.AsyncClient) -> None:
    sent = TYPED | {"thread": "p12", "url": f"{BLOG}/?p=12&comment-page=9#top", "title": "Twelve"}
    posted = await client.post("/api/v1/sites/blog/comments", json=sent, headers={"Origin": BLOG})
    comment_id = posted.json()["comment"]["id"]
    answer = await client.get(f"/c/{comment_id}")
    assert answer.headers["location"] == f"{BLOG}/?p=12&comment-page=1#comment-{comment_id}"
    fragment = await client.get("/sites/blog/fragment?thread=p12")
    assert f'href="?p=12&amp;comment-page=1&amp;replyTo={comment_id}#respond"' in fragment.text
    assert fragment.text.lstrip().startswith("<section")


async def test_nobody_is_led_to_what_was_never_published(client: httpx2.AsyncClient) -> None:
    for path in ("/c/17", "/c/x", "/sites/blog/old/17"):
        answer = await client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_removed_comment_keeps_its_place(house: House, client: httpx2.AsyncClient) -> None:
    alice = (await house.post("a secret")).comment
    await house.post("Why?", name="bob", to=alice)
    await deciding.decide(house.service, MONA, [Ask(alice.id, alice.version, "delete")])
    shown = (await client.get(PAGE)).text
    assert "This comment was removed." in shown
    assert f'id="comment-{alice.id}" data-status="deleted" data-floor="1"' in shown
    assert "a secret" not in shown
    assert "alice" not in shown
    assert (await client.get(f"/c/{alice.id}")).status_code == 302


async def test_replies_past_those_shown_have_a_page(crowded: House) -> None:
    async with client_of(crowded) as client:
        shown = (await client.get(PAGE)).text
        more = re.search(r'class="comments-more"><a href="([^"]*)">3 more replies', shown)
        assert more
        further = (await client.get("/sites/blog/thread" + unescape(more[1]))).text
        assert further.count("in reply to") == 3
        last = re.findall(r'id="comment-(\d+)"', further)[-1]
        assert last not in shown
        landed = await client.get(f"/c/{last}")
        assert "root=" in landed.headers["location"]
        assert f'id="comment-{last}"' in (await client.get(landed.headers["location"])).text


async def test_pages_are_linked_and_newest_first_turns_them(
    house: House, client: httpx2.AsyncClient
) -> None:
    for number in range(23):
        await house.post(f"floor {number + 1}")
    second = (await client.get(f"{PAGE}&page=2")).text
    assert 'rel="prev" href="?thread=/post&amp;page=1#comments"' in second
    assert 'aria-current="page"' in second
    newest = (await client.get(f"{PAGE}&order=newest")).text
    assert re.findall(r'data-floor="(\d+)"', newest) == ["23", "22", "21"]
    assert 'rel="next" href="?thread=/post&amp;page=2&amp;order=newest#comments"' in newest
    assert (await client.get(f"{PAGE}&page=zwei")).status_code == 422


async def test_home_and_demo(tmp_path: Path, database_url: str, client: httpx2.AsyncClient) -> None:
    assert 'href="./dashboard/"' in (await client.get("/")).text
    assert (pages.DEMO_SITE, pages.DEMO_THREAD) == (demo.SITE, demo.THREAD)
