"""Rules about how a comment came: by a program, too fast, too often, again, too late."""

from __future__ import annotations

from typing import Annotated

from comments_service.core.kinds.base import Facts, Kind, Look, Match, Params, one, whole
from comments_service.core.likeness import distance

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


class Trap(Params):
    """Nothing to choose: the field that people do not see was filled in."""


def _trap(_: Trap) -> Look:
    return lambda facts: one(bool(facts.trap.strip()), "trap_filled")


class Fast(Params):
    """Seconds from the first key to sending; where the form's script says nothing, nothing is known."""

    seconds: Annotated[int, whole(1, 600)] = 3


def _fast(params: Fast) -> Look:
    return lambda facts: one(
        facts.seconds is not None and facts.seconds < params.seconds, "filled_too_fast"
    )


MOST_TIMES = 1_000
"""So many earlier comments of a network are counted."""


class Often(Params):
    """How many comments a network may send in how many minutes."""

    most: Annotated[int, whole(1, MOST_TIMES)] = 5
    minutes: Annotated[int, whole(1, 1_440)] = 10


def _often(params: Often) -> Look:
    def look(facts: Facts) -> tuple[Match, ...]:
        since = facts.at - params.minutes * 60 * _SECOND
        return one(sum(1 for at in facts.times if at > since) >= params.most, "too_many")

    return look


class Alike(Params):
    """In how many of 64 bits two texts' likenesses may differ and still be the same text."""

    distance: Annotated[int, whole(0, 16)] = 6


def _alike(params: Alike) -> Look:
    def look(facts: Facts) -> tuple[Match, ...]:
        if not facts.simhash:  # too short to say
            return ()
        near = (distance(facts.simhash, other) <= params.distance for other in facts.likes if other)
        return one(any(near), "near_duplicate")

    return look


class Age(Params):
    """Days after which a thread is old, from its first comment."""

    days: Annotated[int, whole(1, 36_500)] = 365


def _age(params: Age) -> Look:
    def look(facts: Facts) -> tuple[Match, ...]:
        old = facts.thread_at is not None and facts.at - facts.thread_at > params.days * _DAY
        return one(old, "thread_too_old")

    return look


KINDS = {
    "trap": Kind(Trap, _trap, tried=False),
    "fast": Kind(Fast, _fast, tried=False),
    "often": Kind(Often, _often, frozenset({"times"})),
    "alike": Kind(Alike, _alike, frozenset({"likes"})),
    "age": Kind(Age, _age, frozenset({"thread"})),
}
