"""The dashboard as a browser without scripts meets it: what is shown, what is done."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from markupsafe import escape as markup

from comments_service.operations import deciding, maintaining
from comments_service.operations.deciding import Ask
from comments_service.web.dashboard_queue import PAGE
from tests.conftest import MONA, Clock, House
from tests.web.desk import MALLORY, MONAS, OLGAS, Desk, browser, desk_in, runs_nothing, told


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """Mona is signed in."""
    async with desk_in(tmp_path, clock, signed_in=True) as opened:
        yield opened


# --- What is shown ---


async def test_a_card_shows_what_a_moderator_needs(desk: Desk) -> None:
    house = desk.house
    parent = (await house.post("What is $e$?", name="olga")).comment
    await desk.decide(parent, 1, "approve")
    reply = (await house.post("It is *about* 2.72.", to=parent, email="alice@blog.example")).comment
    page = await desk.read()
    for text in (
        "alice@blog.example", "192.0.2.1", "/post", "<em>about</em>", "It is *about* 2.72.",
        "A first comment waits for a moderator.", 'data-version="1"', "What is", "olga",
        f'id="comment-{reply.id}"', 'data-status="pending"', "Sep 21, 2026",
    ):  # fmt: skip
        assert text in page
    offered = re.findall(r'name="action" value="(\w+)"', page)
    assert offered == ["approve", "spam", "reject", "delete"] * 2  # once for all that are ticked


async def test_nothing_that_mallory_types_is_markup(desk: Desk) -> None:
    house, email = desk.house, "'&b@evil.example"
    await house.post("<script>alert(1)</script>", name=MALLORY, email=email, thread="/<i>x")
    for path in ("/dashboard/queue", "/dashboard/log"):
        page = await desk.read(path)
        assert runs_nothing(page) and "<i>" not in page
    page = await desk.read()
    assert str(markup(MALLORY)) in page and str(markup(email)) in page


async def test_an_address_that_is_none_is_no_link(desk: Desk) -> None:
    from comments_service.storage.database import Transaction

    comment = (await desk.house.post()).comment

    async def poison(tx: Transaction) -> None:
        await tx.fetch("UPDATE comments SET website = 'javascript:alert(1)'")
        await tx.fetch("UPDATE threads SET url = 'javascript:alert(2)'")

    await desk.house.service.database.write(poison)
    page = await desk.read(f"/dashboard/queue?id={comment.id}")
    assert "javascript:alert(1)" in page and "alert(2)" not in page
    assert 'href="javascript' not in page


async def test_each_status_has_its_tab_with_a_count(desk: Desk) -> None:
    spam = (await desk.house.post("buy", name="mallory")).comment
    await desk.house.post("wait", name="alice")
    page = await desk.decide(spam, 1, "spam", back="/dashboard/queue?status=spam")
    assert "<h2" in page and page.count("<article") == 1 and "buy" in page
    tabs = re.search(r'<nav class="comments-tabs".*?</nav>', page, re.DOTALL)
    assert tabs
    words = " ".join(re.sub("<[^>]+>", " ", tabs[0]).split())
    queues = "Pending 1 Reported 0 Edited 0 Approved Spam 1 Rejected 0 Trash 0 All"
    assert words == f"{queues} My acts"
    assert "Nothing is here." in await desk.read("/dashboard/queue?status=approved")


async def test_a_decision_is_taken_back_by_a_button(desk: Desk) -> None:
    comment = (await desk.house.post("words")).comment
    page = await desk.decide(comment, 1, "spam")
    batch = re.search(r'name="batch" value="([0-9]+)"', page)
    assert batch
    form = {"csrf": await desk.csrf(), "batch": batch[1], "back": "/dashboard/queue?status=pending"}
    answer = await desk.client.post("/dashboard/undo", data=form)
    page = await desk.read(answer.headers["location"])
    assert told(page) == "Taken back: now pending. Show the comment Undo"
    assert 'data-status="pending"' in page
    forged = await desk.client.post("/dashboard/undo", data=form | {"csrf": "x"})
    nothing = await desk.client.post("/dashboard/undo", data=form | {"batch": "404"})
    assert (forged.status_code, nothing.status_code) == (403, 404)


async def test_a_site_can_be_looked_at_alone(desk: Desk) -> None:
    await desk.house.post(name="alice")
    await maintaining.add_site(desk.house.service, "empty", [])
    assert "<bdi>alice</bdi>" in await desk.read("/dashboard/queue?site=blog")
    page = await desk.read("/dashboard/queue?status=pending&site=empty")
    assert "Nothing waits" in page and "status=spam&amp;site=empty" in page


async def test_older_comments_are_reached_page_by_page(desk: Desk) -> None:
    posted = {(await desk.house.post(f"n {n}")).comment.id for n in range(PAGE * 2)}
    path, seen = "/dashboard/queue?status=pending", []
    while path:
        page = await desk.read(path)
        seen += [int(number) for number in re.findall(r'id="comment-(\d+)"', page)]
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = unescape(older[1]) if older else ""
    assert len(seen) == len(posted) and seen == sorted(posted, reverse=True)


# --- What is done ---


async def test_every_action_does_what_it_says_and_says_what_it_did(desk: Desk) -> None:
    comment = (await desk.house.post()).comment
    steps = [
        ("approve", "approved", "Approved."),
        ("hold", "pending", "Held."),
        ("spam", "spam", "Marked as spam."),
        ("delete", "deleted", "Deleted."),
        ("restore", "pending", "Restored: now pending."),
        ("reject", "rejected", "Rejected."),
    ]
    for version, (action, status, sentence) in enumerate(steps, start=1):
        page = await desk.decide(comment, version, action, reason=f"why {version} <b>")
        assert sentence in told(page)
        assert (await desk.house.comment(comment.id)).status == status
    log = await desk.read("/dashboard/log")
    assert log.count(MONAS) == 1  # in the bar
    assert log.count(">you<") == len(steps) + 2  # and her account was made, and she signed in
    assert "why 6 &lt;b&gt;" in log and "pending → rejected" in log
    assert f"/dashboard/queue?id={comment.id}" in log


async def test_who_comes_second_is_told_who_was_first(strict_house: House) -> None:
    comment = (await strict_house.post()).comment
    async with browser(strict_house) as client:
        olga = Desk(strict_house, client)
        await olga.sign_in(OLGAS)
        await olga.decide(comment, 1, "spam")
        assert told(await olga.decide(comment, 1, "spam")).startswith(
            "Nothing to do: already spam."
        )
        assert "Somebody was first: now spam, by you" in told(
            await olga.decide(comment, 1, "approve")
        )
    async with browser(strict_house) as client:
        mona = Desk(strict_house, client)
        await mona.sign_in()
        page = await mona.decide(comment, 1, "approve")
    assert f"Somebody was first: now spam, by {OLGAS}, Sep 21, 2026" in told(page)
    assert (await strict_house.comment(comment.id)).status == "spam"


async def test_several_are_decided_at_once(desk: Desk) -> None:
    posted = [(await desk.house.post(f"buy {n}", thread=f"/{n % 2}")).comment for n in range(4)]
    await deciding.decide(desk.house.service, MONA, [Ask(posted[3].id, 1, "approve")])
    page = await desk.send("spam", *((comment, 1) for comment in posted), reason="a wave")
    assert "Marked as spam: 3 comments." in told(page)
    assert "Somebody was first: now approved, by account 1," in told(page)
    statuses = [(await desk.house.comment(comment.id)).status for comment in posted]
    assert statuses == ["spam", "spam", "spam", "approved"]
    assert (await desk.read("/dashboard/log")).count("a wave") == 3


async def test_impossible_decisions_are_answered_in_words(desk: Desk) -> None:
    comment = (await desk.house.post()).comment
    assert told(await desk.send("spam")) == "Nothing was ticked."
    assert "That can't be done to a comment that is pending." in told(
        await desk.decide(comment, 1, "restore")
    )
    unknown = await desk.send("spam", id="1", version="1")
    assert "There is no such comment." in told(unknown)
    many = await desk.send("spam", pick=[f"{n}:1" for n in range(1, 50)])  # type: ignore[arg-type]
    assert "44 more were left as they are." in told(many)


async def test_a_notice_can_not_be_made_up(desk: Desk) -> None:
    comment = (await desk.house.post()).comment
    async with browser(desk.house) as client:
        mallory = Desk(desk.house, client)
        await mallory.sign_in("mallory@evil.example")
        data = {
            "csrf": await mallory.csrf(),
            "id": str(comment.id),
            "version": "9",
            "action": "spam",
        }
        theirs = (await client.post("/dashboard/decisions", data=data)).headers["location"]
        assert told(await mallory.read(theirs))
    for notice in ("Pay%20mallory", "W1siUGF5IiwgIiJdXQ.x", "%00", "..", theirs.split("=")[1]):
        assert told(await desk.read(f"/dashboard/queue?notice={notice}")) == ""


async def test_a_search_leaves_the_other_fields_folded_and_names_what_is_asked(desk: Desk) -> None:
    comment = (await desk.house.post("By the lemma.", name="alice")).comment
    empty = "site=&thread=&author=&network=&reason=&since=&until=&order="
    page = await desk.read(f"/dashboard/queue?status=pending&q=lemma&{empty}")
    assert page.count("<article") == 1 and "<details>\n<summary>Filter" in page
    assert "Name of this filter" in page
    page = await desk.read(f"/dashboard/queue?status=spam&q=&{empty}")
    assert "Nothing is here." in page and "Name of this filter" not in page
    page = await desk.read("/dashboard/queue?status=pending&reason=first_comment_waits")
    assert page.count("<article") == 1 and "<details open>\n<summary>Filter" in page
    assert '<option value="first_comment_waits" selected>A first comment waits' in page
    assert 'name="thread"' in page  # with one site as well
    asked = await desk.read("/dashboard/all?status=pending&q=lemma&reason=first_comment_waits")
    for label, text in [("Queue", "Pending"), ("Search", "lemma"), ("Reason", "A first comment")]:
        assert f"<dt>{label}</dt><dd><bdi>{text}" in asked
    await desk.decide(comment, 1, "approve")
    assert f'?id={comment.id}"><bdi>alice</bdi>' in await desk.read("/dashboard/log")
