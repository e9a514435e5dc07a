"""Who quotes whom on a page: read off the links that quotations end with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from comments_service.core.models import Record

_TAGS = re.compile(r'<(/?)blockquote>|<a href="([^"]*)/c/(\d{1,19})"')


def quoted_by(roots: Iterable[Record], base_url: str) -> dict[str, list[Record]]:
    """Return, for the id of each comment that others on the page quote, the comments that do."""
    found: dict[str, list[Record]] = {}
    for record in every(roots):
        for quoted in dict.fromkeys(_quoted(record["html"], base_url)):
            if quoted != record["id"]:
                found.setdefault(quoted, []).append(record)
    return found


def every(records: Iterable[Record]) -> Iterator[Record]:
    """Yield the comments of a page, each before the replies below it."""
    for record in records:
        yield record
        yield from every(record.get("replies", ()))


def _quoted(html: str, base_url: str) -> Iterator[str]:
    if "<blockquote>" not in html:
        return
    depth = 0
    for tag in _TAGS.finditer(html):
        closing, base, comment_id = tag.groups()
        if comment_id is None:
            depth += -1 if closing else 1
        elif depth and base == base_url:
            yield comment_id
