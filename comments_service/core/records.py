"""What leaves the house: the public record of a comment, the same through every door."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from comments_service.core.draft import keyed_hash
from comments_service.core.models import Change, Comment, Record, Thread
from comments_service.core.paging import page_of, pages
from comments_service.core.rules import IN_WORDS
from comments_service.core.tree import SHOWN_REPLIES, Node, size

GRAVATAR = "https://gravatar.com"


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the addresses of a site's things on this service; `secret` keys the hashes of avatars."""

    base_url: str
    slug: str
    secret: str = ""
    avatars: str = "identicon"

    def avatar(self, comment: Comment) -> str | None:
        """Return the address of an author's picture, of which nobody can tell the e-mail address.

        Only where the owner asks for it, the hash is the one that gravatar.com knows.
        """
        if self.avatars == "none" or not self.secret:
            return None
        if self.avatars == "gravatar" and comment.email:
            known = hashlib.sha256(comment.email.strip().lower().encode()).hexdigest()
            return f"{GRAVATAR}/avatar/{known}?d=identicon&s=64"
        return f"{self.base_url}/avatars/{avatar_hash(self.secret, comment)}.svg"

    def permalink(self, comment_id: int) -> str:
        """Return the address that always lands on a comment."""
        return f"{self.base_url}/c/{comment_id}"

    def thread(self, key: str, **query: object) -> str:
        """Return the address of the thread's own page; see `api` for what `query` takes."""
        return f"{self.base_url}/sites/{self.slug}/thread?{_query(thread=key, **query)}"

    def reply(self, key: str, comment: Comment, page: int | None) -> str:
        """Return the address of the form for a reply."""
        return self.thread(key, page=page, replyTo=comment.id) + "#respond"

    def feed(self, kind: str, **query: object) -> str:
        """Return the address of a feed of the site, or with `thread` of one thread."""
        found = _query(**query)
        return f"{self.base_url}/sites/{self.slug}/feed.{kind}" + (f"?{found}" if found else "")

    def api(self, path: str, **query: object) -> str:
        """Return the address of an API resource of the site."""
        return f"{self.base_url}/api/v1/sites/{self.slug}/{path}?{_query(**query)}"


def avatar_hash(secret: str, comment: Comment) -> str:
    """Return the keyed hash that stands for an author: of identity, e-mail address, or name."""
    who = comment.identity or comment.email.lower() or f"name {comment.name}"
    return keyed_hash(secret, f"avatar {who}")


def _query(**query: object) -> str:
    # Not urlencode: a page has an address for each comment, all with the same key.
    return "&".join(f"{name}={_quoted(str(value))}" for name, value in query.items() if value)


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return quote(text, safe="/")


def timestamp(micros: int | None) -> str | None:
    """Return RFC 3339 UTC of microseconds since 1970."""
    if micros is None:
        return None
    moment = datetime.fromtimestamp(micros / 1e6, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def comment_page(thread: Thread, comment: Comment) -> int | None:
    """Return the page on which a comment has its place, None where it has none yet."""
    return page_of(comment.root_floor, thread.page_size) if comment.root_floor else None


def public(thread: Thread, comment: Comment, links: Links, own: Collection[int] = ()) -> Record:
    """Return the record of a comment that readers may see; of any other, its place and nothing else.

    `own` are the ids that the asker has proven to be theirs.
    """
    page = comment_page(thread, comment)
    record: Record = {
        "id": str(comment.id),
        "floor": comment.floor,
        "parent_id": str(comment.parent_id) if comment.parent_id else None,
        "depth": comment.depth,
        "page": page,
        "permalink": links.permalink(comment.id),
    }
    if not shown(comment, own):
        return record | {"status": "deleted", "author": None, "html": "", "excerpt": ""}
    return record | {
        "status": "pending" if comment.waits else comment.status,
        "author": {
            "name": comment.name,
            "url": comment.website or None,
            "avatar": links.avatar(comment),
            "badge": "moderator" if comment.moderator_id else comment.badge or None,
        },
        "html": comment.html,
        "excerpt": comment.excerpt,
        "votes": comment.votes,
        "created_at": timestamp(comment.created_at),
        "published_at": timestamp(comment.published_at),
        "edited_at": timestamp(comment.edited_at),
        "reply_url": links.reply(thread.key, comment, page) if comment.visible else None,
    }


def shown(comment: Comment, own: Collection[int]) -> bool:
    """Say whether an asker sees a comment's text: all see visible ones, authors also their waiting ones."""
    return comment.visible or (comment.waits and comment.id in own)


def own_record(thread: Thread, comment: Comment, links: Links) -> Record:
    """Return the record for a comment's author, with why it waits, in words."""
    record = public(thread, comment, links, own={comment.id})
    waits = json.loads(comment.reasons) if comment.waits else []
    return record | {"reasons": [IN_WORDS.get(item["code"], item["code"]) for item in waits]}


def tree(thread: Thread, node: Node, links: Links, own: Collection[int] = ()) -> Record:
    """Return the record of a comment with the replies shown below it."""
    record = public(thread, node.comment, links, own)
    record["replies"] = [tree(thread, reply, links, own) for reply in node.replies]
    if node.comment.depth == 0:
        more = node.comment.replies - size(node)
        if more > 0:
            path = f"comments/{node.comment.id}/replies"
            record["more_replies"] = {"count": more, "url": links.api(path, cursor=SHOWN_REPLIES)}
    return record


def with_thread(thread: Thread, comment: Comment, links: Links) -> Record:
    """Return the public record of a comment that stands among those of other threads: it names its own."""
    at = {"key": thread.key, "title": thread.title, "url": thread.url}
    return public(thread, comment, links) | {"thread": at}


def unvoted(record: Record) -> Record:
    """Return a record without its votes: they are no change, so no tag of what is polled tells of them."""
    return {name: value for name, value in record.items() if name != "votes"}


def thread_record(thread: Thread) -> Record:
    """Return the record of a thread."""
    return {
        "key": thread.key,
        "url": thread.url,
        "title": thread.title,
        "open": bool(thread.open),
        "count": thread.count,
        "floors": thread.floors,
        "pages": pages(thread.floors, thread.page_size),
        "page_size": thread.page_size,
    }


def change_record(change: Change, thread: Thread, links: Links) -> Record:
    """Return the record of a change; the comment stands in it only while readers can see it."""
    record: Record = {
        "seq": change.seq,
        "id": str(change.comment.id),
        "kind": change.kind,
        "at": timestamp(change.at),
        "thread": thread.key,
    }
    if change.kind != "removed" and change.comment.visible:
        record["comment"] = unvoted(public(thread, change.comment, links))
    return record
