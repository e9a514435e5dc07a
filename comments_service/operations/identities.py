"""Whom a host page vouches for: its server signs a token (JWT, RFC 7519), we check it with the site's key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comments_service.core.characters import clean_line, forbidden
from comments_service.core.draft import EMAIL, NAME, Draft, keyed_hash
from comments_service.core.models import Site
from comments_service.core.sentence import Sentence
from comments_service.errors import BadFields, FieldError
from comments_service.service import Service

LONGEST_SECONDS = 24 * 3600
"""A token that is good for longer is refused: it would outlive what the host page knows."""
_LEEWAY = 60  # seconds by which clocks may differ
_BADGE, _SUBJECT = 24, 200
_SECOND = 1_000_000


@dataclass(frozen=True)
class Identity:
    """Somebody for whom the host page vouches; `mark` is a keyed hash of who it is."""

    mark: str
    name: str
    email: str
    badge: str


def identified(service: Service, site: Site, draft: Draft) -> tuple[Draft, Identity | None]:
    """Return a draft under the name for which its token vouches; without a token, as it is.

    Raises BadFields.
    """
    if not draft.identity:
        return draft, None
    who = verified(service, site, draft.identity)
    named = draft.model_copy(update={"name": who.name, "email": who.email})
    return named, who


def verified(service: Service, site: Site, token: str) -> Identity:
    """Return whom a token vouches for. Raises BadFields."""
    if not site.policy.identity_key:
        raise _refused(Sentence("This site takes no identities from its pages."))
    claims = _claims(site.policy.identity_key, token)
    _check_times(claims, service.clock() // _SECOND)
    audience = claims.get("aud")
    if site.slug not in (audience if isinstance(audience, list) else [audience]):
        raise _refused(Sentence("The page's token is for another site."))
    subject, name = _text(claims, "sub", _SUBJECT), _text(claims, "name", NAME)
    if not subject or not name:
        raise _refused(Sentence("The page's token names nobody."))
    mark = keyed_hash(service.secret, f"identity {site.site_id} {subject}")
    return Identity(mark, name, _text(claims, "email", EMAIL), _text(claims, "badge", _BADGE))


def _claims(key: str, token: str) -> dict[str, Any]:
    # Nine megabytes, which only sites with a key need.
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import OctKey

    try:
        return dict(jwt.decode(token, OctKey.import_key(key), algorithms=["HS256"]).claims)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _refused(Sentence("Sign in on the page again: its token is not valid.")) from None


def _check_times(claims: dict[str, Any], now: int) -> None:
    begun, ends = _time(claims, "iat"), _time(claims, "exp")
    since = _time(claims, "nbf") if "nbf" in claims else begun
    if max(begun, since) > now + _LEEWAY or ends <= now - _LEEWAY or ends - begun > LONGEST_SECONDS:
        raise _refused(Sentence("The page's token has expired. Load the page again."))


def _time(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(Sentence("The page's token has no time of issue or of expiry."))
    return value


def _text(claims: dict[str, Any], name: str, longest: int) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str) or forbidden(value):
        raise _refused(Sentence("Sign in on the page again: its token is not valid."))
    return clean_line(value)[:longest]


def _refused(sentence: Sentence) -> BadFields:
    return BadFields(FieldError("identity", "identity_invalid", sentence))
