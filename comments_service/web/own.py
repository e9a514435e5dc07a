"""One's own comments: which of those on a page may still be changed, and the forms to do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from comments_service.core.draft import Preview, comment_number
from comments_service.core.models import Record, Site, Visitor
from comments_service.core.records import timestamp
from comments_service.core.rendered import Rendered
from comments_service.errors import BadFields, CommentUnknown, Refused
from comments_service.operations import commenting, reading
from comments_service.operations.commenting import OWN_WINDOW
from comments_service.service import Service
from comments_service.web.context import Web
from comments_service.web.intake import parsed
from comments_service.web.quotes import every

ACTS = ("edit", "delete")


@dataclass(frozen=True)
class Change:
    """A form by which an author edits or deletes a comment; `problem` says why it came back."""

    id: str
    act: str
    body: str = ""
    problem: str = ""
    preview: Rendered | None = None


@dataclass(frozen=True)
class Own:
    """What is the asker's own, by id: until when which may be changed (RFC 3339), and the form for it."""

    ids: frozenset[str] = frozenset()
    until: Mapping[str, str] = field(default_factory=dict)
    change: Change | None = None


def until(created_at: str) -> str:
    """Return the end of the time in which an author may change a comment."""
    micros = int(datetime.fromisoformat(created_at).timestamp() * 1e6)
    return timestamp(micros + OWN_WINDOW) or ""


async def own(
    service: Service, site: Site, shown: Iterable[Record], asker: Visitor, query: Mapping[str, str]
) -> Own:
    """Return what of a page is the asker's own, with the form that an address asks for."""
    if not asker.receipts:
        return Own()
    now = timestamp(service.clock()) or ""
    mine = (c for c in every(shown) if int(c["id"]) in asker.receipts and c.get("author"))
    ends = {c["id"]: until(c["created_at"]) for c in mine}
    open_still = {comment_id: end for comment_id, end in ends.items() if end > now}
    ids = frozenset(ends)
    for act in ACTS:
        if query.get(act) in open_still:
            number = int(query[act])
            _, comment = await reading.resolve(service, number, site, asker.receipts)
            return Own(ids, open_still, Change(query[act], act, comment.body))
    return Own(ids, open_still)


async def carry_out(
    web: Web, site: Site, values: Mapping[str, Any], asker: Visitor
) -> tuple[Change, Refused | None]:
    """Do what an author's form asks: edit, delete or preview; what is refused comes back with why."""
    act = str(values.get("own"))
    change = Change(str(values.get("comment") or ""), act, str(values.get("body") or ""))
    try:
        number = comment_number(change.id)
        if number is None or act not in ACTS:
            raise CommentUnknown
        if act == "delete":
            await commenting.delete_comment(web.service, site, number, asker)
            return change, None
        body = parsed(Preview, {"body": change.body}).body
        if "preview" in values:
            web.previews.admit(asker.address)
            return replace(change, preview=await web.service.render(body)), None
        web.posts.admit(asker.address)
        await commenting.edit_comment(web.service, site, number, body, asker)
    except Refused as error:
        fields = error.errors if isinstance(error, BadFields) else ()
        sentence = next((item.message for item in fields), error.sentence)
        return replace(change, problem=sentence), error
    return change, None
