"""Sessions: begun, found again by their cookie, given new secrets, listed and ended."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from typing import Any

from comments_service.core.accounts import Moderator, Session
from comments_service.core.draft import comment_number
from comments_service.core.models import Visitor
from comments_service.core.permissions import ROLES, Actor
from comments_service.operations import logbook
from comments_service.service import Service
from comments_service.storage import sessions
from comments_service.storage.database import Transaction

SECOND = 1_000_000
SESSION_SECONDS = 14 * 24 * 3600
"""How long a session lasts at most."""
IDLE_SECONDS = 3 * 24 * 3600
"""How long it lasts without being used."""
ROTATION_SECONDS = 24 * 3600
"""How long it keeps one secret."""
SEEN_SECONDS = 300
"""How exactly it is known when it was last used."""
_GRACE_SECONDS = 60  # requests that were on their way when the secret changed


@dataclass(frozen=True)
class Found:
    """Whose session a cookie is; `due` where it should get a new secret."""

    actor: Actor
    session_id: int
    due: bool


def secret_hash(secret: str) -> str:
    """Return what is stored of a random secret (SHA-256: it has too many bits to be guessed)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def number_of(cookie: str) -> int:
    """Return the number of the session that a cookie names, 0 where it names none."""
    return comment_number(cookie.partition(".")[0]) or 0


def form_token(service: Service, cookie: str) -> str:
    """Return the secret that the forms of a session carry, so that no other page can send them.

    It stays when the session's secret changes: what is open in other tabs can still be sent.
    """
    return hmac.new(
        service.secret.encode(), f"form {number_of(cookie)}".encode(), "sha256"
    ).hexdigest()


async def begin(service: Service, moderator: Moderator, visitor: Visitor, **how: Any) -> str:
    """Begin a session, on record, and return its cookie."""
    session_id, secret, now = service.ids(), secrets.token_urlsafe(32), service.clock()
    session = Session(
        session_id=session_id,
        moderator_id=moderator.moderator_id,
        secret_hash=secret_hash(secret),
        former_hash="",
        created_at=now,
        rotated_at=now,
        seen_at=now,
        expires_at=now + SESSION_SECONDS * SECOND,
        address=visitor.address,
        agent=visitor.agent,
    )
    act = logbook.house_act(service, moderator.actor, "login", **how)

    async def store(tx: Transaction) -> None:
        await sessions.add(tx, session, now - IDLE_SECONDS * SECOND)
        await logbook.write(tx, service, [act])

    await service.database.write(store)
    return f"{session_id}.{secret}"


async def find(service: Service, cookie: str, visitor: Visitor) -> Found | None:
    """Return whose session a cookie is, while it lasts; that it was seen is noted now and then."""
    number, hashed = number_of(cookie), secret_hash(cookie.partition(".")[2])
    found = await sessions.with_moderator(service.database, number) if number else None
    if found is None:
        return None
    session, moderator = found
    now = service.clock()
    present = hmac.compare_digest(session.secret_hash, hashed)
    if not present and not hmac.compare_digest(session.former_hash, hashed):
        return None
    if now >= session.expires_at or now >= session.seen_at + IDLE_SECONDS * SECOND:
        return None
    settled = now > session.rotated_at + _GRACE_SECONDS * SECOND
    used = bool(present and settled and session.former_hash)
    if used or now >= session.seen_at + SEEN_SECONDS * SECOND:
        await _note(service, session, visitor, now, used=used)
    old = now > session.rotated_at + ROTATION_SECONDS * SECOND
    actor = Actor(moderator.actor, moderator.email, ROLES[moderator.role], moderator.on_sites)
    return Found(actor, session.session_id, due=old or (settled and not present))


async def _note(
    service: Service, session: Session, visitor: Visitor, now: int, *, used: bool
) -> None:
    """Store that a session was seen; once the new secret was used, the former one counts no more."""
    seen = replace(
        session,
        seen_at=now,
        address=visitor.address,
        agent=visitor.agent,
        former_hash="" if used else session.former_hash,
    )
    await service.database.write(lambda tx: sessions.touch(tx, seen))


async def rotate(service: Service, cookie: str) -> str:
    """Give a session a new secret and return its cookie; the old one where it has just got one."""
    number, secret = number_of(cookie), secrets.token_urlsafe(32)
    old, new = secret_hash(cookie.partition(".")[2]), secret_hash(secret)
    now = service.clock()
    settled = now - _GRACE_SECONDS * SECOND
    done = await service.database.write(
        lambda tx: sessions.rotate(tx, number, old, new, now, settled)
    )
    return f"{number}.{secret}" if done else cookie


async def mine(service: Service, actor: Actor) -> list[Session]:
    """Return one's own sessions that last, the last seen first."""
    now = service.clock()
    found = await sessions.of_moderator(service.database, actor.moderator_id)
    return [
        each
        for each in found
        if now < each.expires_at and now < each.seen_at + IDLE_SECONDS * SECOND
    ]


async def end(service: Service, actor: Actor, session_id: int) -> None:
    """End one of one's own sessions, on record; one that is not there has ended already."""
    act = logbook.house_act(service, actor.name, "logout")

    async def store(tx: Transaction) -> None:
        if await sessions.end(tx, actor.moderator_id, session_id):
            await logbook.write(tx, service, [act])

    await service.database.write(store)


async def end_others(service: Service, actor: Actor, session_id: int) -> int:
    """End all one's own sessions but one, on record; return how many."""

    async def store(tx: Transaction) -> int:
        ended = await sessions.end_all(tx, actor.moderator_id, but=session_id)
        act = logbook.house_act(service, actor.name, "logout", sessions=ended)
        if ended:
            await logbook.write(tx, service, [act])
        return ended

    return await service.database.write(store)
