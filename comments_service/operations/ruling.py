"""How the rules are asked about a comment, and how what they say is carried out and kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from pydantic import ValidationError

from comments_service.core.draft import Draft
from comments_service.core.folding import skeleton
from comments_service.core.kinds.base import Facts, Need
from comments_service.core.kinds.behaviour import MOST_TIMES
from comments_service.core.models import Comment, Site, Thread, Visitor
from comments_service.core.rules import IN_WORDS, Asked, Rule, Verdict, prepared, screen
from comments_service.errors import Banned, RefusedByRule, Unavailable
from comments_service.operations import checking, following, learning
from comments_service.operations.transitions import move
from comments_service.service import Service
from comments_service.storage import comments, people, rules, threads
from comments_service.storage.database import Transaction

NEWEST = 300
"""So many of the newest comments are compared with a new one."""
_DAY = 86_400 * 1_000_000

T = TypeVar("T")
_apart = ThreadPoolExecutor(2, thread_name_prefix="patterns")
_log = logging.getLogger("comments_service")


@dataclass(frozen=True)
class Sent:
    """What of a submission is not kept with the comment; an edit has nothing of it."""

    trap: str = ""
    seconds: float | None = None

    @classmethod
    def of(cls, draft: Draft) -> Sent:
        """Return that of a draft."""
        return cls(draft.trap, draft.seconds)


async def of_site(service: Service, site_id: int) -> list[Asked]:
    """Return the rules that are asked on a site, in order, ready to be asked."""
    book, now = service.rulebook, await rules.counter(service.database)
    if book.counter != now:
        found = [_ready(rule) for rule in await rules.every(service.database)]
        book.asked = tuple(asked for asked in found if asked)
        book.counter = now
    return [asked for asked in book.asked if asked.rule.site_id in (0, site_id)]


def _ready(rule: Rule) -> Asked | None:
    """Return a rule ready to be asked; one that an older or newer release wrote may not be."""
    if rule.state not in ("on", "shadow"):
        return None
    try:
        return prepared(rule)
    except (KeyError, ValidationError):
        _log.warning("rule %s of kind %s can't be asked", rule.rule_id, rule.kind)
        return None


async def verdict(
    service: Service, site: Site, comment: Comment, visitor: Visitor, sent: Sent | None = None
) -> Verdict:
    """Return what the rules say of a comment; `sent` is None where it is an edit.

    Asked before the transaction, which names one thread only.
    """
    asked = await of_site(service, site.site_id)
    own = await comments.find_many(service.database, sorted(visitor.receipts))
    shown = any(each.visible for each in own)
    needs = frozenset[Need]().union(*(each.needs for each in asked))
    facts = replace(
        facts_of(comment),
        mode=site.policy.moderation or service.settings.moderation,
        proven=shown or await following.trusted(service, comment.email, visitor.receipts),
        at=service.clock(),
        address=visitor.address,
        trap=sent.trap if sent else "",
        seconds=sent.seconds if sent else None,
    )
    facts = await looked_up(service, facts, comment, needs, new=sent is not None)
    if "checker" in needs and not await _settled(facts, asked):
        facts = replace(facts, checked=await checking.asked(service, site, comment))
    return await screened(facts, asked)


async def screened(facts: Facts, asked: Sequence[Asked]) -> Verdict:
    """Return the verdict of rules; where patterns are among them, others are answered meanwhile."""
    slow = any(each.patterned for each in asked)
    return await apart(lambda: screen(facts, asked)) if slow else screen(facts, asked)


async def apart(work: Callable[[], T]) -> T:
    """Do what matches patterns, which leaves the interpreter to others, in a thread of its own."""
    return await asyncio.get_running_loop().run_in_executor(_apart, work)


async def _settled(facts: Facts, asked: Sequence[Asked]) -> bool:
    """Say whether a rule before the checker's decides: then nobody outside is asked."""
    place = next(at for at, each in enumerate(asked) if "checker" in each.needs)
    hits = (await screened(facts, asked[:place])).hits
    return any(not hit.shadow for hit in hits)


def facts_of(comment: Comment) -> Facts:
    """Return what a comment itself tells."""
    return Facts(
        name=comment.name,
        email=comment.email,
        website=comment.website,
        body=comment.body,
        html=comment.html,
        address=comment.address,
        at=comment.created_at,
        simhash=comment.simhash,
    )


async def looked_up(
    service: Service, facts: Facts, comment: Comment, needs: frozenset[Need], *, new: bool
) -> Facts:
    """Return facts with what some rules need to have looked up; an edit is not sent too often or too late."""
    db = service.database
    if "times" in needs and new:
        since = facts.at - _DAY
        found = await rules.times(db, comment.network, comment.id, since, MOST_TIMES)
        facts = replace(facts, times=tuple(found))
    if "likes" in needs:
        facts = replace(facts, likes=tuple(await rules.likenesses(db, comment.id, NEWEST)))
    if "moderators" in needs:
        facts = replace(facts, moderators=await moderators(service))
    if "thread" in needs and new:
        thread = await threads.get(db, comment.thread_id)
        facts = replace(facts, thread_at=thread.created_at if thread else None)
    if "learned" in needs:
        facts = replace(facts, learned=await learning.of_comment(service, comment))
    return facts


async def moderators(service: Service) -> frozenset[str]:
    """Return the names of all moderators, as look-alikes are compared with them."""
    known = await people.every_moderator(service.database)
    return frozenset(skeleton(one.name) for one, _ in known) - {""}


def of_an_edit(said: Verdict) -> Verdict:
    """Return what becomes of an edit: what would be spam waits, for its author was let in before.

    Raises RefusedByRule: then nothing changes.
    """
    refusal = rejection(said)
    if refusal is not None:
        raise refusal
    return replace(said, status="pending") if said.status == "spam" else said


def rejection(said: Verdict) -> RefusedByRule | None:
    """Return the refusal of what rules reject, with what they found in words."""
    if said.status != "rejected":
        return None
    code = said.reasons[0].code
    return (Banned if code == "banned" else RefusedByRule)(IN_WORDS.get(code))


async def obey(
    tx: Transaction, thread: Thread, comment: Comment, said: Verdict, at: int
) -> tuple[Thread, Comment]:
    """Store what the rules said of a comment: its status, the reasons, the hits."""
    reasons = json.dumps([asdict(reason) for reason in said.reasons])
    await keep_hits(tx, comment, said, at)
    return await move(tx, thread, replace(comment, reasons=reasons), said.status, at)


async def keep_hits(tx: Transaction, comment: Comment, said: Verdict, at: int) -> None:
    """Keep the hits of a verdict on a version of a comment."""
    await rules.add_hits(tx, comment, said.hits, at)


async def count(service: Service, comment: Comment, said: Verdict) -> None:
    """Count the hits of what was rejected; where the database is gone, nobody needs to know."""
    with contextlib.suppress(Unavailable):
        await service.database.write(
            lambda tx: rules.add_hits(tx, comment, said.hits, service.clock())
        )
