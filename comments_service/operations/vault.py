"""Values that leave the service and come back, or lie in the database, and that nobody else can read or make."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comments_service.service import Service

SECOND = 1_000_000


def _box(service: Service, purpose: str) -> Fernet:
    """Return what locks and unlocks; each purpose has a key of its own."""
    derive = HKDF(SHA256(), 32, salt=None, info=f"comments {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derive.derive(service.secret.encode())))


def seal(service: Service, purpose: str, value: Any) -> str:
    """Return a JSON value, encrypted and signed, with the time."""
    now = service.clock() // SECOND
    return _box(service, purpose).encrypt_at_time(json.dumps(value).encode(), now).decode()


def unseal(service: Service, purpose: str, text: str, seconds: int | None = None) -> Any:
    """Return the value of a sealed text, None where it is not ours or older than `seconds`."""
    box, now = _box(service, purpose), service.clock() // SECOND
    try:
        sealed = text.encode("ascii")
        found = (
            box.decrypt(sealed) if seconds is None else box.decrypt_at_time(sealed, seconds, now)
        )
    except (InvalidToken, UnicodeEncodeError):
        return None
    return json.loads(found)
