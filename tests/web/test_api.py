"""The public API as its clients meet it: readers, writers, pollers."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from comments_service.operations import deciding
from comments_service.operations.deciding import Ask
from tests.conftest import BLOG, MONA, House, client_of

API = "/api/v1/sites/blog"
ALICE = {"thread": "/post", "name": "alice", "body": "Let $a<b$."}


async def post(client: httpx2.AsyncClient, **fields: str) -> httpx2.Response:
    return await client.post(f"{API}/comments", json=ALICE | fields)


async def test_a_page_holds_what_the_contract_says(client: httpx2.AsyncClient) -> None:
    first = (await post(client)).json()["comment"]
    await post(client, name="bob", body="Indeed.", parent_id=first["id"])
    page = (await client.get(f"{API}/comments?thread=/post&page=1")).json()
    assert page["thread"] == {
        "key": "/post", "url": None, "title": None, "open": True,
        "count": 2, "floors": 1, "pages": 1, "page_size": 10,
    }  # fmt: skip
    [root] = page["comments"]
    assert {"id", "floor", "parent_id", "depth", "status", "author", "html", "excerpt", "published_at",
            "edited_at", "permalink", "reply_url", "replies"} <= set(root)  # fmt: skip
    avatar = root["author"].pop("avatar")
    assert root["author"] == {"name": "alice", "url": None, "badge": None}
    figure = await client.get(avatar)
    assert figure.headers["content-type"] == "image/svg+xml" and "<script" not in figure.text
    assert "immutable" in figure.headers["cache-control"]
    assert root["html"] == (
        '<p>Let <span class="comments-together"><span class="comments-formula" data-source="$a&lt;b$">'
        "<math><mi>a</mi><mo>&lt;</mo><mi>b</mi></math></span>.</span></p>\n"
    )
    assert root["excerpt"] == "Let a < b."
    [reply] = root["replies"]
    assert (reply["parent_id"], reply["depth"], reply["floor"]) == (first["id"], 1, None)
    assert set(page["links"]) == {"first", "prev", "next", "last"}


async def test_bob_pages_through_a_thread(house: House, client: httpx2.AsyncClient) -> None:
    for number in range(25):
        await house.post(f"words {number}")
    floors = {}
    for asked in ("1", "2", "last", "first", "99"):
        page = (await client.get(f"{API}/comments?thread=/post&page={asked}")).json()
        floors[asked] = (page["page"], [c["floor"] for c in page["comments"]])
    assert floors["1"] == floors["first"] == (1, list(range(1, 11)))
    assert floors["2"] == (2, list(range(11, 21)))
    assert floors["last"] == floors["99"] == (3, list(range(21, 26)))
    newest = (await client.get(f"{API}/comments?thread=/post&order=newest")).json()
    assert [c["floor"] for c in newest["comments"]] == list(range(25, 20, -1))
    following = (await client.get(f"{API}/comments?thread=/post&page=1")).json()["links"]["next"]
    assert (await client.get(following)).json()["page"] == 2


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "٣", "%00"])
async def test_a_page_that_is_none_is_named(client: httpx2.AsyncClient, page: str) -> None:
    answer = await client.get(f"{API}/comments?thread=/post&page={page}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "page"


async def test_an_unknown_thread_is_empty_and_open(client: httpx2.AsyncClient) -> None:
    page = (await client.get(f"{API}/comments?thread=/nothing")).json()
    assert (page["comments"], page["thread"]["open"], page["thread"]["pages"]) == ([], True, 1)


async def test_the_spellings_of_a_key_name_one_thread(client: httpx2.AsyncClient) -> None:
    await post(client, thread="/文章/")
    for key in ("/文章", "/%E6%96%87%E7%AB%A0/", "/文章#top"):
        page = await client.get(f"{API}/comments", params={"thread": key})
        assert page.json()["thread"]["count"] == 1, key


async def test_more_replies_are_reached_by_the_cursor_a_page_gives(
    house: House, client: httpx2.AsyncClient
) -> None:
    root = (await house.post("root")).comment
    for number in range(120):
        await house.post(f"reply {number}", to=root)
    page = (await client.get(f"{API}/comments?thread=/post")).json()
    more = page["comments"][0]["more_replies"]
    assert more["count"] == 70
    seen, url = [], more["url"]
    while url:
        answer = (await client.get(url)).json()
        seen += [reply["excerpt"] for reply in answer["replies"]]
        url = answer["next"]
    assert seen == [f"reply {number}" for number in range(50, 120)]


async def test_a_tombstone_has_its_place_and_nothing_else(
    house: House, client: httpx2.AsyncClient
) -> None:
    root = (await house.post("a secret", name="mallory")).comment
    await house.post("reply", to=root)
    await deciding.decide(house.service, MONA, [Ask(root.id, 1, "spam")])
    answer = await client.get(f"{API}/comments?thread=/post")
    [grave] = answer.json()["comments"]
    assert (grave["status"], grave["floor"], grave["author"]) == ("deleted", 1, None)
    assert grave["replies"][0]["excerpt"] == "reply"
    assert "secret" not in answer.text and "mallory" not in answer.text


async def test_a_post_is_answered_with_comment_and_receipt(client: httpx2.AsyncClient) -> None:
    answer = await post(client, submission_key="k")
    assert answer.status_code == 201
    assert set(answer.json()) == {"comment", "receipt"}
    assert answer.json()["comment"]["status"] == "approved"
    again = await post(client, submission_key="k")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json() == answer.json()
    other = await post(client, submission_key="k", body="other")
    assert (other.status_code, other.json()["code"]) == (422, "submission_key_reused")


async def test_the_idempotency_key_header_is_a_submission_key(client: httpx2.AsyncClient) -> None:
    answers = [
        await client.post(f"{API}/comments", json=ALICE, headers={"Idempotency-Key": "k"})
        for _ in "ab"
    ]
    assert [answer.status_code for answer in answers] == [201, 200]
    reused = await client.post(
        f"{API}/comments", json=ALICE | {"body": "x"}, headers={"Idempotency-Key": "k"}
    )
    assert reused.json()["code"] == "submission_key_reused"


@pytest.mark.parametrize("kind", ["json", "data", "files"])
async def test_three_formats_are_understood(client: httpx2.AsyncClient, kind: str) -> None:
    fields = {name: (None, value) for name, value in ALICE.items()} if kind == "files" else ALICE
    answer = await client.post(f"{API}/comments", **{kind: fields})
    assert answer.status_code == 201, answer.text


async def test_a_fields_faults_are_all_named_with_their_remedies(
    client: httpx2.AsyncClient,
) -> None:
    answer = await post(client, name="", email="nobody", website="ftp://x", body=" \n ")
    assert answer.status_code == 422
    faults = {error["field"]: error["code"] for error in answer.json()["errors"]}
    assert faults == {
        "name": "missing",
        "email": "email_invalid",
        "website": "website_invalid",
        "body": "missing",
    }
    assert all(error["message"].endswith(".") for error in answer.json()["errors"])


async def test_a_reply_needs_a_parent_that_is_shown_in_the_thread(
    client: httpx2.AsyncClient,
) -> None:
    other = (await post(client, thread="/other")).json()["comment"]["id"]
    for parent in (other, "404", "nonsense", "0", "-1", "9" * 30):
        answer = await post(client, parent_id=parent)
        assert (answer.status_code, answer.json()["code"]) == (404, "parent_unknown"), parent


async def test_reply_to_is_another_name_for_the_parent(client: httpx2.AsyncClient) -> None:
    root = (await post(client)).json()["comment"]["id"]
    reply = await post(client, body="Indeed.", replyTo=root)
    assert reply.json()["comment"]["parent_id"] == root


async def test_an_author_edits_and_deletes_with_the_receipt_only(
    client: httpx2.AsyncClient,
) -> None:
    made = (await post(client)).json()
    url, mine = (
        f"{API}/comments/{made['comment']['id']}",
        {"Authorization": f"Receipt {made['receipt']}"},
    )
    forged = {"Authorization": f"Receipt {made['comment']['id']}.AAAA"}
    for wrong in ({}, forged):
        refused = await client.patch(url, json={"body": "mine now"}, headers=wrong)
        assert (refused.status_code, refused.json()["code"]) == (403, "receipt_refused")
    edited = await client.patch(url, json={"body": "Let $a>b$."}, headers=mine)
    assert edited.json()["comment"]["edited_at"] is not None
    assert "a&gt;b" in (await client.get(url)).json()["comment"]["html"]
    assert (await client.delete(url, headers=mine)).status_code == 204
    assert (await client.get(url)).status_code == 404
    assert (await client.delete(url, headers=mine)).status_code == 404
    assert (await post(client)).status_code == 201


async def test_an_authors_time_to_edit_ends(house: House, client: httpx2.AsyncClient) -> None:
    made = (await post(client)).json()
    house.clock.advance(3600)
    answer = await client.patch(
        f"{API}/comments/{made['comment']['id']}",
        json={"body": "too late"},
        headers={"Authorization": f"Receipt {made['receipt']}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "window_closed")


async def test_the_preview_is_the_truth(client: httpx2.AsyncClient) -> None:
    body = "**Claim.** $a<b$ and `code`\n\n> quoted\n\n$$\\sum_{i<n} x_i$$"
    preview = (await client.post(f"{API}/preview", json={"body": body})).json()
    stored = (await post(client, body=body)).json()["comment"]
    assert preview["html"] == stored["html"] and preview["excerpt"] == stored["excerpt"]
    assert preview["warnings"] == []


async def test_a_warning_says_where_in_what_was_sent(client: httpx2.AsyncClient) -> None:
    sent = "\r\n \r\na\a\r\n🙂 $\\nope$"
    (warning,) = (await client.post(f"{API}/preview", json={"body": sent})).json()["warnings"]
    typed = sent.replace("\r\n", "\n")  # as a browser's field has it
    assert typed[warning["start"] : warning["end"]] == "\\nope"
    form = (await client.post("/sites/default/preview", data={"body": sent})).text
    assert f'data-start="{warning["start"]}" data-end="{warning["end"]}"' in form
    assert "Line 4: " in form


async def test_a_poller_reads_recent_comments_and_counts(
    house: House, client: httpx2.AsyncClient
) -> None:
    for number in range(15):
        await house.post(f"words {number}", thread=f"/post/{number % 2}")
    recent = (await client.get(f"{API}/recent?limit=3")).json()["comments"]
    assert [comment["excerpt"] for comment in recent] == ["words 14", "words 13", "words 12"]
    assert recent[0]["thread"]["key"] == "/post/0"
    own = (await client.get(f"{API}/recent?thread=/post/1")).json()["comments"]
    assert len(own) == 7 and {comment["thread"]["key"] for comment in own} == {"/post/1"}
    counts = (await client.get(f"{API}/counts?thread=/post/0&thread=/post/1&thread=/no")).json()
    assert counts == {"counts": {"/post/0": 8, "/post/1": 7, "/no": 0}}
    too_many = "&".join(f"thread=/{number}" for number in range(201))
    assert (await client.get(f"{API}/counts?{too_many}")).status_code == 422


READS = [
    "comments?thread=/post",
    "recent",
    "counts?thread=/post",
    "changes?after=0",
    "comments/{id}",
]


@pytest.mark.parametrize("read", READS)
async def test_every_read_has_an_etag_that_changes_with_what_readers_see(
    house: House, client: httpx2.AsyncClient, read: str
) -> None:
    comment = (await house.post()).comment
    url = f"{API}/{read.replace('{id}', str(comment.id))}"
    first = await client.get(url)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    same = await client.get(url, headers={"If-None-Match": f'"other", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    head = await client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(first.content))
    await house.post("and more")
    changed = await client.get(url, headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.headers["etag"] != tag


async def test_a_post_elsewhere_leaves_a_threads_etag_alone(
    house: House, client: httpx2.AsyncClient
) -> None:
    await house.post()
    tag = (await client.get(f"{API}/comments?thread=/post")).headers["etag"]
    await house.post(thread="/elsewhere")
    same = await client.get(f"{API}/comments?thread=/post", headers={"If-None-Match": tag})
    assert same.status_code == 304


async def test_changes_are_read_with_a_cursor(house: House, client: httpx2.AsyncClient) -> None:
    comment = (await house.post("first")).comment
    start = (await client.get(f"{API}/changes?after=0")).json()
    assert [(c["seq"], c["kind"], c["id"]) for c in start["changes"]] == [
        (1, "published", str(comment.id))
    ]
    assert start["changes"][0]["comment"]["excerpt"] == "first"
    await deciding.decide(house.service, MONA, [Ask(comment.id, 1, "hold")])
    then = (await client.get(f"{API}/changes?after={start['next']}")).json()
    assert [(c["kind"], "comment" in c) for c in then["changes"]] == [("removed", False)]
    end = (await client.get(f"{API}/changes?after={then['next']}")).json()
    assert end == {"changes": [], "next": 2}


async def test_changes_of_one_thread_are_told_alone(
    house: House, client: httpx2.AsyncClient
) -> None:
    first = (await house.post(thread="/one")).thread.change
    await house.post(thread="/other")
    asked = f"{API}/changes?thread=/one&after={first}"
    assert (await client.get(asked)).json() == {"changes": [], "next": first}
    waiting = asyncio.ensure_future(client.get(f"{asked}&wait=30"))
    await house.post(thread="/other", body="Still elsewhere.")
    last = (await house.post(thread="/one", body="Here.")).thread.change
    answer = (await waiting).json()
    assert [change["seq"] for change in answer["changes"]] == [answer["next"]] == [last]
    assert answer["changes"][0]["comment"]["excerpt"] == "Here."


async def test_changes_can_be_waited_for(house: House, client: httpx2.AsyncClient) -> None:
    waiting = asyncio.ensure_future(client.get(f"{API}/changes?after=0&wait=20"))
    await asyncio.sleep(0)
    posted = await house.post("news")
    answer = (await waiting).json()
    assert [change["id"] for change in answer["changes"]] == [str(posted.comment.id)]
    at_once = await client.get(f"{API}/changes?after=1&wait=0")
    assert at_once.json()["changes"] == []


async def test_unknown_sites_and_addresses_are_problems(client: httpx2.AsyncClient) -> None:
    for url, code in [
        ("/api/v1/sites/nobody/recent", "site_unknown"),
        ("/api/v1/sites/%00/recent", "site_unknown"),
        (f"{API}/comments/404", "comment_unknown"),
        (f"{API}/comments/x", "comment_unknown"),
        (f"{API}/nothing", "not_found"),
    ]:
        answer = await client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (404, code), url
    answer = await client.put(f"{API}/comments", json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_browsers_may_use_it_from_registered_origins_only(client: httpx2.AsyncClient) -> None:
    for origin, allowed in [(BLOG, True), ("https://mallory.example", False), ("null", False)]:
        headers = {"Origin": origin}
        read = await client.get(f"{API}/recent", headers=headers)
        assert read.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert "access-control-allow-credentials" not in read.headers
        assert "Origin" in read.headers["vary"]
        preflight = await client.options(
            f"{API}/comments", headers=headers | {"Access-Control-Request-Method": "POST"}
        )
        assert preflight.status_code == (204 if allowed else 403)
        assert preflight.headers.get("access-control-allow-origin") == (origin if allowed else None)
        write = await client.post(f"{API}/comments", json=ALICE, headers=headers)
        assert write.status_code == (201 if allowed else 403)
        if not allowed:
            assert write.json()["code"] == "origin_refused"


async def test_the_services_own_pages_may_write(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        f"{API}/comments", json=ALICE, headers={"Origin": "http://127.0.0.1:8000"}
    )
    assert answer.status_code == 201


async def test_permalinks_lead_to_the_blogs_page_and_nobody_elses(
    client: httpx2.AsyncClient,
) -> None:
    await client.post(f"{API}/comments", json=ALICE | {"thread": "/a"}, headers={"Origin": BLOG})
    evil = {"thread": "/b", "url": "https://mallory.example/b"}
    await post(client, **evil)
    good = {"thread": "post-7", "url": f"{BLOG}/2026/post.html?x=1#top"}
    await post(client, **good)
    urls = {
        key: (await client.get(f"{API}/comments?thread={key}")).json()["thread"]["url"]
        for key in ("/a", "/b", "post-7")
    }
    assert urls == {"/a": f"{BLOG}/a", "/b": None, "post-7": f"{BLOG}/2026/post.html?x=1"}


async def test_too_many_posts_wait_but_the_same_one_again_does_not(
    database_url: str, tmp_path: object, clock: object
) -> None:
    from pathlib import Path

    from comments_service.web.context import POSTS
    from tests.conftest import Clock, house_on

    assert isinstance(tmp_path, Path) and isinstance(clock, Clock)
    async with (
        house_on(database_url, tmp_path, clock, rate_limits="on") as house,
        client_of(house) as client,
    ):
        for _ in range(POSTS * 2):
            assert (await post(client)).status_code in (200, 201)
        answers = [await post(client, body=f"words {number}") for number in range(POSTS)]
        assert [answer.status_code for answer in answers[:-1]] == [201] * (POSTS - 1)
        assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "rate_limited")
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 61


async def test_a_vote_is_counted_once_for_each_key_and_taken_back(
    client: httpx2.AsyncClient,
) -> None:
    number = (await post(client)).json()["comment"]["id"]
    url = f"{API}/comments/{number}/votes"
    for _ in range(2):
        answer = await client.post(url, json={"visitor": "bob's browser"})
        assert answer.json() == {"votes": 1, "voted": True}
    assert (await client.post(url, data={"visitor": "another"})).json()["votes"] == 2
    page = (await client.get(f"{API}/comments?thread=/post")).json()
    assert page["comments"][0]["votes"] == 2
    gone = await client.request("DELETE", url, json={"visitor": "another"})
    assert gone.json() == {"votes": 1, "voted": False}
    page = (await client.get(f"{API}/comments?thread=/post")).json()
    assert page["comments"][0]["votes"] == 1
    assert (await client.post(f"{API}/comments/404/votes", json={})).status_code == 404
    assert (await client.post(url, json={"visitor": "x" * 201})).status_code == 422
    for digest in ("0" * 31, "g" * 32, "%00", "0" * 33):
        assert (await client.get(f"/avatars/{digest}.svg")).status_code == 404
