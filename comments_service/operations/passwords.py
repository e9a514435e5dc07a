"""Passwords: which ones are taken, how they are kept and compared, and how one is changed."""

from __future__ import annotations

import asyncio
import functools
import re
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError
from comments_service.operations import logbook
from comments_service.service import Service
from comments_service.storage import people, sessions
from comments_service.storage.database import Transaction

SHORTEST, LONGEST = 10, 1_000
_LOOKED_AT = 64  # characters that a guess is looked for in: past them nobody guesses
_LEAST_SCORE = 2  # of 4: more than a million guesses

_hasher = PasswordHasher()
# argon2 takes 64 MiB and a core each time: no more than two at once, the others wait for their turn.
_two = ThreadPoolExecutor(2, thread_name_prefix="argon2")


def checked(password: str, *known: str, field: str = "password") -> str:
    """Return a new password in the one form that is kept; `known` are words that others can guess.

    Raises BadFields.
    """
    password = _one_form(password)
    if not SHORTEST <= len(password) <= LONGEST:
        sentence = Note("Choose a password of at least %(least)s characters.", least=SHORTEST)
        raise BadFields(FieldError(field, "password_invalid", sentence))
    if _easy(password, known):
        sentence = Note("This password is easy to guess. A few unusual words in a row are better.")
        raise BadFields(FieldError(field, "password_common", sentence))
    return password


def _one_form(password: str) -> str:
    # The same characters can be typed in several ways; NFKC is what RFC 8265 and NIST build on.
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])


def _easy(password: str, known: tuple[str, ...]) -> bool:
    from zxcvbn import zxcvbn  # its word lists are loaded only when somebody chooses a password

    words = [word for text in known for word in (text, *re.split(r"\W+", text)) if word]
    found = zxcvbn(password[:_LOOKED_AT], user_inputs=words)
    return bool(found["score"] < _LEAST_SCORE)


async def hashed(password: str) -> str:
    """Return what is kept of a checked password (argon2id)."""
    return await asyncio.get_running_loop().run_in_executor(_two, _hasher.hash, password)


async def matches(stored: str | None, password: str) -> bool:
    """Say whether a password is the one that is kept; where none is, that takes as long."""
    typed = _one_form(password)
    return await asyncio.get_running_loop().run_in_executor(_two, _matches, stored, typed)


def _matches(stored: str | None, password: str) -> bool:
    nobodys = _nobodys()
    try:
        _hasher.verify(stored or nobodys, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@functools.cache
def _nobodys() -> str:
    """Return a hash that nobody's password has: unknown names take as long as known ones."""
    return _hasher.hash(secrets.token_hex(8))


def outdated(stored: str) -> bool:
    """Say whether a hash was made with other parameters than new ones are."""
    return _hasher.check_needs_rehash(stored)


async def confirmed(service: Service, actor: Actor, password: str) -> None:
    """Refuse who can't repeat their password. Raises BadFields."""
    found = await people.moderator(service.database, actor.moderator_id)
    if not await matches(found.password_hash if found else None, password):
        sentence = Note("This is not your present password.")
        raise BadFields(FieldError("password", "password_wrong", sentence))


async def change(service: Service, actor: Actor, session_id: int, new_password: str) -> None:
    """Change one's password, and end all one's sessions but this one.

    The old one is asked for by `confirmed`, first. Raises BadFields.
    """
    fresh = await hashed(
        checked(new_password, actor.label, service.settings.public_url, field="new_password")
    )
    act = logbook.house_act(service, actor.name, "password")

    async def store(tx: Transaction) -> None:
        await people.save_password(tx, actor.moderator_id, fresh)
        await sessions.end_all(tx, actor.moderator_id, but=session_id)
        await logbook.write(tx, service, [act])

    await service.database.write(store)
