"""The moderators' API: who may, what they see, what their decisions do."""

from __future__ import annotations

import httpx2
import pytest

from comments_service.core.models import Visitor
from comments_service.operations import accounts, entering, sessions
from tests.conftest import House, token_for

QUEUE, DECISIONS, LOG = (f"/api/v1/moderation/{name}" for name in ("queue", "decisions", "log"))
COMMENTS = "/api/v1/moderation/comments"


@pytest.fixture
async def mona(strict_house: House) -> dict[str, str]:
    token = await token_for(strict_house.service, "moderate")
    return {"Authorization": f"Bearer {token}"}


async def test_strangers_are_asked_to_sign_in(strict_client: httpx2.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "__Host-comments=wrong"}):
        for method, url in (("GET", QUEUE), ("GET", LOG), ("POST", DECISIONS)):
            answer = await strict_client.request(method, url, headers=headers, json=[])
            assert (answer.status_code, answer.json()["code"]) == (401, "login_required")


async def test_a_cookie_alone_decides_nothing(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    """Another site's page can make a browser send the cookie, but not the form's token."""
    service = strict_house.service
    await accounts.add(service, "mona@blog.example", "correct horse")
    entered = await entering.login(service, "mona@blog.example", "correct horse", Visitor())
    session = entered.cookie
    comment = (await strict_house.post()).comment
    ask = [{"id": str(comment.id), "version": 1, "action": "approve"}]
    cookie = {"Cookie": f"__Host-comments={session}"}
    assert (await strict_client.get(QUEUE, headers=cookie)).status_code == 200
    forged = await strict_client.post(DECISIONS, json=ask, headers=cookie)
    assert (forged.status_code, forged.json()["code"]) == (403, "form_expired")
    token = {"X-CSRF-Token": sessions.form_token(service, session)}
    elsewhere = cookie | token | {"Origin": "https://mallory.example"}
    assert (await strict_client.post(DECISIONS, json=ask, headers=elsewhere)).status_code == 403
    done = await strict_client.post(DECISIONS, json=ask, headers=cookie | token)
    assert done.json()["results"][0]["result"] == "done"


async def test_mona_works_through_the_queue(
    strict_house: House, strict_client: httpx2.AsyncClient, mona: dict[str, str]
) -> None:
    for number in range(5):
        await strict_house.post(f"words {number}")
    first = (await strict_client.get(f"{QUEUE}?status=pending&limit=3", headers=mona)).json()
    then = (await strict_client.get(f"{QUEUE}?limit=3&cursor={first['next']}", headers=mona)).json()
    sources = [item["source"] for item in first["items"] + then["items"]]
    assert sources == [f"words {number}" for number in range(4, -1, -1)] and then["next"] is None
    item = first["items"][0]
    assert item["actions"] == ["approve", "spam", "reject", "delete"]
    assert item["reasons"][0]["code"] == "first_comment_waits"
    asks = [{"id": i["id"], "version": i["version"], "action": "approve"} for i in first["items"]]
    answer = (await strict_client.post(DECISIONS, json=asks, headers=mona)).json()
    assert [result["result"] for result in answer["results"]] == ["done"] * 3
    assert [r["status"] for r in answer["results"]] == ["approved"] * 3
    again = (await strict_client.post(DECISIONS, json=asks, headers=mona)).json()
    assert [result["result"] for result in again["results"]] == ["unchanged"] * 3
    late = [{"id": asks[0]["id"], "version": 1, "action": "spam", "reason": "too late"}]
    stale = (await strict_client.post(DECISIONS, json=late, headers=mona)).json()["results"][0]
    assert (stale["result"], stale["status"], stale["version"]) == ("stale", "approved", 2)
    assert stale["by"].startswith("token:") and stale["at"].endswith("Z")
    edit, address = {"body": "Other words.", "version": 1}, f"{COMMENTS}/{asks[0]['id']}"
    late_too = (await strict_client.patch(address, json=edit, headers=mona)).json()["results"][0]
    assert (late_too["result"], late_too["name"]) == ("stale", stale["name"])
    assert stale["name"] != stale["by"]
    acts = (await strict_client.get(LOG, headers=mona)).json()["decisions"]
    assert [act["action"] for act in acts] == ["approve"] * 3 + ["token"]
    assert {act["batch"] for act in acts[:3]} == {answer["batch"]}


async def test_queues_are_told_apart_by_site_thread_and_id(
    strict_house: House, strict_client: httpx2.AsyncClient, mona: dict[str, str]
) -> None:
    one = (await strict_house.post(thread="/one")).comment
    await strict_house.post(thread="/two")

    async def found(query: str) -> int:
        answer = await strict_client.get(f"{QUEUE}?{query}", headers=mona)
        return len(answer.json()["items"])

    assert await found("site=blog") == 2
    assert await found("site=default") == 0
    assert await found("site=blog&thread=/one") == 1
    assert await found(f"id={one.id}") == 1
    assert await found("id=404") == await found("status=spam") == 0


async def test_one_key_is_one_batch_and_can_be_taken_back(
    strict_house: House, strict_client: httpx2.AsyncClient, mona: dict[str, str]
) -> None:
    comment = (await strict_house.post()).comment
    ask = [{"id": str(comment.id), "version": 1, "action": "approve"}]
    first = await strict_client.post(DECISIONS, json={"decisions": ask, "key": "k"}, headers=mona)
    again = await strict_client.post(DECISIONS, json=ask, headers=mona | {"Idempotency-Key": "k"})
    assert first.json() == again.json()
    assert first.json()["results"][0]["result"] == "done"
    undo = f"/api/v1/moderation/undo/{first.json()['batch']}"
    taken_back = (await strict_client.post(undo, headers=mona)).json()["results"]
    assert [(r["result"], r["status"], r["version"]) for r in taken_back] == [
        ("done", "pending", 3)
    ]
    nothing = await strict_client.post("/api/v1/moderation/undo/404", headers=mona)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "batch_unknown")
    mine = (await strict_client.get(f"{LOG}?mine=1&limit=1", headers=mona)).json()
    assert mine["decisions"][0]["action"] == "undo" and mine["next"] == "3"
    assert mine["decisions"][0]["detail"]["undoes"] == 2
    older = (await strict_client.get(f"{LOG}?before={mine['next']}", headers=mona)).json()
    assert [act["rules"] for act in older["decisions"]] == [["mode:1"], []]


async def test_all_that_match_are_counted_and_then_decided_on(
    strict_house: House, strict_client: httpx2.AsyncClient, mona: dict[str, str]
) -> None:
    for n in range(3):
        await strict_house.post(f"cheap watches {n}")
    await strict_house.post("cheap books")
    url = f"{DECISIONS}/by-filter"
    ask = {"filter": {"status": "pending", "q": "CHEAP Watch", "site": "blog"}, "action": "spam"}
    dry = (await strict_client.post(url, json=ask | {"dry_run": True}, headers=mona)).json()
    assert dry["count"] == 3
    strict_house.clock.advance(1)
    await strict_house.post("cheap watches, later")
    done = await strict_client.post(url, json=ask | {"as_of": dry["as_of"]}, headers=mona)
    assert [r["result"] for r in done.json()["results"]] == ["done"] * 3
    assert done.json()["next"] is None
    counts = await strict_client.get("/api/v1/moderation/counts?site=blog", headers=mona)
    assert counts.json()["counts"] | {"spam": 3, "pending": 2} == counts.json()["counts"]
    for wrong in ({"filter": {"status": "x"}}, {"action": "burn"}, {"cursor": "x"}, {"as_of": -1}):
        assert (await strict_client.post(url, json=ask | wrong, headers=mona)).status_code == 422


async def test_queues_are_searched_by_everything_that_is_known(
    strict_house: House, strict_client: httpx2.AsyncClient, mona: dict[str, str]
) -> None:
    await strict_house.post("若$a<b$则", name="李雷", email="lilei@mail.example")
    await strict_house.post("words", name="bob", address="2001:db8::1")
    for query, found in {
        "q=若": 1, "q=A%3CB": 1, "q=lilei@": 1, "q=李雷": 1, "q=nothing": 0, "q=": 2, "q=%22": 0, "q=%00": 0,
        f"q={'x' * 300}": 0, "q=若 nothing": 0, "q=WORD": 1, "q=%22word%22": 0,
        "author=bob": 1, "author=lilei@mail.example": 1, "author=lilei": 0,
        "network=2001:db8::/64": 1, "network=192.0.2.1": 1, "reason=first_comment_waits": 2,
        "reason=other": 0, "since=2026-09-21": 2, "until=2026-09-20": 0, "order=oldest": 2,
    }.items():  # fmt: skip
        answer = await strict_client.get(f"{QUEUE}?{query}", headers=mona)
        assert len(answer.json()["items"]) == found, query


@pytest.mark.parametrize(
    "sent",
    [
        [{"id": "1"}],
        [{"id": "1", "version": 1, "action": "burn"}],
        [{"id": "1", "version": "x", "action": "approve"}],
        [{"id": "1", "version": 1, "action": "approve", "reason": "a\0"}],
        [{"id": "1", "version": 1, "action": "approve", "reason": 5}],
        "approve",
        [None],
        [{"id": "1", "version": 1, "action": "approve"}] * 201,
    ],
)
async def test_a_decision_that_is_none_is_named(
    strict_client: httpx2.AsyncClient, mona: dict[str, str], sent: object
) -> None:
    answer = await strict_client.post(DECISIONS, json=sent, headers=mona)
    assert answer.status_code == 422 and answer.json()["errors"]


@pytest.mark.parametrize(
    "query",
    [
        "status=x",
        "cursor=x",
        "cursor=1-",
        "limit=0",
        "limit=x",
        "order=x",
        "since=x",
        "until=9999-12-31",
        "thread=/x",
        "reason=A",
        "author=%00",
    ],
)
async def test_a_queue_that_is_none_is_named(
    strict_client: httpx2.AsyncClient, mona: dict[str, str], query: str
) -> None:
    answer = await strict_client.get(f"{QUEUE}?{query}", headers=mona)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


async def test_an_approved_author_is_trusted_by_receipt_and_never_by_name(
    strict_house: House, strict_client: httpx2.AsyncClient, mona: dict[str, str]
) -> None:
    draft = {"thread": "/post", "name": "alice", "email": "alice@mail.example", "body": "first"}
    url = "/api/v1/sites/blog/comments"
    first = (await strict_client.post(url, json=draft)).json()
    ask = [{"id": first["comment"]["id"], "version": 1, "action": "approve"}]
    await strict_client.post(DECISIONS, json=ask, headers=mona)
    typed = await strict_client.post(url, json=draft | {"body": "second"})
    assert typed.json()["comment"]["status"] == "pending"
    proof = {"Authorization": f"Receipt {first['receipt']}"}
    proven = await strict_client.post(url, json=draft | {"body": "third"}, headers=proof)
    assert proven.json()["comment"]["status"] == "approved"
