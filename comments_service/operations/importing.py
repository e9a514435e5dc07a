"""How operators bring in what was said elsewhere: in its old order, with its old ids, once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from comments_service.core.draft import keyed_hash
from comments_service.core.imported import Import, ImportedComment, ImportedThread
from comments_service.core.likeness import simhash
from comments_service.core.models import NEVER_PUBLISHED, Comment, Site, Thread
from comments_service.core.networks import network_of
from comments_service.core.rendered import Rendered
from comments_service.core.threads import thread_number
from comments_service.operations import maintaining
from comments_service.operations.transitions import move
from comments_service.service import Service
from comments_service.storage import comments, old_ids, sites, threads
from comments_service.storage.database import Transaction

_WAITS = json.dumps([{"code": "imported", "rule": "import", "version": 1, "spans": []}])
_CHUNK = 500


@dataclass
class Report:
    """What an import did, or, in a dry run, what it would do."""

    threads: int = 0
    there: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    ids_kept: bool = True
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the report in sentences."""
        statuses = ", ".join(
            f"{number} {status}" for status, number in sorted(self.by_status.items())
        )
        ids = (
            "Old ids are kept."
            if self.ids_kept
            else "New ids are given; links by old ids lead to them."
        )
        return [
            f"{self.threads} threads, {self.by_status.total()} comments ({statuses or 'none'}).",
            *([f"{self.there} comments were there already."] if self.there else []),
            ids,
            *self.notes,
        ]


async def import_comments(
    service: Service, slug: str, found: Import, *, dry_run: bool = False
) -> Report:
    """Store what an importer read; what an earlier import stored is left alone.

    Ids are kept where the site was empty and nobody else has them, else mapped. Raises BadFields.
    """
    site = await _site(service, slug, make=not dry_run)
    known = await old_ids.known(service.database, site.site_id, found.source) if site else {}
    fresh = [replace(thread, comments=_unknown(thread, known)) for thread in found.threads]
    numbers = [comment.old_id for thread in fresh for comment in thread.comments]
    report = Report(
        threads=sum(bool(thread.comments) for thread in fresh),
        there=sum(len(thread.comments) for thread in found.threads) - len(numbers),
        by_status=Counter(comment.status for thread in fresh for comment in thread.comments),
        ids_kept=await _can_keep(service, site, known, numbers),
        notes=list(found.notes),
    )
    for thread in fresh:
        if thread.comments and site and not dry_run:
            kept = report.ids_kept
            new = {c.old_id: c.old_id if kept else service.ids() for c in thread.comments}
            await _import_thread(service, site, found.source, thread, known | new)
    return report


async def _site(service: Service, slug: str, *, make: bool) -> Site | None:
    maintaining.check_slug(slug)
    return await (
        maintaining.add_site(service, slug, []) if make else sites.by_slug(service.database, slug)
    )


def _unknown(thread: ImportedThread, known: dict[int, int]) -> list[ImportedComment]:
    return [comment for comment in thread.comments if comment.old_id not in known]


async def _can_keep(
    service: Service, site: Site | None, known: dict[int, int], numbers: Sequence[int]
) -> bool:
    """Say whether ids can be kept: on an empty site, or where an earlier import kept them."""
    if known:
        kept = all(old == new for old, new in known.items())
    else:
        kept = site is None or await comments.site_is_empty(service.database, site.site_id)
    for start in range(0, len(numbers), _CHUNK):
        if await comments.find_many(service.database, numbers[start : start + _CHUNK]):
            return False
    return kept and all(number > 0 for number in numbers)


async def _import_thread(
    service: Service,
    site: Site,
    source: str,
    imported: ImportedThread,
    ids: dict[int, int],
) -> None:
    fresh = imported.comments
    shown = {comment.old_id: await service.render(comment.body) for comment in fresh}
    make = _Maker(service, site, imported, ids, shown)

    async def store(tx: Transaction) -> None:
        thread = await threads.make_and_lock(tx, make.thread())
        stored = {}
        for item in _parents_first(fresh):
            stored[item.old_id] = await _insert(tx, make.comment(item), ids.get(item.parent or 0))
            await old_ids.add(tx, site.site_id, source, item.old_id, ids[item.old_id])
        # All roots get their floors before any reply gets its place: a reply may be older than its parent.
        for item in sorted(fresh, key=lambda item: item.parent is not None):
            if item.status == "approved":
                dated = replace(stored[item.old_id], published_at=item.created_at)
                thread, _ = await move(tx, thread, dated, "approved", service.clock())

    await service.database.write(store, long=True)
    service.news.announce(site.site_id, make.thread().thread_id)


async def _insert(tx: Transaction, comment: Comment, parent_id: int | None) -> Comment:
    parent = await comments.get(tx, comment.thread_id, parent_id) if parent_id else None
    if parent is not None:
        comment = replace(
            comment, parent_id=parent.id, root_id=parent.root_id, depth=parent.depth + 1
        )
    await comments.insert(tx, comment)
    return comment


def _parents_first(found: list[ImportedComment]) -> Iterator[ImportedComment]:
    """Yield every comment after its parent, else in the given order."""
    waiting = {comment.old_id: comment for comment in found}
    for comment in found:
        line = []
        while comment.old_id in waiting:
            line.append(waiting.pop(comment.old_id))
            comment = waiting.get(comment.parent or 0, comment)
        yield from reversed(line)


@dataclass
class _Maker:
    """Makes rows of what was imported."""

    service: Service
    site: Site
    imported: ImportedThread
    ids: dict[int, int]
    shown: dict[int, Rendered]

    def thread(self) -> Thread:
        return Thread(
            thread_id=thread_number(self.site.site_id, self.imported.key),
            site_id=self.site.site_id,
            key=self.imported.key,
            url=self.imported.url,
            title=self.imported.title,
            open=int(self.imported.open),
            page_size=self.imported.page_size,
            floors=0,
            count=0,
            change=0,
            created_at=self.imported.created_at,
        )

    def comment(self, item: ImportedComment) -> Comment:
        number, shown = self.ids[item.old_id], self.shown[item.old_id]
        return Comment(
            **NEVER_PUBLISHED,
            thread_id=self.thread().thread_id,
            id=number,
            site_id=self.site.site_id,
            parent_id=None,
            root_id=number,
            depth=0,
            status="pending" if item.status == "approved" else item.status,
            name=item.name,
            email=item.email,
            website=item.website,
            address=item.address,
            agent=item.agent,
            body=item.body,
            html=shown.html,
            excerpt=shown.excerpt,
            renderer=shown.renderer,
            reasons=_WAITS if item.status == "pending" else "[]",
            submission_key=None,
            digest=keyed_hash(self.service.secret, f"imported {number}"),
            fingerprint=None,
            created_at=item.created_at,
            touched_at=item.created_at,
            network=network_of(item.address),
            simhash=simhash(item.body),
        )
