"""The second factor: a code of an app (TOTP, RFC 6238), and recovery codes for when the app is lost."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from comments_service.core.accounts import Moderator
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError
from comments_service.operations import logbook, passwords
from comments_service.operations.accounts import known
from comments_service.operations.permitting import need
from comments_service.operations.sessions import SECOND, secret_hash
from comments_service.operations.vault import seal, unseal
from comments_service.service import Service
from comments_service.storage import people, sessions
from comments_service.storage.database import Transaction

DIGITS, STEP_SECONDS = 6, 30
_DRIFT = 1  # steps that a clock may be before or behind
SETUP_SECONDS = 3600
RECOVERY_CODES = 10
_RECOVERY_LENGTH = 16  # letters of 5 bits: 80 bits each, which nobody guesses
_ALPHABET = "abcdefghjkmnpqrstuvwxyz023456789"  # without those that look alike
_KEPT, _OFFERED = "second factor", "second factor offered"

Passed = Literal["code", "recovery"]


@dataclass(frozen=True)
class Offer:
    """A secret that is not stored yet: `sealed` comes back with the proof of a code."""

    sealed: str
    text: str  # for typing
    address: str  # for the app: otpauth://


def _totp(key: bytes) -> TOTP:
    return TOTP(key, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  # what apps know


def offer(service: Service, actor: Actor) -> Offer:
    """Return a fresh secret for an app; nothing is stored."""
    return _offer(service, actor, secrets.token_bytes(20))


def _offer(service: Service, actor: Actor, key: bytes) -> Offer:
    issuer = urlsplit(service.settings.public_url).netloc
    address = _totp(key).get_provisioning_uri(actor.label, issuer.replace(":", " "))
    text = base64.b32encode(key).decode()
    return Offer(seal(service, _OFFERED, [actor.name, key.hex()]), text, address)


def offered(service: Service, actor: Actor, sealed: str) -> Offer | None:
    """Return an offer that came back, None where it is not this actor's or too old."""
    found = unseal(service, _OFFERED, sealed, SETUP_SECONDS)
    if not found or found[0] != actor.name:
        return None
    return _offer(service, actor, bytes.fromhex(found[1]))


async def switch_on(
    service: Service, actor: Actor, session_id: int, given: Offer, code: str
) -> list[str]:
    """Store an offered secret by the proof of a code; return the recovery codes, shown this once.

    All one's other sessions end. Raises BadFields.
    """
    key = base64.b32decode(given.text)
    step = _step_of(service, key, code)
    if step is None:
        raise BadFields(_wrong_code())
    kept, codes = seal(service, _KEPT, key.hex()), _fresh_codes()

    async def store(tx: Transaction) -> None:
        await people.save_totp(tx, actor.moderator_id, kept, step)
        await people.replace_codes(tx, actor.moderator_id, [_code_hash(each) for each in codes])
        await sessions.end_all(tx, actor.moderator_id, but=session_id)
        await _record(tx, service, actor, "second_factor_on")

    await service.database.write(store)
    return codes


def _wrong_code() -> FieldError:
    sentence = Note("This code is not right, or was used before. Wait for the next one.")
    return FieldError("code", "code_wrong", sentence)


async def switch_off(service: Service, actor: Actor, proof: str) -> None:
    """Forget one's second factor; `proof` is the password or a code. Raises BadFields."""
    await _prove(service, actor, proof)

    async def store(tx: Transaction) -> None:
        await _forget(tx, actor.moderator_id)
        await _record(tx, service, actor, "second_factor_off")

    await service.database.write(store)


async def renew_codes(service: Service, actor: Actor, proof: str) -> list[str]:
    """Return new recovery codes in the place of the old ones, by password or code. Raises BadFields."""
    await _prove(service, actor, proof)
    codes = _fresh_codes()

    async def store(tx: Transaction) -> None:
        await people.replace_codes(tx, actor.moderator_id, [_code_hash(each) for each in codes])
        await _record(tx, service, actor, "recovery_codes")

    await service.database.write(store)
    return codes


async def _prove(service: Service, actor: Actor, proof: str) -> None:
    moderator = await known(service.database, actor.moderator_id)
    if looks_like_code(proof) and await passes(service, moderator, proof):
        return
    if not await passwords.matches(moderator.password_hash, proof):
        sentence = Note("This is neither your password nor a code that is good now.")
        raise BadFields(FieldError("proof", "proof_wrong", sentence))


async def codes_left(service: Service, actor: Actor) -> int:
    """Return how many recovery codes one has left."""
    return await people.codes_left(service.database, actor.moderator_id)


async def reset(service: Service, actor: Actor, moderator_id: int) -> None:
    """Forget somebody's second factor, so that the password alone lets them in.

    Raises NotPermitted, ModeratorUnknown.
    """
    need(actor, "manage")

    async def store(tx: Transaction) -> None:
        await known(tx, moderator_id)
        await _forget(tx, moderator_id)
        await _record(tx, service, actor, "second_factor_reset", moderator=str(moderator_id))

    await service.database.write(store)


async def _forget(tx: Transaction, moderator_id: int) -> None:
    await people.save_totp(tx, moderator_id, "", 0)
    await people.replace_codes(tx, moderator_id, [])


async def _record(
    tx: Transaction, service: Service, actor: Actor, action: str, **detail: Any
) -> None:
    await logbook.write(tx, service, [logbook.house_act(service, actor.name, action, **detail)])


async def passes(service: Service, moderator: Moderator, code: str) -> Passed | None:
    """Use up a code of the app, or a recovery code, and say which it was; None where it is neither.

    No code is good twice.
    """
    plain = re.sub(r"[\s-]", "", code.lower())
    number = moderator.moderator_id
    if len(plain) == _RECOVERY_LENGTH:
        hashed = _code_hash(plain)
        used = await service.database.write(lambda tx: people.use_code(tx, number, hashed))
        return "recovery" if used else None
    key = unseal(service, _KEPT, moderator.totp)
    step = _step_of(service, bytes.fromhex(key), plain) if key else None
    if step is None:
        return None
    fresh = await service.database.write(lambda tx: people.use_step(tx, number, step))
    return "code" if fresh else None


def is_recovery(code: str) -> bool:
    """Say whether somebody means a recovery code, which nobody can guess at."""
    return len(re.sub(r"[\s-]", "", code)) == _RECOVERY_LENGTH


def looks_like_code(text: str) -> bool:
    """Say whether a text has the form of one of the codes."""
    return is_recovery(text) or re.fullmatch(r"[0-9]{6}", re.sub(r"[\s-]", "", text)) is not None


def _step_of(service: Service, key: bytes, code: str) -> int | None:
    """Return the step, near the present one, that a code is of."""
    typed = re.sub(r"[\s-]", "", code).encode("utf-8", "replace")
    now = service.clock() // SECOND // STEP_SECONDS
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if hmac.compare_digest(_totp(key).generate(step * STEP_SECONDS), typed):
            return step
    return None


def _fresh_codes() -> list[str]:
    """Return recovery codes as they are shown: in groups of four."""
    return ["-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
            for _ in range(RECOVERY_CODES)]  # fmt: skip


def _code_hash(code: str) -> str:
    return secret_hash(code.replace("-", ""))
