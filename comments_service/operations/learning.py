"""How words are learned from what moderators decide, by going through the log, and what they then tell of a comment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from comments_service.core.kinds.learned import likelihoods, tells, words_of
from comments_service.core.models import Comment
from comments_service.core.permissions import Actor
from comments_service.service import Service
from comments_service.storage import comments, learned
from comments_service.storage.database import Transaction

PIECE = 50
"""Acts that are learned from in one transaction; a post waits for no more."""
_DECIDES = ("moderator:", "token:")
_SHOWN, _LEAST_SEEN = 20, 3


async def catch_up(service: Service, pieces: int = 1) -> None:
    """Learn from the acts that nothing was learned from yet, as far as some pieces reach.

    It follows the log, so an undo unlearns, and decisions never wait for each other's words.
    """
    for _ in range(pieces):
        if not await learned.behind(service.database):
            return
        await service.database.write(_learn)


async def _learn(tx: Transaction) -> None:
    acts = await learned.acts_after(tx, await learned.lock(tx), PIECE)
    decided = {
        (thread_id, comment_id): action
        for _, thread_id, comment_id, actor, action in acts
        if comment_id and actor.startswith(_DECIDES)
    }
    more: dict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for (thread_id, comment_id), action in sorted(decided.items()):
        comment = await comments.get(tx, thread_id, comment_id)
        assert comment is not None  # what is on record is never removed
        for key, kept, spam in await _changes(tx, comment, action):
            more[key] = more[key][0] + kept, more[key][1] + spam
    await learned.count(tx, {key: more[key] for key in sorted(more) if more[key] != (0, 0)})
    if acts:
        await learned.save_place(tx, acts[-1][0])


async def _changes(
    tx: Transaction, comment: Comment, action: str
) -> list[tuple[tuple[int, str], int, int]]:
    """Store what a comment teaches as it is now, and return by how much words count more or less.

    An act that takes another one back teaches nothing: nobody has said what the comment is.
    """
    before = await learned.lesson(tx, comment)
    found = []
    if before is not None:
        found += _counted(comment, before[0], before[1], -1)
        await learned.forget_lesson(tx, comment)
    if comment.status in ("approved", "spam") and action != "undo":
        spam = comment.status == "spam"
        words = words_of(comment.body, comment.html, comment.website)
        await learned.save_lesson(tx, comment, spam, words)
        found += _counted(comment, spam, words, 1)
    return found


async def forget(tx: Transaction, comment: Comment) -> None:
    """Unlearn what a comment taught, down to its words where no other comment has them.

    The act on record by which it goes teaches nothing: whoever learns later finds it deleted.
    """
    await learned.lock(tx)
    before = await learned.lesson(tx, comment)
    if before is None:
        return
    less = {key: (kept, spam) for key, kept, spam in _counted(comment, *before, -1)}
    await learned.forget_lesson(tx, comment)
    await learned.count(tx, {key: less[key] for key in sorted(less)})
    await learned.forget_words(tx, comment.site_id, before[1])


def _counted(
    comment: Comment, spam: bool, words: Iterable[str], by: int
) -> list[tuple[tuple[int, str], int, int]]:
    kept, more = (0, by) if spam else (by, 0)
    return [((comment.site_id, word), kept, more) for word in ("", *words)]


async def of_comment(service: Service, comment: Comment) -> dict[str, float]:
    """Return for each known word of a comment how likely one with it is spam, after learning what is new."""
    await catch_up(service)
    return await of_words(service, comment)


async def of_words(service: Service, comment: Comment) -> dict[str, float]:
    """Return the same of what is learned already."""
    words = words_of(comment.body, comment.html, comment.website)
    return likelihoods(await learned.counts(service.database, comment.site_id, words))


@dataclass(frozen=True)
class Lessons:
    """What was learned: from how many comments, and the words that tell most, with how likely they are spam."""

    kept: int
    spam: int
    for_spam: list[tuple[str, float]]
    against: list[tuple[str, float]]


async def lessons(service: Service, actor: Actor, site_id: int) -> Lessons:
    """Return what was learned on a site, or on all sites of an actor."""
    await catch_up(service, 20)
    sites: Sequence[int] = [site_id] if site_id else sorted(actor.sites or [])
    if not sites and actor.sites is not None:
        return Lessons(0, 0, [], [])
    kept, spam = await learned.totals(service.database, sites)
    ways = []
    for way in (True, False):
        found = await learned.telling(service.database, sites, _LEAST_SEEN, _SHOWN, spam=way)
        likely = likelihoods({**found, "": (kept, spam)})
        wanted = [(word, p) for word, p in likely.items() if (p > 0.5) == way and tells(p)]
        ways.append(sorted(wanted, key=lambda item: item[1], reverse=way))
    return Lessons(kept, spam, *ways)
