"""Who moderates one site learns nothing of another's, whatever they ask for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.routing import BaseRoute, Mount, Route

from comments_service import app as wiring
from comments_service.core.draft import Draft
from comments_service.core.models import Visitor
from comments_service.core.permissions import OPERATOR, ROLES, Actor
from comments_service.operations import (
    accounts,
    commenting,
    deciding,
    inviting,
    maintaining,
    regulating,
    tokens,
    watching,
    webhooks,
)
from comments_service.operations.deciding import Ask
from comments_service.operations.regulating import Given
from comments_service.storage import log
from tests.conftest import Clock, House, house_on, token_for
from tests.web.desk import MONAS, PASSWORD, Desk, browser

SECRET = "xyzzy"
QUERIES = (
    "", "status=all", "site=other", "site=other&status=all", "id={id}", "status=all&q=twice",
    "seq=0&top=0-0&status=all", "days=30&site=other", "mine=1", "by=name&value=x&site=other",
)  # fmt: skip


@pytest.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    """A house on SQLite where all wait; the storage of each engine has tests of its own."""
    url = f"sqlite:///{tmp_path}/comments.sqlite"
    async with house_on(url, tmp_path, clock, moderation="all") as opened:
        yield opened


async def furnished(house: House) -> list[str]:
    """Fill another site with what has the secret in it, and return whatever has a number or a name there."""
    service = house.service
    other = await maintaining.add_site(service, "other", [f"https://{SECRET}.example"])
    theirs = frozenset({other.site_id})
    await house.post("of one's own")
    draft = Draft(
        thread=f"/{SECRET}", name=SECRET, email=f"{SECRET}@x.example", body=f"{SECRET} $x$"
    )
    visitor = Visitor("192.0.2.9", "tests")
    held = (await commenting.post_comment(service, other, draft, visitor)).comment
    again = draft.model_copy(update={"body": f"{SECRET} twice"})
    shown = (await commenting.post_comment(service, other, again, visitor)).comment
    await deciding.decide(service, OPERATOR, [Ask(shown.id, 1, "approve", SECRET)])
    wanted = Given("words", {"words": [SECRET]}, site_id=other.site_id, note=SECRET)
    [rule] = await regulating.add(service, OPERATOR, [wanted])
    url = f"https://{SECRET}.example/hook"
    hook = await webhooks.create(service, OPERATOR, other.site_id, url, ["pending"])
    notice = await webhooks.try_out(service, OPERATOR, hook.webhook_id)
    token, _ = await tokens.create(service, OPERATOR, ["read"], name=SECRET, sites=theirs)
    olga = await accounts.add(service, f"{SECRET}@blog.example", PASSWORD, "moderator", theirs)
    await inviting.invite(service, OPERATOR, f"{SECRET}2@x.example", "reader", theirs)
    await watching.look(service, Actor(olga.actor, olga.email, ROLES["moderator"]), held.id)
    numbers = (
        held.id, shown.id, rule.rule_id, hook.webhook_id, notice.id, token.token_id, olga.moderator_id,
    )  # fmt: skip
    acts = await log.after(service.database, 0, 1_000)
    return [*map(str, numbers), *{act.batch for act in acts}]


def inner(routes: list[BaseRoute], before: str = "") -> Iterator[str]:
    """Return the paths inside that answer GET and come to an end."""
    for route in routes:
        if isinstance(route, Mount):
            yield from inner(list(route.routes), before + route.path)
        elif isinstance(route, Route) and "GET" in (route.methods or ()):
            path = before + route.path
            if re.match("/dashboard|/api/v1/moderation", path) and not path.endswith("/events"):
                yield path


async def told(house: House, client: httpx2.AsyncClient, known: list[str]) -> list[str]:
    """Ask for everything about another site, and return what answered with the secret."""
    found = []
    for path in inner(list(wiring.build(house.service).routes)):
        for number in known:
            address = re.sub(r"\{(\w+)\}", lambda m: "other" if m[1] == "site" else number, path)  # noqa: B023
            for query in QUERIES if "{" in path or number == known[0] else ("id={id}",):
                answer = await client.get(f"{address}?{query.format(id=number)}")
                assert answer.status_code < 500, address
                if SECRET in answer.text + answer.headers.get("location", ""):
                    found.append(f"{address}?{query}")
    return found


async def test_mona_is_told_nothing_of_a_site_that_is_not_hers(house: House) -> None:
    known = await furnished(house)
    here = frozenset({house.site.site_id})
    await accounts.add(house.service, MONAS, PASSWORD, "moderator", here)
    async with browser(house) as client:
        desk = Desk(house, client)
        form = {"email": MONAS, "password": PASSWORD}
        assert (await client.post("/dashboard/login", data=form)).status_code == 303
        assert "of one&#39;s own" in await desk.read("/dashboard/queue?status=all")
        assert await told(house, client, known) == []


async def test_a_token_of_one_site_is_told_nothing_of_another(house: House) -> None:
    known = await furnished(house)
    here = frozenset({house.site.site_id})
    token = await token_for(house.service, "read", "moderate", "manage", sites=here)
    async with browser(house) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        assert await told(house, client, known) == []


async def test_who_has_every_site_is_told(house: House) -> None:
    """Else the others would hold for no reason."""
    known = await furnished(house)
    async with browser(house) as client:
        client.headers["Authorization"] = (
            f"Bearer {await token_for(house.service, 'read', 'manage')}"
        )
        found = {address.partition("?")[0] for address in await told(house, client, known)}
    for part in ("queue", "updates", "log", "rules", "webhooks", "tokens", "moderators", "sites"):
        assert f"/api/v1/moderation/{part}" in found, part
