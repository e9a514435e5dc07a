"""The tokens of scripts: made and shown once, listed, revoked."""

from __future__ import annotations

import secrets
from typing import Any

from comments_service.core.accounts import Token
from comments_service.core.characters import clean_line
from comments_service.core.permissions import Actor, Sites, of_scopes, scopes_named, sites_text
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError, TokenUnknown
from comments_service.operations import logbook
from comments_service.operations.permitting import need
from comments_service.operations.sessions import SECOND, secret_hash
from comments_service.service import Service
from comments_service.storage import tokens
from comments_service.storage.database import Transaction

LONGEST_NAME, MOST_DAYS = 60, 3_650
_DAY = 24 * 3600
_USED_SECONDS = 300  # how exactly it is known when a token was last used


async def create(
    service: Service,
    actor: Actor,
    scopes: list[str],
    *,
    name: str = "token",
    sites: Sites = None,
    days: int | None = None,
) -> tuple[Token, str]:
    """Make a token and return it with its secret, which is shown this once.

    Raises NotPermitted, BadFields.
    """
    need(actor, "manage")
    name, secret, now = _checked(scopes, name, days), secrets.token_urlsafe(32), service.clock()
    token = Token(
        token_id=service.ids(),
        secret_hash=secret_hash(secret),
        name=name,
        scopes=" ".join(scopes_named(scopes)),
        sites=sites_text(sites),
        created_by=actor.name,
        created_at=now,
        expires_at=now + days * _DAY * SECOND if days else None,
    )
    detail: dict[str, Any] = {
        "token": str(token.token_id),
        "scopes": token.scopes,
        "sites": token.sites,
    }
    act = logbook.house_act(service, actor.name, "token", **detail)

    async def store(tx: Transaction) -> None:
        await tokens.add(tx, token)
        await logbook.write(tx, service, [act])

    await service.database.write(store)
    return token, secret


def _checked(scopes: list[str], name: str, days: int | None) -> str:
    wrong, name = [], clean_line(name)
    if not scopes or len(scopes_named(scopes)) != len(set(scopes)):
        sentence = Note("Choose at least one of read, moderate, manage.")
        wrong.append(FieldError("scopes", "scopes_invalid", sentence))
    if not 1 <= len(name) <= LONGEST_NAME:
        sentence = Note("Give it a name of at most %(most)s characters.", most=LONGEST_NAME)
        wrong.append(FieldError("name", "name_invalid", sentence))
    if days is not None and not 1 <= days <= MOST_DAYS:
        sentence = Note("Send a number of days from 1 to %(most)s.", most=MOST_DAYS)
        wrong.append(FieldError("expires_days", "number_invalid", sentence))
    if wrong:
        raise BadFields(*wrong)
    return name


async def every(service: Service, actor: Actor) -> list[Token]:
    """Return all tokens, the newest first. Raises NotPermitted."""
    need(actor, "manage")
    return await tokens.every(service.database)


async def revoke(service: Service, actor: Actor, token_id: int) -> None:
    """Let a token count no more. Raises NotPermitted, TokenUnknown."""
    need(actor, "manage")
    act = logbook.house_act(service, actor.name, "revoke", token=str(token_id))

    async def store(tx: Transaction) -> None:
        if not await tokens.remove(tx, token_id):
            raise TokenUnknown
        await logbook.write(tx, service, [act])

    await service.database.write(store)


async def actor_of(service: Service, secret: str) -> Actor | None:
    """Return who a script's token speaks for, while it counts; that it was used is noted now and then."""
    token, now = await tokens.by_secret(service.database, secret_hash(secret)), service.clock()
    if token is None or (token.expires_at is not None and now >= token.expires_at):
        return None
    if now >= (token.used_at or 0) + _USED_SECONDS * SECOND:
        number = token.token_id
        await service.database.write(lambda tx: tokens.use(tx, number, now))
    return Actor(token.actor, token.name, of_scopes(token.scope_list), token.on_sites)
