"""Feeds: valid in each format, with ids that last, formulas that stay whole, and nothing of what was removed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import feedparser
import httpx2
import pytest

from comments_service import app as wiring
from comments_service.core import feeds as core
from comments_service.core.models import Comment, Visitor
from comments_service.core.text import render
from comments_service.demo import fill
from comments_service.operations import commenting, deciding, reading
from comments_service.operations.deciding import Ask
from comments_service.web import pages
from tests.conftest import BLOG, MONA, Clock, House, client_of, house_on
from tests.feeds import MEDIA_TYPES, Entry, read, strings

KINDS = list(MEDIA_TYPES)
DATA = Path(__file__).parents[1] / "data"


async def entries(
    client: httpx2.AsyncClient, kind: str, query: str = "", site: str = "blog"
) -> list[Entry]:
    answer = await client.get(f"/sites/{site}/feed.{kind}{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPES[kind]
    return read(kind, answer.content)[1]


async def act(house: House, comment: Comment, action: Any) -> None:
    stored = await house.comment(comment.id)
    _, [done] = await deciding.decide(house.service, MONA, [Ask(stored.id, stored.version, action)])
    assert done.result == "done"


@pytest.mark.parametrize("kind", KINDS)
async def test_the_newest_comments_with_all_that_a_reader_shows(
    house: House, client: httpx2.AsyncClient, kind: str
) -> None:
    alice = (await house.post("Let $a<b$.", name="alice & co")).comment
    bob = (await house.post("Indeed: `x<y`", name="bob", to=alice)).comment
    await house.post("elsewhere", thread="/文章", name="陈")
    found = await entries(client, kind)
    assert [entry.author for entry in found] == ["陈", "bob", "alice & co"]
    assert [entry.title for entry in found] == ["陈 · /文章", "bob · /post", "alice & co · /post"]
    assert found[2].html == "<p>Let <code>$a&lt;b$</code>.</p>"
    assert found[2].summary == "Let a < b."
    assert found[1].url == f"http://127.0.0.1:8000/c/{bob.id}"
    assert found[1].published.timestamp() == pytest.approx(bob.created_at / 1e6, abs=1)
    of_thread = await entries(client, kind, "?thread=/post/")
    assert of_thread == found[1:]


async def test_the_three_formats_say_the_same(house: House, client: httpx2.AsyncClient) -> None:
    for number in range(60):
        await house.post(f"words {number} $x_{{{number}}}$")
    atom, rss, js = [await entries(client, kind) for kind in ("atom", "rss", "json")]
    assert len(atom) == 50 and atom[0].summary == "words 59 x₅₉"
    assert atom == js
    for mine, other in zip(atom, rss, strict=True):
        moment = mine.published.replace(microsecond=0)
        assert other == replace(mine, published=moment, updated=None, answers=None)


@pytest.mark.parametrize("kind", ["atom", "rss"])
async def test_feedparser_reads_them_without_complaint(
    house: House, client: httpx2.AsyncClient, kind: str
) -> None:
    alice = (await house.post("Let $a<b$ & so on.\n\n$$\\sum_{i<n}$$", name="Zoë <z>")).comment
    await house.post("> Let\n\n是的", name="陈", to=alice, thread="/post")
    answer = await client.get(f"/sites/blog/feed.{kind}?thread=/post")
    found = feedparser.parse(answer.content, response_headers=dict(answer.headers))
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == {"atom": "atom10", "rss": "rss20"}[kind]
    assert [entry.author for entry in found.entries] == ["陈", "Zoë ＜z>"]
    [content] = found.entries[1].content
    assert content.type == "text/html"
    assert "<code>$a&lt;b$</code> &amp; so on." in content.value
    assert "<code>$$\\sum_{i&lt;n}$$</code>" in content.value
    assert all(
        entry.published_parsed and entry.id.startswith("urn:uuid:") for entry in found.entries
    )
    assert found.feed.links[0].rel == "self" or found.feed.links[1].rel == "self"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_empty_feed_is_a_feed(client: httpx2.AsyncClient, house: House, kind: str) -> None:
    for query in ("", "?thread=/nothing", "?thread=/nothing&lang=zh"):
        assert await entries(client, kind, query) == []
    removed = (await house.post()).comment
    await act(house, removed, "delete")
    assert await entries(client, kind) == []


async def test_a_site_that_is_not_there_has_no_feed(client: httpx2.AsyncClient) -> None:
    for kind in KINDS:
        answer = await client.get(f"/sites/nobody/feed.{kind}")
        assert (answer.status_code, answer.json()["code"]) == (404, "site_unknown")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_taken_away_leaves_the_feed_and_is_a_change(
    house: House, client: httpx2.AsyncClient, kind: str
) -> None:
    gone, kept = [(await house.post(f"words {n}")).comment for n in range(2)]
    reply = (await house.post("a reply", to=gone)).comment
    for action in ("hold", "delete"):
        await act(house, gone, action)
        found = await entries(client, kind)
        assert [entry.url.rsplit("/", 1)[1] for entry in found] == [str(reply.id), str(kept.id)]
    changes = (await client.get("/api/v1/sites/blog/changes?after=3")).json()["changes"]
    assert [(change["kind"], change["id"]) for change in changes] == [("removed", str(gone.id))]
    await act(house, gone, "restore")
    await act(house, gone, "approve")
    assert len(await entries(client, kind)) == 3


async def test_a_late_approval_stands_on_top(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    early, late = [(await strict_house.post(f"words {n}")).comment for n in range(2)]
    await act(strict_house, late, "approve")
    strict_house.clock.advance(3600)
    await act(strict_house, early, "approve")
    for kind in KINDS:
        found = await entries(strict_client, kind)
        assert [entry.summary for entry in found] == ["words 0", "words 1"]


@pytest.mark.parametrize("kind", ["atom", "json"])
async def test_replies_name_what_they_answer(
    house: House, client: httpx2.AsyncClient, kind: str
) -> None:
    root = (await house.post("root")).comment
    reply = (await house.post("reply", to=root)).comment
    await house.post("deeper", to=reply)
    deeper, answer, first = await entries(client, kind, "?thread=/post")
    assert (deeper.answers, answer.answers) == (answer.id, first.id)
    atom = (await client.get("/sites/blog/feed.atom?thread=/post")).text
    assert f"<id>{first.answers}</id>" in atom, "a root answers the page, whose feed has that id"


# --- Ids ---


async def ids(client: httpx2.AsyncClient, site: str = "blog") -> dict[str, str]:
    """Return the id of each comment's entry by its text; the same in every format."""
    found = [await entries(client, kind, site=site) for kind in KINDS]
    named = [{entry.summary: entry.id for entry in each} for each in found]
    assert named[0] == named[1] == named[2]
    return named[0]


async def test_ids_outlive_edits_decisions_and_a_new_domain(
    database_url: str, tmp_path: Path
) -> None:
    def house(base: str) -> Any:
        return house_on(database_url, tmp_path, Clock(), base_url=base)

    async with house("https://old.example") as first, client_of(first) as client:
        alice = (await first.post("first")).comment
        await first.post("second", to=alice)
        before = await ids(client)
        own = Visitor(receipts=frozenset({alice.id}))
        await commenting.edit_comment(first.service, first.site, alice.id, "edited", own)
        await act(first, alice, "hold")
        await act(first, alice, "approve")
        after = await ids(client)
        assert after == {"edited": before["first"], "second": before["second"]}
        address = (await entries(client, "atom"))[0].url
        assert address.startswith("https://old.example/")
    async with house("https://new.example") as moved, client_of(moved) as client:
        assert await ids(client) == after
        assert (await entries(client, "atom"))[0].url.startswith("https://new.example/")


async def test_ids_go_with_a_site_into_another_database(house: House, tmp_path: Path) -> None:
    """What an export has to carry is the site's feed_id and each comment's own number."""
    posted = (await house.post("words")).comment
    thread = await reading.thread(house.service, house.site, "/post")
    elsewhere = replace(house.site, site_id=99, slug="renamed", origins=())
    moved = replace(posted, thread_id=7, site_id=99)
    assert core.comment_urn(elsewhere, moved.id) == core.comment_urn(house.site, posted.id)
    assert core.thread_urn(elsewhere, replace(thread, thread_id=7)) == core.thread_urn(
        house.site, thread
    )
    assert core.urn(elsewhere) == core.urn(house.site)


async def test_two_sites_never_share_an_id(house: House) -> None:
    from comments_service.operations import maintaining

    other = await maintaining.add_site(house.service, "other", [])
    assert other.feed_id and other.feed_id != house.site.feed_id
    assert core.comment_urn(other, 29105) != core.comment_urn(house.site, 29105)
    again = await maintaining.add_site(house.service, "other", [BLOG])
    assert again.feed_id == other.feed_id, "it never changes"


def test_ids_are_what_they_were_in_the_first_release() -> None:
    """Changing how they are made would show every subscriber every comment anew."""
    from comments_service.core.models import Site

    site = Site(1, "blog", feed_id="0123456789abcdef0123456789abcdef")
    assert core.comment_urn(site, 29105) == f"urn:uuid:{FIRST}"
    assert core.urn(site) == f"urn:uuid:{FIRST_SITE}"


FIRST, FIRST_SITE = "75d69b56-d583-5311-97fc-ab64481f472f", "a1a52edc-1efa-5072-bbc6-5d290e146423"

# --- Text ---


async def test_no_summary_cuts_a_formula(house: House, client: httpx2.AsyncClient) -> None:
    """The same holds for the sidebar's list, which has the same excerpts."""
    formula = r"$\sqrt{a_1^2+b_1^2}=c_1$"
    whole = render(formula).excerpt
    for length in range(130):
        await house.post(f"{'字' * (length // 2)}{'x' * (length % 2)} {formula} tail {length}")
    recent = (await client.get("/api/v1/sites/blog/recent?limit=100")).json()["comments"]
    texts = [comment["excerpt"] for comment in recent]
    for kind in KINDS:
        texts += [entry.summary for entry in await entries(client, kind)]
    for text in texts:
        rest = text.replace(whole, "").replace("[…]", "")
        assert not re.search(r"[√₁²=\\$]", rest), text
    assert sum(whole in text for text in texts) > 20 < sum("[…]" in text for text in texts)


async def test_the_demos_list_cuts_no_formula(tmp_path: Path) -> None:
    async with house_on(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock()) as house:
        await fill(house.service)
        transport = httpx2.ASGITransport(wiring.build(house.service, demo=True))
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000"
        ) as client:
            page = (await client.get("/")).text
            shown = re.findall(r'class="demo-excerpt"><a [^>]*>(.*?)</a>', page, re.DOTALL)
            recent = (await client.get("/api/v1/sites/demo/recent?limit=8")).json()["comments"]
            for kind in KINDS:
                found = await entries(client, kind, site="demo")
                assert [entry.summary for entry in found[:8]] == [c["excerpt"] for c in recent]
    assert len(shown) == pages._LATEST == 8
    for text in shown:
        assert text.count("$") % 2 == 0 and text.count("{") == text.count("}"), text


@pytest.mark.parametrize("kind", KINDS)
async def test_what_xml_cannot_hold_is_left_out_wherever_it_is_stored(
    house: House, client: httpx2.AsyncClient, kind: str
) -> None:
    """Such characters are refused at the door; old rows and importers may have brought them."""
    bad = "a\x01\x0b\x1f\ufffe\uffffb\x7f"
    comment = (await house.post("words")).comment

    async def spoil(tx: Any) -> None:
        values = {"bad": bad, "html": f"<p>{bad}&#1;&#xfffe;</p>", "id": comment.id}
        await tx.fetch(
            "UPDATE comments SET name = :bad, html = :html, excerpt = :bad WHERE id = :id", values
        )
        await tx.fetch("UPDATE threads SET title = :bad", {"bad": bad})

    await house.service.database.write(spoil)
    answer = await client.get(f"/sites/blog/feed.{kind}?thread=/post")
    [entry] = read(kind, answer.content)[1]
    assert (entry.author, entry.title, entry.summary) == ("ab", "ab · ab", "ab")
    assert not any(
        re.search("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]", s) for s in strings(kind, answer.content)
    )


async def test_a_website_that_is_no_address_is_left_out(
    house: House, client: httpx2.AsyncClient
) -> None:
    comment = (await house.post("words")).comment
    update = "UPDATE comments SET website = :w WHERE id = :id"
    for website, shown in (("javascript:alert(1)", 0), ("https://alice.example/", 1)):
        values = {"w": website, "id": comment.id}
        await house.service.database.write(lambda tx, v=values: tx.fetch(update, v))
        query = f"?thread=/post&{shown}"
        assert await entries(client, "atom", query) and await entries(client, "json", query)
        feed = await client.get(f"/sites/blog/feed.json{query}")
        assert ("url" in json.loads(feed.content)["items"][0]["authors"][0]) == bool(shown)


# --- Where they are found ---


def alternates(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<link rel="alternate" type="([^"]+)" title="[^"]+" href="([^"]+)">', page)


async def test_pages_lead_to_their_feeds(tmp_path: Path) -> None:
    async with house_on(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock()) as house:
        await fill(house.service)
        for demo in (False, True):
            transport = httpx2.ASGITransport(wiring.build(house.service, demo=demo))
            async with httpx2.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8000"
            ) as client:
                addresses = ["/", "/sites/demo/thread?thread=/archives/11390&page=2", "/?lang=de"]
                for address in addresses + ["/archives/11390"] * demo:
                    page = await client.get(address)
                    found = alternates(page.text)
                    assert {kind for kind, _ in found} == {
                        media_type.split(";")[0] for media_type in MEDIA_TYPES.values()
                    }, address
                    for media_type, href in found:
                        feed = await client.get(str(page.url.join(href.replace("&amp;", "&"))))
                        assert feed.status_code == 200
                        assert feed.headers["content-type"].split(";")[0] == media_type


async def test_a_feed_has_its_title_in_the_language_of_the_page_that_led_there(
    house: House, client: httpx2.AsyncClient
) -> None:
    await house.post()
    for lang, title in (
        ("", "/post · Comments"),
        ("zh-Hans", "/post · 评论"),
        ("xx", "/post · Comments"),
    ):
        for kind in KINDS:
            feed = await client.get(f"/sites/blog/feed.{kind}?thread=/post&lang={lang}")
            assert read(kind, feed.content)[0] == title
