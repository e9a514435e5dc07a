"""Nothing runs: every attack, in every field it is typed into, on every surface that shows text.

The surfaces are in tests/surfaces.py; tests/browser/test_attacked_surfaces.py opens them in Chromium.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from comments_service import app as wiring
from comments_service.core.draft import Draft
from comments_service.operations import accounts, exporting, mail_choices, maintaining, own_data
from comments_service.service import Service
from tests.allowed import feed_faults, page_faults, stored_faults
from tests.conftest import BLOG, Clock, house_on
from tests.feeds import MEDIA_TYPES, read, strings
from tests.notifying import ALICE, BOB, FROM, MONAS, Post, post_office
from tests.people import account, attacked
from tests.receivers import text_of
from tests.surfaces import (
    API,
    EXPORT,
    FEED_SURFACES,
    JSON_SURFACES,
    KEY,
    MAILS,
    SURFACES,
    filled,
)

_FILE = Path(__file__).parents[1] / "data" / "attacks.jsonl"
ATTACKS = [json.loads(line) for line in _FILE.read_text("utf-8").split("\n") if line]
JSON = ("application/json", "application/problem+json")
FIELDS = {"body": "body", "author": "name", "url": "website", "email": "email", "page": "title"}


def drafts() -> list[dict[str, str]]:
    """Return a draft for each attack; where its field refuses it, it is said in the text too."""
    made = []
    for attack in ATTACKS:
        draft = {"thread": KEY, "name": "mallory", "body": f"words {attack['id']}"}
        field = FIELDS.get(attack["field"])
        made.append(draft | ({field: attack["body"]} if field else {}))
        made.append(draft | {"name": f"m {attack['id']}", "body": attack["body"]})
        made.append(draft | {"name": attack["body"][:60], "body": f"named {attack['id']}"})
    return made


class Scene:
    def __init__(self, client: httpx2.AsyncClient, service: Service) -> None:
        self.client, self.service = client, service
        self.ids: list[str] = []
        self.feeds: list[tuple[str, bytes]] = []  # as they were while mallory typed

    async def keep_feeds(self) -> None:
        for kind in MEDIA_TYPES:
            for query in ("", f"?thread={KEY}"):
                answer = await self.client.get(f"/sites/demo/feed.{kind}{query}")
                self.feeds.append((kind, answer.content))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Mallory has typed every attack into every field; mona is signed in."""
    mails = {"smtp_url": "smtp://127.0.0.1:9", "mail_from": FROM}  # nobody takes it
    async with house_on(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock(), **mails) as house:
        await maintaining.add_site(house.service, "demo", [BLOG])
        mona = await accounts.add(house.service, "mona@blog.example", "correct horse")
        await attacked(house, mona, [attack["body"] for attack in ATTACKS[::5]])
        transport = httpx2.ASGITransport(wiring.build(house.service, demo=True))
        async with httpx2.AsyncClient(
            transport=transport, base_url="https://127.0.0.1:8000"
        ) as client:
            scene = Scene(client, house.service)
            for number, draft in enumerate(drafts()):
                agent = ATTACKS[number % len(ATTACKS)]["body"].encode()[:200].replace(b"\n", b" ")
                headers = [(b"user-agent", agent.replace(b"\r", b" ").replace(b"\0", b""))]
                answer = await client.post(f"{API}/comments", json=draft, headers=headers)
                assert answer.status_code in (200, 201, 422), (draft, answer.text)
                if answer.status_code == 201:
                    scene.ids.append(answer.json()["comment"]["id"])
                    if len(scene.ids) % 50 == 0:
                        await scene.keep_feeds()
            await scene.keep_feeds()
            login = {"email": "mona@blog.example", "password": "correct horse"}
            assert (await client.post("/dashboard/login", data=login)).status_code == 303
            yield scene


async def test_every_attack_is_only_text_on_every_surface(scene: Scene) -> None:
    assert len(scene.ids) > 300
    pages = len(scene.ids) // 10 + 1
    for name, pattern in SURFACES.items():
        for address in addresses(scene, pattern, pages):
            answer = await scene.client.get(address)
            assert answer.status_code < 500, (address, answer.status_code)
            found = page_faults(answer.text)
            assert not found, (name, address, found)


def addresses(scene: Scene, pattern: str, pages: int) -> list[str]:
    """Return a surface's addresses: for every page, some comments, and every attack in it."""
    return filled(
        pattern,
        key=[KEY],
        page=[str(number) for number in range(1, pages + 1)],
        id=scene.ids[::7],
        cursor=["", f"{2**62}-{2**62}"],
        status=["pending", "approved", "spam"],
        attack=[quote(attack["body"][:400], safe="") for attack in ATTACKS],
    )


async def test_what_json_carries_as_html_holds_only_the_closed_list(scene: Scene) -> None:
    seen = 0
    for pattern in JSON_SURFACES.values():
        for address in addresses(scene, pattern, len(scene.ids) // 10 + 1):
            answer = await scene.client.get(address)
            assert answer.headers["content-type"] in JSON
            assert answer.headers["x-content-type-options"] == "nosniff"
            for html in htmls(answer.json()):
                assert not stored_faults(html), (address, html)
                seen += 1
    assert seen > len(scene.ids)


async def test_what_an_export_carries_as_html_holds_only_the_closed_list(
    scene: Scene, tmp_path: Path
) -> None:
    await exporting.export_data(scene.service, "demo", tmp_path / "data")
    seen: set[str] = set()
    for pattern in EXPORT:
        for file in (tmp_path / "data").glob(pattern):
            content = json.loads(file.read_bytes())
            seen |= {number for number in scene.ids if f'"{number}"' in file.read_text("utf-8")}
            for html in htmls(content):
                assert not stored_faults(html), (file, html)
    assert seen == set(scene.ids)


async def test_a_feed_reader_that_inserts_whatever_it_finds_inserts_no_harm(scene: Scene) -> None:
    """Each string of a feed, taken as HTML, whatever its type says; every attack has been in one."""
    seen = set()
    for kind, content in scene.feeds:
        _, entries = read(kind, content)
        seen |= {(kind, entry.url.rsplit("/", 1)[1]) for entry in entries}
        for string in strings(kind, content):
            assert not feed_faults(string), (kind, string)
    assert seen == {(kind, number) for kind in MEDIA_TYPES for number in scene.ids}
    for pattern in FEED_SURFACES.values():
        for address in addresses(scene, pattern, 1):
            answer = await scene.client.get(address)
            assert answer.status_code in (200, 404), address
            if answer.status_code == 404:
                assert answer.headers["content-type"] == JSON[1]
                continue
            [kind] = [kind for kind in MEDIA_TYPES if f"feed.{kind}" in address]
            assert answer.headers["content-type"] == MEDIA_TYPES[kind]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"] == "default-src 'none'"
            read(kind, answer.content)
            for string in strings(kind, answer.content):
                assert not feed_faults(string), (address, string)


def htmls(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["html"]] if isinstance(value.get("html"), str) else []
        return own + [found for item in value.values() for found in htmls(item)]
    return [found for item in value for found in htmls(item)] if isinstance(value, list) else []


async def test_previews_and_forms_that_come_back_are_only_text(scene: Scene) -> None:
    for attack in ATTACKS:
        text = attack["body"]
        preview = await scene.client.post(f"{API}/preview", json={"body": text or "-"})
        assert preview.status_code in (200, 422)
        assert not stored_faults(preview.json().get("html", ""))
        part = await scene.client.post("/sites/demo/preview", data={"body": text or "-"})
        assert part.status_code in (200, 422)
        assert not page_faults(part.text), attack
        own = {"own": text, "comment": text, "body": text}
        for act in (text, "edit"):
            form = own | {"own": act}
            back = await scene.client.post(f"/sites/demo/thread?thread={KEY}", data=form)
            assert back.status_code == 404
            assert not page_faults(back.text), attack
        typed = dict.fromkeys(("name", "email", "website", "body", "title", "url"), text)
        for button in ({"preview": "1"}, {}):
            form = {"thread": KEY, "email": "bad", **typed, **button}
            answer = await scene.client.post("/sites/demo/thread", data=form)
            assert answer.status_code in (200, 303, 422), answer.text
            assert not page_faults(answer.text), (attack, button)


KINDS = ("You wrote:", "asked for mail about replies", "asked what is kept", "you moderate blog")
"""What mails of each kind say, and none of another kind."""


async def test_every_attack_is_only_text_in_every_mail(tmp_path: Path) -> None:
    """Each kind of mail has the same headers, and the same lines of ours, whatever was typed."""
    shapes: dict[tuple[str, str], set[tuple[int, tuple[str, ...]]]] = {}
    async with post_office(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock()) as post:
        for name, pace in (("mona", "each"), ("nora", "daily")):
            actor = await account(post.house, name, "owner")
            await post.confirm(actor.label)
            choice = {"blog": (pace, "all")}
            await mail_choices.choose(post.house.service, actor, choice, "en")
        await post.confirm(ALICE)
        bodies = ["harmless", *(attack["body"] for attack in ATTACKS[::2])]
        for number, text in enumerate(bodies):
            await typed_everywhere(post, number, text)
        await own_data.ask(post.house.service, BOB, "en")
        await post.pass_on(20)
        await post.pass_on(25 * 3600)
        sent = {notice.kind for notice in await post.waiting("sent")}
        for message in post.mailbox.messages:
            lines = [line for line in text_of(message).splitlines() if line]
            ours = [line for line in lines if not line.startswith(">")]
            kind = message["To"], next((each for each in KINDS if each in text_of(message)), "")
            names = tuple(sorted(name.lower() for name in message))
            shapes.setdefault(kind, set()).add((len(ours), names))
    assert sent == set(MAILS)
    assert len(post.mailbox.to(MONAS)) >= 2 * len(bodies)
    assert {kind: len(found) for kind, found in shapes.items() if len(found) > 1} == {}


async def typed_everywhere(post: Post, number: int, text: str) -> None:
    """Let alice and bob type a text into every field that takes it; alice is answered."""
    where = {"thread": f"/{number}", "title": text[:300]}
    try:
        Draft(name=text, body="x", thread="/")
        name = text
    except ValueError:
        name = "mallory"
    bodies = f"{text} {number}", f"{text} answered {number}"
    mine = await post.followed(name=name, body=bodies[0], **where)
    await post.post(bodies[1], name=name, email=BOB, to=mine, notify=True, **where)


def test_the_inspector_sees_what_would_run() -> None:
    """A control: without the sanitisers and the escaping these are seen."""
    for harm in (
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>", "<p style='position:fixed'>x</p>", "<iframe src=x>",
        "<p onclick=alert(1)>x</p>", "<meta http-equiv=refresh content=0>", "<!--x-->",
    ):  # fmt: skip
        assert page_faults(harm) and feed_faults(harm), harm
    seen = sum(bool(stored_faults(attack["body"])) for attack in ATTACKS)
    assert seen > len(ATTACKS) / 3
