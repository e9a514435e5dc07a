"""The comment form as a person sees it: what was typed, what is wrong with it, what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from comments_service.core.characters import with_line_feeds
from comments_service.core.draft import BODY, EMAIL, NAME, WEBSITE, comment_number
from comments_service.core.models import Comment, Site, Thread
from comments_service.core.rendered import Rendered
from comments_service.errors import BadFields, CommentUnknown, ParentUnknown, Refused
from comments_service.operations import reading
from comments_service.service import Service

LONGEST = {"name": NAME, "email": EMAIL, "website": WEBSITE, "body": BODY}
"""What the fields of the form take."""
_CARRIED = (*LONGEST, "url", "title", "notify")


@dataclass(frozen=True)
class Form:
    """A form to be shown; `sent` when it came back from a person, who then must lose nothing."""

    values: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(_CARRIED, ""))
    parent: Comment | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    preview: Rendered | None = None
    notices: tuple[str, ...] = ()
    sent: bool = False


def carried(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what a form keeps of the fields that arrived, with line ends of one character."""
    return {name: with_line_feeds(str(values.get(name) or "")) for name in _CARRIED}


async def fresh(service: Service, site: Site, thread: Thread, query: Mapping[str, str]) -> Form:
    """Return the form that an address asks for: empty, for a reply, or with a quotation."""
    form = Form(carried({"url": query.get("url"), "title": query.get("title")}))
    for name in ("replyTo", "quote"):
        wanted = query.get(name)
        if not wanted:
            continue
        found = await answered(service, site, thread, wanted)
        if found is None:
            form = replace(form, notices=(*form.notices, f"{name}_unknown"))
        elif name == "replyTo":
            form = replace(form, parent=found)
        else:
            form = replace(form, values={**form.values, "body": quotation(service, site, found)})
    return form


async def answered(service: Service, site: Site, thread: Thread, text: str) -> Comment | None:
    """Return the comment of a thread that readers see under this id, or None."""
    number = comment_number(text)
    if number is None:
        return None
    try:
        there, found = await reading.resolve(service, number, site)
    except CommentUnknown:
        return None
    return found if there.thread_id == thread.thread_id else None


def quotation(service: Service, site: Site, comment: Comment) -> str:
    """Return a comment's source as a quotation, byte for byte, with author and address below."""
    quoted = "".join(f"> {line}\n" for line in comment.body.split("\n"))
    link = service.links(site.slug, site.policy).permalink(comment.id)
    return f"{quoted}>\n> — {comment.name}, {link}\n\n"


def refused(form: Form, error: Refused) -> Form:
    """Return the form with what was refused and why, and everything typed still there."""
    if isinstance(error, BadFields):
        errors = {item.field: item.message for item in error.errors}
        return replace(form, errors=errors, problem=error.sentence)
    if isinstance(error, ParentUnknown):
        # The words may stand without it: the next press posts them as a comment of their own.
        return replace(form, parent=None, problem=error.sentence, notices=("parent_dropped",))
    return replace(form, problem=error.sentence)
