"""Mona makes rules and bans on pages that need no script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from comments_service.core.permissions import OPERATOR
from comments_service.operations import regulating
from comments_service.operations.regulating import Given
from tests.conftest import Clock
from tests.web.desk import MALLORY, Desk, desk_in, runs_nothing, told


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path, clock, signed_in=True) as opened:
        yield opened


async def send(desk: Desk, path: str, **fields: str) -> tuple[int, str]:
    """Send a form, and return the status and the page that one sees then."""
    data = {"csrf": await desk.csrf()} | fields
    answer = await desk.client.post(f"/dashboard/{path}", data=data)
    if answer.status_code == 303:
        return 303, await desk.read(answer.headers["location"])
    return answer.status_code, answer.text


def only(page: str) -> str:
    """The rule that a page of all rules leads to."""
    [found] = set(re.findall(r'href="/dashboard/rules/(\d+)"', page))
    return found


async def test_a_rule_is_tried_made_changed_deleted_and_brought_back(desk: Desk) -> None:
    await desk.house.post(f"A casino, {MALLORY}", name=MALLORY)
    assert "Script" in await desk.read("/dashboard/rules/new")
    assert "There are no rules" in await desk.read("/dashboard/rules")
    typed = {"kind": "words", "words": "casino\nimg", "how": "whole", "note": "gambling"}
    chosen = {"action": "spam", "state": "on"}
    status, page = await send(desk, "rules", **typed, **chosen, **{"try": "1"})
    assert (status, runs_nothing(page)) == (200, True)
    assert "1 of all 1 comments." in page
    assert "casino\nimg</textarea>" in page and 'value="spam" checked' in page
    assert "There are no rules" in await desk.read("/dashboard/rules")

    status, page = await send(
        desk, "rules", **(typed | {"words": "(a", "how": "pattern"}), **chosen
    )
    assert status == 422
    assert "as RE2 reads it" in page and "(a</textarea>" in page and "gambling" in page

    _, page = await send(desk, "rules", **typed, **chosen)
    assert "The rule is made" in told(page)
    number = only(page)
    _, page = await send(
        desk, f"rules/{number}", act="save", version="1", words="poker", how="literal",
        action="hold", state="shadow", note="", expires_days="never",
    )  # fmt: skip
    assert "It is changed" in told(page) and "poker" in page and "In shadow" in page
    desk.house.clock.advance(1)
    same = {"words": "poker", "how": "literal", "action": "hold", "state": "shadow", "note": ""}
    _, page = await send(
        desk, f"rules/{number}", act="save", version="2", expires_days="never", **same
    )
    assert 'name="batch"' not in page, "nothing was done that could be taken back"
    status, page = await send(desk, f"rules/{number}", act="delete", version="1")
    assert (status, "Somebody changed this rule meanwhile" in page) == (409, True)
    _, page = await send(desk, f"rules/{number}", act="delete", version="2")
    assert "It is deleted" in told(page)
    button = r'name="batch" value="(\w+)"'
    [undo] = re.findall(button, page)
    assert re.findall(button, await desk.read("/dashboard/log")) == [undo], "only the last act"
    _, page = await send(desk, "undo", batch=undo, back="/dashboard/rules")
    assert told(page) == "Taken back." and only(page) == number
    assert (await send(desk, "undo", batch=undo))[0] == 409
    await send(desk, f"rules/{number}", act="delete", version="4")
    assert "Bring it back" in await desk.read(f"/dashboard/rules/{number}")
    _, page = await send(desk, f"rules/{number}", act="restore", version="5")
    assert only(page) == number


async def test_rules_move_and_show_what_became_of_their_hits(desk: Desk) -> None:
    given = [
        Given("words", {"words": ["casino"]}),
        Given("trap", {}),
        Given("links", {"most": 1}, state="shadow"),
    ]
    first, trap, _ = await regulating.add(desk.house.service, OPERATOR, given)
    for number in range(2):
        comment = (
            await desk.house.post(f"casino {number} https://a.example https://b.example")
        ).comment
        await desk.decide(comment, 1, "spam" if number else "approve")
    page = await desk.read("/dashboard/rules")
    assert "moderators decided otherwise on 1 of 2 (50 %)" in page
    _, page = await send(desk, f"rules/{first.rule_id}", act="down")
    assert page.index("Trap for programs") < page.index("Words</a>")
    _, page = await send(desk, f"rules/{trap.rule_id}", act="burn")
    assert "Choose what is to be done." in page
    card = await desk.read(f"/dashboard/queue?id={comment.id}")
    assert f'href="/dashboard/rules/{first.rule_id}"' in card
    assert "<mark>casino</mark>" in card


async def test_what_a_rule_in_shadow_would_have_done_is_on_the_card(desk: Desk) -> None:
    await regulating.add(
        desk.house.service, OPERATOR, [Given("words", {"words": ["x"]}, "spam", "shadow")]
    )
    comment = (await desk.house.post("Let x be.", name="alice x")).comment
    card = await desk.read(f"/dashboard/queue?id={comment.id}")
    assert "What rules in shadow would have done" in card
    assert ">Words</a>: Mark as spam" in card


async def test_a_ban_from_a_card_counts_acts_on_what_waits_and_is_lifted(desk: Desk) -> None:
    body = "See https://shop.spam.example/x"
    comment = (await desk.house.post(body, name=MALLORY, email="m@spam.example")).comment
    await desk.house.post("Nice proof.", address="198.51.100.1")
    card = await desk.read(f"/dashboard/queue?id={comment.id}")
    links = re.findall(r'href="(/dashboard/bans/new\?[^"]+)"', card)
    assert len(links) == 5
    for link in links:
        page = await desk.read(link.replace("&amp;", "&"))
        assert runs_nothing(page)
        assert "1 of all 2 comments." in page and "1 comment waits" in page
    chosen = {"by": "domain", "value": "spam.example", "action": "spam", "expires_days": "7"}
    status, page = await send(desk, "bans", **chosen, count="1")
    assert (status, "1 of all 2 comments." in page) == (200, True)
    status, page = await send(desk, "bans", **(chosen | {"by": "network"}))
    assert status == 422 and "192.0.2.0/24" in page and 'value="spam.example"' in page
    _, page = await send(desk, "bans", **chosen, apply="1")
    assert told(page).startswith("Banned: Domain: spam.example. Decided on 1 that were waiting.")
    assert (await desk.house.comment(comment.id)).status == "spam"
    _, page = await send(desk, f"rules/{only(page)}", act="try")
    assert "1 of all 2 comments." in page
    _, page = await send(
        desk,
        f"rules/{re.findall(r'/dashboard/rules/([0-9]+)', page)[0]}",
        act="delete",
        version="1",
    )
    assert "Nobody is banned." in page


async def test_one_undo_takes_a_ban_back_and_what_it_decided(desk: Desk) -> None:
    ban = {"by": "name", "value": "mallory", "action": "spam", "expires_days": "7"}
    for applies in ({"apply": "1"}, dict[str, str]()):
        comment = (await desk.house.post(f"Buy {applies}", name="mallory")).comment
        _, page = await send(desk, "bans", **ban, **applies)
        assert (await desk.house.comment(comment.id)).status == ("spam" if applies else "pending")
        batch = re.search(r'name="batch" value="([^"]+)"', page)
        assert batch
        _, page = await send(desk, "undo", batch=batch[1], back="/dashboard/rules")
        assert told(page).startswith("Taken back.") and "Nobody is banned." in page
        assert (await desk.house.comment(comment.id)).status == "pending"
        await desk.decide(comment, 3 if applies else 1, "delete")


async def test_the_usual_rules_come_at_one_press_and_leave_one_by_one(desk: Desk) -> None:
    _, page = await send(desk, "rules/recommended")
    assert len(set(re.findall(r'href="/dashboard/rules/(\d+)"', page))) == 6
    assert "What most sites want" not in page
    posted = await desk.house.post("Hello", name="M0na")
    assert "looks like that of a moderator" in await desk.read(
        f"/dashboard/queue?id={posted.comment.id}"
    )
