"""What readers and pollers ask for; nothing here shows what `core.moderation.visible` hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from comments_service.core.models import Change, Comment, Mark, Site, Thread
from comments_service.core.paging import floors_of, pages
from comments_service.core.records import shown
from comments_service.core.threads import normalised_key, thread_number
from comments_service.core.tree import SHOWN_REPLIES, Node, grow, prune
from comments_service.errors import CommentUnknown, SiteUnknown
from comments_service.service import Service
from comments_service.storage import comments, old_ids, sites, threads


@dataclass(frozen=True)
class Page:
    """One page of a thread; `own` are the waiting comments that the asker has proven to be theirs."""

    thread: Thread
    number: int
    pages: int
    roots: list[Node]
    own: frozenset[int] = field(default_factory=frozenset)


async def site(service: Service, slug: str) -> Site:
    """Return a site. Raises SiteUnknown."""
    found = await sites.by_slug(service.database, slug)
    if found is None:
        raise SiteUnknown
    return found


async def thread(service: Service, site: Site, key: str) -> Thread:
    """Return a thread; one in which nothing was published yet is empty, and nobody vouches for its title."""
    number = thread_number(site.site_id, key)
    found = await threads.get(service.database, number)
    if found is not None and found.key == key:
        return found if found.change else replace(found, url=None, title=None)
    size = service.settings.page_size
    return Thread(number, site.site_id, key, None, None, 1, size, 0, 0, 0, 0)


async def page(
    service: Service, thread: Thread, number: int, receipts: frozenset[int] = frozenset()
) -> Page:
    """Return one page of a thread, with the asker's own waiting comments in their places."""
    first, last = floors_of(number, thread.page_size)
    rows = (
        await comments.page(service.database, thread.thread_id, first, last)
        if thread.floors
        else []
    )
    roots = prune(grow(rows))
    waiting = await _waiting(service, thread, receipts)
    for comment in waiting:
        _hang(roots, comment)
    own = frozenset(comment.id for comment in waiting)
    return Page(thread, number, pages(thread.floors, thread.page_size), roots, own)


async def _waiting(service: Service, thread: Thread, receipts: frozenset[int]) -> list[Comment]:
    own = await comments.find_many(service.database, sorted(receipts))
    mine = (
        c for c in own if c.thread_id == thread.thread_id and not c.visible and shown(c, receipts)
    )
    return sorted(mine, key=lambda comment: comment.id)


def _hang(roots: list[Node], comment: Comment) -> None:
    """Hang a waiting comment below its parent, or at the end where the parent is not on this page."""
    for node in _all(roots):
        if node.comment.id == comment.parent_id:
            node.replies.append(Node(comment))
            return
    if comment.parent_id is None:
        roots.append(Node(comment))


def _all(nodes: list[Node]) -> list[Node]:
    return [found for node in nodes for found in (node, *_all(node.replies))]


async def resolve(
    service: Service,
    comment_id: int,
    site: Site | None = None,
    receipts: frozenset[int] = frozenset(),
) -> tuple[Thread, Comment]:
    """Return a comment, named by its id or the one it had where it was imported from, and its thread.

    Raises CommentUnknown for what the asker may not see, just as for what does not exist.
    """
    comment = await _find(service, comment_id, site)
    if comment is None or not shown(comment, receipts):
        raise CommentUnknown
    return await _thread_of(service, comment), comment


async def place(
    service: Service, comment_id: int, site: Site | None = None
) -> tuple[Thread, Comment]:
    """Return a comment that has a place, shown or not, for a link that leads there.

    Raises CommentUnknown for one that was never published.
    """
    comment = await _find(service, comment_id, site)
    if comment is None or not comment.placed or not (comment.published_at or comment.visible):
        raise CommentUnknown
    return await _thread_of(service, comment), comment


async def _find(service: Service, comment_id: int, site: Site | None) -> Comment | None:
    comment = await comments.find(service.database, comment_id)
    if comment is not None and (site is None or comment.site_id == site.site_id):
        return comment
    new_id = await old_ids.lead_to(service.database, site.site_id, comment_id) if site else None
    return await comments.find(service.database, new_id) if new_id else None


async def _thread_of(service: Service, comment: Comment) -> Thread:
    found = await threads.get(service.database, comment.thread_id)
    assert found is not None  # a foreign key says so
    return found


async def replies(
    service: Service, root_id: int, site: Site, after: int
) -> tuple[Thread, Comment, list[Comment], int | None]:
    """Return a root's visible replies past an ordinal, in order of publication, and the next cursor.

    The root is returned as well, visible or not; one without a place raises CommentUnknown.
    """
    thread, root = await place(service, root_id, site)
    if root.depth:
        raise CommentUnknown
    rows = await comments.replies_after(
        service.database, thread.thread_id, root.id, max(after, SHOWN_REPLIES), SHOWN_REPLIES + 1
    )
    cursor = rows[SHOWN_REPLIES - 1].ordinal if len(rows) > SHOWN_REPLIES else None
    return thread, root, [row for row in rows[:SHOWN_REPLIES] if row.visible], cursor


async def recent(
    service: Service, site: Site, limit: int, key: str | None = None
) -> list[tuple[Thread, Comment]]:
    """Return the newest published comments of a site, or of one thread, with their threads."""
    number = thread_number(site.site_id, key) if key else None
    found = await comments.recent(service.database, site.site_id, limit, number)
    known = await threads.get_many(service.database, sorted({c.thread_id for c in found}))
    return [(known[comment.thread_id], comment) for comment in found]


async def changes(
    service: Service, site: Site, after: int, limit: int, thread_id: int | None = None
) -> list[tuple[Thread, Change]]:
    """Return what readers of a site, or of one thread, could notice after a change number, in commit order."""
    found = await sites.changes_after(service.database, site.site_id, after, limit, thread_id)
    known = await threads.get_many(
        service.database, sorted({change.comment.thread_id for change in found})
    )
    return [(known[change.comment.thread_id], change) for change in found]


async def site_change(service: Service, site_id: int) -> int:
    """Return the number of a site's newest change."""
    return await sites.change(service.database, site_id)


async def marks(service: Service, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Mark]:
    """Return how new each site and thread is; a key is a site and a thread, or 0 for all of it."""
    thread_ids = sorted({thread_id for _, thread_id in keys if thread_id})
    site_ids = sorted({site_id for site_id, thread_id in keys if not thread_id})
    by_site = await sites.marks(service.database, site_ids)
    by_thread = await threads.marks(service.database, thread_ids)
    return {(site_id, 0): mark for site_id, mark in by_site.items()} | by_thread


async def counts(service: Service, site: Site, keys: Sequence[str]) -> dict[str, int]:
    """Return how many comments readers can see in each thread, 0 where there is none."""
    numbers = {key: thread_number(site.site_id, normalised_key(key)) for key in keys}
    found = await threads.get_many(service.database, sorted(set(numbers.values())))
    return {key: found[number].count if number in found else 0 for key, number in numbers.items()}
