"""Figures as JSON, and what the API and the page read of an address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from comments_service.core.figures import PERIODS, Column, Waiting
from comments_service.core.models import Record, Site
from comments_service.core.permissions import Actor
from comments_service.core.records import timestamp
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError
from comments_service.operations import maintaining, measuring
from comments_service.operations.measuring import ACTS, Figures
from comments_service.service import Service
from comments_service.web.access import moderator
from comments_service.web.context import Web
from comments_service.web.deciding import json_answer

DEFAULT = 30


def routes(web: Web) -> list[BaseRoute]:
    """Return the route of the figures below /api/v1/moderation."""
    service = web.service

    async def stats(request: Request) -> Response:
        """Answer the figures of a site."""
        actor = await moderator(request, service)
        query = request.query_params
        if query.get("site"):
            site = await web.sites.get(query["site"])
        else:
            site = _only(await sites_of(service, actor))
        found = await measuring.figures_of(service, actor, site, days_of(query))
        return json_answer(record(site, found))

    return [Route("/stats", stats, methods=["GET"])]


async def sites_of(service: Service, actor: Actor) -> list[Site]:
    """Return the sites that somebody may see, by slug."""
    known = await maintaining.list_sites(service)
    return [site for site in known if actor.on_site(site.site_id)]


def _only(sites: list[Site]) -> Site:
    if len(sites) != 1:
        raise BadFields(FieldError("site", "site_missing", Note("Name the site.")))
    return sites[0]


def days_of(query: Mapping[str, str]) -> int:
    """Return how many days a query asks for. Raises BadFields."""
    text = query.get("days") or str(DEFAULT)
    for days in PERIODS:
        if text == str(days):
            return days
    choices = ", ".join(map(str, PERIODS))
    sentence = Note("Choose one of %(choices)s.", choices=choices)
    raise BadFields(FieldError("days", "days_invalid", sentence))


def day_of(number: int) -> date:
    """Return the date of a day counted from 1970."""
    return date(1970, 1, 1) + timedelta(days=number)


def record(site: Site, found: Figures) -> Record:
    """Return figures for scripts: times as seconds, shares and rates from 0 to 1."""
    notes = {str(rule.rule_id): rule for rule in found.rules}
    spoken = {name: {"hits": rule.hits, "shadow": rule.shadow} for name, rule in notes.items()}
    nothing = {"held": 0, "share": None, "decided": 0, "overturned": 0, "rate": None}
    held = {
        item.rule: {
            "held": item.held,
            "share": item.share,
            "decided": item.decided,
            "overturned": item.overturned,
            "rate": item.rate,
        }
        for item in found.ruled
    }
    return {
        "site": site.slug,
        "days": found.period.days,
        "since": timestamp(found.period.since),
        "whole": found.whole,
        "waiting": _waiting(found.waiting),
        "columns": [_column(item) for item in found.columns],
        "rules": [
            {"rule": name}
            | held.get(name, nothing)
            | spoken.get(name, {"hits": None, "shadow": None})
            for name in dict.fromkeys([*held, *notes])
        ],
    }


def _waiting(found: Waiting) -> Record:
    return {"count": found.count, "p50": _seconds(found.p50), "p95": _seconds(found.p95)}


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6


def _column(item: Column) -> Record:
    return {
        "day": day_of(item.days.start).isoformat(),
        "days": len(item.days),
        "comments": item.comments,
        "acts": {name: item.acts.get(name, 0) for name in ACTS},
        "waiting": _waiting(item.waiting),
    }
