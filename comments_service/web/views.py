"""Threads as HTML: what a template is given, and the headers that go with every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from comments_service.core.avatars import BOX, figure
from comments_service.core.draft import web_address
from comments_service.core.models import Record, Site, Thread, Visitor
from comments_service.core.paging import pages
from comments_service.core.policy import Policy
from comments_service.core.records import GRAVATAR, own_record, public, timestamp, tree
from comments_service.core.tree import Node
from comments_service.errors import CommentUnknown
from comments_service.language import LANGUAGES, Language
from comments_service.language import language as language_named
from comments_service.operations import reading
from comments_service.service import Service
from comments_service.web.addresses import Addresses
from comments_service.web.intake import number, page_number
from comments_service.web.own import Change, Own, own
from comments_service.web.quotes import every, quoted_by

HTML = "text/html; charset=utf-8"
_WINDOW = 2  # page numbers on each side of the one shown


def _below(replies: list[Record]) -> int:
    """Count the comments that are to be seen among replies and below them."""
    return sum(record["author"] is not None for record in every(replies))


@lru_cache
def _templates(language: Language) -> Environment:
    made = Environment(
        loader=PackageLoader("comments_service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"below": _below, "figure": figure, "timestamp": timestamp}
    made.globals["figure_box"] = BOX
    made.tests["web_address"] = web_address
    made.globals["languages"] = [language_named(code) for code in LANGUAGES]
    return language.teach(made)


def render(name: str, language: Language, **values: Any) -> bytes:
    """Return a template's page; half pairs, which no encoding has, become question marks."""
    return _templates(language).get_template(name).render(**values).encode("utf-8", "replace")


def headers(origins: Iterable[str] = (), policy: Policy | None = None) -> dict[str, str]:
    """Return the headers of a page that runs only our own files; `origins` may frame it.

    A site's `policy` says whether it shows pictures of others.
    """
    pictures = f" {GRAVATAR}" if policy and policy.avatars == "gravatar" else ""
    allowed = (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        f"img-src 'self' data:{pictures}; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    )
    allowed = " ".join([allowed, *origins])
    return {"Content-Security-Policy": allowed, "Referrer-Policy": "same-origin"}


def up(path: str) -> str:
    """Return the relative way from a path to the root: a prefix in front of it does no harm."""
    return "../" * (path.count("/") - 1) or "./"


@dataclass(frozen=True)
class View:
    """One view of a thread: a page of it, or the replies of one root past those its page shows."""

    thread: Thread
    at: Addresses
    comments: list[Record]
    page: int
    pages: int
    reasons: Mapping[str, list[str]]
    head: Record | None = None  # the root whose further replies are shown
    following: int | None = None
    own: Own = field(default_factory=Own)
    votes: bool = False  # whether readers can vote here
    mails: bool = False  # whether authors can ask for mail about replies
    quoted: Mapping[str, list[Record]] = field(default_factory=dict)  # by whom on this page, by id

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Return who wrote the comments that are to be seen, by id."""
        return {c["id"]: c["author"]["name"] for c in every(self.comments) if c["author"]}

    @property
    def loose(self) -> Change | None:
        """Return a form to change a comment that is not to be seen here."""
        change = self.own.change
        return change if change and change.id not in self.names else None

    @property
    def numbers(self) -> list[int]:
        """Return the page numbers to offer; 0 stands for a gap."""
        near = range(self.page - _WINDOW, self.page + _WINDOW + 1)
        wanted = sorted({1, self.pages, *(n for n in near if 1 <= n <= self.pages)})
        shown: list[int] = []
        for n in wanted:
            gap = n - shown[-1] if shown else 1
            shown += [n] if gap == 1 else [n - 1, n] if gap == 2 else [0, n]
        return shown


async def view(
    service: Service, site: Site, at: Addresses, query: Mapping[str, str], asker: Visitor
) -> View:
    """Return the view that an address asks for. Raises BadFields, CommentUnknown."""
    show = _further if query.get("root") else _page
    shown = await show(service, site, at, query, asker.receipts)
    quoted = quoted_by(shown.comments, at.links.base_url)
    mine = await own(service, site, shown.comments, asker, query)
    mails = service.settings.mails and site.policy.reply_mail
    return replace(shown, own=mine, votes=site.policy.votes, mails=mails, quoted=quoted)


async def _page(
    service: Service, site: Site, at: Addresses, query: Mapping[str, str], receipts: frozenset[int]
) -> View:
    thread, newest = at.thread, query.get("order") == "newest"
    last = pages(thread.floors, thread.page_size)
    asked = page_number(query.get("page"), last, "last" if newest else "first")
    found = await reading.page(service, thread, asked, receipts)
    roots = [tree(thread, root, at.links, found.own) for root in found.roots]
    return View(
        thread=thread,
        at=replace(at, view={"page": asked}, order="newest" if newest else None),
        comments=roots[::-1] if newest else roots,
        page=asked,
        pages=last,
        reasons=_reasons(thread, at, found.roots, found.own),
    )


def _reasons(
    thread: Thread, at: Addresses, nodes: list[Node], own: frozenset[int]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in nodes:
        if node.comment.id in own:
            found[str(node.comment.id)] = own_record(thread, node.comment, at.links)["reasons"]
        found |= _reasons(thread, at, node.replies, own)
    return found


async def _further(
    service: Service, site: Site, at: Addresses, query: Mapping[str, str], receipts: frozenset[int]
) -> View:
    thread, after = at.thread, number(query, "cursor", 0, 0, 2**62)
    there, root, found, following = await reading.replies(
        service, number(query, "root", 0, 1, 2**63 - 1), site, after
    )
    if there.thread_id != thread.thread_id:
        raise CommentUnknown
    head = public(there, root, at.links)
    waiting = await _waiting_below(service, site, root.id, receipts)
    return View(
        thread=there,
        at=replace(at, view={"page": head["page"], "root": root.id, "cursor": after}),
        comments=[public(there, reply, at.links) for reply in found] + waiting,
        page=head["page"],
        pages=pages(there.floors, there.page_size),
        reasons={record["id"]: record["reasons"] for record in waiting},
        head=head,
        following=following,
    )


async def _waiting_below(
    service: Service, site: Site, root_id: int, receipts: frozenset[int]
) -> list[Record]:
    """Return the asker's own waiting replies below a root, oldest first."""
    found = []
    for comment_id in sorted(receipts):
        try:
            thread, comment = await reading.resolve(service, comment_id, site, receipts)
        except CommentUnknown:
            continue
        if comment.root_id == root_id and not comment.visible:
            found.append(own_record(thread, comment, service.links(site.slug, site.policy)))
    return found
