"""Nothing runs: every attack, in every field it is typed into, on every surface that shows text.

A surface that shows text from outside belongs into SURFACES.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from comments_service import app as wiring
from comments_service.operations import entering, maintaining
from tests.conftest import BLOG, Clock, house_on

_FILE = Path(__file__).parents[1] / "data" / "attacks.jsonl"
ATTACKS = [json.loads(line) for line in _FILE.read_text("utf-8").split("\n") if line]
FIELDS = {"body": "body", "author": "name", "url": "website", "email": "email", "page": "title"}
API, KEY = "/api/v1/sites/demo", "/archives/11390"

SURFACES = {
    "page": "/sites/demo/thread?thread={key}&page={page}",
    "page, newest first": "/sites/demo/thread?thread={key}&page={page}&order=newest",
    "fragment of the embed": "/sites/demo/fragment?thread={key}&page={page}",
    "reply and quotation": "/sites/demo/thread?thread={key}&replyTo={id}&quote={id}",
    "fragment with a quotation": "/sites/demo/fragment?thread={key}&replyTo={id}&quote={id}",
    "demo page with recent comments": "/archives/11390",
    "thread of an attacked key": "/sites/demo/thread?thread={attack}&title={attack}&url={attack}",
    "queue": "/dashboard/queue?status=approved&cursor={cursor}",
    "one comment in the dashboard": "/dashboard/queue?id={id}",
    "login": "/dashboard/login?next={attack}",
    "permalink that leads nowhere": "/c/{attack}",
}
JSON_SURFACES = {
    "page as JSON": API + "/comments?thread={key}&page={page}",
    "single": API + "/comments/{id}",
    "recent": API + "/recent?limit=100",
    "changes": API + "/changes?after=0&limit=500",
}

ELEMENTS = set(
    "html head meta title link script body header footer main section article aside nav div span p h1 h2 h3"
    " h4 a ul ol li dl dt dd bdi time strong em s code pre blockquote br hr table caption thead tbody tr th td"
    " form label input textarea button select option fieldset legend details summary small cite noscript i b"
    " comment-thread".split()
)
MATHML = set(
    "math mrow mi mn mo mfrac msqrt msup msub munderover".split()
)  # the demo's own article
OWN_SCRIPTS = ("static/embed.js",)
STORED = set(
    "p br hr strong em s code pre blockquote ul ol li a div table thead tbody tr th td".split()
)


class Inspector(HTMLParser):
    """Reads HTML as a browser would and keeps what could do harm."""

    def __init__(self, elements: set[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.allowed, self.faults = elements, []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.allowed:
            self.faults.append(f"<{tag}>")
        named = dict(attrs)
        if tag == "script" and not (named.get("src") or "").endswith(OWN_SCRIPTS):
            self.faults.append(f"script {named}")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "formaction", "background"):
                self.faults.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action") and not _leads_somewhere_safe(value or ""):
                self.faults.append(f"{tag} {name}={value}")
        if tag == "meta" and "http-equiv" in named:
            self.faults.append(f"meta {named}")

    handle_startendtag = handle_starttag

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}-->")


def _leads_somewhere_safe(address: str) -> bool:
    try:
        scheme = urlsplit(address.strip()).scheme
    except ValueError:
        return True  # no browser goes there either
    return scheme in ("", "http", "https", "mailto") and not address.strip().startswith("//evil")


def faults(page: str, elements: set[str]) -> list[str]:
    inspector = Inspector(elements)
    inspector.feed(page)
    inspector.close()
    return inspector.faults


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
    def __init__(self, client: httpx2.AsyncClient, ids: list[str]) -> None:
        self.client, self.ids = client, ids


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Mallory has typed every attack into every field; mona is signed in."""
    async with house_on(f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock()) as house:
        await maintaining.add_site(house.service, "demo", [BLOG])
        await entering.add_moderator(house.service, "mona@blog.example", "correct horse")
        transport = httpx2.ASGITransport(wiring.build(house.service, demo=True))
        async with httpx2.AsyncClient(
            transport=transport, base_url="https://127.0.0.1:8000"
        ) as client:
            ids = []
            for number, draft in enumerate(drafts()):
                agent = ATTACKS[number % len(ATTACKS)]["body"].encode()[:200].replace(b"\n", b" ")
                headers = [(b"user-agent", agent.replace(b"\r", b" ").replace(b"\0", b""))]
                answer = await client.post(f"{API}/comments", json=draft, headers=headers)
                assert answer.status_code in (200, 201, 422), (draft, answer.text)
                if answer.status_code == 201:
                    ids.append(answer.json()["comment"]["id"])
            login = {"email": "mona@blog.example", "password": "correct horse"}
            assert (await client.post("/dashboard/login", data=login)).status_code == 303
            yield Scene(client, ids)


async def test_every_attack_is_only_text_on_every_surface(scene: Scene) -> None:
    assert len(scene.ids) > 300
    pages = len(scene.ids) // 10 + 1
    for name, pattern in SURFACES.items():
        for address in addresses(scene, pattern, pages):
            answer = await scene.client.get(address)
            assert answer.status_code in (200, 302, 404, 303, 422), (address, answer.status_code)
            found = faults(answer.text, ELEMENTS | MATHML)
            assert not found, (name, address, found)


def addresses(scene: Scene, pattern: str, pages: int) -> set[str]:
    """Return a surface's addresses: for every page, some comments, and every attack in it."""
    variants = {pattern.replace("{key}", KEY)}
    for field, values in (
        ("{page}", [str(number) for number in range(1, pages + 1)]),
        ("{id}", scene.ids[::7]),
        ("{cursor}", ["", *(f"{2**62}-{2**62}",)]),
        ("{attack}", [quote(attack["body"][:400], safe="") for attack in ATTACKS]),
    ):
        variants = {v.replace(field, x) for v in variants for x in (values if field in v else [""])}
    return variants


async def test_what_json_carries_as_html_holds_only_the_closed_list(scene: Scene) -> None:
    seen = 0
    for pattern in JSON_SURFACES.values():
        for address in addresses(scene, pattern, len(scene.ids) // 10 + 1):
            answer = await scene.client.get(address)
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["x-content-type-options"] == "nosniff"
            for html in htmls(answer.json()):
                assert not faults(html, STORED), (address, html)
                seen += 1
    assert seen > len(scene.ids)


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
        assert not faults(preview.json().get("html", ""), STORED)
        typed = dict.fromkeys(("name", "email", "website", "body", "title", "url"), text)
        for button in ({"preview": "1"}, {}):
            form = {"thread": KEY, "email": "bad", **typed, **button}
            answer = await scene.client.post("/sites/demo/thread", data=form)
            assert answer.status_code in (200, 303, 422), answer.text
            assert not faults(answer.text, ELEMENTS), (attack, button)


def test_the_inspector_sees_what_would_run() -> None:
    """A control: without the sanitisers and the escaping these are seen."""
    for harm in (
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>", "<p style='position:fixed'>x</p>", "<iframe src=x>",
        "<p onclick=alert(1)>x</p>", "<meta http-equiv=refresh content=0>", "<!--x-->",
    ):  # fmt: skip
        assert faults(harm, ELEMENTS), harm
    seen = sum(bool(faults(attack["body"], STORED)) for attack in ATTACKS)
    assert seen > len(ATTACKS) / 3
