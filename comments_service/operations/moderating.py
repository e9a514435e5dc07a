"""What moderators do: see what waits, decide with the version they saw, and read the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from comments_service.core.models import Actor, Comment, Thread
from comments_service.core.moderation import Action, Status, after
from comments_service.operations.transitions import move
from comments_service.service import Service
from comments_service.storage import comments, decisions, threads
from comments_service.storage.database import Transaction
from comments_service.storage.decisions import Decision

Result = Literal["done", "unchanged", "stale", "forbidden", "unknown"]


@dataclass(frozen=True)
class Ask:
    """One decision as a moderator sends it; `version` is the one that was on the screen."""

    id: int
    version: int
    action: Action
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one decision; `by` and `at` say who was there first when it is stale."""

    id: int
    result: Result
    status: Status | None = None
    version: int | None = None
    by: str | None = None
    at: int | None = None


async def decide(service: Service, actor: Actor, asks: Sequence[Ask]) -> tuple[str, list[Outcome]]:
    """Carry out decisions, each against the version it was made on; return the batch and the outcomes.

    A thread's decisions are one transaction. What is stale, illegal or unknown changes nothing.
    """
    batch = str(service.ids())
    found = {
        comment.id: comment
        for comment in await comments.find_many(service.database, [a.id for a in asks])
    }
    by_thread: dict[int, list[int]] = defaultdict(list)  # thread -> positions in the list of asks
    for position, ask in enumerate(asks):
        if ask.id in found:
            by_thread[found[ask.id].thread_id].append(position)
    outcomes = [Outcome(ask.id, "unknown") for ask in asks]
    for thread_id, positions in by_thread.items():
        group = [asks[position] for position in positions]
        results = await _decide_thread(service, actor, batch, thread_id, group)
        for position, outcome in zip(positions, results, strict=True):
            outcomes[position] = outcome
    return batch, outcomes


async def _decide_thread(
    service: Service, actor: Actor, batch: str, thread_id: int, asks: list[Ask]
) -> list[Outcome]:
    async def work(tx: Transaction) -> tuple[int, list[Outcome]]:
        thread = await threads.lock(tx, thread_id)
        assert thread is not None
        outcomes = []
        for ask in asks:
            thread, outcome = await _decide_one(tx, service, actor, batch, thread, ask)
            outcomes.append(outcome)
        return thread.site_id, outcomes

    site_id, outcomes = await service.database.write(work)
    if any(outcome.result == "done" for outcome in outcomes):
        service.news.announce(site_id, thread_id)
    return outcomes


async def _decide_one(
    tx: Transaction, service: Service, actor: Actor, batch: str, thread: Thread, ask: Ask
) -> tuple[Thread, Outcome]:
    comment = await comments.get(tx, thread.thread_id, ask.id)
    if comment is None:
        return thread, Outcome(ask.id, "unknown")
    if comment.version != ask.version:
        return thread, await _too_late(tx, comment, actor, ask)
    status = after(comment.status, ask.action, comment.restores_to)
    if status is None or status == comment.status:
        result: Result = "forbidden" if status is None else "unchanged"
        return thread, Outcome(ask.id, result, comment.status, comment.version)
    at = service.clock()
    decided = replace(comment, version=comment.version + 1)
    await decisions.record(
        tx,
        Decision(
            thread_id=thread.thread_id,
            comment_id=ask.id,
            version=ask.version,
            batch=batch,
            actor=actor.name,
            action=ask.action,
            status_before=comment.status,
            status_after=status,
            reason=ask.reason,
            at=at,
        ),
    )
    thread, decided = await move(tx, thread, decided, status, at)
    return thread, Outcome(ask.id, "done", decided.status, decided.version)


async def _too_late(tx: Transaction, comment: Comment, actor: Actor, ask: Ask) -> Outcome:
    """Answer a decision on a version that is no more: a repeat of one's own is no conflict."""
    last = await decisions.newest(tx, comment.thread_id, comment.id)
    if last is None:
        return Outcome(ask.id, "stale", comment.status, comment.version)
    repeat = (last.version, last.actor, last.action) == (ask.version, actor.name, ask.action)
    result: Result = "unchanged" if repeat else "stale"
    return Outcome(ask.id, result, comment.status, comment.version, last.actor, last.at)


@dataclass(frozen=True)
class QueueItem:
    """A comment with what a moderator needs to decide about it."""

    comment: Comment
    thread: Thread
    parent: Comment | None


async def queue(
    service: Service,
    status: Status,
    *,
    site_id: int | None = None,
    thread_id: int | None = None,
    before: tuple[int, int] = (2**63 - 1, 2**63 - 1),
    limit: int = 50,
) -> list[QueueItem]:
    """Return comments of a status, the newest first, that came before a time and id."""
    found = await comments.queue(service.database, status, site_id, thread_id, before, limit)
    return await _with_context(service, found)


async def queue_item(service: Service, comment_id: int) -> list[QueueItem]:
    """Return one comment, of whatever status, as the queue shows it."""
    comment = await comments.find(service.database, comment_id)
    return await _with_context(service, [comment] if comment else [])


async def _with_context(service: Service, found: list[Comment]) -> list[QueueItem]:
    known = await threads.get_many(service.database, sorted({c.thread_id for c in found}))
    parent_ids = sorted({c.parent_id for c in found if c.parent_id is not None})
    parents = {c.id: c for c in await comments.find_many(service.database, parent_ids)}
    return [QueueItem(c, known[c.thread_id], parents.get(c.parent_id or 0)) for c in found]


async def counts(service: Service) -> dict[str, int]:
    """Return how many comments wait, are spam, rejected or deleted."""
    return await comments.count_by_status(service.database)


async def log(service: Service, limit: int = 100) -> list[Decision]:
    """Return the last acts, the newest first."""
    return await decisions.latest(service.database, limit)
