"""Names of threads: the normalised key, and the number derived from it."""

from __future__ import annotations

import hashlib
import unicodedata
from urllib.parse import quote, unquote, urlsplit

from comments_service.core.sentence import Sentence

NAMELESS = Sentence("Name the thread by the path of its page.")
"""What is said where a key is missing."""


def normalised_key(text: str) -> str:
    """Return the one spelling of a thread's key.

    NFC, without fragment and trailing slashes, with percent-encoded UTF-8 decoded, so that
    '/%E6%96%87/' and '/文' name the same thread. What decodes to control characters or to a percent
    sign stays as it is, so that no key is decoded twice.
    """
    text = text.strip().split("#", 1)[0]
    decoded = unquote(text, errors="replace")
    if decoded.isprintable() and "\ufffd" not in decoded and "%" not in decoded:
        text = decoded
    text = unicodedata.normalize("NFC", text)
    return text.rstrip("/") or text[:1]


def thread_number(site_id: int, key: str) -> int:
    """Return the 63-bit number of a thread, the same in every process (BLAKE2b of site and key)."""
    digest = hashlib.blake2b(f"{site_id}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def page_address(key: str, url: str, origins: tuple[str, ...], sender: str) -> str | None:
    """Return the address of the page that holds a thread, or None where it can't be trusted.

    Visitors send `url`, so it counts only on an origin of the site, and, for a key that is a path,
    only the origin of it: nobody can make another page's permalinks lead astray.
    """
    origin = origin_of(url) or sender
    if origin not in origins:
        return None
    if key.startswith("/"):
        return origin + quote(key, safe="/?=&:@!$'()*+,;~%-._")
    return url.split("#", 1)[0] if origin_of(url) else None


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of an http(s) address as browsers write an origin, else None."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or not host.isascii():
        return None
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")
