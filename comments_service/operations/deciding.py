"""What moderators decide: one, many, or all that match, each on the version they saw and on record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from comments_service.core.draft import keyed_hash
from comments_service.core.filters import FIRST, Filter, Place
from comments_service.core.models import Comment, Entry, Thread
from comments_service.core.moderation import Action, Status, after
from comments_service.core.permissions import Actor
from comments_service.operations import logbook, notices
from comments_service.operations.notices import Cause
from comments_service.operations.transitions import move
from comments_service.service import Service
from comments_service.storage import comments, log, queue, reports, threads
from comments_service.storage.database import Transaction

Result = Literal["done", "unchanged", "stale", "forbidden", "unknown"]
T = TypeVar("T")

PIECE = 100
"""Comments that a decision by filter, or an undo, takes on at a time."""


@dataclass(frozen=True)
class Ask:
    """One decision as a moderator sends it; `version` is the one that was on the screen."""

    id: int
    version: int
    action: Action
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one decision; `by` and `at` say who was there first when it is stale.

    `left` counts the notices of what was undone that had left the house, and can't be taken back.
    """

    id: int
    result: Result
    status: Status | None = None
    version: int | None = None
    by: str | None = None
    at: int | None = None
    left: int = 0


def batch_of(service: Service, actor: Actor, key: str = "") -> str:
    """Return the name of a new batch; the same key of the same actor names the same one."""
    return keyed_hash(service.secret, f"batch {actor.name} {key}") if key else str(service.ids())


async def decide(
    service: Service, actor: Actor, asks: Sequence[Ask], batch: str = ""
) -> tuple[str, list[Outcome]]:
    """Carry out decisions, each against the version it was made on; return the batch and the outcomes.

    A thread's decisions are one transaction. What is stale, illegal, not the actor's or unknown
    changes nothing; what this very batch did before is answered as it was then.
    """
    batch = batch or batch_of(service, actor)
    found = {
        comment.id: comment
        for comment in await comments.find_many(service.database, [a.id for a in asks])
    }
    outcomes = [Outcome(ask.id, "unknown") for ask in asks]
    places = [
        (found[ask.id].thread_id, position) for position, ask in enumerate(asks) if ask.id in found
    ]

    async def one(tx: Transaction, thread: Thread, position: int) -> Step:
        return await _decide_one(tx, service, actor, batch, thread, asks[position])

    for position, outcome in await by_thread(service, places, one):
        outcomes[position] = outcome
    return batch, outcomes


@dataclass(frozen=True)
class Step:
    """What one act in a thread led to: the thread as it is then, and what goes on record."""

    thread: Thread
    outcome: Outcome
    entry: Entry | None = None


async def by_thread(
    service: Service,
    places: Sequence[tuple[int, T]],
    one: Callable[[Transaction, Thread, T], Awaitable[Step]],
) -> list[tuple[T, Outcome]]:
    """Act on things that are in threads, with one transaction for each thread."""
    groups: dict[int, list[T]] = defaultdict(list)
    for thread_id, thing in places:
        groups[thread_id].append(thing)
    results = []
    for thread_id, things in groups.items():
        outcomes = await _in_thread(service, thread_id, things, one)
        results += list(zip(things, outcomes, strict=True))
    return results


async def _in_thread(
    service: Service,
    thread_id: int,
    things: list[T],
    one: Callable[[Transaction, Thread, T], Awaitable[Step]],
) -> list[Outcome]:
    async def work(tx: Transaction) -> tuple[int, list[Outcome]]:
        thread = await threads.lock(tx, thread_id)
        assert thread is not None  # a foreign key says so
        steps = []
        for thing in things:
            step = await one(tx, thread, thing)
            thread = step.thread
            steps.append(step)
        await logbook.write(tx, service, [step.entry for step in steps if step.entry])
        return thread.site_id, [step.outcome for step in steps]

    site_id, outcomes = await service.database.write(work)
    if any(outcome.result == "done" for outcome in outcomes):
        service.news.announce(site_id, thread_id)
    return outcomes


async def _decide_one(
    tx: Transaction, service: Service, actor: Actor, batch: str, thread: Thread, ask: Ask
) -> Step:
    comment = await comments.get(tx, thread.thread_id, ask.id)
    if comment is None:
        return Step(thread, Outcome(ask.id, "unknown"))
    if not actor.allowed("decide", comment.site_id):
        return Step(thread, Outcome(ask.id, "forbidden"))
    if comment.version != ask.version:
        return Step(thread, await too_late(tx, comment, actor, batch, ask))
    attention = comment.attention
    status = after(comment.status, ask.action, comment.restores_to, attention=attention)
    status = None if comment.erased else status
    if status is None or (status == comment.status and not attention):
        result: Result = "forbidden" if status is None else "unchanged"
        return Step(thread, Outcome(ask.id, result, comment.status, comment.version))
    at = service.clock()
    entry = logbook.act_on(
        comment,
        batch=batch,
        actor=actor.name,
        action=ask.action,
        after=status,
        at=at,
        reason=ask.reason,
        reports=comment.reports,
        edits=comment.edits,
    )
    if comment.reports:
        await reports.close(tx, comment, at)
    decided = replace(comment, version=comment.version + 1, touched_at=at, reports=0, edits=0)
    thread, decided = await move(tx, thread, decided, status, at)
    cause = Cause(batch, actor.name, ask.action, ask.reason)
    await notices.tell(tx, service, comment, decided, cause, seq=thread.change)
    return Step(thread, Outcome(ask.id, "done", decided.status, decided.version), entry)


async def too_late(
    tx: Transaction, comment: Comment, actor: Actor, batch: str, ask: Ask
) -> Outcome:
    """Answer a decision on a version that is no more: a repeat of one's own is no conflict."""
    done = await log.of_version(tx, comment.thread_id, comment.id, ask.version)
    if done is not None and done.batch == batch and done.action == ask.action:
        status: Status = done.status_after  # type: ignore[assignment]  # the schema has it as text
        return Outcome(ask.id, "done", status, ask.version + 1)
    last = await log.of_version(tx, comment.thread_id, comment.id, comment.version - 1)
    by, at = (last.actor, last.at) if last else (None, None)
    repeat = last is not None and (last.version, by, last.action) == (
        ask.version,
        actor.name,
        ask.action,
    )
    result: Result = "unchanged" if repeat else "stale"
    return Outcome(ask.id, result, comment.status, comment.version, by, at)


@dataclass(frozen=True)
class Sweep:
    """One call's part of a decision on all that match; `following` leads to the next part."""

    batch: str
    outcomes: list[Outcome]
    following: Place | None


def frozen(wanted: Filter, as_of: int) -> Filter:
    """Return a filter of what nobody touched after a time, so that no later comment is decided on."""
    return replace(wanted, as_of=as_of)


async def count(service: Service, wanted: Filter, most: int = 100_000) -> int:
    """Return how many comments a decision by filter would be about, at most `most`."""
    return await queue.count(service.database, wanted, most)


async def decide_all(
    service: Service,
    actor: Actor,
    wanted: Filter,
    decision: tuple[Action, str],
    batch: str,
    after: Place = FIRST,
) -> Sweep:
    """Decide on the next piece of all that match a filter frozen by `as_of`; (action, reason).

    What is decided leaves the filter, because it is touched later than that; the place leads past
    what could not be decided.
    """
    found = await queue.page(service.database, wanted, PIECE, after=after)
    asks = [Ask(comment.id, comment.version, *decision) for comment in found]
    _, outcomes = await decide(service, actor, asks, batch)
    whole = len(found) < PIECE
    return Sweep(batch, outcomes, None if whole else (found[-1].created_at, found[-1].id))
