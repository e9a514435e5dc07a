"""The door of the dashboard: who gets in, and how, and that nobody else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from markupsafe import escape as markup

from comments_service.operations import accounts, inviting, sessions
from tests.conftest import Clock, house_on
from tests.web.desk import HOME, INSIDE, MALLORY, MONAS, PASSWORD, Desk, browser, desk_in


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


async def test_the_link_makes_the_first_moderator_and_only_the_first(outside: Desk) -> None:
    secret = await inviting.invite_first(outside.house.service)
    assert secret is not None
    path = f"/dashboard/setup?invitation={secret}"
    for _ in range(2):  # looking uses nothing up
        assert secret in await outside.read(path)
    form = {"invitation": secret, "email": MONAS, "password": PASSWORD}
    answer = await outside.client.post("/dashboard/setup", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/queue")
    assert "Nothing waits" in await outside.read()
    for again in (
        await outside.client.get(path),
        await outside.client.post(
            "/dashboard/setup", data=form | {"email": "mallory@evil.example"}
        ),
    ):
        assert again.status_code == 410 and "Restart the service" in again.text
    assert await inviting.invite_first(outside.house.service) is None


async def test_a_short_password_is_asked_for_again_and_the_link_stays_good(outside: Desk) -> None:
    secret = await inviting.invite_first(outside.house.service)
    assert secret is not None
    form = {"invitation": secret, "email": "mona", "password": "short"}
    answer = await outside.client.post("/dashboard/setup", data=form)
    assert answer.status_code == 422 and 'value="mona"' in answer.text
    assert "name@example.org" in answer.text and "short" not in answer.text
    answer = await outside.client.post("/dashboard/setup", data=form | {"email": MONAS})
    assert answer.status_code == 422 and "at least 10 characters" in answer.text
    assert (await inviting.invited(outside.house.service, secret)).first


async def test_a_session_is_a_cookie_that_no_script_and_no_other_site_can_use(
    outside: Desk,
) -> None:
    await accounts.add(outside.house.service, MONAS, PASSWORD)
    form = {"email": f" {MONAS.title()} ", "password": PASSWORD, "next": "/dashboard/log"}
    answer = await outside.client.post("/dashboard/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/log")
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-comments=")
    expected = {
        "HttpOnly",
        f"Max-Age={sessions.SESSION_SECONDS}",
        "Path=/",
        "SameSite=lax",
        "Secure",
    }
    assert set(attributes) == expected
    assert (await outside.client.get("/dashboard/login")).headers["location"] == "/dashboard/queue"


@pytest.mark.parametrize("email", [MONAS, "nobody@blog.example", MALLORY, ""])
async def test_a_failed_login_keeps_everything_but_the_password(outside: Desk, email: str) -> None:
    await accounts.add(outside.house.service, MONAS, PASSWORD)
    form = {"email": email, "password": "wrong horse battery", "next": "/dashboard/log"}
    answer = await outside.client.post("/dashboard/login", data=form)
    assert answer.status_code == 401 and "set-cookie" not in answer.headers
    assert "The e-mail address or the password is wrong." in answer.text
    assert f'value="{markup(email)}"' in answer.text and 'value="/dashboard/log"' in answer.text
    assert "wrong horse battery" not in answer.text


async def test_guessing_passwords_is_slowed_down(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path}/comments.sqlite"
    async with house_on(url, tmp_path, clock, rate_limits="on") as house, browser(house) as client:
        form = {"email": MONAS, "password": "guess"}
        codes = [(await client.post("/dashboard/login", data=form)).status_code for _ in range(10)]
        late = await client.post("/dashboard/login", data=form)
        setup = await client.post("/dashboard/setup", data=form | {"invitation": "guess"})
    assert codes == [401] * 10 and late.status_code == setup.status_code == 429
    assert int(late.headers["retry-after"]) > 0 and f'value="{MONAS}"' in late.text


@pytest.mark.parametrize("path", ["/dashboard/login", "/dashboard/setup"])
@pytest.mark.parametrize(
    "header",
    [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
)
async def test_another_site_can_sign_nobody_in(
    outside: Desk, path: str, header: tuple[str, str]
) -> None:
    service = outside.house.service
    secret = await inviting.invite_first(service)
    form = {"email": MONAS, "password": PASSWORD, "invitation": secret or ""}
    answer = await outside.client.post(path, data=form, headers=dict([header]))
    assert answer.status_code == 403 and "set-cookie" not in answer.headers
    assert (await inviting.invited(service, secret or "")).first
    own = {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}
    assert (
        await outside.client.post("/dashboard/setup", data=form, headers=own)
    ).status_code == 303


async def test_signing_out_ends_the_session_itself(desk: Desk) -> None:
    cookies = dict(desk.client.cookies)
    refused = await desk.client.post("/dashboard/logout", data={"csrf": "wrong"})
    assert refused.status_code == 403 and await desk.read()
    answer = await desk.client.post("/dashboard/logout", data={"csrf": await desk.csrf()})
    assert answer.headers["location"] == "/dashboard/login"
    desk.client.cookies.update(cookies)
    assert (await desk.client.get("/dashboard/queue")).status_code == 303


# --- Keeping out ---


@pytest.mark.parametrize(("path", "method"), INSIDE)
@pytest.mark.parametrize("cookie", ["", "__Host-comments=made-up", "__Host-comments=\xff"])
async def test_without_a_session_nothing_is_shown_or_done(
    outside: Desk, path: str, method: str, cookie: str
) -> None:
    comment = (await outside.house.post("unspeakable", name="alice")).comment
    data = {"id": str(comment.id), "version": "1", "action": "approve"}
    for query in ("", f"?id={comment.id}", "?status=spam"):
        answer = await outside.client.request(
            method,
            path + query,
            data=data if method == "POST" else None,
            headers={b"Cookie": cookie.encode("latin-1")},
        )
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/dashboard/login?next=/dashboard/")
        assert answer.text == ""
    assert (await outside.house.comment(comment.id)).status == "pending"


async def test_a_session_ends_after_its_time_and_the_login_leads_back(desk: Desk) -> None:
    desk.house.clock.advance(sessions.SESSION_SECONDS + 1)
    answer = await desk.client.get("/dashboard/queue?status=spam&site=blog")
    address = "/dashboard/login?next=/dashboard/queue%3Fstatus%3Dspam%26site%3Dblog"
    assert answer.headers["location"] == address
    assert 'value="/dashboard/queue?status=spam&amp;site=blog"' in await desk.read(address)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/dashboard/../evil",
        "/dashboard/queue/../../evil",
        "/dashboard/queue\r\nSet-Cookie: a=b",
        "/dashboard/queue@evil.example",
        "/dashboard/queue?status=spam\n",
        "javascript:alert(1)",
        "/dashboard/logout",
        "",
    ],
)
async def test_the_login_leads_nowhere_else(outside: Desk, target: str) -> None:
    await accounts.add(outside.house.service, MONAS, PASSWORD)
    form = {"email": MONAS, "password": PASSWORD, "next": target}
    answer = await outside.client.post("/dashboard/login", data=form)
    assert answer.headers["location"] == "/dashboard/queue"
    again = await outside.client.get("/dashboard/login", params={"next": target})
    assert again.headers["location"] == "/dashboard/queue"


async def test_a_form_that_is_not_of_this_session_does_nothing(desk: Desk) -> None:
    comment = (await desk.house.post()).comment
    async with browser(desk.house) as client:
        mallory = Desk(desk.house, client)
        await mallory.sign_in("mallory@evil.example")
        theirs = await mallory.csrf()
    form = {"id": str(comment.id), "version": "1", "action": "approve"}
    for token in ("", "wrong", "é", theirs):
        answer = await desk.client.post("/dashboard/decisions", data=form | {"csrf": token})
        assert answer.status_code == 403 and "Open the page again" in answer.text
    answer = await desk.client.post(
        "/dashboard/decisions",
        data=form | {"csrf": await desk.csrf()},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert (await desk.house.comment(comment.id)).status == "pending"


async def test_the_bare_address_leads_to_the_queue(desk: Desk) -> None:
    for path in ("/dashboard", "/dashboard/"):
        assert (await desk.client.get(path)).headers["location"] == "/dashboard/queue"
