"""Figures of a site's moderation: what arrives, how long it waits, what is decided, which rules err."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

DAY = 86_400_000_000
"""Microseconds of a day."""
PERIODS = (7, 30, 90, 365)
"""How many days figures may be asked for."""
_WEEKLY = 100  # from so many days on, a column is a week

_AGAINST = {
    "publish": {"pending", "spam", "rejected", "deleted"},
    "hold": {"approved"},
    "spam": {"approved", "pending"},
    "reject": {"approved", "pending"},
}
"""What people leave a comment at against a rule, by what that does."""
_IMPORT = "import"  # what was waiting elsewhere: when it was there for us to decide nobody knows


@dataclass(frozen=True, slots=True)
class Period:
    """Some days in UTC, today the last of them; days are counted from 1970."""

    days: int
    last: int

    @classmethod
    def until(cls, now: int, days: int) -> Period:
        """Return the last days up to a moment in microseconds."""
        return cls(days, now // DAY)

    @property
    def first(self) -> int:
        """Return the first day."""
        return self.last - self.days + 1

    @property
    def since(self) -> int:
        """Return when it begins, in microseconds."""
        return self.first * DAY

    @property
    def step(self) -> int:
        """Return how many days a column stands for."""
        return 7 if self.days >= _WEEKLY else 1

    def columns(self) -> list[range]:
        """Return the days of each column; the last is whole, the first has what is left."""
        starts = range(self.last + 1, self.first, -self.step)
        return [range(max(self.first, end - self.step), end) for end in starts][::-1]


@dataclass(frozen=True, slots=True)
class Act:
    """What a person or a rule did to a comment, and since when that had waited; times in microseconds."""

    at: int
    actor: str
    comment_id: int
    action: str
    before: str
    after: str
    rule: str  # of those that had decided before: 'ID:VERSION', parted by spaces
    since: int

    @property
    def rules(self) -> frozenset[str]:
        """Return the rules by name."""
        return _names(self.rule)

    @property
    def by_rule(self) -> str:
        """Return the rule that did it, '' where a person did."""
        kind, _, name = self.actor.partition(":")
        return name if kind == "rule" else ""

    @property
    def waited(self) -> int | None:
        """Return how long the comment waited for this act, None where it did not."""
        ends = self.before == "pending" != self.after and self.action != "undo"
        known = ends and not self.by_rule and _IMPORT not in self.rules
        return max(0, self.at - self.since) if known else None


@lru_cache
def _names(rule: str) -> frozenset[str]:
    return frozenset(text.rpartition(":")[0] for text in rule.split())


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long comments waited, in microseconds: for half of them, and for 95 of 100, at most so long."""

    count: int
    p50: int | None
    p95: int | None

    @classmethod
    def of(cls, waits: Iterable[int]) -> Waiting:
        """Return the figures of some waits."""
        ordered = sorted(waits)
        return cls(len(ordered), percentile(ordered, 50), percentile(ordered, 95))


@dataclass(frozen=True, slots=True)
class Column:
    """What happened on some days: arrivals, acts by name, waits that ended."""

    days: range
    comments: int
    acts: Mapping[str, int]
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a rule did: comments it kept from readers, those decided since, and how many against it."""

    rule: str
    held: int
    share: float | None  # of all that arrived
    decided: int
    overturned: int

    @property
    def rate(self) -> float | None:
        """Return the share of decisions that were against the rule."""
        return self.overturned / self.decided if self.decided else None


def percentile(ordered: Sequence[int], hundredths: int) -> int | None:
    """Return the least value that so many hundredths of all don't exceed; None where there are none."""
    return ordered[math.ceil(len(ordered) * hundredths / 100) - 1] if ordered else None


def columns(
    period: Period,
    comments: Mapping[int, int],
    decisions: Mapping[tuple[int, str], int],
    acts: Iterable[Act],
) -> list[Column]:
    """Return the columns of a period, from numbers by day; a day without any is 0."""
    waits, done = defaultdict[int, list[int]](list), defaultdict[int, Counter[str]](Counter)
    for act in acts:
        if act.waited is not None:
            waits[act.at // DAY].append(act.waited)
    for (day, action), number in decisions.items():
        done[day][action] = number
    return [
        Column(
            days,
            sum(comments.get(day, 0) for day in days),
            sum((done[day] for day in days), Counter()),
            Waiting.of(wait for day in days for wait in waits[day]),
        )
        for days in period.columns()
    ]


def named(held: Iterable[tuple[int, int, str]], acts: Iterable[Act]) -> set[str]:
    """Return the rules that held comments have as reasons, and those that had decided before acts."""
    reasons = {rule for _, _, text in held for rule in _reasons(text)}
    return reasons.union(*(act.rules for act in acts))


def ruled(
    arrived: int,
    held: Iterable[tuple[int, int, str]],
    acts: Sequence[Act],
    does: Mapping[str, str] | None = None,
) -> list[Ruled]:
    """Return what each rule did, the one that held most first.

    `held` are the comments kept back at their arrival: time, id, reasons as JSON. `acts` are the
    newest first: what people left a comment at is what they say of the rules. `does` is the action
    of each rule, 'hold' where none is named.
    """
    kept = defaultdict[str, set[int]](set)
    for _, comment_id, reasons in held:
        for rule in _reasons(reasons):
            kept[rule].add(comment_id)
    for act in acts:
        if act.by_rule and act.after != "approved":
            kept[act.by_rule].add(act.comment_id)
    decided, overturned = _judged(acts, does or {})
    found = [
        Ruled(
            name,
            len(kept[name]),
            len(kept[name]) / arrived if arrived else None,
            decided[name],
            overturned[name],
        )
        for name in kept.keys() | decided.keys()
    ]
    return sorted(found, key=lambda item: (-item.held, -item.decided, item.rule))


@lru_cache
def _reasons(text: str) -> frozenset[str]:
    return frozenset(str(reason["rule"]) for reason in json.loads(text))


def _judged(acts: Sequence[Act], does: Mapping[str, str]) -> tuple[Counter[str], Counter[str]]:
    """Return on how many comments of each rule people decided, and on how many against it."""
    decided, overturned, seen = Counter[str](), Counter[str](), set[int]()
    for act in acts:
        if act.by_rule or act.comment_id in seen:
            continue
        seen.add(act.comment_id)
        if act.action == "undo":
            continue
        for rule in act.rules:
            action = does.get(rule, "hold")
            if (action, act.after) != ("hold", "pending"):  # as the rule left it
                decided[rule] += 1
                overturned[rule] += act.after in _AGAINST[action]
    return decided, overturned
