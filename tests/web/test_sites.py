"""Sites as pages and as JSON: what owners choose, what they typed wrong, what never comes back."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx2
import pytest

from comments_service.core.policy import Policy
from comments_service.operations import logbook, maintaining, reading
from comments_service.web import site_words
from tests.conftest import Clock, token_for
from tests.web.desk import MALLORY, OLGAS, Desk, desk_in, told

API = "/api/v1/moderation/sites"
PAGE = "/dashboard/sites/blog"
KEY = "k" * 32


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    async with desk_in(tmp_path, clock, signed_in=False) as opened:
        await opened.sign_in(OLGAS)
        yield opened


async def form_of(desk: Desk, page: str = PAGE) -> dict[str, str]:
    """What the form of a page would send if nobody touched it."""
    text = await desk.read(page)
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', text))
    found |= dict.fromkeys(re.findall(r'name="(\w+)" value="1" checked', text), "1")
    for name, options in re.findall(r'<select id="(\w+)".*?>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    origins = re.search(r'name="origins".*?>\n(.*?)</textarea>', text, re.DOTALL)
    return found | {"origins": unescape(origins[1]) if origins else ""}


async def send(desk: Desk, form: dict[str, str], page: str = PAGE) -> httpx2.Response:
    return await desk.client.post(page, data=form)


async def stored(desk: Desk, slug: str = "blog") -> tuple[Policy, tuple[str, ...]]:
    site = await reading.site(desk.house.service, slug)
    return site.policy, site.origins


def test_every_setting_has_words() -> None:
    for name, field in Policy.model_fields.items():
        assert name in site_words.LABEL and name in site_words.MEANS, name
        assert field.description, name


async def test_a_form_that_nobody_touched_changes_nothing(desk: Desk) -> None:
    policy = Policy(votes=False, report_threshold=3, identity_key=KEY, moderation="all")
    site = await reading.site(desk.house.service, "blog")
    owner = [await token_for(desk.house.service, "manage"), desk.house.service]
    headers = {"Authorization": f"Bearer {owner[0]}"}
    answer = await desk.client.patch(f"{API}/blog", headers=headers, json={
        "settings": policy.model_dump(),
    })  # fmt: skip
    assert answer.json()["site"]["settings"]["identity_key"] == "set"
    form = await form_of(desk)
    form["report_threshold"] = "3"
    assert (await send(desk, form)).status_code == 303
    assert await stored(desk) == (policy, site.origins)


async def test_olga_changes_the_settings_and_finds_it_on_record(desk: Desk) -> None:
    form = await form_of(desk) | {
        "origins": "https://blog.example/\n\nhttp://localhost:4000\n", "avatars": "none",
        "report_threshold": " 5 ", "identity_key": KEY, "moderation": "none",
    }  # fmt: skip
    form.pop("votes")
    answer = await send(desk, form)
    assert answer.status_code == 303
    assert told(await desk.read(answer.headers["location"])) == "The settings are stored."
    policy, origins = await stored(desk)
    assert policy == Policy(
        votes=False, avatars="none", report_threshold=5, identity_key=KEY, moderation="none"
    )
    assert origins == ("http://localhost:4000", "https://blog.example")
    [act] = await logbook.latest(desk.house.service, limit=1)
    detail = json.loads(act.detail)
    assert (act.action, act.site_id) == ("policy", desk.house.site.site_id)
    assert detail["before"]["identity_key"] == "" and detail["after"]["identity_key"] == "set anew"
    assert detail["after"]["origins"] == list(origins)
    assert KEY not in act.detail
    assert KEY not in await desk.read(PAGE)
    assert '<td role="cell" data-label="About"><bdi>blog</bdi></td>' in await desk.read(
        "/dashboard/log"
    )
    # It counts at once, without a start.
    allowed = {"origin": "http://localhost:4000"}
    read = await desk.client.get("/api/v1/sites/blog/recent", headers=allowed)
    assert read.headers["access-control-allow-origin"] == "http://localhost:4000"


async def test_a_secret_stays_until_it_is_taken_away(desk: Desk) -> None:
    await send(desk, await form_of(desk) | {"identity_key": KEY})
    assert (await stored(desk))[0].identity_key == KEY
    await send(desk, await form_of(desk))
    assert (await stored(desk))[0].identity_key == KEY
    await send(desk, await form_of(desk) | {"identity_key-none": "1"})
    assert (await stored(desk))[0].identity_key == ""


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    before = await stored(desk)
    answer = await send(desk, await form_of(desk) | {
        "origins": "https://blog.example\n<b>no origin", "report_threshold": "many",
        "identity_key": "short", "moderation": "sometimes",
    })  # fmt: skip
    assert answer.status_code == 422
    problems = dict(re.findall(r'id="(\w+)-problem" role="alert">(.*?)</p>', answer.text))
    assert {name: unescape(text) for name, text in problems.items()} == {
        "origins": "<b>no origin is no origin: write it as https://blog.example.",
        "report_threshold": "Type a whole number from 1 to 1,000.",
        "identity_key": "Choose a key of at least 32 characters.",
        "moderation": "Choose one of the list.",
    }
    assert 'value="many"' in answer.text and "&lt;b&gt;no origin</textarea>" in answer.text
    assert "short" not in answer.text
    assert await stored(desk) == before


async def test_nobody_overwrites_what_another_owner_stored_meanwhile(desk: Desk) -> None:
    first, second = await form_of(desk), await form_of(desk)
    assert (await send(desk, first | {"report_threshold": "5"})).status_code == 303
    answer = await send(desk, second | {"report_threshold": "7"})
    assert answer.status_code == 422 and 'value="7"' in answer.text
    assert (await stored(desk))[0].report_threshold == 5
    mark = re.search(r'name="mark" value="(\w+)"', answer.text)
    assert mark
    again = second | {"report_threshold": "7", "mark": mark[1]}
    assert (await send(desk, again)).status_code == 303
    assert (await stored(desk))[0].report_threshold == 7


async def test_readers_see_another_look_at_once(desk: Desk) -> None:
    comment = (await desk.house.post("words")).comment
    csrf = {"csrf": await desk.csrf(), "action": "approve"}
    await desk.client.post(
        "/dashboard/decisions", data=csrf | {"id": str(comment.id), "version": "1"}
    )
    address = "/api/v1/sites/blog/comments?thread=/post"
    before = await desk.client.get(address)
    assert before.json()["comments"][0]["author"]["avatar"]
    tag = {"if-none-match": before.headers["etag"]}
    assert (await desk.client.get(address, headers=tag)).status_code == 304
    await send(desk, await form_of(desk) | {"avatars": "none"})
    after = await desk.client.get(address, headers=tag)
    assert after.status_code == 200
    assert after.json()["comments"][0]["author"]["avatar"] is None


async def test_olga_makes_a_site(desk: Desk) -> None:
    form = await form_of(desk, "/dashboard/sites") | {
        "slug": "notes",
        "origins": "https://n.example",
    }
    answer = await send(desk, form, "/dashboard/sites")
    assert answer.headers["location"].startswith("/dashboard/sites/notes?")
    assert "https://n.example" in await desk.read(answer.headers["location"])
    [act] = await logbook.latest(desk.house.service, limit=1)
    assert act.action == "site"
    for slug, sentence in (
        ("notes", "There is such a site already."),
        ("No!", "Use small letters, digits and hyphens, at most 64."),
    ):
        again = await send(desk, form | {"slug": slug}, "/dashboard/sites")
        assert again.status_code == 422
        assert sentence in unescape(again.text) and f'value="{slug}"' in again.text
    assert len(await maintaining.list_sites(desk.house.service)) == 3


async def test_a_script_manages_sites(desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {await token_for(desk.house.service, 'manage')}"}
    made = await desk.client.post(API, headers=headers, json={"site": "notes"})
    assert made.status_code == 201
    assert made.json()["site"]["origins"] == []
    path = f"{API}/notes"
    for sent, field in (
        ({"settings": {"report_threshold": 0}}, "report_threshold"),
        ({"settings": {"identity_key": "set"}}, "identity_key"),
        ({"origins": ["no origin"]}, "origin"),
        ({"origins": "x"}, "origins"),
    ):
        refused = await desk.client.patch(path, headers=headers, json=sent)
        assert refused.status_code == 422, sent
        assert refused.json()["errors"][0]["field"] == field
    changed = await desk.client.patch(
        path, headers=headers, json={"settings": {"votes": False}, "origins": ["https://n.example"]}
    )
    assert changed.json()["site"] == (await desk.client.get(path, headers=headers)).json()["site"]
    assert changed.json()["site"]["settings"]["votes"] is False
    listed = (await desk.client.get(API, headers=headers)).json()["sites"]
    assert [each["site"] for each in listed] == ["blog", "default", "notes"]
    assert (await desk.client.get(f"{API}/none", headers=headers)).status_code == 404
    assert (await desk.client.post(API, headers=headers, json={"site": "blog"})).status_code == 422


async def test_who_manages_one_site_manages_no_other(desk: Desk) -> None:
    sites = frozenset({desk.house.site.site_id})
    secret = await token_for(desk.house.service, "manage", sites=sites)
    headers = {"Authorization": f"Bearer {secret}"}
    listed = (await desk.client.get(API, headers=headers)).json()["sites"]
    assert [each["site"] for each in listed] == ["blog"]
    assert (await desk.client.patch(f"{API}/blog", headers=headers, json={})).status_code == 200
    for method, path, sent in (
        ("GET", f"{API}/default", None),
        ("PATCH", f"{API}/default", {}),
        ("POST", API, {"site": "notes"}),
    ):
        answer = await desk.client.request(method, path, headers=headers, json=sent)
        assert answer.status_code == 403, (method, path)


async def test_the_snippet_says_what_was_chosen_and_shows_it(desk: Desk) -> None:
    query = "lang=zh-Hans&theme=dark&math=host&thread=/post"
    answer = await desk.client.get(f"{PAGE}/snippet?{query}")
    assert "frame-src 'self'" in answer.headers["content-security-policy"]
    code = re.search(r"<textarea.*?>\n(.*?)</textarea>", answer.text, re.DOTALL)
    assert code
    assert unescape(code[1]) == (
        '<script type="module" src="http://127.0.0.1:8000/static/embed.js"></script>\n'
        '<comment-thread site="blog" thread="/post" lang="zh-Hans" theme="dark" math="host">\n'
        '  <a href="http://127.0.0.1:8000/sites/blog/thread?thread=/post&amp;lang=zh-Hans">评论</a>\n'
        "</comment-thread>\n"
    )
    frame = re.search(r'<iframe [^>]*src="([^"]+)"', answer.text)
    assert frame
    example = await desk.client.get(unescape(frame[1]))
    assert '<comment-thread site="blog" thread="/post" lang="zh-Hans"' in example.text
    policy = example.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "trusted-types 'none'" in policy
    assert "frame-src" not in policy and "unsafe" not in policy and "gravatar" not in policy
    await send(desk, await form_of(desk) | {"avatars": "gravatar"})
    example = await desk.client.get(f"{PAGE}/example")
    assert "https://gravatar.com" in example.headers["content-security-policy"]
    for page in (PAGE, "/dashboard/sites", "/dashboard/queue"):
        elsewhere = (await desk.client.get(page)).headers["content-security-policy"]
        assert "frame-src" not in elsewhere and "frame-ancestors 'none'" in elsewhere


@pytest.mark.parametrize("page", ["snippet", "example"])
async def test_a_hostile_address_makes_no_markup(desk: Desk, page: str) -> None:
    query = {"thread": f'/"><{MALLORY}', "lang": MALLORY, "theme": MALLORY}
    answer = await desk.client.get(f"{PAGE}/{page}", params=query)
    assert answer.status_code == 200
    assert "<img" not in answer.text and "onerror=alert(1)>" not in answer.text
    assert (await desk.client.get(f"{PAGE}/{page}?thread=%00%ff&lang=%ed%a0%80")).status_code == 200


async def test_without_a_thread_the_example_has_the_one_where_somebody_spoke_last(
    desk: Desk,
) -> None:
    assert 'thread="/"' in await desk.read(f"{PAGE}/example")
    comment = (await desk.house.post("words", thread="/spoken")).comment
    form = {"csrf": await desk.csrf(), "action": "approve", "id": str(comment.id), "version": "1"}
    await desk.client.post("/dashboard/decisions", data=form)
    assert 'thread="/spoken"' in await desk.read(f"{PAGE}/example")
