"""Authors who want mail about replies: they ask with a comment, confirm the address, and say no at any time.

Of an address only a keyed hash is kept beside the comments that have it (core.mailing.mark_of).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from comments_service.core.draft import Draft
from comments_service.core.mailing import mailbox, mark_of, scopes
from comments_service.core.models import Comment, Site, Thread
from comments_service.core.notices import Notice, bucket_of
from comments_service.errors import LinkInvalid
from comments_service.operations.mail_links import CONFIRM, STOP, read
from comments_service.operations.notices import of_comment
from comments_service.service import Service
from comments_service.storage import comments, mail, outbox, sites, threads
from comments_service.storage.database import Transaction

_WEEK = 7 * 24 * 3600 * 1_000_000


def possible(service: Service, site: Site, draft: Draft) -> bool:
    """Say whether an author asks for mail about replies, and can get it."""
    asked = draft.notify and bool(draft.email) and not draft.identity
    return asked and service.settings.mails and site.policy.reply_mail


async def begin(tx: Transaction, service: Service, comment: Comment, lang: str) -> None:
    """Store that a comment's author wants mail about replies, and have the address confirmed; not with ''.

    An address that was not confirmed yet gets one mail a week about it, whoever types it how often in
    however many spellings.
    """
    if not lang:
        return
    await mail.follow(tx, comment.thread_id, comment.id, lang, service.clock())
    if comment.status not in ("approved", "pending"):  # spam makes us write to nobody
        return
    mark = mark_of(service.secret, mailbox(comment.email))
    notice = of_comment(service, "confirm", "", "mail", comment, {"lang": lang})
    await outbox.add(tx, _weekly(notice, mark))


def _weekly(notice: Notice, mark: str) -> Notice:
    once = f"confirm:{mark}:{notice.created_at // _WEEK}"
    return replace(notice, once=once, bucket=bucket_of(mark))


async def ask_moderator(service: Service, moderator_id: int, email: str, lang: str) -> bool:
    """Have a moderator's address confirmed by mail; say False where that was asked a moment ago."""
    now, mark = service.clock(), mark_of(service.secret, email)
    notice = Notice(
        bucket=bucket_of(mark),
        id=service.ids(),
        kind="confirm",
        event="",
        destination="mail",
        site_id=0,
        comment_id=None,
        once=f"confirm:{mark}:account:{now // 60_000_000}",
        batch="",
        data=json.dumps({"moderator": moderator_id, "lang": lang}),
        state="waiting",
        created_at=now,
        due_at=now,
    )
    return await service.database.write(lambda tx: outbox.add(tx, notice))


@dataclass(frozen=True)
class Confirmation:
    """What a confirmation's link is about: a comment, or a moderator's account."""

    mark: str
    comment: Comment | None
    thread: Thread | None


async def confirmation(service: Service, token: str) -> Confirmation:
    """Return what a link from a mail would confirm. Raises LinkInvalid."""
    mark, comment_id = read(service, CONFIRM, token)
    if not comment_id:
        return Confirmation(str(mark), None, None)
    comment = await comments.find(service.database, int(comment_id))
    if comment is None or mark_of(service.secret, comment.email) != mark:
        raise LinkInvalid
    return Confirmation(mark, comment, await threads.get(service.database, comment.thread_id))


async def confirm(service: Service, token: str) -> Confirmation:
    """Store that who reads an address's mail says that it is theirs. Raises LinkInvalid."""
    found = await confirmation(service, token)
    number = found.comment.id if found.comment else 0
    await service.database.write(lambda tx: mail.confirm(tx, found.mark, number, service.clock()))
    return found


async def trusted(service: Service, email: str, own: Iterable[int]) -> bool:
    """Say whether a visitor is known by mail: as the author of a comment that readers see.

    `own` are comments that receipts prove to be the visitor's. One of them was confirmed by the mail of
    the address, and so was the one that readers see. Who only types the address is not known by it.
    """
    mine, db = frozenset(own), service.database
    if not (mine and email):
        return False
    confirmed = await mail.confirmed_by(db, mark_of(service.secret, email))
    if not mine & confirmed:
        return False
    return any(comment.visible for comment in await comments.find_many(db, sorted(confirmed)))


@dataclass(frozen=True)
class Stop:
    """What a link from a mail can stop: mail about a page, a site, or all; `muted` is stopped already."""

    mark: str
    site: Site | None
    thread: Thread | None
    offered: tuple[str, ...]
    muted: tuple[str, ...]


async def stopping(service: Service, token: str) -> Stop:
    """Return what a link from a mail can stop. Raises LinkInvalid."""
    mark, thread_id, site_id = read(service, STOP, token)
    db = service.database
    thread = await threads.get(db, int(thread_id))
    site = await sites.by_id(db, int(site_id))
    every = scopes(int(thread_id), int(site_id))
    offered = every if thread and site else every[1:] if site else every[2:]
    muted = tuple(await mail.muted(db, str(mark), every))
    return Stop(str(mark), site, thread, offered, muted)


async def stop(service: Service, token: str, scope: str = "") -> Stop:
    """Send no more mail about something, without a choice about the narrowest. Raises LinkInvalid."""
    found = await stopping(service, token)
    chosen = scope if scope in found.offered else found.offered[0]
    await service.database.write(lambda tx: mail.mute(tx, found.mark, chosen, service.clock()))
    return await stopping(service, token)


async def go_on(service: Service, token: str) -> Stop:
    """Send mail again about all that a link could stop. Raises LinkInvalid."""
    found = await stopping(service, token)
    await service.database.write(lambda tx: mail.unmute(tx, found.mark, found.offered))
    return await stopping(service, token)
