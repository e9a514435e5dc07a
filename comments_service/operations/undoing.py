"""How decisions are taken back: one or a whole batch, where nothing was done to it since."""

from __future__ import annotations

import json
from dataclasses import replace

from comments_service.core.models import Comment, Entry, Thread
from comments_service.core.permissions import Actor
from comments_service.core.rendered import Rendered
from comments_service.errors import BatchUnknown
from comments_service.operations import logbook, notices
from comments_service.operations.commenting import saying
from comments_service.operations.deciding import (
    PIECE,
    Ask,
    Outcome,
    Step,
    batch_of,
    by_thread,
    too_late,
)
from comments_service.operations.notices import Cause
from comments_service.operations.transitions import move, note
from comments_service.service import Service
from comments_service.storage import comments, log, reports, revisions
from comments_service.storage.database import Transaction

_LOOK_BACK = 200  # acts on one comment that an undo looks at


async def undo(service: Service, actor: Actor, batch: str) -> tuple[str, list[Outcome]]:
    """Take back what a batch did, where nothing was done to it since; an undo can be undone.

    Returns the batch of the undo and the outcomes. Raises BatchUnknown.
    """
    name, outcomes, last = batch_of(service, actor, f"undo {batch}"), list[Outcome](), 0
    while entries := await log.of_batch(service.database, batch, last, PIECE):
        last = entries[-1].seq
        found = [entry for entry in entries if _undoable(entry)]
        texts = {entry.seq: await _former_text(service, entry) for entry in found}

        async def one(
            tx: Transaction,
            thread: Thread,
            entry: Entry,
            texts: dict[int, _Text | None] = texts,
        ) -> Step:
            return await _undo_one(tx, service, actor, name, thread, entry, texts[entry.seq])

        places = [(entry.thread_id, entry) for entry in found]

        outcomes += [outcome for _, outcome in await by_thread(service, places, one)]
    if not outcomes:
        raise BatchUnknown
    return name, outcomes


_Text = tuple[str, Rendered]


def _undoable(entry: Entry) -> bool:
    if entry.thread_id == 0 or entry.actor == "author":
        return False
    return entry.status_before != entry.status_after or _changed_text(entry) or _answered(entry)


def _changed_text(entry: Entry) -> bool:
    return entry.action == "edit" or bool(json.loads(entry.detail).get("text"))


def _answered(entry: Entry) -> bool:
    """Say whether an act answered reports and edits, and may have done nothing else."""
    detail = json.loads(entry.detail)
    return bool(detail.get("reports") or detail.get("edits"))


async def _former_text(service: Service, entry: Entry) -> _Text | None:
    """Return what a comment said before an edit, rendered: that is done before a transaction."""
    if not _changed_text(entry):
        return None
    assert entry.comment_id is not None and entry.version is not None
    body = await revisions.body_of(
        service.database, entry.thread_id, entry.comment_id, entry.version
    )
    return (body, await service.render(body)) if body is not None else None


async def _undo_one(
    tx: Transaction,
    service: Service,
    actor: Actor,
    batch: str,
    thread: Thread,
    entry: Entry,
    text: _Text | None,
) -> Step:
    assert entry.comment_id is not None and entry.version is not None
    comment = await comments.get(tx, thread.thread_id, entry.comment_id)
    assert comment is not None  # what is on record is never removed
    if comment.erased or not actor.allowed("decide", comment.site_id):
        return Step(thread, Outcome(comment.id, "forbidden"))
    if (await _in_effect(tx, comment)) != entry.seq and comment.version != entry.version + 1:
        return Step(thread, await _not_undone(tx, comment, actor, batch, entry))
    at, before = service.clock(), entry.status_before
    act = logbook.act_on(
        comment, batch=batch, actor=actor.name, action="undo", after=before or "", at=at,
        undoes=entry.seq, reports=comment.reports, edits=comment.edits, text=bool(text),
    )  # fmt: skip
    former = await _former(tx, actor, comment, entry, text, at)
    thread, former = await move(tx, thread, former, before, at)  # type: ignore[arg-type]
    if text and comment.visible and former.visible:
        thread = await note(tx, thread, former, "edited", at)
    cause = Cause(batch, actor.name, "undo", edited=bool(text), undoes=entry.batch)
    left = await notices.tell(tx, service, comment, former, cause, seq=thread.change)
    done = Outcome(comment.id, "done", former.status, former.version, left=left)
    return Step(thread, done, act)


async def _former(
    tx: Transaction, actor: Actor, comment: Comment, entry: Entry, text: _Text | None, at: int
) -> Comment:
    """Return the next version of a comment, with the text, reports and edits that it had before an act."""
    if text:
        former = saying(comment, *text, at)
        await revisions.keep(tx, comment, actor.name, at)
        await comments.save_text(tx, former)
        return former
    detail = json.loads(entry.detail)
    if detail.get("reports"):
        await reports.reopen(tx, comment, entry.at)
    return replace(
        comment,
        version=comment.version + 1,
        touched_at=at,
        reports=detail.get("reports", 0),
        edits=detail.get("edits", 0),
    )


async def _in_effect(tx: Transaction, comment: Comment) -> int | None:
    """Return the number of the last act on a comment that was not taken back since.

    None where something that is not on record, such as a report, came after it.
    """
    version, undone = comment.version - 1, None
    for entry in await log.of_comment(tx, comment.thread_id, comment.id, _LOOK_BACK):
        if undone is not None and entry.seq != undone:
            continue  # between an act and its undo everything was taken back as well
        if undone is None and entry.version != version:
            return None
        if undone is None and entry.action != "undo":
            return entry.seq
        version = (entry.version or 0) - 1
        undone = json.loads(entry.detail)["undoes"] if undone is None else None
    return None


async def _not_undone(
    tx: Transaction, comment: Comment, actor: Actor, batch: str, entry: Entry
) -> Outcome:
    last = await log.newest(tx, comment.thread_id, comment.id)
    if last is not None and last.batch == batch:
        return Outcome(comment.id, "unchanged", comment.status, comment.version)
    ask = Ask(comment.id, (entry.version or 0) + 1, "restore")
    return await too_late(tx, comment, actor, batch, ask)
