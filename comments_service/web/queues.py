"""What a queue is asked for, by the words of an address: the same for the API and the dashboard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from comments_service.core.characters import clean_line, forbidden
from comments_service.core.draft import comment_number
from comments_service.core.filters import FIRST, Filter, Place
from comments_service.core.models import Comment
from comments_service.core.moderation import QUEUES, Queue
from comments_service.core.threads import normalised_key, thread_number
from comments_service.errors import BadFields, FieldError
from comments_service.web.sites import Sites

NAMES = ("status", "site", "thread", "author", "network", "reason", "q", "since", "until", "order")
"""What an address may say of a queue, beside `cursor`."""
_LONGEST = 200


def address(query: Mapping[str, str]) -> str:
    """Return the address of the queue's page with these words of a query, without the empty ones."""
    return "/dashboard/queue?" + urlencode({name: text for name, text in query.items() if text})


async def filter_of(sites: Sites, query: Mapping[str, str]) -> Filter:
    """Return the filter that a query names. Raises BadFields, SiteUnknown."""
    site = await sites.get(query["site"]) if query.get("site") else None
    thread_id = None
    if query.get("thread"):
        if site is None:
            raise BadFields(
                FieldError("thread", "site_missing", "Name the site that the thread is of.")
            )
        thread_id = thread_number(site.site_id, normalised_key(query["thread"][:1000]))
    return Filter(
        queue=queue_of(query),
        site_id=site.site_id if site else None,
        thread_id=thread_id,
        author=_text(query, "author"),
        network=_text(query, "network"),
        reason=_code(query),
        text=query.get("q", "").strip(),  # any text is a query, see core.search
        since=_moment(query, "since"),
        until=_moment(query, "until", end=True),
    )


def queue_of(query: Mapping[str, str]) -> Queue:
    """Return the queue a query names. Raises BadFields."""
    text = query.get("status") or "pending"
    for name in QUEUES:
        if text == name:
            return name
    raise BadFields(FieldError("status", "status_invalid", f"Choose one of {', '.join(QUEUES)}."))


def _text(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "")
    if forbidden(text) or len(text) > _LONGEST:
        sentence = f"Send text of at most {_LONGEST} characters."
        raise BadFields(FieldError(name, "too_long", sentence))
    return clean_line(text)


def _code(query: Mapping[str, str]) -> str:
    text = query.get("reason", "")
    if text and not re.fullmatch(r"[a-z_]{1,64}", text):
        raise BadFields(FieldError("reason", "reason_invalid", "Send the code of a reason."))
    return text


def _moment(query: Mapping[str, str], name: str, *, end: bool = False) -> int | None:
    """Return microseconds of a day or time; a day's end is the beginning of the next one."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == 10 and end:
            moment += timedelta(days=1)
        seconds = (
            moment if moment.tzinfo else datetime.fromisoformat(f"{moment}+00:00")
        ).timestamp()
    except (ValueError, OverflowError):
        sentence = "Send a day as 2026-11-26, or a time as 2026-11-26T20:15:00Z."
        raise BadFields(FieldError(name, "time_invalid", sentence)) from None
    return int(seconds * 1_000_000)


def place_of(comment: Comment) -> str:
    """Return the cursor that leads past a comment of a queue."""
    return f"{comment.created_at}-{comment.id}"


def after(query: Mapping[str, str]) -> Place:
    """Return the place that a cursor names. Raises BadFields."""
    text = query.get("cursor", "")
    if not text:
        return FIRST
    at, _, comment_id = text.partition("-")
    pair = comment_number(at), comment_number(comment_id)
    if pair[0] is None or pair[1] is None:
        raise BadFields(
            FieldError("cursor", "cursor_invalid", "Send the 'next' of an earlier answer.")
        )
    return pair[0], pair[1]


def oldest(query: Mapping[str, str]) -> bool:
    """Say whether the oldest are wanted first. Raises BadFields."""
    text = query.get("order", "")
    if text not in ("", "newest", "oldest"):
        raise BadFields(FieldError("order", "order_invalid", "Choose newest or oldest."))
    return text == "oldest"
