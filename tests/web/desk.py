"""What the tests of the dashboard share: a browser in front of it, and the list of its routes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import httpx2

from comments_service import app as wiring
from comments_service.core.models import Comment
from comments_service.news import News
from comments_service.operations import accounts
from comments_service.service import Service
from comments_service.settings import Settings
from comments_service.web.context import Web
from comments_service.web.dashboard import routes
from tests.conftest import Clock, House, house_on

HOME = "https://comments.example"  # a Secure cookie wants https
MONAS, OLGAS = "mona@blog.example", "olga@blog.example"
OWN_SCRIPT = [("type", "module"), ("src", "/static/dashboard/main.js")]
DRAWN = ("segno", "comments-axis", "comments-chart", "comments-sample", "comments-share")
PASSWORD = "correct horse battery"
MALLORY = "<img src=x onerror=alert(1)>"

_NO_SERVICE = Service(Settings(), None, None, "", None, News(None))  # type: ignore[arg-type]
ROUTES = [
    (route.path, method)
    for route in routes(Web.of(_NO_SERVICE))
    for method in sorted(route.methods)
]
INSIDE = [
    (path, method)
    for path, method in ROUTES
    if not path.endswith(("/setup", "/language")) and not path.startswith("/dashboard/login")
]


class Desk:
    """A browser in front of the dashboard."""

    def __init__(self, house: House, client: httpx2.AsyncClient) -> None:
        self.house, self.client = house, client

    async def sign_in(self, email: str = MONAS) -> None:
        await accounts.add(self.house.service, email, PASSWORD)
        answer = await self.client.post(
            "/dashboard/login", data={"email": email, "password": PASSWORD}
        )
        assert answer.status_code == 303

    async def read(self, path: str = "/dashboard/queue") -> str:
        answer = await self.client.get(path)
        assert answer.status_code == 200
        return answer.text

    async def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', await self.read("/dashboard/log"))
        assert found
        return found[1]

    async def send(self, action: str, *picks: tuple[Comment, int], **fields: str) -> str:
        """Decide, and return the page one is led back to."""
        data = {
            "csrf": await self.csrf(),
            "action": action,
            "pick": [f"{comment.id}:{version}" for comment, version in picks],
        }
        answer = await self.client.post("/dashboard/decisions", data=data | fields)
        assert answer.status_code == 303
        return await self.read(answer.headers["location"])

    async def decide(self, comment: Comment, version: int, action: str, **fields: str) -> str:
        return await self.send(action, id=str(comment.id), version=str(version), **fields)


def told(page: str) -> str:
    """What the notice says."""
    found = re.search(r'<div class="comments-notices".*?</div>', page, re.DOTALL)
    return " ".join(unescape(re.sub("<[^>]+>", " ", found[0])).split()) if found else ""


def browser(house: House) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(wiring.build(house.service), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=HOME)


class _Markup(HTMLParser):
    """Collects what a page is made of, but for the dashboard's own script, QR codes and charts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if attrs != OWN_SCRIPT and dict(attrs).get("class") not in DRAWN:
            self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}


def runs_nothing(page: str) -> bool:
    """Say whether a page has no script, no style and no handler in it."""
    parser = _Markup()
    parser.feed(page)
    foreign = parser.elements & {"script", "style", "iframe", "object", "img", "svg"}
    return not foreign and not any(re.match("on|style", name) for name in parser.attributes)


@asynccontextmanager
async def desk_in(folder: Path, clock: Clock, *, signed_in: bool) -> AsyncIterator[Desk]:
    """Open a house on SQLite where first comments wait, and a browser; mona may be signed in."""
    url = f"sqlite:///{folder}/comments.sqlite"
    async with (
        house_on(url, folder, clock, moderation="first-time") as house,
        browser(house) as client,
    ):
        desk = Desk(house, client)
        if signed_in:
            await desk.sign_in()
        yield desk
