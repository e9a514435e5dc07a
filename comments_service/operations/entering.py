"""How people get in: by password and second factor, or by an identity provider that vouches for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from comments_service.core.accounts import Moderator
from comments_service.core.models import Visitor
from comments_service.errors import CodeWrong, LoginExpired, LoginFailed, ProviderRefused
from comments_service.operations import logbook, passwords, second_factor, sessions
from comments_service.operations.vault import seal, unseal
from comments_service.service import Service
from comments_service.storage import people
from comments_service.storage.database import Transaction

HALF_SECONDS = 300
"""How long somebody may take between the password and the code."""
_HALF = "half a login"


@dataclass(frozen=True)
class Entered:
    """What a password led to: a session's cookie, or half a login that still needs a code."""

    cookie: str = ""
    half: str = ""


async def login(service: Service, email: str, password: str, visitor: Visitor) -> Entered:
    """Let somebody in by address and password; unknown names take as long as wrong passwords.

    Raises LoginFailed.
    """
    email = email.strip().lower()[:254]
    moderator = None
    if email.isprintable():
        moderator = await people.moderator_by_email(service.database, email)
    right = await passwords.matches(moderator.password_hash if moderator else None, password)
    if moderator is None or not right:
        raise LoginFailed
    if passwords.outdated(moderator.password_hash):
        moderator = await _rehashed(service, moderator, password)
    return await _first_step(service, moderator, visitor, "password")


async def _rehashed(service: Service, moderator: Moderator, password: str) -> Moderator:
    """Keep a password by today's parameters."""
    number, old = moderator.moderator_id, moderator.password_hash
    fresh = await passwords.hashed(password)
    await service.database.write(lambda tx: people.renew_hash(tx, number, old, fresh))
    return replace(moderator, password_hash=fresh)


async def _first_step(service: Service, moderator: Moderator, visitor: Visitor, by: str) -> Entered:
    if not moderator.totp:
        return Entered(cookie=await sessions.begin(service, moderator, visitor, by=by))
    # It names the password: another one, chosen meanwhile, puts an end to it.
    mark = sessions.secret_hash(moderator.password_hash)
    return Entered(half=seal(service, _HALF, [moderator.moderator_id, mark, by]))


async def half_entered(service: Service, half: str) -> Moderator:
    """Return who has come as far as to the code. Raises LoginExpired."""
    return (await _opened(service, half))[0]


async def _opened(service: Service, half: str) -> tuple[Moderator, str]:
    found: Any = unseal(service, _HALF, half, HALF_SECONDS)
    moderator = await people.moderator(service.database, found[0]) if found else None
    if moderator is None or found[1] != sessions.secret_hash(moderator.password_hash):
        raise LoginExpired
    return moderator, found[2]


async def second_step(service: Service, half: str, code: str, visitor: Visitor) -> str:
    """Finish half a login with a code and return the session's cookie. Raises LoginExpired, CodeWrong."""
    moderator, by = await _opened(service, half)
    passed = await second_factor.passes(service, moderator, code) if moderator.totp else None
    if passed is None:
        raise CodeWrong
    return await sessions.begin(service, moderator, visitor, by=by, second=passed)


async def vouched_for(service: Service, subject: str, email: str, visitor: Visitor) -> Entered:
    """Let somebody in whom the identity provider knows as `subject`; it makes no accounts.

    Who is not bound to an account yet is bound to the one of their address, which the provider must
    have verified: '' where it has not. A second factor is asked for all the same. Raises
    ProviderRefused.
    """
    moderator = await people.moderator_by_subject(service.database, subject)
    if moderator is None:
        moderator = await _bound(service, subject, email)
    return await _first_step(service, moderator, visitor, "provider")


async def _bound(service: Service, subject: str, email: str) -> Moderator:
    moderator = None
    if email:
        moderator = await people.moderator_by_email(service.database, email.strip().lower())
    if moderator is None:
        raise ProviderRefused
    number = moderator.moderator_id
    act = logbook.house_act(service, moderator.actor, "bind")

    async def bind(tx: Transaction) -> None:
        if not await people.bind_subject(tx, number, subject):
            raise ProviderRefused
        await logbook.write(tx, service, [act])

    await service.database.write(bind)
    return moderator
