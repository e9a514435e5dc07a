"""Figures as a page: charts drawn by the server, with the numbers in tables beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from comments_service.core import charts
from comments_service.core.charts import Chart
from comments_service.core.figures import PERIODS, Column, Ruled
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.language import Language
from comments_service.operations import measuring
from comments_service.operations.measuring import ACTS, MOST, Figures
from comments_service.web.context import Web
from comments_service.web.dashboard_pages import Pages, language_of
from comments_service.web.figures import DEFAULT, day_of, days_of, sites_of
from comments_service.web.rule_words import KIND

BUILT_IN = {
    "mode": Note("The mode of the site: whose comments wait"),
    "reports": Note("Reports by readers"),
    "import": Note("Waiting where it was imported from"),
}
"""What the rules are called that have no number."""
ACT = {
    "approve": Note("Approved"),
    "hold": Note("Held"),
    "spam": Note("Spam"),
    "reject": Note("Rejected"),
    "delete": Note("Deleted"),
    "restore": Note("Restored"),
    "undo": Note("Taken back"),
}
"""The columns of the table of decisions."""


@dataclass(frozen=True)
class Row:
    """What the page says of a rule: its name, what it did, how often it spoke, where that is known."""

    name: str
    ruled: Ruled
    hits: int | None = None
    shadow: int | None = None


class Stats:
    """The page of the figures."""

    def __init__(self, web: Web, pages: Pages) -> None:
        self._web, self._service, self._pages = web, web.service, pages

    async def show(self, request: Request, actor: Actor) -> Response:
        """Show the figures of a site: the one of the address, or the first of one's own."""
        query, mine = request.query_params, await sites_of(self._service, actor)
        days, slug = days_of(query), query.get("site")
        site = await self._web.sites.get(slug) if slug else next(iter(mine), None)
        values: dict[str, Any] = {
            "sites": [each.slug for each in mine],
            "site": site.slug if site else "",
            "days": days,
            "periods": PERIODS,
            "default": DEFAULT,
            "most": MOST,
            "act_words": [ACT[name] for name in ACTS],
            "acts": ACTS,
            "found": None,
        }
        if site:
            found = await measuring.figures_of(self._service, actor, site, days)
            language = language_of(request)
            values |= _drawn(found)
            values |= {"rules": rows(language, found), "notes": _notes(language, found)}
        return self._pages.show(request, "figures", values, actor=actor)


def _drawn(found: Figures) -> dict[str, Any]:
    """Return what the charts show, and the numbers of their tables."""
    columns = found.columns
    return {
        "found": found,
        "dates": [day_of(column.days.start) for column in columns],
        "comments": sum(column.comments for column in columns),
        "decided": sum(_decisions(column) for column in columns),
        "decisions": [_decisions(column) for column in columns],
        "by_day": charts.stacked([[_a_day(column, column.comments)] for column in columns]),
        "decided_by_day": charts.stacked([_sides(column) for column in columns]),
        "waits": _waits(columns),
    }


def _notes(language: Language, found: Figures) -> dict[str, list[str]]:
    """Return what each chart says of each of its columns."""

    def wait(value: int | None) -> str:
        return "–" if value is None else language.duration(value / 1e6)

    waits = Note("%(day)s: half within %(p50)s, 95 of 100 within %(p95)s")
    number = Note("%(day)s: %(number)s")
    days = [
        (column, language.day(day_of(column.days.start).isoformat())) for column in found.columns
    ]
    return {
        "waits": [
            language.say(
                waits.filled(day=day, p50=wait(each.waiting.p50), p95=wait(each.waiting.p95))
            )
            for each, day in days
        ],
        "decisions": [
            language.say(number.filled(day=day, number=_decisions(each))) for each, day in days
        ],
        "comments": [
            language.say(number.filled(day=day, number=each.comments)) for each, day in days
        ],
    }


def _decisions(column: Column) -> int:
    """Return how many decisions were made; to take one back is none."""
    return sum(number for name, number in column.acts.items() if name != "undo")


def _a_day(column: Column, number: int) -> float:
    return number / len(column.days)


def _sides(column: Column) -> Sequence[float]:
    """Return the decisions of a day that let a comment through, and the others."""
    through = column.acts.get("approve", 0) + column.acts.get("restore", 0)
    return _a_day(column, through), _a_day(column, _decisions(column) - through)


def _waits(columns: Sequence[Column]) -> Chart:
    def seconds(values: Sequence[int | None]) -> list[float | None]:
        return [None if value is None else value / 1e6 for value in values]

    return charts.durations(
        [
            seconds([column.waiting.p50 for column in columns]),
            seconds([column.waiting.p95 for column in columns]),
        ]
    )


def rows(language: Language, found: Figures) -> list[Row]:
    """Return a row for each rule that did something, or would have."""
    known = {str(rule.rule_id): rule for rule in found.rules}
    did = {item.rule: item for item in found.ruled}
    made = []
    for name in dict.fromkeys([*did, *known]):
        rule, ruled = known.get(name), did.get(name) or Ruled(name, 0, None, 0, 0)
        said = language.say(BUILT_IN.get(name, Note("Rule %(name)s", name=name)))
        title = (rule.note or language.say(KIND.get(rule.kind, rule.kind))) if rule else said
        made.append(Row(title, ruled, *((rule.hits, rule.shadow) if rule else ())))
    return made
