"""What mail to moderators says, as things are when it leaves; None where there is nothing to say any more."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from comments_service.core.accounts import Moderator
from comments_service.core.filters import Filter
from comments_service.core.letters import Letter, Link, Part, Quote, named
from comments_service.core.mailing import Choice, default, mark_of, scopes
from comments_service.core.models import Comment, Site
from comments_service.core.moderation import Action
from comments_service.core.notices import Notice
from comments_service.core.permissions import ROLES
from comments_service.core.rules import IN_WORDS
from comments_service.core.sentence import Note
from comments_service.operations import letters
from comments_service.operations.letters import place, refs_of, shortened, title_of
from comments_service.operations.mail_links import ACT, CONFIRM, STOP, link
from comments_service.service import Service
from comments_service.storage import comments, mail, people, queue, sites

_LISTED = 20  # comments that a digest names
_LISTED_EXCERPT = 200
_OFFERED: tuple[tuple[Action, Note], ...] = (
    ("approve", Note("Approve it:")),
    ("spam", Note("Mark it as spam:")),
    ("delete", Note("Delete it:")),
)


async def letter_of(service: Service, notice: Notice) -> Letter | None:
    """Return what a notice says by mail, None where that has become needless."""
    if notice.kind == "confirm":
        return await (letters.confirmation if notice.comment_id else account)(service, notice)
    return await _MAKERS[notice.kind](service, notice)


async def account(service: Service, notice: Notice) -> Letter | None:
    """Ask who reads an address's mail whether a moderator's account is theirs."""
    data = json.loads(notice.data)
    one = await people.moderator(service.database, int(data["moderator"]))
    if one is None:
        return None
    mark = mark_of(service.secret, one.email)
    return Letter(
        id=notice.id,
        to=one.email,
        lang=str(data["lang"]),
        inside=True,
        subject=Note("Confirm your address"),
        parts=(
            Note(
                "You have an account to moderate comments, and asked to have this address confirmed."
            ),
            Link(Note("Confirm it within 7 days:"), link(service, CONFIRM, mark, 0)),
            Note("If that was not you, do nothing."),
        ),
        stop=link(service, STOP, mark, 0, 0),
    )


async def _reader(service: Service, notice: Notice) -> tuple[Moderator, Site, Choice] | None:
    """Return the moderator to whom a notice goes, as far as they still want it and may see it."""
    data, db = json.loads(notice.data), service.database
    one = await people.moderator(db, int(data["moderator"]))
    site = await sites.by_id(db, notice.site_id)
    if one is None or site is None:
        return None
    if one.on_sites is not None and site.site_id not in one.on_sites:
        return None
    mark = mark_of(service.secret, one.email)
    chosen = (await mail.choices(db, one.moderator_id)).get(site.site_id)
    choice = chosen or default(one.moderator_id, site.site_id)
    refused = await mail.muted(db, mark, scopes(0, site.site_id))
    if choice.pace == "never" or refused or not await mail.confirmed(db, mark):
        return None
    return one, site, choice


def _foot(service: Service, one: Moderator, site: Site) -> tuple[str, tuple[Part, ...]]:
    stop = link(service, STOP, mark_of(service.secret, one.email), 0, site.site_id)
    return stop, (
        Note("You get this mail because you moderate %(site)s.", site=site.slug),
        Link(Note("Choose how often:"), f"{service.settings.public_url}/dashboard/mail"),
        Link(Note("No more mail about this site, or at all:"), stop),
    )


async def moderation(service: Service, notice: Notice) -> Letter | None:
    """Tell a moderator of one new comment, with links that decide on just this version of it."""
    found = await _reader(service, notice)
    comment = await comments.find(service.database, notice.comment_id or 0)
    if found is None or comment is None or comment.status not in ("pending", "approved"):
        return None
    one, site, choice = found
    if comment.status == "approved" and choice.about != "all":
        return None
    _, thread = await place(service, comment)
    waits, title = comment.status == "pending", title_of(thread)
    stop, foot = _foot(service, one, site)
    names = {"name": named(comment.name), "title": title}
    subject = (
        Note("%(name)s's comment waits: %(title)s", **names)
        if waits
        else Note("%(name)s wrote: %(title)s", **names)
    )
    return Letter(
        id=notice.id,
        to=one.email,
        lang=choice.lang,
        inside=True,
        subject=subject,
        parts=(
            Note("%(name)s wrote on “%(title)s”:", **names),
            Quote(comment.body),
            *_reasons(comment),
            *_links(service, one, comment),
            Link(
                Note("Look at it in the dashboard:"),
                f"{service.settings.public_url}/dashboard/queue?id={comment.id}",
            ),
        ),
        stop=stop,
        foot=foot,
        refs=refs_of(thread, *([comment.parent_id] if comment.parent_id else [])),
        about=site.slug,
    )


def _reasons(comment: Comment) -> list[Part]:
    codes = [item["code"] for item in json.loads(comment.reasons)]
    return [IN_WORDS.get(code, code) for code in codes] if comment.status == "pending" else []


def _links(service: Service, one: Moderator, comment: Comment) -> list[Part]:
    if "decide" not in ROLES[one.role]:
        return []
    return [
        Link(label, link(service, ACT, one.moderator_id, comment.id, comment.version, action))
        for action, label in _OFFERED
        if action in comment.actions
    ]


async def digest(service: Service, notice: Notice) -> Letter | None:
    """Tell a moderator what waits, or what is new, at the end of an hour or a day."""
    found = await _reader(service, notice)
    if found is None:
        return None
    one, site, choice = found
    since = int(json.loads(notice.data)["since"])
    wanted = Filter("pending", site_id=site.site_id)
    if choice.about == "all":
        wanted = Filter("all", site_id=site.site_id, since=since)
    newest = await queue.page(service.database, wanted, 2 * _LISTED)
    listed = [each for each in newest if each.status in ("pending", "approved")][: _LISTED + 1]
    if not listed:
        return None
    stop, foot = _foot(service, one, site)
    many = f"{_LISTED}+" if len(listed) > _LISTED else str(len(listed))
    subject = (
        Note("Comments on %(site)s: %(number)s new", site=site.slug, number=many)
        if choice.about == "all"
        else Note("Comments on %(site)s: %(number)s wait", site=site.slug, number=many)
    )
    parts: list[Part] = []
    for comment in listed[:_LISTED]:
        parts += await _listed(service, comment)
    address = f"{service.settings.public_url}/dashboard/queue?site={site.slug}"
    parts.append(Link(Note("All in the dashboard:"), address))
    return Letter(
        notice.id, one.email, choice.lang, True, subject, tuple(parts), stop, foot, (), site.slug
    )


async def _listed(service: Service, comment: Comment) -> list[Part]:
    _, thread = await place(service, comment)
    names = {"name": named(comment.name), "title": title_of(thread)}
    address = f"{service.settings.public_url}/dashboard/queue?id={comment.id}"
    return [
        Link(Note("%(name)s wrote on “%(title)s”:", **names), address),
        Quote(shortened(comment.body, _LISTED_EXCERPT)),
    ]


_MAKERS: dict[str, Callable[[Service, Notice], Awaitable[Letter | None]]] = {
    "reply": letters.reply,
    "moderate": moderation,
    "digest": digest,
    "data": letters.own_data,
}
