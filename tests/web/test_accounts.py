"""The pages about accounts, as people use them: one's own, other people's, tokens; and the door's second step."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx2
import pytest

from comments_service import app as wiring
from comments_service.core.models import Visitor
from comments_service.core.permissions import Actor
from comments_service.operations import accounts, sessions, tokens
from comments_service.operations.sessions import ROTATION_SECONDS
from comments_service.web import access
from comments_service.web.browsers import browser_name
from comments_service.web.context import MOST_CODES
from comments_service.web.dashboard_entrance import HALF_COOKIE
from tests.conftest import Clock, house_on
from tests.people import PASSWORD, account, app_code, with_second_factor
from tests.web.desk import HOME, MALLORY, OLGAS, Desk, browser, desk_in, told

ACCOUNT, PEOPLE, TOKENS = "/dashboard/account", "/dashboard/people", "/dashboard/tokens"
NEW = "another horse battery"


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """Olga, an owner, is signed in."""
    async with desk_in(tmp_path, clock, signed_in=False) as opened:
        await opened.sign_in(OLGAS)
        yield opened


async def send(desk: Desk, path: str, **fields: str) -> httpx2.Response:
    return await desk.client.post(path, data={"csrf": await desk.csrf()} | fields)


async def signed_in_elsewhere(desk: Desk, client: httpx2.AsyncClient) -> Desk:
    other = Desk(desk.house, client)
    form = {"email": OLGAS, "password": PASSWORD}
    assert (await client.post("/dashboard/login", data=form)).status_code == 303
    return other


async def is_in(desk: Desk) -> bool:
    return (await desk.client.get(ACCOUNT)).status_code == 200


async def olga(desk: Desk) -> Actor:
    found = await sessions.find(desk.house.service, desk.client.cookies[access.COOKIE], Visitor())
    assert found
    return found.actor


# --- One's own account ---


async def test_a_password_is_changed_by_who_knows_the_old_one(desk: Desk) -> None:
    async with browser(desk.house) as client:
        elsewhere = await signed_in_elsewhere(desk, client)
        for old, new, sentence in (
            ("wrong horse battery", NEW, "This is not your present password."),
            (PASSWORD, "short", "at least 10 characters"),
            (PASSWORD, "password123", "easy to guess"),
        ):
            answer = await send(desk, f"{ACCOUNT}/password", password=old, new_password=new)
            assert answer.status_code == 422 and sentence in answer.text
            assert old not in answer.text and new not in answer.text
        assert await is_in(elsewhere)
        before = desk.client.cookies[access.COOKIE]
        done = await send(desk, f"{ACCOUNT}/password", password=PASSWORD, new_password=NEW)
        assert "Your password is changed." in told(await desk.read(done.headers["location"]))
        assert desk.client.cookies[access.COOKIE] != before
        assert not await is_in(elsewhere) and await is_in(desk)


async def test_sessions_are_listed_and_ended(desk: Desk) -> None:
    async with browser(desk.house) as client, browser(desk.house) as another:
        client.headers["user-agent"] = another.headers["user-agent"] = MALLORY
        phone, tablet = (
            await signed_in_elsewhere(desk, client),
            await signed_in_elsewhere(desk, another),
        )
        page = await desk.read(ACCOUNT)
        assert page.count("<strong><bdi>&lt;img src=x onerror=alert(1)&gt;</bdi></strong>") == 2
        assert page.count("this one") == 1
        number = str(sessions.number_of(client.cookies[access.COOKIE]))
        assert f'value="{number}"' in page
        await send(desk, f"{ACCOUNT}/sessions", session=number)
        assert not await is_in(phone) and await is_in(tablet)
        await send(desk, f"{ACCOUNT}/sessions", session="")
        assert not await is_in(tablet) and await is_in(desk)


async def test_a_second_factor_from_setting_up_to_switching_off(desk: Desk) -> None:
    page = await desk.read(f"{ACCOUNT}/second-factor")
    key = "".join(re.findall(r"\b[A-Z2-7]{4}\b", page.split("comments-key")[1].split("</code>")[0]))
    offer = re.search(r'name="offer" value="([^"]+)"', page)
    assert offer and len(key) == 32 and "<svg" in page
    form = {"offer": offer[1], "code": "000000", "password": PASSWORD}
    for wrong in ({}, {"code": app_code(key, desk.house.clock), "password": "wrong horse battery"}):
        again = await send(desk, f"{ACCOUNT}/second-factor", **(form | wrong))
        assert again.status_code == 422 and key[:4] in again.text
    form["code"] = app_code(key, desk.house.clock)
    assert (
        await send(desk, f"{ACCOUNT}/second-factor", **(form | {"offer": "x"}))
    ).status_code == 403
    done = await send(desk, f"{ACCOUNT}/second-factor", **form)
    codes = re.findall(r"<li><code>([a-z0-9-]{19})</code>", done.text)
    assert done.status_code == 200 and len(set(codes)) == 10
    assert (await send(desk, f"{ACCOUNT}/second-factor", **form)).status_code == 403
    assert "10 recovery codes are left." in await desk.read(ACCOUNT)
    away = await desk.client.get(f"{ACCOUNT}/second-factor")
    assert away.headers["location"] == ACCOUNT
    for path, field in (("second-factor/off", "off"), ("recovery-codes", "codes")):
        wrong = await send(desk, f"{ACCOUNT}/{path}", proof="wrong")
        assert wrong.status_code == 422 and f'id="proof-{field}-problem"' in wrong.text
    fresh = await send(desk, f"{ACCOUNT}/recovery-codes", proof=PASSWORD)
    assert not set(codes) & set(re.findall(r"<li><code>(.*?)</code>", fresh.text))
    off = await send(desk, f"{ACCOUNT}/second-factor/off", proof=PASSWORD)
    assert "Set up a second factor" in await desk.read(off.headers["location"])


async def test_the_second_step_of_the_door(desk: Desk) -> None:
    offer, codes = await with_second_factor(desk.house, await olga(desk))
    async with browser(desk.house) as client:
        form = {"email": OLGAS, "password": PASSWORD, "next": "/dashboard/log"}
        first = await client.post("/dashboard/login", data=form)
        assert first.headers["location"] == "/dashboard/login/code?next=/dashboard/log"
        assert HALF_COOKIE in client.cookies and access.COOKIE not in client.cookies
        # Half a login is no session: it is answered like nobody.
        client.cookies[access.COOKIE] = client.cookies[HALF_COOKIE].strip('"')
        assert not await is_in(Desk(desk.house, client))
        api = await client.get("/api/v1/moderation/queue")
        assert (api.status_code, api.json()["code"]) == (401, "login_required")
        del client.cookies[access.COOKIE]
        page = (await client.get(first.headers["location"])).text
        assert 'value="/dashboard/log"' in page and 'autocomplete="one-time-code"' in page
        wrong = await client.post("/dashboard/login/code", data={"code": "000000"})
        assert wrong.status_code == 401 and "This code is not right" in wrong.text
        step = {"code": app_code(offer.text, desk.house.clock), "next": "/dashboard/log"}
        for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            foreign = await client.post("/dashboard/login/code", data=step, headers=header)
            assert foreign.status_code == 403 and access.COOKIE not in client.cookies
        done = await client.post("/dashboard/login/code", data=step)
        assert done.headers["location"] == "/dashboard/log"
        assert HALF_COOKIE not in client.cookies and await is_in(Desk(desk.house, client))
    async with browser(desk.house) as client:
        await client.post("/dashboard/login", data=form)
        spent = await client.post("/dashboard/login/code", data=step)
        assert spent.status_code == 401 and access.COOKIE not in client.cookies
        await client.post("/dashboard/login/code", data={"code": codes[0]})
        assert await is_in(Desk(desk.house, client))


async def test_a_page_renews_an_old_secret_and_open_forms_stay_good(desk: Desk) -> None:
    csrf, before = await desk.csrf(), desk.client.cookies[access.COOKIE]
    desk.house.clock.advance(ROTATION_SECONDS + 1)
    api = await desk.client.get("/api/v1/moderation/queue")
    assert api.status_code == 200 and "set-cookie" not in api.headers
    await desk.read(ACCOUNT)
    after = desk.client.cookies[access.COOKIE]
    assert after != before and sessions.number_of(after) == sessions.number_of(before)
    desk.house.clock.advance(120)
    await desk.read(ACCOUNT)
    done = await desk.client.post(f"{ACCOUNT}/sessions", data={"csrf": csrf, "session": ""})
    assert done.status_code == 303
    async with browser(desk.house) as thief:
        thief.cookies[access.COOKIE] = before
        assert not await is_in(Desk(desk.house, thief))


async def test_signing_in_again_ends_what_this_browser_had(desk: Desk) -> None:
    before = desk.client.cookies[access.COOKIE]
    await signed_in_elsewhere(desk, desk.client)
    async with browser(desk.house) as thief:
        thief.cookies[access.COOKIE] = before
        assert not await is_in(Desk(desk.house, thief))


EDGE = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36 Edg/149.0.0.0"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {EDGE}", "Edge, Windows"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {SAFARI}", "Safari, iOS"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_browsers_have_the_names_that_people_know(agent: str, name: str) -> None:
    assert browser_name(agent) == name


# --- Other people ---


async def test_an_owner_invites_changes_and_removes(desk: Desk) -> None:
    made = await send(desk, PEOPLE, email="mona@blog.example", role="moderator", site="blog")
    assert made.status_code == 200
    found = re.search(
        r'id="link" value="https?://[^/"]+(/dashboard/setup\?invitation=[\w-]+)"', made.text
    )
    assert found and "good for three days" in made.text
    page = await desk.read(PEOPLE)
    assert found[1] not in page and "Links that nobody has used yet" in page
    async with browser(desk.house) as client:
        mona = Desk(desk.house, client)
        shown = await mona.read(found[1])
        assert "You are invited" in shown and 'value="mona@blog.example"' in shown
        form = {"invitation": found[1].split("=")[1], "password": PASSWORD}
        await client.post("/dashboard/setup", data=form)
        page = await desk.read(PEOPLE)
        assert "Links that nobody" not in page
        number = re.search(r'id="person-(\d+)"><bdi>mona@', page)
        assert number and "Moderator · <bdi>blog</bdi>" in page
        mine = await mona.read(ACCOUNT)
        assert "Moderator" in mine and "<bdi>blog</bdi>" in mine and "default" not in mine
        assert PEOPLE not in mine and (await client.get(PEOPLE)).status_code == 403
        row = f"{PEOPLE}/{number[1]}"
        done = await send(desk, row, act="role", role="reader", every="1")
        assert "The role is changed" in told(await desk.read(done.headers["location"]))
        assert "Reader" in await mona.read(ACCOUNT)
        link = await send(desk, row, act="link")
        assert "a new password of mona@blog.example" in unescape(link.text)
        await send(desk, row, act="sessions")
        assert not await is_in(mona)
        done = await send(desk, row, act="remove")
        assert "tokens it made still work" in told(await desk.read(done.headers["location"]))
    assert "mona@" not in await desk.read(PEOPLE)
    log = await desk.read("/dashboard/log")
    for act in (
        "Invited somebody",
        "Accepted an invitation",
        "Changed a role",
        "Removed an account",
    ):
        assert act in log


async def test_what_is_wrong_with_an_invitation_is_said_and_what_was_typed_stays(
    desk: Desk,
) -> None:
    for fields, sentence in (
        ({"email": MALLORY, "role": "reader", "site": "blog"}, "Type the address as"),
        ({"email": OLGAS, "role": "reader", "every": "1"}, "has an account already"),
        ({"email": "new@blog.example", "role": "king", "every": "1"}, "Choose owner, moderator"),
        ({"email": "new@blog.example", "role": "reader"}, "Tick at least one site"),
    ):
        answer = await send(desk, PEOPLE, **fields)
        assert answer.status_code == 422 and sentence in answer.text
        assert f'value="{fields["email"]}"' in unescape(answer.text)
    nowhere = await send(desk, PEOPLE, email="new@blog.example", role="reader", site="nowhere")
    assert nowhere.status_code == 404
    me = (await olga(desk)).moderator_id
    for fields in ({"act": "remove"}, {"act": "role", "role": "reader", "every": "1"}):
        last = await send(desk, f"{PEOPLE}/{me}", **fields)
        assert last.status_code == 409 and "This is the only owner." in last.text
    assert (await send(desk, f"{PEOPLE}/{me}", act="burn")).status_code == 422
    for gone in ("404", "x"):
        assert (await send(desk, f"{PEOPLE}/{gone}", act="remove")).status_code == 404


async def test_an_owner_takes_a_lost_second_factor_away(desk: Desk) -> None:
    mona = await account(desk.house, "mona", "moderator")
    await with_second_factor(desk.house, mona)
    assert "with a second factor" in await desk.read(PEOPLE)
    await send(desk, f"{PEOPLE}/{mona.moderator_id}", act="second-factor")
    assert (await accounts.own(desk.house.service, mona)).totp == ""


# --- Tokens ---


async def test_a_token_is_made_shown_once_and_revoked(desk: Desk) -> None:
    answer = await send(desk, TOKENS, name=MALLORY, scope="read", site="blog", expires_days="7")
    secret = re.search(r'id="secret" value="([\w-]{43})"', answer.text)
    assert secret and "shown this once" in answer.text
    page = await desk.read(TOKENS)
    assert secret[1] not in page and "&lt;img" in page and "never used" in page
    bearer = {"Authorization": f"Bearer {secret[1]}"}
    async with browser(desk.house) as client:
        assert (await client.get("/api/v1/moderation/counts?site=blog", headers=bearer)).is_success
        [token] = await tokens.every(desk.house.service, await olga(desk))
        assert "last used" in await desk.read(TOKENS)
        for _ in range(3):  # used now and then, a session lasts longer than the token
            desk.house.clock.advance(2 * 24 * 3600)
            await desk.read(TOKENS)
        desk.house.clock.advance(2 * 24 * 3600)
        assert "expired" in await desk.read(TOKENS)
        assert (await client.get("/api/v1/moderation/queue", headers=bearer)).status_code == 401
    done = await send(desk, f"{TOKENS}/{token.token_id}")
    assert "There are no tokens." in await desk.read(done.headers["location"])
    assert (await send(desk, f"{TOKENS}/{token.token_id}")).status_code == 404
    wrong = await send(desk, TOKENS, name="", every="1", expires_days="x")
    assert wrong.status_code == 422


# --- Limits ---


@pytest.fixture
async def limited(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """A house that counts tries, behind a proxy that may speak for any address."""
    url = f"sqlite:///{tmp_path}/comments.sqlite"
    settings = {"rate_limits": "on", "trusted_proxies": "127.0.0.1"}
    async with house_on(url, tmp_path, clock, **settings) as house:
        await account(house)
        transport = httpx2.ASGITransport(wiring.build(house.service))
        async with httpx2.AsyncClient(transport=transport, base_url=HOME) as client:
            yield Desk(house, client)


def of(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def test_a_stranger_slows_down_and_locks_nobody_out(limited: Desk) -> None:
    desk = limited
    for block, name in ((2, OLGAS), (3, "nobody@blog.example")):
        guess, codes = {"email": name, "password": "guess"}, []
        for network in range(1, 5):
            for _ in range(6):
                address = of(f"192.0.{block}.{network}")
                answer = await desk.client.post("/dashboard/login", data=guess, headers=address)
                codes.append(answer.status_code)
        # The last network still had five of its own; past them the twenty of all are used up.
        assert codes == [401] * 23 + [429]
        assert int(answer.headers["retry-after"]) > 60
    right = {"email": OLGAS, "password": PASSWORD}
    late = await desk.client.post("/dashboard/login", data=right, headers=of("192.0.2.4"))
    assert late.status_code == 429 and access.COOKIE not in desk.client.cookies
    home = await desk.client.post("/dashboard/login", data=right, headers=of("198.51.100.9"))
    assert home.status_code == 303 and await is_in(desk)


async def test_codes_are_guessed_slowly_and_a_recovery_code_is_always_heard(limited: Desk) -> None:
    desk = limited
    actor = await account(desk.house, "mona", "moderator")
    offer, codes = await with_second_factor(desk.house, actor)
    right = {"email": actor.label, "password": PASSWORD}
    seen = []
    for network in range(6):
        address = of(f"192.0.2.{network}")
        await desk.client.post("/dashboard/login", data=right, headers=address)
        for _ in range(4):
            guess = {"code": "000000"}
            answer = await desk.client.post("/dashboard/login/code", data=guess, headers=address)
            seen.append(answer.status_code)
    assert seen[:3] == [401] * 3 and seen[-1] == 429 and seen.count(401) <= 10 + 3 * 5
    good = {"code": app_code(offer.text, desk.house.clock)}
    late = await desk.client.post("/dashboard/login/code", data=good, headers=of("192.0.2.5"))
    assert late.status_code == 429
    saved = await desk.client.post(
        "/dashboard/login/code", data={"code": codes[0]}, headers=of("192.0.2.5")
    )
    assert saved.status_code == 303 and await is_in(desk)


async def test_thousands_of_networks_guess_no_more_codes_than_some(limited: Desk) -> None:
    desk = limited
    actor = await account(desk.house, "mona", "moderator")
    offer, codes = await with_second_factor(desk.house, actor)
    right = {"email": actor.label, "password": PASSWORD}
    await desk.client.post("/dashboard/login", data=right, headers=of("192.0.2.1"))
    seen = []
    for network in range(MOST_CODES + 5):
        answer = await desk.client.post(
            "/dashboard/login/code", data={"code": "000000"}, headers=of(f"2001:db8:0:{network}::1")
        )
        seen.append(answer.status_code)
    assert seen == [401] * MOST_CODES + [429] * 5
    good = {"code": app_code(offer.text, desk.house.clock)}
    late = await desk.client.post("/dashboard/login/code", data=good, headers=of("198.51.100.9"))
    assert late.status_code == 429 and not await is_in(desk)
    saved = await desk.client.post("/dashboard/login/code", data={"code": codes[0]})
    assert saved.status_code == 303 and await is_in(desk)


async def test_right_passwords_cost_nothing(limited: Desk) -> None:
    desk = limited
    right = {"email": OLGAS, "password": PASSWORD}
    for number in range(30):
        address = of(f"192.0.2.{number // 8}")
        assert (
            await desk.client.post("/dashboard/login", data=right, headers=address)
        ).status_code == 303
