"""What tests share: a service on each engine, a clock that stands still, people, an HTTP client."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher

from comments_service import app as wiring
from comments_service.core import text
from comments_service.core.draft import Draft
from comments_service.core.models import Comment, Site, Visitor
from comments_service.core.permissions import OPERATOR, ROLES, Actor
from comments_service.operations import commenting, maintaining, passwords, reading, tokens
from comments_service.operations.commenting import Posted
from comments_service.service import Ids, Service
from comments_service.settings import Settings
from comments_service.storage.database import bring_up_to_date
from tests.postgres import PostgresServer
from tests.postgres_room import Room

BLOG = "https://blog.example"
MONA = Actor("moderator:1", "mona@blog.example", ROLES["moderator"])
SECOND = 1_000_000


STRONG = passwords._hasher
"""What passwords are kept by; tests take less of everybody's time."""
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=1024)

# What a script starts with '&' ignores Ctrl-C, and so would the commands that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.now = 1_790_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


class House:
    """A service with the site 'blog', and the things people do there."""

    def __init__(self, service: Service, site: Site, clock: Clock) -> None:
        self.service, self.site, self.clock = service, site, clock

    async def post(
        self,
        body: str = "Let $x=1$.",
        *,
        name: str = "alice",
        thread: str = "/post",
        to: Comment | None = None,
        key: str | None = None,
        email: str = "",
        receipts: frozenset[int] = frozenset(),
        address: str = "192.0.2.1",
        notify: bool = False,
        title: str = "",
    ) -> Posted:
        """Post as somebody; the clock goes on a little."""
        self.clock.advance(0.001)
        draft = Draft(
            thread=thread,
            parent_id=str(to.id) if to else None,
            name=name,
            email=email,
            body=body,
            submission_key=key,
            notify=notify,
            title=title,
        )
        return await commenting.post_comment(
            self.service, self.site, draft, Visitor(address, "tests", receipts)
        )

    async def page(self, number: int = 1, thread: str = "/post") -> reading.Page:
        """Read a page of a thread."""
        found = await reading.thread(self.service, self.site, thread)
        return await reading.page(self.service, found, number)

    async def comment(self, comment_id: int) -> Comment:
        """Read a comment as it is stored, whoever may see it."""
        from comments_service.storage import comments

        found = await comments.find(self.service.database, comment_id)
        assert found is not None
        return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server with an empty database of ours as the template 'house'."""
    with PostgresServer() as server:
        url = server.create_database("house")

        async def prepare() -> None:
            database = await wiring.open_database(url)
            await bring_up_to_date(database)
            await database.close()

        asyncio.run(prepare())
        yield server


@pytest.fixture(scope="session")
def postgres_room(postgres: PostgresServer) -> Room:
    """A database that one test after the other has to itself."""
    return Room(postgres, "house")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/comments.sqlite"
        return
    room: Room = request.getfixturevalue("postgres_room")
    yield room.url
    room.clear()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def render_here(source: str) -> text.Rendered:
    """Render in this process."""
    return text.render(source)


@asynccontextmanager
async def house_on(url: str, folder: Path, clock: Clock, **settings: Any) -> AsyncIterator[House]:
    """Open a house on a database."""
    chosen: dict[str, Any] = {"moderation": "none", "rate_limits": "off", "secret_key": "test"}
    chosen |= settings
    async with wiring.opened(Settings(database_url=url, data_dir=folder, **chosen)) as service:
        node = service.ids() >> 12 & 1023
        # The child that renders has tests of its own; here it would only cost a start each time.
        service = replace(service, clock=clock, ids=Ids(node, clock), render=render_here)
        site = await maintaining.add_site(service, "blog", [BLOG])
        yield House(service, site, clock)


@pytest.fixture
async def house(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    """A house where everybody's comments appear at once."""
    async with house_on(database_url, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def strict_house(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    """A house where first comments wait for a moderator."""
    async with house_on(database_url, tmp_path, clock, moderation="first-time") as opened:
        yield opened


async def token_for(service: Service, *scopes: str, **more: Any) -> str:
    """Make a token for a script."""
    _, secret = await tokens.create(service, OPERATOR, list(scopes), **more)
    return secret


@asynccontextmanager
async def client_of(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client that speaks to the application itself."""
    transport = httpx2.ASGITransport(wiring.build(house.service), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(house) as opened:
        yield opened


@pytest.fixture
async def strict_client(strict_house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(strict_house) as opened:
        yield opened
