"""Reporting by API and by the page without a script; the answer tells nothing of others."""

from __future__ import annotations

import httpx2
import pytest

from tests.conftest import House

API = "/api/v1/sites/blog"


async def test_a_report_is_answered_alike_whether_it_counted(
    house: House, client: httpx2.AsyncClient
) -> None:
    comment = (await house.post()).comment
    url = f"{API}/comments/{comment.id}/reports"
    answers = [await client.post(url, json={"reason": "abuse", "note": "x"}) for _ in range(2)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"reported":true}')}
    assert (await house.comment(comment.id)).reports == 1
    assert (
        await client.post(f"{API}/comments/404/reports", json={"reason": "spam"})
    ).status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "reason"), ({"reason": "boring"}, "reason"), ({"reason": ["spam"]}, "reason"),
        ({"reason": "spam", "note": "x" * 501}, "note"), ({"reason": "spam", "note": 5}, "note"),
        ({"reason": "spam", "note": "a\0"}, "note"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(
    house: House, client: httpx2.AsyncClient, sent: dict[str, object], field: str
) -> None:
    comment = (await house.post()).comment
    answer = await client.post(f"{API}/comments/{comment.id}/reports", json=sent)
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json()["errors"]] == [field]
    assert (await house.comment(comment.id)).reports == 0


async def test_the_page_asks_and_thanks_without_a_script(
    house: House, client: httpx2.AsyncClient
) -> None:
    comment = (await house.post("Is $x<1$?", name="<b>")).comment
    page = await client.get("/sites/blog/thread?thread=/post")
    assert f"sites/blog/report?id={comment.id}" in page.text
    form = await client.get(f"/sites/blog/report?id={comment.id}")
    assert "&lt;b&gt;" in form.text and "Is x &lt; 1?" in form.text
    assert (await house.comment(comment.id)).reports == 0
    empty = await client.post("/sites/blog/report", data={"id": str(comment.id), "note": "kept"})
    assert empty.status_code == 422
    assert "Choose why you report" in empty.text and 'value="kept"' in empty.text
    data = {"id": str(comment.id), "reason": "off-topic", "note": "kept"}
    done = await client.post("/sites/blog/report", data=data)
    assert done.status_code == 200 and "Thank you." in done.text
    assert (await house.comment(comment.id)).reports == 1
    for number in ("404", "x", ""):
        assert (await client.get(f"/sites/blog/report?id={number}")).status_code == 404
        missing = await client.post("/sites/blog/report", data=data | {"id": number})
        assert missing.status_code == 404
