"""What mail to authors says, as things are when it leaves; None where there is nothing to say any more."""

from __future__ import annotations

import json

from comments_service.core.letters import Letter, Link, Quote, named
from comments_service.core.mailing import folded, mark_of, scopes
from comments_service.core.models import Comment, Site, Thread
from comments_service.core.notices import Notice
from comments_service.core.sentence import Sentence
from comments_service.operations.mail_links import CONFIRM, STOP, data_link, link
from comments_service.service import Service
from comments_service.storage import comments, mail, sites, threads

EXCERPT = 1_000
"""Columns of a comment that a mail to an author shows."""


async def place(service: Service, comment: Comment) -> tuple[Site, Thread]:
    """Return where a comment stands."""
    site = await sites.by_id(service.database, comment.site_id)
    thread = await threads.get(service.database, comment.thread_id)
    assert site is not None and thread is not None  # foreign keys say so
    return site, thread


def shortened(source: str, width: int = EXCERPT) -> str:
    """Return the beginning of a comment as plain text, its formulas as TeX; none of them is cut."""
    # A server that sends no mail does without the parser, which the renderer's child has anyway.
    from comments_service.core.excerpt import excerpt
    from comments_service.core.text import parse

    return excerpt(parse(source), width)


def title_of(thread: Thread) -> str:
    """Return what a page is called in one line of a mail."""
    return named(thread.title or thread.key)


def refs_of(thread: Thread, *comment_ids: int) -> tuple[str, ...]:
    """Return the names by which mail programs put mails about a thread together."""
    return (f"thread.{thread.thread_id}", *(f"comment.{number}" for number in comment_ids))


async def reply(service: Service, notice: Notice) -> Letter | None:
    """Tell an author of a reply that readers see."""
    assert notice.comment_id is not None
    answer = await comments.find(service.database, notice.comment_id)
    if answer is None or not answer.visible or answer.parent_id is None:
        return None
    parent = await comments.get(service.database, answer.thread_id, answer.parent_id)
    if parent is None or not await wants_reply(service, parent, answer):
        return None
    lang = await mail.followed(service.database, parent.thread_id, parent.id) or "en"
    site, thread = await place(service, parent)
    mark = mark_of(service.secret, parent.email)
    stop = link(service, STOP, mark, thread.thread_id, site.site_id)
    who, title = named(answer.name), title_of(thread)
    return Letter(
        id=notice.id,
        to=parent.email,
        lang=lang,
        inside=False,
        subject=Sentence("%(name)s answered you: %(title)s", name=who, title=title),
        parts=(
            Sentence("%(name)s answered your comment on “%(title)s”:", name=who, title=title),
            Quote(shortened(answer.body)),
            Sentence("You wrote:"),
            Quote(shortened(parent.body)),
            Link(Sentence("Read on and answer:"), service.links("").permalink(answer.id)),
        ),
        stop=stop,
        foot=(
            Sentence("You asked for mail about replies to your comment."),
            Link(Sentence("No more mail about this page, this site, or at all:"), stop),
        ),
        refs=refs_of(thread, parent.id),
        about=site.slug,
    )


async def wants_reply(service: Service, parent: Comment, answer: Comment) -> bool:
    """Say whether an author is to be told of a reply: never of one's own, never one who said no.

    Nor where the site's owner has switched such mail off since it was asked for.
    """
    one = folded(parent.email)
    themselves = one == folded(answer.email)
    same = bool(parent.identity) and parent.identity == answer.identity
    if not one or themselves or same or not parent.visible:
        return False
    db, mark = service.database, mark_of(service.secret, one)
    site = await sites.by_id(db, parent.site_id)
    return (
        (site is not None and site.policy.reply_mail)
        and await mail.followed(db, parent.thread_id, parent.id) is not None
        and await mail.confirmed(db, mark)
        and not await mail.muted(db, mark, scopes(parent.thread_id, parent.site_id))
    )


async def confirmation(service: Service, notice: Notice) -> Letter | None:
    """Ask who reads an address's mail whether a comment is theirs."""
    data = json.loads(notice.data)
    comment = await comments.find(service.database, notice.comment_id or 0)
    if comment is None or comment.status not in ("approved", "pending"):
        return None
    site, thread = await place(service, comment)
    mark = mark_of(service.secret, comment.email)
    every = scopes(thread.thread_id, site.site_id)
    if await mail.confirmed(service.database, mark) or await mail.muted(
        service.database, mark, every
    ):
        return None
    # Nothing that was typed stands in it: anybody can have it sent to anybody.
    page = thread.url or service.links(site.slug).thread(thread.key)
    stop = link(service, STOP, mark, thread.thread_id, site.site_id)
    return Letter(
        id=notice.id,
        to=comment.email,
        lang=str(data["lang"]),
        inside=False,
        subject=Sentence("Do you want mail about replies?"),
        parts=(
            Sentence(
                "Somebody, most likely you, wrote a comment with this address and asked for mail "
                "about replies. It stands on this page:"
            ),
            page,
            Link(
                Sentence("If that was you, confirm it within 7 days:"),
                link(service, CONFIRM, mark, comment.id),
            ),
            Sentence("If it was not you, do nothing: you get no mail about it."),
        ),
        stop=stop,
        foot=(Link(Sentence("No mail like this any more:"), stop),),
        refs=refs_of(thread),
        about=site.slug,
    )


async def own_data(service: Service, notice: Notice) -> Letter | None:
    """Hand the key to what is kept of an address to who reads its mail.

    Anybody can ask for it, so it goes to nobody who wants no mail at all.
    """
    comment = await comments.find(service.database, notice.comment_id or 0)
    if comment is None or not comment.email:
        return None
    mark = mark_of(service.secret, comment.email)
    if await mail.muted(service.database, mark, scopes(0, 0)[2:]):
        return None
    stop = link(service, STOP, mark, 0, 0)
    return Letter(
        id=notice.id,
        to=comment.email,
        lang=str(json.loads(notice.data)["lang"]),
        inside=False,
        subject=Sentence("What you wrote here"),
        parts=(
            Sentence("Somebody, most likely you, asked what is kept of this address."),
            Link(
                Sentence("See it, take it with you or have it erased, within a day:"),
                data_link(service, comment.email),
            ),
            Sentence("If that was not you, do nothing: nobody but you has this link."),
        ),
        stop=stop,
        foot=(Link(Sentence("No mail like this any more:"), stop),),
    )
