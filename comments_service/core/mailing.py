"""Who wants mail: what moderators choose, and what an address says no to."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Literal

from comments_service.core.draft import keyed_hash

Pace = Literal["each", "hourly", "daily", "never"]
About = Literal["waiting", "all"]

PACES: tuple[Pace, ...] = ("each", "hourly", "daily", "never")
ABOUTS: tuple[About, ...] = ("waiting", "all")

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_HOUR = 3600 * 1_000_000
_PERIODS: dict[Pace, int] = {"hourly": _HOUR, "daily": 24 * _HOUR}
_DAILY_AT = 6 * _HOUR
"""When a day's digest is due: at 06:00 UTC."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What mail a moderator wants about a site; the fields stand as in schema.sql."""

    moderator_id: int
    site_id: int
    pace: Pace
    about: About
    lang: str


def default(moderator_id: int, site_id: int) -> Choice:
    """Return what a moderator gets who has confirmed the address and chosen nothing."""
    return Choice(moderator_id, site_id, "each", "waiting", "en")


def folded(email: str) -> str:
    """Return an address as it is compared: only ASCII letters are alike in both cases.

    Other letters are not: some fold into ASCII ones, and so into somebody else's address.
    """
    return email.strip().translate(_LOWER)


def mailbox(email: str) -> str:
    """Return what the spellings of an address have in common that many servers deliver to one person.

    Without dots, and without what stands behind a plus. Elsewhere they may be two people's, so that it is good for
    nothing but counting how often somebody is written to.
    """
    local, at, domain = folded(email).rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}{at}{domain}"


def mark_of(secret: str, email: str) -> str:
    """Return the keyed hash that stands for an e-mail address."""
    return keyed_hash(secret, f"mail {folded(email)}")


def scopes(thread_id: int, site_id: int) -> tuple[str, str, str]:
    """Return all that may be said no to of mail about a thread."""
    return f"thread:{thread_id}", f"site:{site_id}", "all"


def period_of(pace: Pace, at: int) -> tuple[int, int]:
    """Return the beginning and the end of the digest that a time falls into, in microseconds."""
    length = _PERIODS[pace]
    shift = _DAILY_AT if pace == "daily" else 0
    begin = (at - shift) // length * length + shift
    return begin, begin + length
