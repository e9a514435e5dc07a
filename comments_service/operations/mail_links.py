"""The links in mails: each is signed for one purpose, so that having it is all that is needed to use it."""

from __future__ import annotations

import hashlib
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from comments_service.errors import LinkExpired, LinkInvalid
from comments_service.operations.vault import seal, unseal
from comments_service.service import Service

CONFIRM, STOP, ACT, DATA = "confirm", "stop", "act", "data"
"""What links do: confirm an address, stop mail, decide on one version of one comment, show one's own data."""

_DAY = 24 * 3600 * 1_000_000
_LIFE = {CONFIRM: 7 * _DAY, ACT: 7 * _DAY, STOP: None}
"""How long a link is good. Stopping mail must always be possible."""
_DATA_SECONDS = 24 * 3600
_PARTS = {CONFIRM: 2, STOP: 3, ACT: 4}


def _signer(service: Service, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        service.secret,
        salt=f"comments.mail.{purpose}",
        signer_kwargs={"digest_method": hashlib.sha256},
    )


def link(service: Service, purpose: str, *parts: int | str) -> str:
    """Return the address of a page for what a mail is to make possible."""
    life = _LIFE[purpose]
    until = service.clock() + life if life else 0
    token = _signer(service, purpose).dumps([until, *parts])
    return f"{service.settings.public_url}/mail/{purpose}/{token}"


def read(service: Service, purpose: str, token: str) -> list[Any]:
    """Return what a link was made of. Raises LinkInvalid, LinkExpired."""
    try:
        until, *parts = _signer(service, purpose).loads(token)
    except (BadData, UnicodeError):
        raise LinkInvalid from None
    if len(parts) != _PARTS[purpose]:  # an older version's
        raise LinkInvalid
    if until and until < service.clock():
        raise LinkExpired
    return list(parts)


def data_link(service: Service, email: str) -> str:
    """Return the address of the page that shows what is kept of an address; nobody can read it in there."""
    sealed = seal(service, DATA, email).rstrip("=")  # with which some mail programs end a link
    return f"{service.settings.public_url}/mail/{DATA}/{sealed}"


def email_of(service: Service, token: str) -> str:
    """Return the address of such a link. Raises LinkInvalid, LinkExpired."""
    token += "=" * (-len(token) % 4)
    if unseal(service, DATA, token) is None:
        raise LinkInvalid
    email = unseal(service, DATA, token, _DATA_SECONDS)
    if email is None:
        raise LinkExpired
    return str(email)
