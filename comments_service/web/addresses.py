"""Where a thread's links lead: on the service's page to itself, in a fragment to its host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlencode, urlsplit

from comments_service.core.models import Comment, Record, Thread
from comments_service.core.records import Links, comment_page
from comments_service.core.tree import SHOWN_REPLIES

HOST_NAMES = {
    "page": "comment-page",
    "root": "comment-root",
    "cursor": "comment-cursor",
    "order": "comment-order",
    "replyTo": "replyTo",
    "quote": "quote",
    "edit": "comment-edit",
    "delete": "comment-delete",
}
"""How a host page's address names what the thread's own page calls by the shorter name."""

_FEEDS = (
    ("atom", "application/atom+xml", "Atom"),
    ("rss", "application/rss+xml", "RSS"),
    ("json", "application/feed+json", "JSON Feed"),
)

Query = Mapping[str, object]


def encoded(query: Query) -> str:
    """Return a query string without the empty values."""
    given = {name: str(value) for name, value in query.items() if value}
    return urlencode(given, safe="/", quote_via=quote)


def host_query(url: str | None, query: Query) -> str:
    """Return the query of a host page with the part of its thread that is to be shown."""
    parts = urlsplit(url or "").query.split("&")
    kept = [
        part for part in parts if part and unquote(part.split("=")[0]) not in HOST_NAMES.values()
    ]
    return "&".join([*kept, encoded({HOST_NAMES[name]: value for name, value in query.items()})])


def place_query(thread: Thread, comment: Comment) -> dict[str, object]:
    """Return what has to be shown for a comment with a place to be seen."""
    query: dict[str, object] = {"page": comment_page(thread, comment)}
    if comment.ordinal and comment.ordinal > SHOWN_REPLIES:
        full = (comment.ordinal - 1) // SHOWN_REPLIES
        query |= {"root": comment.root_id, "cursor": full * SHOWN_REPLIES}
    return query


def landing(thread: Thread, comment: Comment, links: Links) -> str:
    """Return where a comment with a place stands: on the host's page, or else the service's."""
    query = place_query(thread, comment)
    if thread.url is None:
        return f"{links.thread(thread.key, **query)}#comment-{comment.id}"
    page = thread.url.split("#", 1)[0].split("?", 1)[0]
    return f"{page}?{host_query(thread.url, query)}#comment-{comment.id}"


def feed_links(root: str, slug: str, query: Query) -> list[tuple[str, str, str]]:
    """Return the feeds of a site, or with `thread` of one thread: media type, name and address of each."""
    tail = f"?{encoded(query)}" if encoded(query) else ""
    return [
        (media_type, name, f"{root}sites/{slug}/feed.{kind}{tail}")
        for kind, media_type, name in _FEEDS
    ]


@dataclass(frozen=True)
class Addresses:
    """Makes the links of one view of a thread; `view` names the part of it that is shown."""

    links: Links
    thread: Thread
    root: str  # the relative way from the page to the service's root, or its whole address
    view: dict[str, object] = field(default_factory=dict)
    order: str | None = None
    receipts: str = ""
    voted: tuple[str, ...] = ()  # whose buttons are pressed
    embedded: bool = False
    lang: str = ""  # where the address names it; else the browser does, each time

    def _to(self, anchor: str, **query: object) -> str:
        if self.embedded:
            return f"?{host_query(self.thread.url, query)}#{anchor}"
        named = {"thread": self.thread.key, **query, "receipt": self.receipts, "lang": self.lang}
        return f"?{encoded(named)}#{anchor}"

    def page(self, number: int | str) -> str:
        """Return the address of a page of the thread."""
        return self._to("comments", page=number, order=self.order)

    def turned(self) -> str:
        """Return the address of the thread in the other order, where it begins."""
        other = replace(self, order=None if self.order else "newest")
        return other.page("last" if other.order else "first")

    def spoken(self, lang: str) -> str:
        """Return the address of the same page in another language."""
        return replace(self, lang=lang).page(str(self.view.get("page", 1)))

    def reply(self, comment: Record) -> str:
        """Return the address of the form for a reply."""
        return self._to("respond", **self.view, order=self.order, replyTo=comment["id"])

    def quote(self, comment: Record) -> str:
        """Return the address of the form for a reply that begins with a quotation."""
        wanted = {"replyTo": comment["id"], "quote": comment["id"]}
        return self._to("respond", **self.view, order=self.order, **wanted)

    def edit(self, comment: Record) -> str:
        """Return the address of the form by which its author edits a comment."""
        anchor = f"comment-{comment['id']}"
        return self._to(anchor, **self.view, order=self.order, edit=comment["id"])

    def delete(self, comment: Record) -> str:
        """Return the address of the form by which its author deletes a comment."""
        anchor = f"comment-{comment['id']}"
        return self._to(anchor, **self.view, order=self.order, delete=comment["id"])

    def cancel(self, comment_id: int) -> str:
        """Return the address of the same view without a reply."""
        return self._to(f"comment-{comment_id}", **self.view, order=self.order)

    def report(self, comment: Record) -> str:
        """Return the address of the form by which readers report a comment."""
        named = {"id": comment["id"], "lang": self.lang}
        return f"{self.root}sites/{self.links.slug}/report?{encoded(named)}"

    def more(self, comment: Record, cursor: int = SHOWN_REPLIES) -> str:
        """Return the address of the replies of a root after an ordinal."""
        return self._to("comments", page=comment["page"], root=comment["id"], cursor=cursor)

    def permalink(self, comment: Record) -> str:
        """Return the address that lands on a comment; a waiting one has its place here only."""
        anchor = f"comment-{comment['id']}"
        if comment["page"] is None:
            return f"#{anchor}"
        if self.embedded:
            return self._to(anchor, **self.view)
        return f"{self.root}c/{comment['id']}"

    def action(self, anchor: str = "respond") -> str:
        """Return where a form is sent."""
        named = {
            "thread": self.thread.key,
            **self.view,
            "order": self.order,
            "receipt": self.receipts,
            "voted": " ".join(self.voted),
            "lang": self.lang,
        }
        return f"{self.root}sites/{self.links.slug}/thread?{encoded(named)}#{anchor}"

    def feeds(self) -> list[tuple[str, str, str]]:
        """Return the feeds of the thread: media type, name and address of each."""
        query = {"thread": self.thread.key, "lang": self.lang}
        return feed_links(self.root, self.links.slug, query)

    def static(self, name: str) -> str:
        """Return the address of a file of the service."""
        return f"{self.root}static/{name}"
