"""People and tokens by API: what scripts send, and what they get."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from comments_service.operations import inviting
from tests.conftest import House, token_for
from tests.people import HOME, PASSWORD, account, seen, with_second_factor

API = "/api/v1/moderation"


@pytest.fixture
async def script(house: House, client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A script that may manage; olga is the owner."""
    await account(house)
    client.headers["Authorization"] = f"Bearer {await token_for(house.service, 'manage')}"
    return client


async def test_somebody_is_invited_changed_and_removed(
    house: House, script: httpx2.AsyncClient
) -> None:
    ask = {"email": "Mona@Blog.example", "role": "moderator", "sites": ["blog"]}
    made = await script.post(f"{API}/moderators", json=ask)
    invitation = made.json()["invitation"]
    assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
    assert (invitation["email"], invitation["sites"]) == ("mona@blog.example", ["blog"])
    listed = (await script.get(f"{API}/moderators")).json()
    assert listed["invitations"] == [invitation] and len(listed["moderators"]) == 1
    secret = parse_qs(urlsplit(made.json()["link"]).query)["invitation"][0]
    cookie = await inviting.accept(house.service, secret, "", PASSWORD, HOME)
    mona = await seen(house, cookie)
    assert mona is not None
    await with_second_factor(house, mona)
    url = f"{API}/moderators/{mona.moderator_id}"
    changed = (await script.patch(url, json={"role": "reader"})).json()["moderator"]
    expected = {"email": "mona@blog.example", "role": "reader", "sites": None,
                "second_factor": True, "provider": False}  # fmt: skip
    assert changed | expected == changed
    assert (await script.delete(f"{url}/second-factor")).status_code == 204
    assert (await script.post(f"{url}/password-link")).json()["invitation"]["moderator"]
    assert (await script.delete(f"{url}/sessions")).status_code == 204
    assert await seen(house, cookie) is None
    assert (await script.delete(url)).status_code == 204
    gone = await script.delete(url)
    assert (gone.status_code, gone.json()["code"]) == (404, "moderator_unknown")
    [olga] = (await script.get(f"{API}/moderators")).json()["moderators"]
    last = await script.delete(f"{API}/moderators/{olga['id']}")
    assert (last.status_code, last.json()["code"]) == (409, "last_owner")


async def test_an_invitation_is_withdrawn(script: httpx2.AsyncClient) -> None:
    ask = {"email": "mona@blog.example", "role": "reader"}
    made = (await script.post(f"{API}/moderators", json=ask)).json()
    url = f"{API}/invitations/{made['invitation']['id']}"
    assert [(await script.delete(url)).status_code for _ in range(2)] == [204, 204]
    assert (await script.get(f"{API}/moderators")).json()["invitations"] == []


async def test_a_token_is_made_listed_and_revoked(script: httpx2.AsyncClient) -> None:
    ask = {"name": "bot", "scopes": ["moderate", "read"], "sites": ["blog"], "expires_days": 30}
    made = await script.post(f"{API}/tokens", json=ask)
    token, secret = made.json()["token"], made.json()["secret"]
    assert (made.status_code, token["scopes"], token["sites"]) == (
        201,
        ["read", "moderate"],
        ["blog"],
    )
    listed = await script.get(f"{API}/tokens")
    assert token in listed.json()["tokens"] and secret not in listed.text
    bot = {"Authorization": f"Bearer {secret}"}
    assert (await script.get(f"{API}/queue?site=blog", headers=bot)).status_code == 200
    assert (await script.get(f"{API}/queue?site=default", headers=bot)).status_code == 403
    url = f"{API}/tokens/{token['id']}"
    assert [(await script.delete(url)).status_code for _ in range(2)] == [204, 404]
    assert (await script.get(f"{API}/queue", headers=bot)).status_code == 401


@pytest.mark.parametrize(
    ("path", "sent", "field"),
    [
        ("moderators", {"email": "x", "role": "reader"}, "email"),
        ("moderators", {"email": "olga@blog.example", "role": "reader"}, "email"),
        ("moderators", {"email": "a@b.example", "role": "king"}, "role"),
        ("moderators", {"email": "a@b.example", "role": "owner", "sites": ["blog"]}, "sites"),
        ("moderators", {"email": "a@b.example", "role": "reader", "sites": []}, "sites"),
        ("moderators", {"email": 5, "role": "reader"}, "email"),
        ("tokens", {"name": "x", "scopes": []}, "scopes"),
        ("tokens", {"name": "x", "scopes": ["burn"]}, "scopes"),
        ("tokens", {"name": " ", "scopes": ["read"]}, "name"),
        ("tokens", {"name": "x", "scopes": ["read"], "expires_days": 0}, "expires_days"),
        ("tokens", [], "body"),
    ],
)
async def test_what_is_wrong_is_named(
    script: httpx2.AsyncClient, path: str, sent: object, field: str
) -> None:
    answer = await script.post(f"{API}/{path}", json=sent)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_site_that_is_none_is_named(script: httpx2.AsyncClient) -> None:
    ask = {"email": "a@b.example", "role": "reader", "sites": ["nowhere"]}
    answer = await script.post(f"{API}/moderators", json=ask)
    assert (answer.status_code, answer.json()["code"]) == (404, "site_unknown")
    for odd in ("x", "9" * 40, "-1"):
        assert (
            await script.patch(f"{API}/moderators/{odd}", json={"role": "reader"})
        ).status_code == 404
