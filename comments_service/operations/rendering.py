"""How texts are rendered again after an upgrade of the renderer: by an operator, no reader waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from comments_service.core.models import Comment
from comments_service.core.moderation import visible
from comments_service.core.rendered import RENDERER, Rendered
from comments_service.operations import reading
from comments_service.operations.transitions import note
from comments_service.service import Service
from comments_service.storage import comments, threads
from comments_service.storage.database import Transaction

_BATCH = 32
"""So many are read, rendered and stored together: posts wait for no longer transaction than that."""


@dataclass(frozen=True)
class Report:
    """What was done: how many comments were rendered again, and how many look different since."""

    comments: int = 0
    different: int = 0

    def __add__(self, other: Report) -> Report:
        return Report(self.comments + other.comments, self.different + other.different)


async def count_stale(service: Service, slug: str | None = None) -> int:
    """Return how many comments another renderer made, of one site or of all. Raises SiteUnknown."""
    site_id = await _site_id(service, slug)
    # It only reads, but only a long transaction may take any time.
    return await service.database.write(
        lambda tx: comments.count_stale(tx, RENDERER, site_id), long=True
    )


async def render_again(
    service: Service, slug: str | None = None, progress: Callable[[int], None] = lambda done: None
) -> Report:
    """Renew what another renderer made, of one site or of all; `progress` is told of each batch.

    What is renewed is not stale any more, so a run that was stopped goes on by another one. Raises
    SiteUnknown.
    """
    site_id = await _site_id(service, slug)
    report, place = Report(), (-1, -1)
    while found := await comments.after(service.database, place, _BATCH):
        place = (found[-1].thread_id, found[-1].id)
        stale = [
            comment
            for comment in found
            if comment.renderer != RENDERER and site_id in (None, comment.site_id)
        ]
        report += await _renew(service, stale)
        progress(len(stale))
    return report


async def _site_id(service: Service, slug: str | None) -> int | None:
    return None if slug is None else (await reading.site(service, slug)).site_id


@dataclass(frozen=True)
class _Renewal:
    """A comment as it was read, and what was made of it now."""

    read: Comment
    shown: Rendered

    @property
    def differs(self) -> bool:
        return (self.read.html, self.read.excerpt) != (self.shown.html, self.shown.excerpt)


async def _renew(service: Service, stale: list[Comment]) -> Report:
    """Renew comments that come in the order of their threads, with a transaction for each thread."""
    shown = await asyncio.gather(*(service.render(comment.body) for comment in stale))
    renewals = map(_Renewal, stale, shown)
    report = Report()
    for thread_id, group in groupby(renewals, key=lambda renewal: renewal.read.thread_id):
        report += await _store(service, thread_id, list(group))
    return report


async def _store(service: Service, thread_id: int, renewals: list[_Renewal]) -> Report:
    async def store(tx: Transaction) -> Report:
        thread = await threads.lock(tx, thread_id)
        assert thread is not None  # a foreign key says so
        done = [
            (item, await comments.save_rendering(tx, item.read, item.shown)) for item in renewals
        ]
        stored = [(item, status) for item, status in done if status is not None]
        for item, status in stored:
            if item.differs and visible(status):
                thread = await note(tx, thread, item.read, "edited", service.clock())
        return Report(len(stored), sum(item.differs for item, _ in stored))

    report = await service.database.write(store)
    if report.different:
        service.news.announce(renewals[0].read.site_id, thread_id)
    return report
