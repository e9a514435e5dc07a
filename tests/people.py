"""Accounts for tests: olga owns, mona moderates, rita reads; and the app on their phone."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import replace

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from comments_service.core.accounts import Moderator
from comments_service.core.characters import clean_line
from comments_service.core.models import Visitor
from comments_service.core.permissions import OPERATOR, ROLES, Actor, Role, Sites
from comments_service.errors import BadFields
from comments_service.operations import (
    accounts,
    entering,
    regulating,
    second_factor,
    sessions,
    tokens,
)
from comments_service.operations.regulating import Given
from comments_service.operations.second_factor import Offer
from tests.conftest import SECOND, Clock, House

PASSWORD = "correct horse battery"
HOME = Visitor(
    "192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)


async def account(
    house: House, name: str = "olga", role: Role = "owner", sites: Sites = None
) -> Actor:
    """Make an account and return who may act by it."""
    found = await accounts.add(house.service, f"{name}@blog.example", PASSWORD, role, sites)
    return Actor(found.actor, found.email, ROLES[role], sites)


async def signed_in(house: House, actor: Actor) -> str:
    """Sign somebody in by password and return the cookie."""
    return (await entering.login(house.service, actor.label, PASSWORD, HOME)).cookie


async def seen(house: House, cookie: str) -> Actor | None:
    """Return who the service takes a cookie's bearer for."""
    found = await sessions.find(house.service, cookie, HOME)
    return found.actor if found else None


def app_code(key: str, clock: Clock, steps: int = 0) -> str:
    """Return what the app shows, some steps of 30 seconds later."""
    totp = TOTP(base64.b32decode(key), 6, SHA1(), 30)
    return totp.generate(clock.now // SECOND + 30 * steps).decode()


async def with_second_factor(
    house: House, actor: Actor, cookie: str = ""
) -> tuple[Offer, list[str]]:
    """Give somebody a second factor; return what the app knows, and the recovery codes."""
    offer = second_factor.offer(house.service, actor)
    codes = await second_factor.switch_on(
        house.service,
        actor,
        sessions.number_of(cookie),
        offer,
        app_code(offer.text, house.clock),
    )
    house.clock.advance(60)  # so that the app shows a code that was not used yet
    return offer, codes


async def attacked(house: House, moderator: Moderator, texts: list[str]) -> None:
    """Let texts stand where owners see them: in names of tokens and of browsers, in rules and in bans."""
    for text in texts:
        with contextlib.suppress(BadFields):  # where there is nothing to see
            await tokens.create(house.service, OPERATOR, ["read"], name=clean_line(text)[:60])
        await sessions.begin(house.service, moderator, Visitor("", clean_line(text)[:500]))
        words = {"words": [clean_line(text)[:60]]}
        ban = {"by": "name", "value": clean_line(text)[:60]}
        for given in (Given("words", words, "hold", "shadow"), Given("ban", ban, "hold", "shadow")):
            with contextlib.suppress(BadFields):
                noted = replace(given, note=clean_line(text)[:200])
                await regulating.add(house.service, OPERATOR, [noted])
