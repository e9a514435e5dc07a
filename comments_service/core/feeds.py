"""Feeds: what stands in one, whatever its format, with ids that outlive edits, moves and domains.

An id is made of the site's `feed_id`, which is stored once and goes with the site wherever it goes,
and of the comment's own number. Nothing else of it is in there: not the address of the service, not
the page, not the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from comments_service.core.characters import safe_characters
from comments_service.core.draft import web_address
from comments_service.core.feed_html import feed_html
from comments_service.core.models import Comment, Site, Thread
from comments_service.core.records import Links

_SPACE = UUID("8d2e5a50-37c1-4d6e-9d5b-0c6c1f2f5a11")  # ours; with another one all ids would change
_TAG = re.compile("<(?=[A-Za-z/!?])")  # where an HTML parser begins a tag
KINDS = ("atom", "rss", "json")
"""The formats, as their addresses end."""


@dataclass(frozen=True, slots=True)
class Item:
    """One comment in a feed; times in microseconds, `answers` is the id and the address of what it answers."""

    id: str
    url: str
    title: str
    author: str
    website: str
    html: str
    excerpt: str
    published: int
    updated: int
    answers: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Feed:
    """The newest comments of a site or of one thread; `home` is the page for people."""

    id: str
    title: str
    home: str
    addresses: dict[str, str]  # of the feed itself, by kind
    updated: int
    items: list[Item]
    hub: str = ""  # the WebSub hub that is told when it changes


def urn(site: Site, *name: object) -> str:
    """Return the lasting id of a site's feed, or of something in it."""
    words = " ".join(str(part) for part in (site.feed_id, *name))
    return f"urn:uuid:{uuid5(_SPACE, words)}"


def comment_urn(site: Site, comment_id: int) -> str:
    """Return the lasting id of a comment."""
    return urn(site, "comment", comment_id)


def thread_urn(site: Site, thread: Thread) -> str:
    """Return the lasting id of a thread."""
    return urn(site, "thread", thread.key)


def site_feed(
    site: Site, found: Sequence[tuple[Thread, Comment]], links: Links, words: Words
) -> Feed:
    """Return the feed of a site's newest comments."""
    secure = (origin for origin in site.origins if origin.startswith("https://"))
    home = next(iter((*secure, *site.origins, links.base_url)))
    feed = _feed(site, urn(site), site.slug, f"{home}/", found, links, words)
    return replace(feed, hub="" if words.lang else site.policy.websub_hub)


def thread_feed(
    site: Site, thread: Thread, found: Sequence[Comment], links: Links, words: Words
) -> Feed:
    """Return the feed of a thread's newest comments."""
    rows = [(thread, comment) for comment in found]
    title, home = thread.title or thread.key, _home(thread, links)
    return _feed(site, thread_urn(site, thread), title, home, rows, links, words, thread.key)


@dataclass(frozen=True, slots=True)
class Words:
    """What a feed says in the reader's language, how it was asked for that, and when it last changed."""

    comments: str = "Comments"
    lang: str = ""
    modified: int = 0  # microseconds


def _feed(
    site: Site,
    id: str,
    title: str,
    home: str,
    found: Sequence[tuple[Thread, Comment]],
    links: Links,
    words: Words,
    key: str = "",
) -> Feed:
    items = [_item(site, thread, comment, links) for thread, comment in found]
    return Feed(
        id=id,
        title=f"{title} · {words.comments}",
        home=home,
        addresses={kind: links.feed(kind, thread=key, lang=words.lang) for kind in KINDS},
        updated=max((item.updated for item in items), default=words.modified),
        items=items,
    )


def _item(site: Site, thread: Thread, comment: Comment, links: Links) -> Item:
    published = comment.published_at or comment.created_at
    answers = thread_urn(site, thread), _home(thread, links)
    if comment.parent_id is not None:
        answers = comment_urn(site, comment.parent_id), links.permalink(comment.parent_id)
    return Item(
        id=comment_urn(site, comment.id),
        url=links.permalink(comment.id),
        title=f"{comment.name} · {thread.title or thread.key}",
        author=comment.name,
        website=comment.website if web_address(comment.website) else "",
        html=feed_html(comment.html),
        excerpt=comment.excerpt,
        published=published,
        updated=max(published, comment.edited_at or 0),
        answers=answers,
    )


def _home(thread: Thread, links: Links) -> str:
    return thread.url if thread.url and web_address(thread.url) else links.thread(thread.key)


def plain(text: str) -> str:
    """Return text for where a format wants plain text, or does not say.

    Some readers insert it as HTML all the same. So `<` is the wide one where a tag would begin.
    """
    return _TAG.sub("＜", safe_characters(text))
