"""Feeds as strict readers see them: each format against its specification, and one shape of all."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

ATOM, THREADING = "{http://www.w3.org/2005/Atom}", "{http://purl.org/syndication/thread/1.0}"
CONTENT, DC = "{http://purl.org/rss/1.0/modules/content/}", "{http://purl.org/dc/elements/1.1/}"
MEDIA_TYPES = {
    "atom": "application/atom+xml; charset=utf-8",
    "rss": "application/rss+xml; charset=utf-8",
    "json": "application/feed+json",
}
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_URN = re.compile("urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Per format: each child, with how often it may stand there.
_ONE, _MANY, _MAYBE = (1, 1), (0, 99_999), (0, 1)
_ATOM_FEED = {"id": _ONE, "title": _ONE, "updated": _ONE, "generator": _MAYBE, "link": (1, 9)}
_ATOM_ENTRY = {
    **dict.fromkeys(("id", "title", "updated"), _ONE),
    **dict.fromkeys(("published", "summary", "content"), _MAYBE),
    "author": (1, 9),
    "link": (1, 9),
    f"{THREADING}in-reply-to": _MANY,
}
_RSS_CHANNEL = {
    **dict.fromkeys(("title", "link", "description"), _ONE),
    **dict.fromkeys(("generator", "lastBuildDate"), _MAYBE),
    "item": _MANY,
    f"{ATOM}link": _ONE,
}
_RSS_ITEM = dict.fromkeys(("title", "link", "guid", "pubDate", "description"), _MAYBE)
_RSS_ITEM |= dict.fromkeys((f"{DC}creator", f"{CONTENT}encoded"), _MAYBE)


@dataclass(frozen=True)
class Entry:
    """What every format says of a comment."""

    id: str
    url: str
    title: str
    author: str
    html: str
    summary: str
    published: datetime
    updated: datetime | None
    answers: str | None


def read(kind: str, content: bytes) -> tuple[str, list[Entry]]:
    """Return the title and the entries of a feed that keeps to its specification."""
    return {"atom": _atom, "rss": _rss, "json": _json}[kind](content)


def strings(kind: str, content: bytes) -> Iterator[str]:
    """Yield every string in a feed, as a reader that looks at no type may insert it."""
    if kind == "json":
        yield from _of_json(json.loads(content))
        return
    for element in ET.fromstring(content).iter():
        yield from (element.text or "", element.tail or "", *element.attrib.values())


def _of_json(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _of_json(item)
    elif isinstance(value, str):
        yield value


def _counted(element: ET.Element, allowed: dict[str, tuple[int, int]], space: str) -> None:
    found = Counter(child.tag.removeprefix(space) for child in element)
    assert set(found) <= set(allowed), set(found) - set(allowed)
    for tag, (least, most) in allowed.items():
        assert least <= found[tag] <= most, (tag, found[tag])


def _date(text: str | None) -> datetime:
    assert text and _RFC3339.fullmatch(text), text
    return datetime.fromisoformat(text)


def _address(text: str | None) -> str:
    assert text and urlsplit(text).scheme in ("http", "https") and urlsplit(text).netloc, text
    assert not re.search(r"""[\s<>"{}|\\^`]""", text), text
    return text


def _id(text: str | None) -> str:
    assert text and _URN.fullmatch(text), text
    return text


def _distinct(entries: list[Entry]) -> list[Entry]:
    assert len({entry.id for entry in entries}) == len(entries)
    return entries


def _atom(content: bytes) -> tuple[str, list[Entry]]:
    """RFC 4287, 4.1.1 and 4.1.2; RFC 4685, 3."""
    root = ET.fromstring(content)
    assert content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    assert root.tag == f"{ATOM}feed"
    _counted(root, _ATOM_FEED | {"entry": _MANY}, ATOM)
    _id(root.findtext(f"{ATOM}id"))
    _date(root.findtext(f"{ATOM}updated"))
    assert sorted(link.get("rel") or "" for link in root.findall(f"{ATOM}link")) == [
        "alternate", "self",
    ]  # fmt: skip
    for link in root.iter(f"{ATOM}link"):
        _address(link.get("href"))
    title = root.find(f"{ATOM}title")
    assert title is not None
    entries = [_atom_entry(entry) for entry in root.findall(f"{ATOM}entry")]
    newest = max((entry.updated for entry in entries if entry.updated), default=None)
    assert newest in (None, _date(root.findtext(f"{ATOM}updated")))
    return _shown(title), _distinct(entries)


def _shown(text: ET.Element) -> str:
    """Return a text construct of type html or text as it is seen."""
    assert text.get("type", "text") in ("text", "html") and len(text) == 0
    value = text.text or ""
    if text.get("type") == "html":
        assert "<" not in value
        return unescape(value)
    return value


def _atom_entry(entry: ET.Element) -> Entry:
    _counted(entry, _ATOM_ENTRY, ATOM)
    part = {child.tag.removeprefix(ATOM): child for child in entry}
    for author in entry.findall(f"{ATOM}author"):
        _counted(author, {"name": _ONE, "uri": _MAYBE, "email": _MAYBE}, ATOM)
        assert author.find(f"{ATOM}uri") is None or _address(author.findtext(f"{ATOM}uri"))
    assert part["content"].get("type") == "html" and len(part["content"]) == 0
    answers = part[f"{THREADING}in-reply-to"]
    _address(answers.get("href"))
    return Entry(
        id=_id(part["id"].text),
        url=_address(part["link"].get("href")),
        title=_shown(part["title"]),
        author=entry.findtext(f"{ATOM}author/{ATOM}name") or "",
        html=part["content"].text or "",
        summary=_shown(part["summary"]),
        published=_date(part["published"].text),
        updated=_date(part["updated"].text),
        answers=_id(answers.get("ref")),
    )


def _rss(content: bytes) -> tuple[str, list[Entry]]:
    """The RSS 2.0 specification, and the advice of its board on namespaces and guids."""
    root = ET.fromstring(content)
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    channel = root[0]
    assert channel.tag == "channel"
    _counted(channel, _RSS_CHANNEL, "")
    _address(channel.findtext("link"))
    parsedate_to_datetime(channel.findtext("lastBuildDate") or "")
    for item in channel.findall("item"):
        _counted(item, _RSS_ITEM, "")
        guid = item.find("guid")
        assert guid is not None and guid.get("isPermaLink") == "false"
    entries = [
        Entry(
            id=_id(item.findtext("guid")),
            url=_address(item.findtext("link")),
            title=item.findtext("title") or "",
            author=item.findtext(f"{DC}creator") or "",
            html=item.findtext(f"{CONTENT}encoded") or "",
            summary=unescape(item.findtext("description") or ""),
            published=parsedate_to_datetime(item.findtext("pubDate") or ""),
            updated=None,
            answers=None,
        )
        for item in channel.findall("item")
    ]
    return channel.findtext("title") or "", _distinct(entries)


_JSON_ITEM = set(
    "id url external_url title content_html content_text summary image banner_image date_published"
    " date_modified authors tags language attachments".split()
)


def _json(content: bytes) -> tuple[str, list[Entry]]:
    """JSON Feed 1.1."""
    feed = json.loads(content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert isinstance(feed["title"], str) and isinstance(feed["items"], list)
    assert set(feed) == {"version", "title", "home_page_url", "feed_url", "items"}
    _address(feed["home_page_url"])
    _address(feed["feed_url"])
    for item in feed["items"]:
        assert {name for name in item if not name.startswith("_")} <= _JSON_ITEM
        for author in item["authors"]:
            assert set(author) <= {"name", "url", "avatar"} and author["name"]
            assert "url" not in author or _address(author["url"])
    entries = [
        Entry(
            id=_id(item["id"]),
            url=_address(item["url"]),
            title=item["title"],
            author=item["authors"][0]["name"],
            html=item["content_html"],
            summary=item["summary"],
            published=_date(item["date_published"]),
            updated=_date(item["date_modified"]),
            answers=_id(item["_comments"]["in_reply_to"]),
        )
        for item in feed["items"]
    ]
    return feed["title"], _distinct(entries)
