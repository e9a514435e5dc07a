"""The figures as JSON and as a page: what is asked for, what is answered, what is escaped."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from comments_service.operations import deciding, maintaining
from comments_service.operations.deciding import Ask
from comments_service.storage.database import Transaction
from tests.conftest import MONA, Clock, token_for
from tests.web.desk import MALLORY, Desk, desk_in, runs_nothing

API = "/api/v1/moderation/stats"


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path, clock, signed_in=True) as opened:
        comment = (await opened.house.post("words")).comment
        clock.advance(90)
        await deciding.decide(opened.house.service, MONA, [Ask(comment.id, 1, "approve")])
        yield opened


async def test_a_script_reads_the_figures_of_a_site(desk: Desk) -> None:
    secret = await token_for(desk.house.service, "read")
    headers = {"Authorization": f"Bearer {secret}"}
    found = (await desk.client.get(f"{API}?site=blog&days=7", headers=headers)).json()
    assert (found["site"], found["days"], found["whole"]) == ("blog", 7, True)
    assert found["waiting"] == {"count": 1, "p50": 90.0, "p95": 90.0}
    assert len(found["columns"]) == 7
    today = found["columns"][-1]
    assert (today["days"], today["comments"], today["acts"]["approve"]) == (1, 1, 1)
    assert found["since"].startswith(found["columns"][0]["day"])
    assert found["rules"] == [
        {
            "rule": "mode", "held": 1, "share": 1.0, "decided": 1, "overturned": 1, "rate": 1.0,
            "hits": None, "shadow": None,
        }
    ]  # fmt: skip
    for query, field in (("", "site"), ("site=blog&days=8", "days"), ("site=blog&days=x", "days")):
        refused = await desk.client.get(f"{API}?{query}", headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert (await desk.client.get(f"{API}?site=none", headers=headers)).status_code == 404


async def test_the_page_draws_and_writes_what_the_api_says(desk: Desk) -> None:
    async def store(tx: Transaction) -> None:
        await tx.fetch(
            """INSERT INTO rules (rule_id, site_id, position, kind, action, state, note, created_at,
                   created_by) VALUES (12, 0, 1, 'words', 'hold', 'on', :note, 0, 'operator')""",
            {"note": MALLORY},
        )
        await tx.fetch(
            """INSERT INTO hits (thread_id, comment_id, rule_id, rule_version, comment_version,
                   site_id, action, shadow, at)
               SELECT thread_id, id, 12, 1, 1, site_id, 'hold', 1, created_at FROM comments"""
        )

    await desk.house.service.database.write(store)
    page = await desk.read("/dashboard/stats?site=blog&days=7")
    assert "Waits that ended: 1. Half took 90 sec at most, 95 of 100 took 90 sec at most." in page
    assert len(re.findall(r'<svg class="comments-chart" role="img"', page)) == 3
    assert page.count('<time datetime="') == 3 * 7
    assert "&lt;img src=x onerror" in page and MALLORY not in page
    assert runs_nothing(page)


@pytest.mark.parametrize("days", [7, 365])
async def test_a_site_without_comments_says_so(desk: Desk, days: int) -> None:
    await maintaining.add_site(desk.house.service, "empty", [])
    page = await desk.read(f"/dashboard/stats?site=empty&days={days}")
    for sentence in (
        "No comment came in this time.",
        "Nobody decided anything in this time.",
        "Nobody decided on a waiting comment in this time.",
        "No rule held anything in this time.",
    ):
        assert sentence in page
    assert "<svg" not in page


async def test_odd_addresses_are_refused_in_words(desk: Desk) -> None:
    for query, status in (("days=8", 422), ("site=none", 404), ("days=7%00", 422)):
        answer = await desk.client.get(f"/dashboard/stats?{query}")
        assert answer.status_code == status
        assert "<h1>" in answer.text
