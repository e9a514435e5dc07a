"""Signing in by an identity provider, a real one over HTTP, and what mallory makes it say."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from comments_service.operations import accounts
from comments_service.web.dashboard_entrance import HALF_COOKIE
from comments_service.web.dashboard_provider import COOKIE, SECONDS
from tests.conftest import Clock, house_on
from tests.people import account, app_code, with_second_factor
from tests.provider import CLIENT, SECRET, Idp, provider
from tests.web.desk import HOME, MALLORY, Desk, browser

PROVIDER = "/dashboard/login/provider"
REFUSED = "The identity provider confirmed nobody who has an account here."
UNAVAILABLE = "The identity provider does not answer as it should."


@pytest.fixture
def idp() -> Iterator[Idp]:
    with provider() as opened:
        yield opened


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock, idp: Idp) -> AsyncIterator[Desk]:
    """Olga and mona have accounts; nobody is signed in."""
    settings = {
        "oidc_issuer": idp.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET,
        "base_url": HOME,
    }  # fmt: skip
    url = f"sqlite:///{tmp_path}/comments.sqlite"
    async with (
        house_on(url, tmp_path, clock, **settings) as house,
        browser(house) as client,
    ):
        await account(house)
        await account(house, "mona", "moderator")
        yield Desk(house, client)


async def away(desk: Desk, **query: str) -> str:
    """Go to the provider, and return the address on which it sends the browser back."""
    there = await desk.client.get(PROVIDER, params=query)
    assert there.status_code == 303
    async with httpx2.AsyncClient() as outside:
        sent = await outside.get(there.headers["location"])
    back = urlsplit(sent.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == HOME
    return f"{back.path}?{back.query}"


async def signed_in(desk: Desk) -> str:
    """Return who is signed in, '' for nobody."""
    answer = await desk.client.get("/dashboard/account")
    return answer.text.split('id="who"><bdi>')[1].split("<")[0] if answer.status_code == 200 else ""


async def test_mona_signs_in_by_the_provider_and_is_known_by_her_name_there(
    desk: Desk, idp: Idp
) -> None:
    login = await desk.read("/dashboard/login?next=/dashboard/log")
    assert f"Sign in with {urlsplit(idp.url).netloc}" in login
    assert f'href="{PROVIDER}?next=/dashboard/log"' in login
    back = await desk.client.get(await away(desk, next="/dashboard/log"))
    assert (back.status_code, back.headers["location"]) == (303, "/dashboard/log")
    assert await signed_in(desk) == "mona@blog.example"
    log = await desk.read("/dashboard/log")
    assert "Joined the account with the identity provider" in log
    assert COOKIE not in desk.client.cookies
    # From now on the provider's name for her counts, whatever her address there becomes.
    desk.client.cookies.clear()
    idp.claims = {"email": "olga@blog.example", "email_verified": False}
    await desk.client.get(await away(desk))
    assert await signed_in(desk) == "mona@blog.example"


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"claims": {"nonce": "another"}}, REFUSED),
    "no nonce": ({"without": ("nonce",)}, REFUSED),
    "another audience": ({"claims": {"aud": "another"}}, REFUSED),
    "another audience, for us": ({"claims": {"aud": "another", "azp": CLIENT}}, REFUSED),
    "no audience": ({"without": ("aud",)}, REFUSED),
    "for another party": ({"claims": {"aud": [CLIENT, "b"], "azp": "b"}}, REFUSED),
    "another issuer": ({"claims": {"iss": "https://evil.example"}}, REFUSED),
    "no issuer": ({"without": ("iss",)}, REFUSED),
    "expired": ({"claims": {"exp": int(time.time()) - 3600}}, REFUSED),
    "no end": ({"without": ("exp",)}, REFUSED),
    "no subject": ({"without": ("sub",)}, REFUSED),
    "signed by another": ({"sign": "mallory"}, REFUSED),
    "signed with the public key": ({"sign": "HS256"}, REFUSED),
    "not signed": ({"sign": "none"}, REFUSED),
    "unverified address": ({"claims": {"email_verified": False}}, REFUSED),
    "address of unknown standing": ({"without": ("email_verified",)}, REFUSED),
    "no address": ({"without": ("email",)}, REFUSED),
    "an address that is none": ({"claims": {"email": ["mona@blog.example"]}}, REFUSED),
    "nobody's address": ({"claims": {"email": "mallory@evil.example"}}, REFUSED),
    "no id token": ({"without": ("id_token",)}, REFUSED),
    "another issuer's metadata": ({"metadata": {"issuer": "https://evil.example"}}, UNAVAILABLE),
    "no endpoint": ({"metadata": {"authorization_endpoint": ""}}, UNAVAILABLE),
    "a broken start": ({"broken": "/.well-known"}, UNAVAILABLE),
    "broken keys": ({"broken": "/keys"}, UNAVAILABLE),
    "a broken end": ({"broken": "/token"}, UNAVAILABLE),
}  # fmt: skip


async def test_a_lie_lets_nobody_in(desk: Desk, idp: Idp) -> None:
    for lie, (told, sentence) in LIES.items():
        idp.lie(**told)
        async with browser(desk.house) as client:  # it knows nothing of the provider yet
            answer = await client.get(PROVIDER)
            if answer.status_code == 303:
                async with httpx2.AsyncClient() as outside:
                    sent = await outside.get(answer.headers["location"])
                answer = await client.get(sent.headers["location"])
            assert answer.status_code in (403, 503) and sentence in answer.text, lie
            assert not dict(client.cookies), lie


async def test_several_audiences_are_well_if_it_is_for_us(desk: Desk, idp: Idp) -> None:
    idp.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    await desk.client.get(await away(desk))
    assert await signed_in(desk) == "mona@blog.example"


async def test_what_comes_back_must_be_what_was_sent(desk: Desk) -> None:
    back = await away(desk)
    kept = dict(desk.client.cookies)
    path, query = back.split("?")
    state = parse_qs(query)["state"][0]
    for wrong in (
        path,
        f"{path}?state={state}",
        back.replace(state, "another"),
        f"{path}?code=made-up&state={state}",
        f"{back}&iss=https://evil.example",
        f"{path}?error=access_denied&state={state}",
        f"{path}?code={MALLORY}&state={MALLORY}",
    ):
        desk.client.cookies.update(kept)
        answer = await desk.client.get(wrong)
        assert answer.status_code == 403 and REFUSED in answer.text
        assert await signed_in(desk) == ""


async def test_the_way_there_and_back_is_of_one_browser_and_soon(desk: Desk, clock: Clock) -> None:
    """Another's address, which would sign mona in as mallory, is worth nothing in her browser."""
    back = await away(desk)
    async with browser(desk.house) as client:
        stolen = await client.get(back)
    assert stolen.status_code == 401 and "That took too long" in stolen.text
    clock.advance(SECONDS + 2)
    late = await desk.client.get(back)
    assert late.status_code == 401 and await signed_in(desk) == ""


async def test_a_code_is_good_once(desk: Desk) -> None:
    back = await away(desk)
    kept = dict(desk.client.cookies)
    assert (await desk.client.get(back)).status_code == 303
    desk.client.cookies.clear()
    desk.client.cookies.update(kept)
    assert (await desk.client.get(back)).status_code == 403


async def test_an_account_is_joined_with_one_name_only(desk: Desk, idp: Idp) -> None:
    await desk.client.get(await away(desk))
    desk.client.cookies.clear()
    idp.claims = {"sub": "subject-2"}
    answer = await desk.client.get(await away(desk))
    assert answer.status_code == 403 and REFUSED in answer.text


async def test_an_address_that_is_told_only_when_asked_for(desk: Desk, idp: Idp) -> None:
    idp.metadata = {"userinfo_endpoint": f"{idp.url}/userinfo"}
    idp.without = ("email", "email_verified")
    idp.userinfo = {"sub": "another", "email": "mona@blog.example", "email_verified": True}
    assert (await desk.client.get(await away(desk))).status_code == 403
    idp.userinfo["sub"] = "subject-1"
    assert (await desk.client.get(await away(desk))).status_code == 303
    assert await signed_in(desk) == "mona@blog.example"


async def test_the_second_factor_is_asked_for_all_the_same(desk: Desk) -> None:
    [mona] = [
        each.moderator
        for each in await accounts.everybody(desk.house.service, await account(desk.house, "otto"))
        if each.moderator.email == "mona@blog.example"
    ]
    from comments_service.core.permissions import ROLES, Actor

    actor = Actor(mona.actor, mona.email, ROLES["moderator"])
    offer, _ = await with_second_factor(desk.house, actor)
    back = await desk.client.get(await away(desk, next="/dashboard/log"))
    assert back.headers["location"] == "/dashboard/login/code?next=/dashboard/log"
    assert HALF_COOKIE in desk.client.cookies and await signed_in(desk) == ""
    form = {"code": app_code(offer.text, desk.house.clock), "next": "/dashboard/log"}
    done = await desk.client.post("/dashboard/login/code", data=form)
    assert done.headers["location"] == "/dashboard/log"
    assert await signed_in(desk) == "mona@blog.example"


async def test_the_provider_is_asked_for_its_metadata_once_and_nothing_secret_is_logged(
    desk: Desk, idp: Idp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for _ in range(2):
        desk.client.cookies.clear()
        back = await away(desk)
        await desk.client.get(back)
    assert idp.asked.count("/.well-known/openid-configuration") == 1
    logged = " ".join(record.getMessage() for record in caplog.records if record.name != "asyncio")
    code = parse_qs(urlsplit(back).query)["code"][0]
    for secret in (code, SECRET, "mona@", "code_verifier"):
        assert secret not in logged
