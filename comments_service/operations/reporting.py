"""How readers report a comment: once for each network, and what many reports of one comment lead to."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from comments_service.core.draft import Report, keyed_hash
from comments_service.core.models import Comment, Entry, Site, Thread, Visitor
from comments_service.core.networks import network_of
from comments_service.core.rules import Reason
from comments_service.errors import CommentUnknown
from comments_service.operations import logbook, notices
from comments_service.operations.transitions import move
from comments_service.service import Service
from comments_service.storage import comments, reports, threads
from comments_service.storage.database import Transaction

ACTOR = "rule:reports"
"""Who holds a comment that enough readers have reported."""


async def report(
    service: Service, site: Site, comment_id: int, given: Report, visitor: Visitor
) -> None:
    """Keep a reader's report of a visible comment; a second one of the same network changes nothing.

    Where as many are open as the site's policy says, the comment is held until a moderator has
    looked. Raises CommentUnknown.
    """
    found = await comments.find(service.database, comment_id)
    if found is None or found.site_id != site.site_id or not found.visible:
        raise CommentUnknown
    who = keyed_hash(service.secret, f"report {network_of(visitor.address)}")

    async def work(tx: Transaction) -> bool:
        thread = await threads.lock(tx, found.thread_id)
        comment = await comments.get(tx, found.thread_id, found.id)
        if thread is None or comment is None or not comment.visible:
            raise CommentUnknown
        at = service.clock()
        if not await reports.add(tx, comment, who, given, at):
            return False
        reported = replace(
            comment, reports=comment.reports + 1, version=comment.version + 1, touched_at=at
        )
        most = site.policy.report_threshold
        if most is None or reported.reports < most:
            await comments.save_status(tx, reported)
            return False
        await logbook.write(tx, service, [await _hold(tx, service, thread, reported)])
        return True

    if await service.database.write(work):
        service.news.announce(site.site_id, found.thread_id)


async def _hold(tx: Transaction, service: Service, thread: Thread, comment: Comment) -> Entry:
    """Hold a comment that enough readers have reported, with the reason; its reports stay open."""
    at = service.clock()
    act = logbook.act_on(
        comment, batch=str(service.ids()), actor=ACTOR, action="hold", after="pending", at=at,
        reports=comment.reports, edits=comment.edits,
    )  # fmt: skip
    why = [*json.loads(comment.reasons), asdict(Reason("reported", "reports"))]
    held = replace(comment, version=comment.version + 1, touched_at=at, reasons=json.dumps(why))
    thread, held = await move(tx, thread, held, "pending", at)
    await notices.tell(tx, service, comment, held, seq=thread.change)
    return act
