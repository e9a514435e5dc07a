"""Hidden is hidden: what is not published reaches nobody but moderators and, by receipt, its author."""

from __future__ import annotations

from dataclasses import dataclass

import httpx2
import pytest

from comments_service.core.moderation import Action
from comments_service.operations import deciding
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, House, token_for

API = "/api/v1/sites/blog"
SECRET, NAME, EMAIL, SITE = (
    "xyzzy-words",
    "xyzzy-name",
    "xyzzy@mail.example",
    "https://xyzzy.example",
)
MARKS = ("xyzzy",)

DOORS = [
    API + "/comments?thread=/post",
    API + "/comments?thread=/post&page=last&order=newest",
    API + "/comments/{id}",
    API + "/comments/{id}/replies?cursor=0",
    API + "/comments/{root}/replies?cursor=0",
    API + "/recent",
    API + "/recent?thread=/post&limit=100",
    API + "/changes?after=0&limit=500",
    API + "/counts?thread=/post",
    "/sites/blog/feed.atom",
    "/sites/blog/feed.rss?thread=/post",
    "/sites/blog/feed.json",
    API + "/search?q=xyzzy",
    API + "/search?q=words&thread=/post",
    API + "/search?q=mail",
    "/sites/blog/search?q=words",
    "/sites/blog/search?q=mail",
    "/c/{id}",
    "/sites/blog/old/{id}",
    "/sites/blog/thread?thread=/post",
    "/sites/blog/thread?thread=/post&page=last&order=newest",
    "/sites/blog/thread?thread=/post&replyTo={id}",
    "/sites/blog/thread?thread=/post&quote={id}",
    "/sites/blog/thread?thread=/post&receipt={id}",
    "/sites/blog/thread?thread=/post&receipt={id}.AAAAAAAA",
    "/sites/blog/thread?thread=/post&root={id}&cursor=0",
    "/sites/blog/thread?thread=/post&root={root}&cursor=0",
    "/sites/blog/fragment?thread=/post",
    "/sites/blog/fragment?thread=/post&quote={id}",
    "/api/v1/moderation/queue?status=pending",
    "/api/v1/moderation/queue?id={id}",
    "/api/v1/moderation/log",
    "/dashboard/",
    "/dashboard/queue?status=pending",
    "/dashboard/queue?id={id}",
    "/dashboard/log",
]

FATES: dict[str, list[Action]] = {
    "pending": [],
    "spam": ["spam"],
    "rejected": ["reject"],
    "deleted": ["delete"],
    "held": ["approve", "hold"],
    "spam after all": ["approve", "spam"],
    "deleted after all": ["approve", "delete"],
}


@dataclass
class Scene:
    house: House
    client: httpx2.AsyncClient
    root: str
    ids: dict[str, str]  # where it stands -> id
    receipts: dict[str, str]


async def hide(house: House, client: httpx2.AsyncClient, fate: list[Action]) -> Scene:
    """Put a root and a reply of mallory's through a fate, in a thread where alice was published."""
    alice = (await house.post("visible words", name="alice")).comment
    await decide(house, alice.id, ["approve"])
    ids, receipts = {}, {}
    for place, parent in (("root", ""), ("reply", str(alice.id))):
        draft = {"thread": "/post", "name": NAME, "email": EMAIL, "website": SITE}
        draft |= {"body": f"{SECRET} {place}", "parent_id": parent}
        made = (await client.post(f"{API}/comments", json=draft)).json()
        ids[place], receipts[place] = made["comment"]["id"], made["receipt"]
        await decide(house, int(ids[place]), fate)
    return Scene(house, client, str(alice.id), ids, receipts)


async def decide(house: House, comment_id: int, fate: list[Action]) -> None:
    for action in fate:
        comment = await house.comment(comment_id)
        await deciding.decide(house.service, MONA, [Ask(comment_id, comment.version, action)])


@pytest.mark.parametrize("fate", FATES)
async def test_no_door_shows_what_is_hidden(
    strict_house: House, strict_client: httpx2.AsyncClient, fate: str
) -> None:
    scene = await hide(strict_house, strict_client, FATES[fate])
    for door in DOORS:
        for comment_id in scene.ids.values():
            url = door.format(id=comment_id, root=scene.root)
            for headers in ({}, {"Authorization": f"Receipt {comment_id}.forged"}):
                answer = await strict_client.get(url, headers=headers)
                assert answer.status_code < 500, url
                # An address may be repeated in the answer, never what it would lead to.
                shown = answer.text.replace(f"{comment_id}.", "")
                assert not any(mark in shown for mark in MARKS), (url, answer.text[:2000])


@pytest.mark.parametrize("fate", FATES)
async def test_counts_and_feeds_know_nothing_of_it(
    strict_house: House, strict_client: httpx2.AsyncClient, fate: str
) -> None:
    await hide(strict_house, strict_client, FATES[fate])
    counts = (await strict_client.get(f"{API}/counts?thread=/post")).json()
    assert counts["counts"] == {"/post": 1}
    recent = (await strict_client.get(f"{API}/recent")).json()["comments"]
    assert [comment["author"]["name"] for comment in recent] == ["alice"]
    changes = (await strict_client.get(f"{API}/changes?after=0")).json()["changes"]
    assert [c["comment"]["author"]["name"] for c in changes if "comment" in c] == ["alice"]


async def test_what_was_never_published_is_like_what_never_was(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    """The very same answer for a hidden id and for nobody's: a guesser learns nothing."""
    scene = await hide(strict_house, strict_client, [])
    hidden, nobody = scene.ids["root"], "404"
    for door in DOORS:
        answers = [
            await strict_client.get(door.format(id=number, root=scene.root))
            for number in (hidden, nobody)
        ]
        texts = [answer.text.replace(hidden, nobody) for answer in answers]
        assert answers[0].status_code == answers[1].status_code, door
        assert texts[0] == texts[1], door
    for method in ("PATCH", "DELETE"):
        answers = [
            await strict_client.request(method, f"{API}/comments/{number}", json={"body": "x"})
            for number in (hidden, nobody)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
    replies = [
        await strict_client.post(
            f"{API}/comments",
            json={"thread": "/post", "name": "m", "body": "b", "parent_id": number},
        )
        for number in (hidden, nobody)
    ]
    assert {answer.json()["code"] for answer in replies} == {"parent_unknown"}


async def test_an_author_sees_their_own_waiting_comment_by_its_receipt(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    scene = await hide(strict_house, strict_client, [])
    both = {"Authorization": "Receipt " + ", ".join(scene.receipts.values())}
    page = await strict_client.get(f"{API}/comments?thread=/post", headers=both)
    alice, own = page.json()["comments"]
    assert (own["id"], own["status"], own["floor"]) == (scene.ids["root"], "pending", None)
    assert [reply["id"] for reply in alice["replies"]] == [scene.ids["reply"]]
    assert page.headers["cache-control"] == "private, no-store"
    assert EMAIL not in page.text
    after = await strict_client.get(f"{API}/comments?thread=/post")
    assert SECRET not in after.text
    single = await strict_client.get(f"{API}/comments/{scene.ids['root']}", headers=both)
    assert single.json()["comment"]["reasons"] == ["A first comment waits for a moderator."]
    receipt = scene.receipts["root"]
    html = await strict_client.get(f"/sites/blog/thread?thread=/post&receipt={receipt}")
    assert SECRET in html.text and "no-store" in html.headers["cache-control"]


async def test_a_receipt_does_not_show_what_a_moderator_took_away(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    scene = await hide(strict_house, strict_client, ["spam"])
    own = {"Authorization": f"Receipt {scene.receipts['root']}"}
    for url in (f"{API}/comments?thread=/post", f"{API}/comments/{scene.ids['root']}"):
        assert SECRET not in (await strict_client.get(url, headers=own)).text


async def test_moderators_see_everything(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    scene = await hide(strict_house, strict_client, ["spam"])
    token = await token_for(strict_house.service, "moderate")
    bearer = {"Authorization": f"Bearer {token}"}
    queue = await strict_client.get("/api/v1/moderation/queue?status=spam", headers=bearer)
    assert {item["id"] for item in queue.json()["items"]} == set(scene.ids.values())
    item = queue.json()["items"][0]
    assert {"id", "version", "status", "source", "html", "reasons", "author", "thread", "parent",
            "actions"} <= set(item)  # fmt: skip
    assert item["author"]["email"] == EMAIL


async def test_no_public_answer_holds_an_e_mail_address(
    house: House, client: httpx2.AsyncClient
) -> None:
    root = (await house.post("words", email="alice@private.example")).comment
    for door in DOORS:
        answer = await client.get(door.format(id=root.id, root=root.id))
        assert "private.example" not in answer.text, door


async def test_what_a_waiting_comment_says_of_its_page_is_not_shown(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    spam = {"thread": "/fresh", "title": "xyzzy pills", "name": NAME, "body": SECRET}
    await strict_client.post(f"{API}/comments", json=spam)
    for door in (f"{API}/comments?thread=/fresh", "/sites/blog/thread?thread=/fresh"):
        assert "xyzzy" not in (await strict_client.get(door)).text
    good = {"thread": "/fresh", "title": "The article", "name": "alice", "body": "words"}
    made = (await strict_client.post(f"{API}/comments", json=good)).json()
    await decide(strict_house, int(made["comment"]["id"]), ["approve"])
    page = (await strict_client.get(f"{API}/comments?thread=/fresh")).json()
    assert page["thread"]["title"] == "The article"


async def test_a_spammer_who_tries_again_is_not_told_that_it_was_spam(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    draft = {"thread": "/post", "name": NAME, "body": SECRET}
    made = (await strict_client.post(f"{API}/comments", json=draft)).json()
    await decide(strict_house, int(made["comment"]["id"]), ["spam"])
    again = await strict_client.post(f"{API}/comments", json=draft)
    assert again.status_code == 200 and "spam" not in again.text


async def test_a_waiting_comment_does_not_erase_what_another_said_of_the_page(
    strict_house: House, strict_client: httpx2.AsyncClient
) -> None:
    good = {"thread": "/fresh", "title": "The article", "name": "alice", "body": "words"}
    browser = {"Origin": "https://blog.example"}
    made = (await strict_client.post(f"{API}/comments", json=good, headers=browser)).json()
    bare = {"thread": "/fresh", "name": NAME, "body": SECRET}
    await strict_client.post(f"{API}/comments", json=bare)
    await decide(strict_house, int(made["comment"]["id"]), ["approve"])
    page = (await strict_client.get(f"{API}/comments?thread=/fresh")).json()
    assert (page["thread"]["title"], page["thread"]["url"]) == (
        "The article",
        "https://blog.example/fresh",
    )
