"""Feeds as Atom 1.0 (RFC 4287, with RFC 4685), RSS 2.0 and JSON Feed 1.1."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import formatdate
from html import escape
from xml.etree.ElementTree import Element, SubElement, tostring

from comments_service.core.characters import safe_characters
from comments_service.core.feeds import Feed, Item, plain
from comments_service.core.models import Record
from comments_service.core.records import timestamp

GENERATOR = "comments-service"
_ATOM = "http://www.w3.org/2005/Atom"


def atom(feed: Feed) -> bytes:
    """Return a feed as Atom."""
    root = Element("feed", {"xmlns": _ATOM, "xmlns:thr": "http://purl.org/syndication/thread/1.0"})
    _add(root, "id", feed.id)
    _add(root, "title", escape(feed.title, quote=False), type="html")
    _add(root, "updated", timestamp(feed.updated))
    _add(root, "generator", GENERATOR)
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.addresses["atom"])
    _add(root, "link", rel="alternate", type="text/html", href=feed.home)
    if feed.hub:
        _add(root, "link", rel="hub", href=feed.hub)
    for item in feed.items:
        _atom_entry(_add(root, "entry"), item)
    return _document(root)


def _atom_entry(entry: Element, item: Item) -> None:
    _add(entry, "id", item.id)
    _add(entry, "title", escape(item.title, quote=False), type="html")
    _add(entry, "updated", timestamp(item.updated))
    _add(entry, "published", timestamp(item.published))
    author = _add(entry, "author")
    _add(author, "name", plain(item.author))
    if item.website:
        _add(author, "uri", item.website)
    _add(entry, "link", rel="alternate", type="text/html", href=item.url)
    ref, href = item.answers
    _add(entry, "thr:in-reply-to", ref=ref, href=href, type="text/html")
    # As HTML, because who takes it for text without looking at the type must not find a tag.
    _add(entry, "summary", escape(item.excerpt, quote=False), type="html")
    _add(entry, "content", item.html, type="html")


def rss(feed: Feed) -> bytes:
    """Return a feed as RSS."""
    spaces = {
        "xmlns:atom": _ATOM,
        "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
        "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    }
    root = Element("rss", {"version": "2.0", **spaces})
    channel = _add(root, "channel")
    _add(channel, "title", plain(feed.title))
    _add(channel, "link", feed.home)
    _add(channel, "description", escape(feed.title, quote=False))
    _add(channel, "generator", GENERATOR)
    _add(channel, "lastBuildDate", _moment(feed.updated))
    _add(channel, "atom:link", rel="self", type="application/rss+xml", href=feed.addresses["rss"])
    if feed.hub:
        _add(channel, "atom:link", rel="hub", href=feed.hub)
    for item in feed.items:
        _rss_item(_add(channel, "item"), item)
    return _document(root)


def _rss_item(found: Element, item: Item) -> None:
    _add(found, "title", plain(item.title))
    _add(found, "link", item.url)
    _add(found, "guid", item.id, isPermaLink="false")
    _add(found, "pubDate", _moment(item.published))
    _add(found, "dc:creator", plain(item.author))  # `author` would have to be an e-mail address
    _add(found, "description", escape(item.excerpt, quote=False))
    _add(found, "content:encoded", item.html)


def json_feed(feed: Feed) -> bytes:
    """Return a feed as JSON Feed."""
    hubs = {"hubs": [{"type": "WebSub", "url": feed.hub}]} if feed.hub else {}
    record = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": plain(feed.title),
        "home_page_url": feed.home,
        "feed_url": feed.addresses["json"],
        **hubs,
        "items": [_json_item(item) for item in feed.items],
    }
    return json.dumps(record, ensure_ascii=False).encode()


def _json_item(item: Item) -> Record:
    author = {"name": plain(item.author)} | ({"url": item.website} if item.website else {})
    return {
        "id": item.id,
        "url": item.url,
        "title": plain(item.title),
        "content_html": item.html,
        "summary": plain(item.excerpt),
        "date_published": timestamp(item.published),
        "date_modified": timestamp(item.updated),
        "authors": [author],
        "_comments": {"in_reply_to": item.answers[0]},
    }


FORMATS: dict[str, tuple[str, Callable[[Feed], bytes]]] = {
    "atom": ("application/atom+xml; charset=utf-8", atom),
    "rss": ("application/rss+xml; charset=utf-8", rss),
    "json": ("application/feed+json", json_feed),
}
"""The media type and the writer of each kind of feed."""


def _add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Add an element; what XML can't hold is left out of its text and attributes."""
    clean = {name: safe_characters(value) for name, value in attributes.items()}
    added = SubElement(parent, tag, clean)
    added.text = safe_characters(text) if text is not None else None
    return added


def _document(root: Element) -> bytes:
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _moment(micros: int) -> str:
    return formatdate(micros / 1e6, usegmt=True)
