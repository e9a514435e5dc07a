"""What operators do: make sites, and bring in what was said elsewhere."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace

from comments_service.core.draft import keyed_hash
from comments_service.core.models import SLUG, Entry, Record, Site
from comments_service.core.permissions import Actor
from comments_service.core.policy import Policy
from comments_service.core.sentence import Note
from comments_service.core.threads import origin_of
from comments_service.errors import BadFields, FieldError, SiteUnknown
from comments_service.operations import logbook
from comments_service.operations.permitting import need
from comments_service.service import Service
from comments_service.storage import sites, threads
from comments_service.storage.database import Transaction

DEFAULT_SITE = "default"
"""The site that a new database has."""
MOST_ORIGINS = 100
"""Of one site."""
_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")


async def add_site(
    service: Service, slug: str, origins: list[str], actor: Actor | None = None
) -> Site:
    """Make a site, or register more origins of one; on record, where an actor does. Raises BadFields."""
    check_slug(slug)
    site = Site(service.ids(), slug, origins_of(origins), feed_id=uuid.uuid4().hex)

    async def store(tx: Transaction) -> None:
        before = await sites.by_slug(tx, slug)
        await sites.add(tx, site, service.clock())
        if before and not set(site.origins) <= set(before.origins):  # feeds name one of them
            await sites.next_change(tx, before.site_id, service.second())
        if actor:
            await logbook.write(tx, service, [_made(service, actor, site)])

    await service.database.write(store)
    stored = await sites.by_slug(service.database, slug)
    assert stored is not None
    service.news.announce(stored.site_id, 0)
    return stored


async def make_site(service: Service, actor: Actor, slug: str, origins: list[str]) -> Site:
    """Make a site that was not there, on record. Raises NotPermitted, BadFields."""
    need(actor, "manage")
    check_slug(slug)
    if await sites.by_slug(service.database, slug):
        raise BadFields(FieldError("slug", "slug_taken", Note("There is such a site already.")))
    return await add_site(service, slug, origins, actor)


def _made(service: Service, actor: Actor, site: Site) -> Entry:
    return logbook.house_act(
        service, actor.name, "site", site_id=site.site_id, origins=list(site.origins)
    )


async def change_policy(
    service: Service,
    actor: Actor,
    site: Site,
    policy: Policy,
    origins: Sequence[str] | None = None,
) -> Site:
    """Store what the owner of a site chose, and its origins where they are given, on record.

    Raises NotPermitted, BadFields.
    """
    need(actor, "manage", site.site_id)
    homes = site.origins if origins is None else origins_of(origins)
    changed = replace(site, policy=policy, origins=homes)
    before, after = _shown(site), _shown(changed, site.policy)
    act = logbook.house_act(
        service, actor.name, "policy", site_id=site.site_id, before=before, after=after
    )

    async def store(tx: Transaction) -> list[int]:
        shown_anew = await threads.freshen(tx, site.site_id)
        await _tell_pollers(tx, service, changed)
        await sites.save_origins(tx, changed)
        await sites.save_policy(tx, changed)
        service.wanted.forget()
        await logbook.write(tx, service, [act])
        return shown_anew

    for thread_id in (0, *await service.database.write(store)):
        service.news.announce(site.site_id, thread_id)
    return changed


async def _tell_pollers(tx: Transaction, service: Service, changed: Site) -> None:
    """Raise the counters by which pollers see something new, where they will read something else."""
    before = await sites.by_id(tx, changed.site_id)
    assert before is not None  # whoever asked has read it
    old, new = before.policy, changed.policy
    pictures = old.avatars != new.avatars
    if pictures or old.websub_hub != new.websub_hub or before.origins != changed.origins:
        mark = await sites.next_change(tx, changed.site_id, service.second())
        if pictures:
            await threads.renew(tx, changed.site_id, mark.change)


def _shown(site: Site, before: Policy | None = None) -> Record:
    """Return what the log says of a site: of secrets whether there are any, and whether they are new."""
    policy = site.policy
    new = {
        name: "set anew"
        for name in Policy.secrets()
        if before and getattr(policy, name) and getattr(policy, name) != getattr(before, name)
    }
    return policy.shown() | new | {"origins": list(site.origins)}


async def site_of(service: Service, actor: Actor, slug: str) -> Site:
    """Return a site for who may manage it. Raises SiteUnknown, NotPermitted."""
    found = await sites.by_slug(service.database, slug) if SLUG.fullmatch(slug) else None
    if found is None:
        raise SiteUnknown
    need(actor, "manage", found.site_id)
    return found


def check_slug(slug: str) -> None:
    """Refuse what can't be a site's name in addresses. Raises BadFields."""
    if not SLUG.fullmatch(slug):
        sentence = Note("Use small letters, digits and hyphens, at most 64.")
        raise BadFields(FieldError("slug", "slug_invalid", sentence))


def origins_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return origins as they are stored: each once, sorted. Raises BadFields."""
    if len(texts) > MOST_ORIGINS:
        sentence = Note("Name at most %(most)s origins.", most=MOST_ORIGINS)
        raise BadFields(FieldError("origin", "too_many", sentence))
    return tuple(sorted({_origin(text) for text in texts}))


def _origin(text: str) -> str:
    origin = origin_of(text)
    # Origins stand in headers: nothing but a host may be in them.
    if origin is None or not _ORIGIN.fullmatch(origin):
        sentence = Note("%(text)s is no origin: write it as https://blog.example.", text=text[:200])
        raise BadFields(FieldError("origin", "origin_invalid", sentence))
    return origin


async def list_sites(service: Service) -> list[Site]:
    """Return all sites with their origins."""
    return await sites.every(service.database)


def mark_of(service: Service, site: Site) -> str:
    """Return a mark that is another when a site's settings or origins are: what a form was made from."""
    return keyed_hash(service.secret, f"site {site.policy.model_dump_json()} {site.origins}")[:32]
