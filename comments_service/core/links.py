"""Where the links of a comment lead, for those who have to judge it."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

_NOT_PROSE = ("math", "code")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.prose: list[str] = []
        self._inside = 0  # so many formulas and pieces of code

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") or ""
        if tag == "a" and href and not href.startswith("#"):
            self.found.append(href)
        self._inside += tag in _NOT_PROSE

    def handle_endtag(self, tag: str) -> None:
        self._inside -= tag in _NOT_PROSE

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.prose.append(data)


def _read(html: str) -> _Reader:
    parser = _Reader()
    parser.feed(html)
    parser.close()
    return parser


def prose_of(html: str) -> str:
    """Return what is read of a comment's html, without formulas and code."""
    return "".join(_read(html).prose)


def links_of(html: str, website: str = "") -> list[tuple[str, str]]:
    """Return the addresses in a comment's html and its author's website, each once, with their hosts."""
    wanted = dict.fromkeys([*_read(html).found, *([website] if website else [])])
    return [(address, host_of(address)) for address in wanted]


def host_of(address: str) -> str:
    """Return the host of an http(s) address, or the domain of a mailto one, in small letters."""
    if address.lower().startswith("mailto:"):
        return address.split("?", maxsplit=1)[0].rpartition("@")[2].lower()
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
