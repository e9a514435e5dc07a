"""What an asker has already: If-None-Match and If-Modified-Since, as RFC 9110 (13.1, 13.2.2) has them."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

Headers = Iterable[tuple[bytes, bytes]]

_VALIDATORS = (b"if-none-match", b"if-modified-since")
_DATE_LENGTH = 40  # bytes; a longer header is no date


class Known:
    """The validators of one request; tags win over the date, which then counts for nothing."""

    __slots__ = ("_since", "_tags")

    def __init__(self, headers: Headers) -> None:
        found: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in _VALIDATORS:
                found[name] = found[name] + b", " + value if name in found else value
        self._tags = found.get(b"if-none-match")
        self._since = found.get(b"if-modified-since", b"") if self._tags is None else b""

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self._tags is not None or self._since)

    def holds(self, etag: bytes, modified: int = 0, now: int = 0) -> bool:
        """Say whether the asker has the answer with this tag, last changed at this second.

        `modified` may be later than `now`, where several changes came in one second; the asker can't
        have been told of such a second yet. 0 means that it is not known.
        """
        if self._tags is not None:
            tags = (tag.strip().removeprefix(b"W/") for tag in self._tags.split(b","))
            return any(tag in (etag, b"*") for tag in tags)
        since = _seconds(self._since) if self._since and modified else None
        return since is not None and min(since, now) >= modified


@lru_cache(maxsize=256)
def _seconds(date: bytes) -> int | None:
    """Return the second since 1970 of an HTTP date, in any of its three forms, None where it is none."""
    if len(date) > _DATE_LENGTH:
        return None
    try:
        return int(parsedate_to_datetime(date.decode("ascii")).timestamp())
    except (ValueError, OverflowError):  # UnicodeDecodeError is a ValueError
        return None


@lru_cache(maxsize=256)
def http_date(second: int) -> bytes:
    """Return a second since 1970 as an HTTP date."""
    return formatdate(second, usegmt=True).encode()
