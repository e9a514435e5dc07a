"""Whatever is sent to the dashboard, it answers with a page that runs nothing and stays private."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.web.desk import ROUTES, Desk, desk_in, runs_nothing


@pytest.fixture
async def outside(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """Nobody is signed in."""
    async with desk_in(tmp_path, clock, signed_in=False) as opened:
        yield opened


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """Mona is signed in."""
    async with desk_in(tmp_path, clock, signed_in=True) as opened:
        yield opened


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense", "status=", "status=%00", "cursor=x", "cursor=1", "cursor=-",
        "cursor=%00-%00",
        "cursor=99999999999999999999-1", "cursor=9223372036854775807-9223372036854775807",
        f"cursor={'9' * 5000}-1", "site=nobody", "site=%00", "site=../x", f"site={'a' * 5000}",
        "id=", "id=%00", "id=-1", "id=1e9", f"id={'9' * 5000}", "id=%D9%A1", "notice=%FF%FE",
        f"notice={'a' * 5000}", "%00=%00", "status=spam&status=nonsense",
        "next=%00", "invitation=%00",
    ],
)  # fmt: skip
async def test_odd_queries_get_a_page(desk: Desk, query: str) -> None:
    for path, method in ROUTES:
        if method == "POST":
            continue
        answer = await desk.client.request(method, f"{path}?{query}")
        assert answer.status_code in (200, 303, 401, 404, 410, 422), path
        if method == "GET" and answer.status_code != 303:
            assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("", b""),
        ("application/x-www-form-urlencoded", b"csrf=%00&email=%00&invitation=%FF&password=%00"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(500))),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        (
            "multipart/form-data; boundary=b; charset=unicode_escape",
            b"".join(
                b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n\\ud800\r\n' % name
                for name in (b"csrf", b"email", b"password", b"invitation", b"next", b"id")
            )
            + b"--b--\r\n",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nx\r\n--b--\r\n',
        ),
    ],
)
async def test_odd_forms_are_refused_on_a_page(desk: Desk, kind: str, body: bytes) -> None:
    for path, method in ROUTES:
        if method == "POST":
            answer = await desk.client.post(path, content=body, headers={"Content-Type": kind})
            assert answer.status_code in (400, 401, 403, 410, 415, 422), path
            assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "x", "version": "x", "action": "x"},
        {"id": "1", "version": "9" * 5000, "action": "spam"},
        {"id": "9" * 5000, "version": "1", "action": "spam"},
        {"id": "1", "version": "9" * 100, "action": "spam"},
        {"pick": ":::", "action": "spam"},
        {"pick": "1", "action": "spam"},
        {"id": "1", "version": "1", "action": "spam", "reason": "r" * 501},
    ],
)
async def test_odd_decisions_change_nothing(desk: Desk, fields: dict[str, str]) -> None:
    form = {"csrf": await desk.csrf()} | fields
    answer = await desk.client.post("/dashboard/decisions", data=form)
    assert answer.status_code in (303, 422)
    log = await desk.read("/dashboard/log")
    assert log.count('data-label="Act"') == 2 and "Signed in" in log and "Made an account" in log


@pytest.mark.parametrize("picks", [[], ["1:1", "2:1"]])
@pytest.mark.parametrize("act", ["reply", "edit"])
async def test_a_reply_or_an_edit_of_no_one_comment_is_refused_with_what_was_typed(
    desk: Desk, act: str, picks: list[str]
) -> None:
    form = {"csrf": await desk.csrf(), "body": "typed", "action": "approve", "pick": picks}
    answer = await desk.client.post(f"/dashboard/{act}", data=form)
    assert answer.status_code == 404
    assert "typed</textarea>" in answer.text


@pytest.mark.parametrize(("path", "method"), ROUTES)
@pytest.mark.parametrize("signed_in", [False, True])
async def test_every_answer_is_private_and_runs_nothing(
    outside: Desk, path: str, method: str, signed_in: bool
) -> None:
    await outside.house.post()
    if signed_in:
        await outside.sign_in()
    answer = await outside.client.request(method, path)
    headers = answer.headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"].split("; ")
    assert policy[0] == "default-src 'none'" and "unsafe" not in headers["content-security-policy"]
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(policy)
    assert runs_nothing(answer.text)
