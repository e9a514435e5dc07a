"""Rules and bans by API, and what writers are told of them."""

from __future__ import annotations

import httpx2

from tests.conftest import House, token_for

API = "/api/v1/moderation"


async def test_a_rule_is_made_tried_changed_moved_and_deleted(
    house: House, client: httpx2.AsyncClient
) -> None:
    await house.post("A casino.")
    headers = {"Authorization": f"Bearer {await token_for(house.service, 'manage')}"}
    sent = {"kind": "words", "params": {"words": ["casino"]}}
    tried = (await client.post(f"{API}/rules/try", json=sent, headers=headers)).json()
    assert (tried["looked"], tried["caught"], tried["counts"]) == (1, 1, {"approved": 1})
    assert tried["sample"][0]["matches"] == [
        {"code": "word_found", "spans": [[2, 8]], "field": "body"}
    ]
    made = await client.post(f"{API}/rules", json=sent | {"site": "blog"}, headers=headers)
    rule = made.json()["rule"]
    assert (made.status_code, rule["site"], rule["action"], rule["version"]) == (
        201,
        "blog",
        "hold",
        1,
    )
    path = f"{API}/rules/{rule['id']}"
    change = {"version": 1, "action": "reject", "expires_days": 7}
    changed = (await client.patch(path, json=change, headers=headers)).json()["rule"]
    assert (changed["action"], changed["version"], bool(changed["expires_at"])) == (
        "reject",
        2,
        True,
    )
    late = await client.patch(path, json=change, headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "rule_changed")
    forever = {"expires_days": 0}
    assert not (await client.patch(path, json=forever, headers=headers)).json()["rule"][
        "expires_at"
    ]
    other = (await client.post(f"{API}/rules", json=sent, headers=headers)).json()["rule"]
    moved = await client.post(f"{path}/move", json={"steps": 1}, headers=headers)
    assert moved.json() == {"order": [other["id"], rule["id"]]}
    assert (await client.delete(path, headers=headers)).status_code == 204
    listed = (await client.get(f"{API}/rules", headers=headers)).json()["rules"]
    assert [each["id"] for each in listed] == [other["id"]]
    assert (await client.get(path, headers=headers)).json()["rule"]["state"] == "deleted"
    [act, *_] = (await client.get(f"{API}/log", headers=headers)).json()["decisions"]
    back = await client.post(f"{API}/rules/undo/{act['batch']}", headers=headers)
    assert [each["state"] for each in back.json()["rules"]] == ["on"]
    assert (await client.get(f"{API}/rules/x", headers=headers)).status_code == 404


async def test_what_is_wrong_with_a_rule_is_named(house: House, client: httpx2.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {await token_for(house.service, 'manage')}"}
    for sent, field, code in (
        ({"kind": "mood"}, "kind", "kind_invalid"),
        (
            {"kind": "words", "params": {"words": ["(a"], "how": "pattern"}},
            "params",
            "pattern_invalid",
        ),
        ({"kind": "links", "params": {"most": -1}}, "most", "number_invalid"),
        ({"kind": "trap", "params": {"x": 1}}, "x", "extra_forbidden"),
    ):
        answer = await client.post(f"{API}/rules", json=sent, headers=headers)
        assert answer.status_code == 422
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
    assert (
        await client.post(f"{API}/rules", json={"kind": "trap", "site": "no"}, headers=headers)
    ).status_code == 404


async def test_a_ban_tells_whom_it_keeps_out_and_decides_on_what_waits(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    house, client = strict_house, strict_client
    await house.post("One", name="mallory")
    token = await token_for(house.service, "moderate", "manage")
    headers = {"Authorization": f"Bearer {token}"}
    ban = {"by": "name", "value": "Mallory", "apply": True, "expires_days": 30}
    made = (await client.post(f"{API}/bans", json=ban, headers=headers)).json()
    assert [each["status"] for each in made["results"]] == ["rejected"]
    sent = {"thread": "/post", "name": "Маllory", "body": "Let me in"}
    for lang, words in (("en", "A moderator has banned"), ("zh-Hans", "管理员已禁止")):
        refused = await client.post(f"/api/v1/sites/blog/comments?lang={lang}", json=sent)
        assert (refused.status_code, refused.json()["code"]) == (403, "banned")
        assert words in refused.json()["detail"]
    page = await client.post("/sites/blog/thread?thread=/post", data=sent | {"post": "1"})
    assert page.status_code == 403
    assert "Let me in" in page.text
    assert "Nothing you typed is lost" in page.text
    assert (
        await client.delete(f"{API}/bans/{made['ban']['id']}", headers=headers)
    ).status_code == 204
    assert (await client.post("/api/v1/sites/blog/comments", json=sent)).status_code == 201
    assert (await client.get(f"{API}/bans", headers=headers)).json() == {"bans": []}


async def test_whoever_is_taken_for_spam_is_answered_as_if_it_waited(
    house: House, client: httpx2.AsyncClient
) -> None:
    headers = {"Authorization": f"Bearer {await token_for(house.service, 'manage')}"}
    await client.post(f"{API}/rules", json={"kind": "trap", "action": "spam"}, headers=headers)
    page = (await client.get("/sites/blog/thread?thread=/post")).text
    assert 'name="subject"' in page
    sent = {"thread": "/post", "name": "bot", "body": "Buy", "subject": "Cheap"}
    answer = await client.post("/sites/blog/thread?thread=/post", data=sent | {"post": "1"})
    assert answer.status_code == 303
    shown = await client.get(f"/sites/blog/thread{answer.headers['location']}")
    assert "Buy" in shown.text
    assert "Buy" not in (await client.get("/sites/blog/thread?thread=/post")).text
    posted = await client.post("/api/v1/sites/blog/comments", json=sent | {"body": "Buy more"})
    assert posted.json()["comment"]["status"] == "pending"
    assert "people do not see" in posted.json()["comment"]["reasons"][0]
