"""How moderators get in: by the one-time link, by password, by script token."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from comments_service.core.permissions import ROLES, SCOPES, Actor
from comments_service.errors import BadFields, FieldError, InvitationInvalid, LoginFailed
from comments_service.service import Service
from comments_service.storage import people
from comments_service.storage.database import Transaction
from comments_service.storage.people import Moderator

SECOND = 1_000_000
SESSION_SECONDS = 14 * 24 * 3600
INVITATION_SECONDS = 24 * 3600
SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 1_000

_hasher = PasswordHasher()
_turns = asyncio.Semaphore(2)  # argon2 takes 64 MiB and a core each time


def hashed(secret: str) -> str:
    """Return what is stored of a random secret (SHA-256: it has too many bits to be guessed)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def checked_email(text: str) -> str:
    """Return a moderator's address as it is stored. Raises BadFields."""
    email = text.strip().lower()
    if (
        not 3 <= len(email) <= 254
        or "@" not in email.strip("@")
        or not email.isprintable()
        or " " in email
    ):
        raise BadFields(
            FieldError("email", "email_invalid", "Type the address as name@example.org.")
        )
    return email


def _checked_password(text: str) -> str:
    if not SHORTEST_PASSWORD <= len(text) <= _LONGEST_PASSWORD:
        sentence = f"Choose a password of at least {SHORTEST_PASSWORD} characters."
        raise BadFields(FieldError("password", "password_invalid", sentence))
    return text


async def _password_hash(password: str) -> str:
    async with _turns:
        return await asyncio.to_thread(_hasher.hash, password)


async def add_moderator(service: Service, email: str, password: str) -> Moderator:
    """Store a moderator, or a known one's new password. Raises BadFields."""
    email = checked_email(email)
    moderator = Moderator(service.ids(), email, await _password_hash(_checked_password(password)))
    await service.database.write(lambda tx: people.add_moderator(tx, moderator, service.clock()))
    found = await people.moderator_by_email(service.database, email)
    assert found is not None
    return found


async def invite_first(service: Service) -> str | None:
    """Return the secret of a new one-time link while there is no moderator, else None."""
    if await people.any_moderator(service.database):
        return None
    secret, now = secrets.token_urlsafe(24), service.clock()
    until = now + INVITATION_SECONDS * SECOND
    await service.database.write(lambda tx: people.add_invitation(tx, hashed(secret), now, until))
    return secret


async def invited(service: Service, secret: str) -> bool:
    """Say whether a one-time link is still good: only while there is no moderator."""
    if await people.any_moderator(service.database):
        return False
    return await people.invited(service.database, hashed(secret), service.clock())


async def accept(service: Service, secret: str, email: str, password: str) -> str:
    """Make the first moderator by a one-time link, and sign them in; return the session's secret.

    Raises InvitationInvalid, BadFields.
    """
    email, now = checked_email(email), service.clock()
    moderator = Moderator(service.ids(), email, await _password_hash(_checked_password(password)))

    async def make(tx: Transaction) -> None:
        if not await people.use_invitation(tx, hashed(secret), now) or await people.any_moderator(
            tx
        ):
            raise InvitationInvalid
        await people.add_moderator(tx, moderator, now)

    await service.database.write(make)
    return await _session(service, moderator)


async def login(service: Service, email: str, password: str) -> str:
    """Return the secret of a new session; unknown names take as long as wrong passwords.

    Raises LoginFailed.
    """
    email = email.strip().lower()[:254]
    moderator = None
    if email.isprintable():
        moderator = await people.moderator_by_email(service.database, email)
    stored = moderator.password_hash if moderator else None
    async with _turns:
        right = await asyncio.to_thread(_verified, stored, password[:_LONGEST_PASSWORD])
    if moderator is None or not right:
        raise LoginFailed
    return await _session(service, moderator)


@functools.cache
def _nobody() -> str:
    """Return a hash that nobody's password has: unknown names take as long as known ones."""
    return _hasher.hash(secrets.token_hex(8))


def _verified(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False


async def _session(service: Service, moderator: Moderator) -> str:
    secret, now = secrets.token_urlsafe(32), service.clock()
    until = now + SESSION_SECONDS * SECOND
    await service.database.write(
        lambda tx: people.add_session(tx, hashed(secret), moderator.moderator_id, now, until)
    )
    return secret


async def logout(service: Service, secret: str) -> None:
    """End a session."""
    await service.database.write(lambda tx: people.end_session(tx, hashed(secret)))


async def session_actor(service: Service, secret: str) -> Actor | None:
    """Return the moderator of a session, while it lasts."""
    moderator = await people.session_moderator(service.database, hashed(secret), service.clock())
    if moderator is None:
        return None
    return Actor(f"moderator:{moderator.moderator_id}", moderator.email, ROLES["owner"])


async def create_token(service: Service, scope: str) -> str:
    """Return a new token for scripts; it is shown this once."""
    secret, number = secrets.token_urlsafe(32), service.ids()
    await service.database.write(
        lambda tx: people.add_token(tx, number, hashed(secret), scope, service.clock())
    )
    return secret


async def token_actor(service: Service, secret: str) -> Actor | None:
    """Return who a script's token speaks for."""
    number = await people.token_id(service.database, hashed(secret), "moderate")
    if number is None:
        return None
    return Actor(f"token:{number}", f"token {number}", SCOPES["moderate"])


async def labels(service: Service, names: Iterable[str]) -> dict[str, str]:
    """Return the addresses of those moderators whose names, 'moderator:ID', are on a record."""
    numbers = {int(name[10:]): name for name in names if name.startswith("moderator:")}
    known = await people.emails(service.database, sorted(numbers))
    return {numbers[number]: email for number, email in known.items()}


def form_token(service: Service, session: str) -> str:
    """Return the secret that the forms of a session carry, so that no other page can send them."""
    return hmac.new(service.secret.encode(), f"form {session}".encode(), "sha256").hexdigest()
