"""The only place that wires: settings to a service, a service to an application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from comments_service.news import News
from comments_service.notify.checker import checker
from comments_service.operations import indexing, maintaining
from comments_service.operations.maintaining import DEFAULT_SITE
from comments_service.renderer import Renderer
from comments_service.service import Ids, Service, now
from comments_service.settings import Settings, secret_key
from comments_service.storage.database import (
    Database,
    bring_up_to_date,
    check_version,
    next_node,
)
from comments_service.web import (
    api,
    avatars,
    board,
    dashboard,
    events,
    feeds,
    figures,
    health,
    mail,
    managing,
    managing_sites,
    moderation,
    outgoing,
    own_data,
    pages,
    pollers,
    reports,
    rules,
    search,
)
from comments_service.web.context import Web
from comments_service.web.files import Files
from comments_service.web.guard import Guard
from comments_service.web.problems import HANDLERS
from comments_service.worker import working


async def open_database(url: str, *, to_read: bool = False) -> Database:
    """Open the database that a URL names, creating a SQLite file. Raises DatabaseUnusable.

    Where nothing but reading is wanted, a SQLite file may belong to another process.
    """
    # Each driver is loaded only where it is used: it halves the start.
    if url.startswith("sqlite:///"):
        from comments_service.storage.sqlite import SqliteDatabase, SqliteReader

        path = Path(url.removeprefix("sqlite:///"))
        return await (SqliteReader.read(path) if to_read else SqliteDatabase.open(path))
    from comments_service.storage.postgres import PostgresDatabase

    return await PostgresDatabase.open(url)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Service]:
    """Open everything that one process needs, with the tables up to date and the default site.

    Raises DatabaseUnusable.
    """
    database = await open_database(settings.database)
    renderer, news = Renderer(), News(database)
    try:
        await bring_up_to_date(database)
        ids = Ids(await next_node(database), now)
        secret = secret_key(settings)
        check = checker(settings)
        service = Service(settings, database, renderer.render, secret, ids, news, check=check)
        await indexing.catch_up(service)
        if not await maintaining.list_sites(service):
            await maintaining.add_site(service, DEFAULT_SITE, [settings.public_url])
        yield service
    finally:
        news.end()
        await renderer.close()
        await database.close()


@asynccontextmanager
async def opened_to_read(settings: Settings) -> AsyncIterator[Service]:
    """Open what reading needs, and change nothing: no table is made or brought up to date.

    Raises DatabaseUnusable.
    """
    database = await open_database(settings.database, to_read=True)
    renderer, news = Renderer(), News(database)
    try:
        await check_version(database)
        secret = secret_key(settings)
        yield Service(settings, database, renderer.render, secret, Ids(0, now), news)
    finally:
        news.end()
        await renderer.close()
        await database.close()


def build(service: Service, demo: bool = False) -> Starlette:
    """Return the application: every route, the guard, the table of errors, the worker beside them."""
    web = Web.of(service)
    return Starlette(
        lifespan=lambda _: working(service),
        routes=[
            Mount(
                "/api/v1/sites/{site}",
                routes=[
                    *api.routes(web),
                    *pollers.routes(web),
                    *events.routes(web),
                    *search.api_routes(web),
                    *reports.api_routes(web),
                ],
            ),
            Mount(
                "/api/v1/moderation",
                routes=[
                    *moderation.routes(web),
                    *board.routes(web),
                    *managing.routes(web),
                    *rules.routes(web),
                    *figures.routes(web),
                    *managing_sites.routes(web),
                    *outgoing.routes(web),
                ],
            ),
            *feeds.routes(web),
            *pages.routes(web, demo=demo),
            *search.page_routes(web),
            *reports.page_routes(web),
            *avatars.routes(),
            *dashboard.routes(web),
            *own_data.routes(web),
            *mail.routes(web),
            *health.routes(web),
            Mount("/static", Files(resources.files("comments_service") / "static")),
        ],
        middleware=[Middleware(Guard, sites=web.sites)],
        exception_handlers=HANDLERS,
    )
