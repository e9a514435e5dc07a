"""What there is to know about one comment before deciding on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from comments_service.core.kinds.learned import tells
from comments_service.core.links import links_of
from comments_service.core.marks import Change, difference
from comments_service.core.models import Comment, Entry
from comments_service.core.permissions import Actor
from comments_service.core.rules import Rule, RuleAction
from comments_service.operations import learning, moderating, ruling
from comments_service.operations.moderating import QueueItem
from comments_service.service import Service
from comments_service.storage import authors, comments, reports, rules
from comments_service.storage.authors import Trace
from comments_service.storage.reports import Reported
from comments_service.storage.revisions import Revision

_TRACES = 200  # comments of an author that are looked at
_ANCESTORS, _REPORTS, _WORDS = 10, 50, 12


@dataclass(frozen=True)
class Author:
    """What the author's address and network tell of other comments; nothing here is proof."""

    counts: Counter[str]  # of other comments, by status; `whole` says whether these are all
    names: list[str]  # other names used
    first_at: int
    whole: bool


@dataclass(frozen=True)
class Edit:
    """What one edit changed, who made it and when."""

    actor: str
    at: int
    changes: list[tuple[Change, str]]


@dataclass(frozen=True)
class Dossier:
    """One comment with all that helps to judge it; ancestors from the root down to its parent."""

    item: QueueItem
    ancestors: list[Comment]
    author: Author
    links: list[tuple[str, str]]
    edits: list[Edit]
    acts: list[Entry]
    reports: list[Reported]
    shadow: list[tuple[Rule, RuleAction]]
    words: list[tuple[str, float]]  # those that tell most, with how likely they are spam


async def dossier(service: Service, actor: Actor, comment_id: int) -> Dossier | None:
    """Return all about a comment, or None where the actor may not see it."""
    for item in await moderating.item(service, actor, comment_id):
        comment = item.comment
        return Dossier(
            item,
            await _ancestors(service, comment),
            await author(service, actor, comment),
            links_of(comment.html, comment.website),
            edits(comment, await moderating.former_texts(service, comment)),
            await moderating.history(service, comment),
            await reports.of_comment(service.database, comment, _REPORTS),
            await _in_shadow(service, comment),
            await _words(service, comment),
        )
    return None


async def _in_shadow(service: Service, comment: Comment) -> list[tuple[Rule, RuleAction]]:
    """Return which rules in shadow would have done what with a comment as it is."""
    hits = await rules.of_comment(service.database, comment)
    found = [(await rules.get(service.database, number), act) for number, act, dark in hits if dark]
    return [(rule, action) for rule, action in found if rule]


async def _words(service: Service, comment: Comment) -> list[tuple[str, float]]:
    """Return what the words of a comment tell, where a rule that learns is asked on its site."""
    asked = await ruling.of_site(service, comment.site_id)
    if not any("learned" in each.needs for each in asked):
        return []
    known = await learning.of_words(service, comment)
    telling = sorted(
        (item for item in known.items() if tells(item[1])), key=lambda item: -abs(item[1] - 0.5)
    )[:_WORDS]
    return sorted(telling, key=lambda item: -item[1])


async def author(service: Service, actor: Actor, comment: Comment) -> Author:
    """Return what else the author of a comment may have written."""
    found = await authors.traces(service.database, comment, actor.sites, _TRACES)
    return of_traces(comment, found)


def of_traces(comment: Comment, found: Sequence[Trace]) -> Author:
    """Return what traces of an author tell beside the comment at hand."""
    others = [trace for trace in found if trace.id != comment.id]
    names = dict.fromkeys(trace.name for trace in others if trace.name != comment.name)
    return Author(
        Counter(trace.status for trace in others),
        list(names),
        min([comment.created_at, *(trace.created_at for trace in others)]),
        len(found) < _TRACES,
    )


def edits(comment: Comment, former: Sequence[Revision]) -> list[Edit]:
    """Return what each edit of a comment changed, the oldest first."""
    texts = [*(revision.body for revision in former), comment.body]
    return [
        Edit(revision.actor, revision.at, difference(revision.body, after))
        for revision, after in zip(former, texts[1:], strict=True)
    ]


async def _ancestors(service: Service, comment: Comment) -> list[Comment]:
    """Return what a comment answers, from the top down; of a long chain the nearest."""
    line: list[Comment] = []
    while comment.parent_id is not None and len(line) < _ANCESTORS:
        parent = await comments.get(service.database, comment.thread_id, comment.parent_id)
        assert parent is not None  # a foreign key says so
        comment = parent
        line.append(parent)
    return line[::-1]
