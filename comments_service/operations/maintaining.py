"""What operators do: make sites, and bring in what was said elsewhere."""

from __future__ import annotations

import uuid
from dataclasses import replace

from comments_service.core.models import SLUG, Site
from comments_service.core.permissions import Actor
from comments_service.core.policy import Policy
from comments_service.core.threads import origin_of
from comments_service.errors import BadFields, FieldError, NotPermitted
from comments_service.operations import logbook
from comments_service.service import Service
from comments_service.storage import sites, threads
from comments_service.storage.database import Transaction

DEFAULT_SITE = "default"
"""The site that a new database has."""


async def add_site(service: Service, slug: str, origins: list[str]) -> Site:
    """Make a site, or register more origins of one. Raises BadFields."""
    check_slug(slug)
    found = tuple(_origin(text) for text in origins)
    site = Site(service.ids(), slug, found, feed_id=uuid.uuid4().hex)
    await service.database.write(lambda tx: sites.add(tx, site, service.clock()))
    stored = await sites.by_slug(service.database, slug)
    assert stored is not None
    return stored


async def change_policy(service: Service, actor: Actor, site: Site, policy: Policy) -> Site:
    """Store what the owner of a site chose, on record. Raises NotPermitted."""
    if not actor.allowed("manage", site.site_id):
        raise NotPermitted
    changed = replace(site, policy=policy)
    before, after = site.policy.shown(), policy.shown()
    act = logbook.house_act(
        service, actor.name, "policy", site_id=site.site_id, before=before, after=after
    )

    async def store(tx: Transaction) -> list[int]:
        shown_anew = await threads.freshen(tx, site.site_id)
        await sites.save_policy(tx, changed)
        service.wanted.forget()
        await logbook.write(tx, service, [act])
        return shown_anew

    for thread_id in await service.database.write(store):
        service.news.announce(site.site_id, thread_id)
    return changed


def check_slug(slug: str) -> None:
    """Refuse what can't be a site's name in addresses. Raises BadFields."""
    if not SLUG.fullmatch(slug):
        sentence = "Use small letters, digits and hyphens, at most 64."
        raise BadFields(FieldError("slug", "slug_invalid", sentence))


def _origin(text: str) -> str:
    origin = origin_of(text)
    if origin is None:
        sentence = f"{text} is no origin: write it as https://blog.example."
        raise BadFields(FieldError("origin", "origin_invalid", sentence))
    return origin


async def list_sites(service: Service) -> list[Site]:
    """Return all sites with their origins."""
    return await sites.every(service.database)
