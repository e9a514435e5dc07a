"""One's own data: who reads the mail of an address gets what is kept of it, or has it erased."""

from __future__ import annotations

from dataclasses import dataclass, replace

from comments_service.core.mailing import folded, mailbox, mark_of
from comments_service.core.models import Comment, Record, Thread
from comments_service.core.notices import bucket_of
from comments_service.core.records import thread_record, timestamp
from comments_service.operations import learning, logbook, notices
from comments_service.operations.letters import place
from comments_service.operations.mail_links import email_of
from comments_service.operations.notices import of_comment
from comments_service.operations.transitions import move
from comments_service.service import Service
from comments_service.storage import comments, mail, outbox, own, reports, revisions, threads
from comments_service.storage.database import Transaction

SHOWN = 20
"""Comments that the page shows; the file has all."""
_HOUR = 3600 * 1_000_000
_PIECE = 100


@dataclass(frozen=True)
class Held:
    """What is kept of an address: how many comments, and the first of them with their threads."""

    email: str
    number: int
    shown: list[tuple[Thread, Comment]]


async def ask(service: Service, email: str, lang: str) -> None:
    """Mail a link to an address with which something was written here, once an hour."""
    found = await _all(service, email)
    if not found:
        return
    now, mark = service.clock(), mark_of(service.secret, mailbox(email))
    notice = replace(
        of_comment(service, "data", "", "mail", found[0], {"lang": lang}),
        bucket=bucket_of(mark),
        once=f"data:{mark}:{now // _HOUR}",
        due_at=now,
    )
    await service.database.write(lambda tx: outbox.add(tx, notice))


async def held(service: Service, token: str) -> Held:
    """Return what a mailed link shows. Raises LinkInvalid, LinkExpired."""
    email = email_of(service, token)
    found = await _all(service, email)
    shown = [((await place(service, comment))[1], comment) for comment in found[:SHOWN]]
    return Held(email, len(found), shown)


async def _all(service: Service, email: str) -> list[Comment]:
    found: list[Comment] = []
    after = 0
    while piece := await own.written_by(service.database, email, after, _PIECE):
        found += [comment for comment in piece if folded(comment.email) == folded(email)]
        after = piece[-1].id
    return found


async def export(service: Service, token: str) -> Record:
    """Return all that is kept of an address. Raises LinkInvalid, LinkExpired.

    Where a comment came from is told only of those that who reads the mail has confirmed: others
    may have been written by somebody else, under this address.
    """
    email = email_of(service, token)
    found = await _all(service, email)
    confirmed = await mail.confirmed_by(service.database, mark_of(service.secret, email))
    records = [await _record(service, each, confirmed=each.id in confirmed) for each in found]
    return {"email": email, "at": timestamp(service.clock()), "comments": records}


async def _record(service: Service, comment: Comment, *, confirmed: bool) -> Record:
    site, thread = await place(service, comment)
    earlier = await revisions.of_comment(service.database, comment)
    record: Record = {
        "id": str(comment.id),
        "site": site.slug,
        "thread": thread_record(thread),
        "parent_id": str(comment.parent_id) if comment.parent_id else None,
        "shown": comment.visible,
        "name": comment.name,
        "email": comment.email,
        "website": comment.website or None,
        "source": comment.body,
        "earlier": [{"source": each.body, "until": timestamp(each.at)} for each in earlier],
        "mail_about_replies": bool(
            await mail.followed(service.database, comment.thread_id, comment.id)
        ),
        "confirmed": confirmed,
        "created_at": timestamp(comment.created_at),
        "published_at": timestamp(comment.published_at),
        "edited_at": timestamp(comment.edited_at),
    }
    sender = {"address": comment.address, "agent": comment.agent}
    return record | (sender if confirmed else {})


async def erase(service: Service, token: str) -> int:
    """Erase all that is kept of an address but the places of comments; return how many there were.

    Raises LinkInvalid, LinkExpired.
    """
    email = email_of(service, token)
    found = await _all(service, email)
    for comment in found:
        await _erase(service, comment, email)
    return len(found)


async def _erase(service: Service, found: Comment, email: str) -> None:
    async def work(tx: Transaction) -> None:
        thread = await threads.lock(tx, found.thread_id)
        comment = await comments.get(tx, found.thread_id, found.id)
        assert thread is not None and comment is not None  # neither is ever removed
        if folded(comment.email) != folded(email):
            return  # another press of the button was quicker
        await _erase_one(tx, service, thread, comment)

    await service.database.write(work)
    service.news.announce(found.site_id, found.thread_id)


async def _erase_one(tx: Transaction, service: Service, thread: Thread, comment: Comment) -> None:
    at = service.clock()
    act = logbook.act_on(
        comment, batch=str(service.ids()), actor="author", action="erase", after="deleted", at=at
    )
    gone = replace(
        comment, **own.ERASED, version=comment.version + 1, touched_at=at, reports=0, edits=0
    )
    await learning.forget(tx, comment)
    await own.erase(tx, gone)
    if comment.reports:
        await reports.close(tx, comment, at)
    thread, gone = await move(tx, thread, gone, "deleted", at)
    await notices.tell(tx, service, comment, gone, seq=thread.change)
    await logbook.write(tx, service, [act])
