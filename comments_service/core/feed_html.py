"""The html of a comment for feed readers: each formula as its TeX, and nothing that a reader might run.

Feed readers keep MathML without its attributes, or strip it and leave `e kt` of a power; the TeX in
`code` comes through all of them. What is written is a closed list again, so whatever was stored,
a reader that inserts it as it is inserts no script, style, frame, image, id or class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser

from comments_service.core.addresses import LINK_RELATION, is_address
from comments_service.core.characters import safe_characters

ELEMENTS = frozenset(
    "a blockquote br code em hr li ol p pre s strong table tbody td th thead tr ul".split()
)
_VOID = frozenset({"br", "hr"})
_MATHML = re.compile(r"<math\b.*?</math>", re.DOTALL)  # most of the bytes; its TeX stands beside it
_START = re.compile("[0-9]{1,9}")
_Named = Mapping[str, str | None]


def feed_html(html: str) -> str:
    """Return the stored html of a comment as feeds carry it."""
    writer = _Writer()
    writer.feed(_MATHML.sub("", html))
    writer.close()
    return writer.finished()


class _Writer(HTMLParser):
    """Writes what it reads by the closed list; text stays, whatever it stands in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._written: list[str] = []
        self._open: list[tuple[str, str]] = []  # each element with the end tag that is due
        self._formula = 0  # depth within one whose TeX is written already

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if self._formula:
            self._formula += tag not in _VOID
        elif named.get("data-source") is not None:
            self._formula = 1
            self._written.append(_tex(tag, named["data-source"] or ""))
        elif tag in _VOID:
            self._written.append(f"<{tag}>")
        else:
            start, end = _tags(tag, named)
            self._written.append(start)
            self._open.append((tag, end))

    def handle_endtag(self, tag: str) -> None:
        if self._formula:
            self._formula -= tag not in _VOID
        elif any(tag == opened for opened, _ in self._open):
            while self._close() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._formula:
            self._written.append(escape(safe_characters(data), quote=False))

    def _close(self) -> str:
        tag, end = self._open.pop()
        self._written.append(end)
        return tag

    def finished(self) -> str:
        """Return all that was written, with what is still open closed."""
        while self._open:
            self._close()
        return "".join(self._written).strip()


def _tex(tag: str, source: str) -> str:
    code = f"<code>{escape(safe_characters(source), quote=False)}</code>"
    return f"<p>{code}</p>" if tag == "div" else code


def _tags(tag: str, named: _Named) -> tuple[str, str]:
    """Return the start and the end of an element; both are empty for one that is not in the list."""
    if tag == "div":
        return "<p>", "</p>"
    if tag not in ELEMENTS:
        return "", ""
    if tag == "a":
        address = named.get("href") or ""
        if not is_address(address):  # an anchor of the page, which a feed does not have
            return "", ""
        return f'<a href="{escape(address)}" rel="{LINK_RELATION}">', "</a>"
    start = named.get("start") or "" if tag == "ol" else ""
    numbered = f' start="{start}"' if _START.fullmatch(start) else ""
    return f"<{tag}{numbered}>", f"</{tag}>"
