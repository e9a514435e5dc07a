"""The log of the house: who did what and why, sealed row by row, and whether it is still whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from comments_service.core import chain
from comments_service.core.models import Comment, Entry
from comments_service.core.permissions import Actor
from comments_service.service import Service
from comments_service.storage import log
from comments_service.storage.database import Transaction

_PIECE = 1_000
_TOP = 2**63 - 1


def act_on(
    comment: Comment,
    *,
    batch: str,
    actor: str,
    action: str,
    after: str,
    at: int,
    reason: str = "",
    **detail: Any,
) -> Entry:
    """Return the record of an act on a comment as its actor saw it."""
    rules = {f"{item['rule']}:{item['version']}" for item in json.loads(comment.reasons)}
    return Entry(
        thread_id=comment.thread_id,
        seq=0,
        site_id=comment.site_id,
        comment_id=comment.id,
        version=comment.version,
        batch=batch,
        actor=actor,
        action=action,
        status_before=comment.status,
        status_after=after,
        reason=reason,
        rule=" ".join(sorted(rules)),
        detail=json.dumps(detail),
        at=at,
        hash="",
    )


def house_act(
    service: Service, actor: str, action: str, *, site_id: int = 0, reason: str = "", **detail: Any
) -> Entry:
    """Return the record of an act on something else than a comment: a rule, a site, an account."""
    return Entry(
        thread_id=0,
        seq=0,
        site_id=site_id,
        comment_id=None,
        version=None,
        batch=str(service.ids()),
        actor=actor,
        action=action,
        status_before=None,
        status_after=None,
        reason=reason,
        rule="",
        detail=json.dumps(detail),
        at=service.clock(),
        hash="",
    )


async def write(tx: Transaction, service: Service, entries: Iterable[Entry]) -> None:
    """Store acts; the last thing that a transaction does, because it locks the log's end."""
    for entry in entries:
        await log.append(tx, entry, partial(chain.seal, service.secret))


async def latest(
    service: Service,
    actor: Actor | None = None,
    *,
    before: int = _TOP,
    limit: int = 100,
    sites: Sequence[int] = (),
) -> list[Entry]:
    """Return the last acts, the newest first: of all, or of one actor; on some sites, or on all."""
    return await log.latest(service.database, before, limit, actor.name if actor else None, sites)


@dataclass(frozen=True)
class Verification:
    """What a look at the whole log found: `wrong` is the first row that is not what was written."""

    rows: int
    unsealed: int  # rows from before there were hashes
    head: str
    wrong: int | None = None
    fault: str = ""


async def verify(
    service: Service, progress: Callable[[int], None] = lambda done: None
) -> Verification:
    """Hold every row of the log against its hash, and the last one against the log's end."""
    end, head, start = await log.head(service.database)
    found, before = Verification(0, start, head), ""
    at = start
    while at < end:
        rows = await log.after(service.database, at, _PIECE)
        if not rows or rows[0].seq != at + 1:
            return replace(found, wrong=at + 1, fault="it is missing")
        for row in rows:
            if row.seq != at + 1:
                return replace(found, wrong=at + 1, fault="it is missing")
            if row.hash != chain.seal(service.secret, before, row.words):
                return replace(
                    found, wrong=row.seq, fault="it was changed, or the one before it was"
                )
            at, before = row.seq, row.hash
            found = replace(found, rows=found.rows + 1)
            if at == end:
                break
        progress(found.rows)
    if before != head:
        return replace(found, wrong=end, fault="rows behind it were taken away")
    return found
