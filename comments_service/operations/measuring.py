"""What moderators see of their own work on a site, in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from comments_service.core.figures import (
    Act,
    Column,
    Period,
    Ruled,
    Waiting,
    columns,
    named,
    ruled,
)
from comments_service.core.models import Site
from comments_service.core.moderation import Action
from comments_service.core.permissions import Actor
from comments_service.operations.permitting import need
from comments_service.service import Service
from comments_service.storage import figures

MOST = 5_000
"""The newest acts, and the newest comments that were held, that are looked at one by one."""
ACTS: tuple[str, ...] = (*get_args(Action), "undo")
"""What people do to comments, as figures count it."""


@dataclass(frozen=True)
class Rule:
    """A rule of the house, how often it spoke, and how often it would have spoken, in shadow."""

    rule_id: int
    kind: str
    action: str
    note: str
    hits: int = 0
    shadow: int = 0


@dataclass(frozen=True)
class Figures:
    """The figures of a site; `whole` says whether all acts and held comments were looked at."""

    period: Period
    columns: Sequence[Column]
    waiting: Waiting
    ruled: Sequence[Ruled]
    rules: Sequence[Rule]
    whole: bool


async def figures_of(service: Service, actor: Actor, site: Site, days: int) -> Figures:
    """Return the figures of a site for the last days. Raises NotPermitted."""
    need(actor, "read", site.site_id)
    database, number = service.database, site.site_id
    period = Period.until(service.clock(), days)
    since = period.since
    arrivals = await figures.comments_by_day(database, number, period)
    by_day = await figures.acts_by_day(database, number, since, ACTS)
    acts = await figures.acts(database, number, since, MOST)
    held = await figures.held(database, number, since, MOST)
    all_held = len(held) < MOST
    # A share is of what arrived in the time that is looked at.
    arrived = await figures.arrived(database, number, since if all_held else held[-1][0])
    rules = await _rules(service, site, since, named(held, acts))
    does = {str(rule.rule_id): rule.action for rule in rules}
    return Figures(
        period,
        columns(period, arrivals, by_day, acts),
        _waiting(acts),
        ruled(arrived, held, acts, does),
        rules,
        all_held and len(acts) < MOST,
    )


async def _rules(service: Service, site: Site, since: int, names: set[str]) -> list[Rule]:
    """Return the rules that spoke on a site, and those of these names; what is built in has none."""
    spoke = await figures.hits(service.database, site.site_id, since, MOST)
    numbers = sorted(spoke.keys() | {int(name) for name in names if name.isdecimal()})
    known = await figures.rules(service.database, numbers)
    return [Rule(*rule, *spoke.get(rule[0], (0, 0))) for rule in known]


def _waiting(acts: Sequence[Act]) -> Waiting:
    return Waiting.of(act.waited for act in acts if act.waited is not None)
