"""What visitors do: post, and, with the receipt they got, edit and delete their own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from comments_service.core.draft import Draft, digest, fingerprint
from comments_service.core.likeness import simhash
from comments_service.core.models import NEVER_PUBLISHED, Comment, Entry, Site, Thread, Visitor
from comments_service.core.networks import network_of
from comments_service.core.rendered import Rendered
from comments_service.core.rules import Verdict
from comments_service.core.threads import page_address, thread_number
from comments_service.errors import (
    CommentUnknown,
    ParentUnknown,
    ReceiptRefused,
    Refused,
    RefusedByRule,
    SubmissionKeyReused,
    ThreadClosed,
    ThreadCollision,
    WindowClosed,
)
from comments_service.operations import following, logbook, notices, ruling
from comments_service.operations.identities import Identity, identified
from comments_service.operations.notices import Cause
from comments_service.operations.receipts import receipt
from comments_service.operations.transitions import move, note
from comments_service.service import Service
from comments_service.storage import comments, revisions, threads
from comments_service.storage.database import Transaction

SECOND = 1_000_000
DUPLICATE_WINDOW = 3600 * SECOND
"""For so long the same words of the same visitor in the same place are the same comment."""
OWN_WINDOW = 1800 * SECOND
"""For so long authors may edit and delete what they posted."""
_OWN = ("approved", "pending")  # the statuses in which a comment is still its author's


@dataclass(frozen=True)
class Posted:
    """What a submission led to; `replayed` when an earlier try had stored it."""

    thread: Thread
    comment: Comment
    receipt: str
    replayed: bool


async def post_comment(
    service: Service,
    site: Site,
    draft: Draft,
    visitor: Visitor,
    sender: str = "",
    lang: str = "en",
) -> Posted:
    """Store a comment exactly once, however often and wherever its submission is repeated.

    `sender` is the origin of the page it was sent from; in `lang` its author wants mail, if any. Raises
    ThreadClosed, ParentUnknown, SubmissionKeyReused, ThreadCollision, RefusedByRule, BadFields for an
    identity that is not valid.
    """
    draft, identity = identified(service, site, draft)
    fresh = _thread(service, site, draft, sender)
    shown = await service.render(draft.body)
    comment = made(service, fresh, draft, visitor, shown, identity)
    said = await ruling.verdict(service, site, comment, visitor, ruling.Sent.of(draft))
    follows = lang if following.possible(service, site, draft) else ""
    return await store(service, fresh, comment, said, follows)


async def store(
    service: Service, fresh: Thread, comment: Comment, verdict: Verdict, follows: str = ""
) -> Posted:
    """Store a comment once, in a thread that is made where it is new, as a verdict says.

    `follows` is the language of an author who wants mail about replies. Raises ThreadClosed,
    ParentUnknown, SubmissionKeyReused, ThreadCollision, RefusedByRule.
    """

    async def post(tx: Transaction) -> Posted:
        posted = await _post(tx, service, fresh, comment, verdict)
        if not posted.replayed:
            await notices.tell(tx, service, None, posted.comment, seq=posted.thread.change)
            await following.begin(tx, service, posted.comment, follows)
        return posted

    try:
        posted = await service.database.write(post)
    except RefusedByRule:
        await ruling.count(service, comment, verdict)
        raise
    if posted.comment.visible and not posted.replayed:
        service.news.announce(fresh.site_id, fresh.thread_id)
    return posted


async def _post(
    tx: Transaction, service: Service, fresh: Thread, comment: Comment, verdict: Verdict
) -> Posted:
    thread = await threads.make_and_lock(tx, fresh)
    if (thread.site_id, thread.key) != (fresh.site_id, fresh.key):
        raise ThreadCollision
    assert comment.fingerprint is not None
    window = comment.created_at - DUPLICATE_WINDOW
    await comments.release_fingerprint(tx, thread.thread_id, comment.fingerprint, window)
    placed, refusal = await _below_parent(tx, thread, comment)
    refusal = refusal or ruling.rejection(verdict)
    if refusal is None and await comments.insert(tx, placed):
        thread = replace(thread, url=thread.url or fresh.url, title=thread.title or fresh.title)
        thread, stored = await ruling.obey(tx, thread, placed, verdict, placed.created_at)
        return Posted(thread, stored, receipt(service, stored.id), replayed=False)
    earlier = await comments.by_submission(
        tx, thread.thread_id, comment.submission_key, comment.fingerprint
    )
    if earlier is None:
        assert refusal is not None
        raise refusal
    if earlier.submission_key == comment.submission_key and earlier.digest != comment.digest:
        raise SubmissionKeyReused
    return Posted(thread, earlier, receipt(service, earlier.id), replayed=True)


async def _below_parent(
    tx: Transaction, thread: Thread, comment: Comment
) -> tuple[Comment, Refused | None]:
    """Return the comment with its place in the tree, and what speaks against storing it."""
    if not thread.open:
        return comment, ThreadClosed()
    if comment.parent_id is None:
        return comment, None
    parent = await comments.get(tx, thread.thread_id, comment.parent_id)
    if parent is None or not parent.visible:
        return comment, ParentUnknown()
    return replace(comment, root_id=parent.root_id, depth=parent.depth + 1), None


def _thread(service: Service, site: Site, draft: Draft, sender: str) -> Thread:
    return Thread(
        thread_id=thread_number(site.site_id, draft.thread),
        site_id=site.site_id,
        key=draft.thread,
        url=page_address(draft.thread, draft.url, site.origins, sender),
        title=draft.title or None,
        open=1,
        page_size=service.settings.page_size,
        floors=0,
        count=0,
        change=0,
        created_at=service.clock(),
    )


def made(
    service: Service,
    thread: Thread,
    draft: Draft,
    visitor: Visitor,
    shown: Rendered,
    identity: Identity | None = None,
) -> Comment:
    """Return the comment that a draft becomes: it waits, and has no place yet."""
    vouched = {"identity": identity.mark, "badge": identity.badge} if identity else {}
    said = digest(service.secret, thread.thread_id, draft, vouched.get("identity", ""))
    number, at = service.ids(), service.clock()
    return Comment(
        **(NEVER_PUBLISHED | vouched),
        thread_id=thread.thread_id,
        id=number,
        site_id=thread.site_id,
        parent_id=draft.parent_id,
        root_id=number,
        depth=0,
        status="pending",
        name=draft.name,
        email=draft.email,
        website=draft.website,
        address=visitor.address,
        agent=visitor.agent,
        body=draft.body,
        html=shown.html,
        excerpt=shown.excerpt,
        renderer=shown.renderer,
        reasons="[]",
        submission_key=draft.submission_key,
        digest=said,
        fingerprint=fingerprint(service.secret, said, visitor.address, visitor.agent),
        created_at=at,
        touched_at=at,
        network=network_of(visitor.address),
        simhash=simhash(draft.body),
    )


async def edit_comment(
    service: Service, site: Site, comment_id: int, body: str, visitor: Visitor
) -> tuple[Thread, Comment]:
    """Change the text of one's own comment; the rules are asked again.

    Raises CommentUnknown, ReceiptRefused, WindowClosed, RefusedByRule.
    """
    shown = await service.render(body)
    found = await _own(service, site, comment_id, visitor)
    new = saying(found, body, shown, service.clock())
    verdict = ruling.of_an_edit(await ruling.verdict(service, site, new, visitor))

    async def edit(tx: Transaction) -> tuple[Thread, Comment]:
        thread, comment = await _locked(tx, service, found)
        at = service.clock()
        stays = comment.visible and verdict.status == "approved"
        edited = replace(saying(comment, body, shown, at), edits=comment.edits + stays)
        await revisions.keep(tx, comment, "author", at)
        await comments.save_text(tx, edited)
        if stays:
            await comments.save_status(tx, edited)
            await ruling.keep_hits(tx, edited, verdict, at)
            thread = await note(tx, thread, edited, "edited", at)
        else:
            thread, edited = await ruling.obey(tx, thread, edited, verdict, at)
        cause = Cause(edited=True)
        await notices.tell(tx, service, comment, edited, cause, seq=thread.change)
        act = _own_act(service, comment, "edit", edited.status, at)
        await logbook.write(tx, service, [act])
        return thread, edited

    result = await service.database.write(edit)
    service.news.announce(found.site_id, found.thread_id)
    return result


def saying(comment: Comment, body: str, shown: Rendered, at: int) -> Comment:
    """Return the next version of a comment, with another text."""
    return replace(
        comment,
        body=body,
        html=shown.html,
        excerpt=shown.excerpt,
        renderer=shown.renderer,
        simhash=simhash(body),
        edited_at=at,
        touched_at=at,
        version=comment.version + 1,
    )


async def delete_comment(service: Service, site: Site, comment_id: int, visitor: Visitor) -> None:
    """Take one's own comment away; the same words may be posted again afterwards.

    Raises CommentUnknown, ReceiptRefused, WindowClosed.
    """
    found = await _own(service, site, comment_id, visitor)

    async def delete(tx: Transaction) -> None:
        thread, comment = await _locked(tx, service, found)
        at = service.clock()
        gone = replace(
            comment, fingerprint=None, version=comment.version + 1, touched_at=at, edits=0
        )
        thread, gone = await move(tx, thread, gone, "deleted", at)
        await notices.tell(tx, service, comment, gone, seq=thread.change)
        await logbook.write(tx, service, [_own_act(service, comment, "delete", "deleted", at)])

    await service.database.write(delete)
    service.news.announce(found.site_id, found.thread_id)


async def _own(service: Service, site: Site, comment_id: int, visitor: Visitor) -> Comment:
    comment = await comments.find(service.database, comment_id)
    if comment is None or comment.site_id != site.site_id or comment.status not in _OWN:
        raise CommentUnknown
    if comment_id not in visitor.receipts:
        # A stranger must not learn from the answer that a hidden comment exists.
        raise ReceiptRefused() if comment.visible else CommentUnknown()
    return comment


async def _locked(tx: Transaction, service: Service, found: Comment) -> tuple[Thread, Comment]:
    thread = await threads.lock(tx, found.thread_id)
    comment = await comments.get(tx, found.thread_id, found.id)
    if thread is None or comment is None or comment.status not in _OWN:
        raise CommentUnknown
    if service.clock() - comment.created_at > OWN_WINDOW:
        raise WindowClosed
    return thread, comment


def _own_act(service: Service, comment: Comment, action: str, after: str, at: int) -> Entry:
    batch = str(service.ids())
    return logbook.act_on(comment, batch=batch, actor="author", action=action, after=after, at=at)
