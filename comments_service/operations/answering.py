"""How moderators take part: they reply under their own name, and edit what others wrote, on record."""

from __future__ import annotations

from dataclasses import replace

from comments_service.core.draft import Draft
from comments_service.core.models import Comment, Thread, Visitor
from comments_service.core.permissions import Actor
from comments_service.core.rules import Verdict
from comments_service.errors import CommentUnknown, NotPermitted, ParentUnknown
from comments_service.operations import commenting, logbook, notices
from comments_service.operations.commenting import Posted, saying
from comments_service.operations.deciding import Ask, Outcome, Step, by_thread, too_late
from comments_service.operations.notices import Cause
from comments_service.operations.transitions import note
from comments_service.service import Service
from comments_service.storage import comments, people, revisions, threads
from comments_service.storage.database import Transaction


async def _found(service: Service, actor: Actor, comment_id: int) -> Comment:
    """Return a comment on which somebody may act. Raises CommentUnknown, NotPermitted."""
    comment = await comments.find(service.database, comment_id)
    if comment is None or not actor.allowed("read", comment.site_id):
        raise CommentUnknown
    if not actor.allowed("decide", comment.site_id):
        raise NotPermitted
    return comment


async def reply(
    service: Service, actor: Actor, comment_id: int, body: str, key: str, visitor: Visitor
) -> Posted:
    """Publish a moderator's reply to a comment that readers see, once for each key.

    The rules are not asked. Raises CommentUnknown, NotPermitted, ParentUnknown, ThreadClosed,
    SubmissionKeyReused.
    """
    parent = await _found(service, actor, comment_id)
    moderator = await people.moderator(service.database, _number(actor))
    if moderator is None:  # a script's token is nobody who could speak
        raise NotPermitted
    if not parent.visible:
        raise ParentUnknown("Approve the comment first: nobody sees a reply to what nobody sees.")
    thread = await threads.get(service.database, parent.thread_id)
    assert thread is not None  # a foreign key says so
    draft = Draft(
        thread=thread.key,
        parent_id=str(parent.id),
        name=moderator.name,
        email=moderator.email,
        body=body,
        submission_key=key or None,
    )
    shown = await service.render(body)
    comment = replace(
        commenting.made(service, thread, draft, visitor, shown),
        moderator_id=moderator.moderator_id,
    )
    return await commenting.store(service, thread, comment, Verdict("approved"))


def _number(actor: Actor) -> int:
    kind, _, number = actor.name.partition(":")
    return int(number) if kind == "moderator" else 0


async def edit(service: Service, actor: Actor, ask: Ask, body: str) -> tuple[str, Outcome]:
    """Change what a comment says; return the batch, by which it can be undone, and the outcome.

    `ask` names the comment, the version that was seen and the reason. Raises CommentUnknown,
    NotPermitted.
    """
    found = await _found(service, actor, ask.id)
    shown = await service.render(body)
    batch = str(service.ids())

    async def one(tx: Transaction, thread: Thread, _: int) -> Step:
        comment = await comments.get(tx, thread.thread_id, ask.id)
        assert comment is not None  # comments are never removed
        if comment.body == body and not comment.erased:
            unchanged = Outcome(ask.id, "unchanged", comment.status, comment.version)
            return Step(thread, unchanged)
        if comment.version != ask.version:
            # However one's own last act looks: a text that was not taken is never called so.
            late = await too_late(tx, comment, actor, batch, ask)
            return Step(thread, replace(late, result="stale"))
        if comment.erased:
            return Step(thread, Outcome(ask.id, "forbidden", comment.status, comment.version))
        at = service.clock()
        edited = saying(comment, body, shown, at)
        act = logbook.act_on(
            comment, batch=batch, actor=actor.name, action="edit", after=comment.status, at=at,
            reason=ask.reason,
        )  # fmt: skip
        await revisions.keep(tx, comment, actor.name, at)
        await comments.save_text(tx, edited)
        await comments.save_status(tx, edited)
        if comment.visible:
            thread = await note(tx, thread, edited, "edited", at)
        cause = Cause(batch, actor.name, "edit", ask.reason, edited=True)
        await notices.tell(tx, service, comment, edited, cause, seq=thread.change)
        return Step(thread, Outcome(ask.id, "done", edited.status, edited.version), act)

    [(_, outcome)] = await by_thread(service, [(found.thread_id, 0)], one)
    return batch, outcome
