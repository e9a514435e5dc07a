"""What a rule would have said of past comments, before it acts, and what it does with those that wait."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from comments_service.core.filters import FIRST
from comments_service.core.kinds.base import Facts, Look, Match
from comments_service.core.models import Comment
from comments_service.core.moderation import Action
from comments_service.core.permissions import Actor
from comments_service.core.rules import KINDS, Rule, RuleAction, patterned
from comments_service.errors import NotPermitted
from comments_service.operations import deciding, learning, regulating
from comments_service.operations.deciding import Ask, Outcome
from comments_service.operations.permitting import need
from comments_service.operations.ruling import NEWEST, apart, facts_of, moderators
from comments_service.service import Service
from comments_service.storage import rules, threads

LOOKED, SAMPLE = 2_000, 20
"""So many of the newest comments are looked at, and so many of those caught are shown."""
_PIECE = 50  # comments that others wait for


@dataclass(frozen=True)
class Caught:
    """A past comment of which a rule would have had something to say."""

    comment: Comment
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class Trial:
    """What a rule would have said of the newest comments; `whole`: these are all there are.

    `possible` is False where what the rule looks at is not kept.
    """

    looked: int
    caught: tuple[Caught, ...]
    whole: bool
    possible: bool = True

    @property
    def counts(self) -> Counter[str]:
        """How many were caught, by what became of them."""
        return Counter(each.comment.status for each in self.caught)

    @property
    def sample(self) -> tuple[Caught, ...]:
        """The newest of those caught."""
        return self.caught[:SAMPLE]


async def attempt(
    service: Service,
    actor: Actor,
    kind: str,
    params: Mapping[str, Any],
    site_id: int = 0,
    status: str = "",
) -> Trial:
    """Try a rule on past comments of a site, or of all the actor's; nothing is written.

    Raises NotPermitted, BadFields.
    """
    if "read" not in actor.may or (site_id and not actor.on_site(site_id)):
        raise NotPermitted
    regulating.checked(kind, params)
    if not KINDS[kind].tried:
        return Trial(0, (), whole=False, possible=False)
    look = KINDS[kind].look(KINDS[kind].params.model_validate(dict(params)))
    slow = patterned(params)
    sites = [site_id] if site_id else sorted(actor.sites or [0]) if actor.sites is not None else []
    found = await rules.newest(service.database, sites, FIRST, LOOKED, status)
    caught = await _caught(service, look, KINDS[kind].needs, found[::-1], slow=slow)
    return Trial(len(found), tuple(caught[::-1]), len(found) < LOOKED)


async def _caught(
    service: Service, look: Look, needs: frozenset[str], found: Sequence[Comment], *, slow: bool
) -> list[Caught]:
    """Return what a rule says of comments, the oldest first, each asked as if those behind it were not there."""
    past, caught = await _Past.of(service, needs, found), []
    if "learned" in needs:
        await learning.catch_up(service, 20)
    for number, comment in enumerate(found):
        if number % _PIECE == 0:
            await asyncio.sleep(0)  # others want to be answered
        facts = past.facts(comment)
        if "learned" in needs:
            facts = replace(facts, learned=await learning.of_words(service, comment))
        matches = await apart(partial(look, facts)) if slow else look(facts)
        if matches:
            caught.append(Caught(comment, matches))
    return caught


class _Past:
    """Tells of each comment what was known when it came, as far as that is kept."""

    def __init__(self, moderators: frozenset[str], begun: Mapping[int, int]) -> None:
        self._moderators, self._begun = moderators, begun
        self._times: dict[str, deque[int]] = defaultdict(lambda: deque(maxlen=1_000))
        self._likes: deque[int] = deque(maxlen=NEWEST)

    @classmethod
    async def of(cls, service: Service, needs: frozenset[str], found: Sequence[Comment]) -> _Past:
        """Return what has to be looked up for some needs."""
        names = await moderators(service) if "moderators" in needs else frozenset[str]()
        begun: dict[int, int] = {}
        numbers = sorted({comment.thread_id for comment in found}) if "thread" in needs else []
        for at in range(0, len(numbers), 200):
            known = await threads.get_many(service.database, numbers[at : at + 200])
            begun |= {number: thread.created_at for number, thread in known.items()}
        return cls(names, begun)

    def facts(self, comment: Comment) -> Facts:
        """Return what was known of a comment, and remember it for those behind."""
        times = self._times[comment.network or comment.address]
        facts = replace(
            facts_of(comment),
            times=tuple(reversed(times)),
            likes=tuple(reversed(self._likes)),
            moderators=self._moderators,
            thread_at=self._begun.get(comment.thread_id),
        )
        times.append(comment.created_at)
        if comment.simhash and comment.status != "deleted":
            self._likes.append(comment.simhash)
        return facts


_DOES: dict[RuleAction, Action] = {"spam": "spam", "reject": "reject", "publish": "approve"}


async def apply(
    service: Service, actor: Actor, rule: Rule, batch: str = ""
) -> tuple[str, list[Outcome]]:
    """Decide on what waits as a rule would have, in one batch that can be undone.

    A rule that holds changes nothing. Raises NotPermitted.
    """
    need(actor, "decide", rule.site_id)
    batch, action = batch or deciding.batch_of(service, actor), _DOES.get(rule.action)
    if action is None:
        return batch, []
    trial = await attempt(service, actor, rule.kind, rule.chosen, rule.site_id, "pending")
    asks = [Ask(c.comment.id, c.comment.version, action, rule.note) for c in trial.caught]
    outcomes: list[Outcome] = []
    for at in range(0, len(asks), deciding.PIECE):
        piece = asks[at : at + deciding.PIECE]
        outcomes += (await deciding.decide(service, actor, piece, batch))[1]
    return batch, outcomes
