"""How a comment goes from one status to another, for whoever moves it: its place, the counts, the change."""

from __future__ import annotations

from dataclasses import replace

from comments_service.core import moderation
from comments_service.core.models import Comment, Thread
from comments_service.core.moderation import Status
from comments_service.core.tree import reply_path
from comments_service.storage import comments, sites, threads
from comments_service.storage.database import Transaction

SECOND = 1_000_000


async def move(
    tx: Transaction, thread: Thread, comment: Comment, status: Status, at: int
) -> tuple[Thread, Comment]:
    """Give a comment another status, in a transaction that has locked its thread.

    Returns the thread and the comment as they are then.
    """
    kind = moderation.change_kind(comment.status, status)
    restores_to = status if status in ("approved", "pending") else comment.restores_to
    moved = replace(comment, status=status, restores_to=restores_to)
    if status == "approved":
        thread, moved = await _place(tx, thread, moved)
        moved = replace(moved, published_at=moved.published_at or at)
    await comments.save_status(tx, moved)
    if kind:
        step = 1 if kind == "published" else -1
        if moved.depth:
            await comments.add_replies(tx, thread.thread_id, moved.root_id, step)
        thread = await note(tx, replace(thread, count=thread.count + step), moved, kind, at)
    return thread, moved


async def note(tx: Transaction, thread: Thread, comment: Comment, kind: str, at: int) -> Thread:
    """Count and record a change that readers could notice, and store the thread's counters."""
    mark = await sites.next_change(tx, thread.site_id, at // SECOND)
    await sites.record_change(tx, mark, comment, kind, at)
    thread = replace(thread, change=mark.change)
    await threads.save_counters(tx, thread)
    return thread


async def _place(tx: Transaction, thread: Thread, comment: Comment) -> tuple[Thread, Comment]:
    """Give a comment its place, once; an ancestor without one gets it first, so that the tree holds."""
    line = [comment]
    while not line[-1].placed and line[-1].parent_id is not None:
        parent = await comments.get(tx, thread.thread_id, line[-1].parent_id)
        assert parent is not None  # a foreign key says so
        line.append(parent)
    above = line.pop() if line[-1].placed else None
    while line:
        thread, above = await _place_below(tx, thread, line.pop(), above)
    assert above is not None
    return thread, above


async def _place_below(
    tx: Transaction, thread: Thread, comment: Comment, parent: Comment | None
) -> tuple[Thread, Comment]:
    if parent is None:
        floor = thread.floors + 1
        thread = replace(thread, floors=floor)
        placed = replace(comment, floor=floor, root_floor=floor, ordinal=0)
    else:
        ordinal, floor = await comments.next_ordinal(tx, thread.thread_id, comment.root_id)
        path = reply_path(parent.path, ordinal)
        placed = replace(comment, root_floor=floor, ordinal=ordinal, path=path)
    await comments.save_place(tx, placed)
    return thread, placed
