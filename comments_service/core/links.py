"""Where the links of a comment lead, for those who have to judge it."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") or ""
        if tag == "a" and not href.startswith("#"):
            self.found.append(href)


def links_of(html: str, website: str = "") -> list[tuple[str, str]]:
    """Return the addresses in a comment's html and its author's website, each once, with their hosts."""
    parser = _Links()
    parser.feed(html)
    parser.close()
    wanted = dict.fromkeys([*parser.found, *([website] if website else [])])
    return [(address, host_of(address)) for address in wanted]


def host_of(address: str) -> str:
    """Return the host of an http(s) address, or the domain of a mailto one, in small letters."""
    if address.lower().startswith("mailto:"):
        return address.split("?", maxsplit=1)[0].rpartition("@")[2].lower()
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
