"""What mail moderators want, and whether their address is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from comments_service.core.mailing import ABOUTS, PACES, Choice, default, mark_of, scopes
from comments_service.core.models import Site
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError
from comments_service.operations import accounts, following
from comments_service.service import Service
from comments_service.storage import mail, sites
from comments_service.storage.database import Transaction


@dataclass(frozen=True)
class OwnMail:
    """A moderator's address, whether it is confirmed, and the choice about each site."""

    email: str
    confirmed: bool
    choices: dict[str, Choice]  # by the site's name


async def own(service: Service, actor: Actor) -> OwnMail:
    """Return what mail the actor wants; a site that a link of a mail said no to counts as never."""
    account = await accounts.own(service, actor)
    mark, db = mark_of(service.secret, account.email), service.database
    chosen = await mail.choices(db, account.moderator_id)
    found = {}
    for site in await sites.every(db):
        if actor.on_site(site.site_id):
            choice = chosen.get(site.site_id) or default(account.moderator_id, site.site_id)
            refused = await mail.muted(db, mark, scopes(0, site.site_id)[1:])
            found[site.slug] = replace(choice, pace="never") if refused else choice
    return OwnMail(account.email, await mail.confirmed(db, mark), found)


async def ask(service: Service, actor: Actor, lang: str) -> None:
    """Have the actor's address confirmed by mail; in `lang` comes also what the actor did not choose yet."""
    account = await accounts.own(service, actor)
    mark = mark_of(service.secret, account.email)

    async def store(tx: Transaction) -> None:
        await mail.unmute(tx, mark, ["all"])
        chosen = await mail.choices(tx, account.moderator_id)
        for site in await sites.every(tx):
            if actor.on_site(site.site_id) and site.site_id not in chosen:
                usual = default(account.moderator_id, site.site_id)
                await mail.choose(tx, replace(usual, lang=lang))

    await service.database.write(store)
    await following.ask_moderator(service, account.moderator_id, account.email, lang)


async def choose(
    service: Service, actor: Actor, wanted: Mapping[str, tuple[str, str]], lang: str
) -> None:
    """Store what mail the actor wants about sites: how often, and about what. Raises BadFields."""
    account = await accounts.own(service, actor)
    mark = mark_of(service.secret, account.email)
    known = {site.slug: site for site in await sites.every(service.database)}
    chosen = [
        _choice(account.moderator_id, known[slug], pace, about, lang)
        for slug, (pace, about) in wanted.items()
        if slug in known and actor.on_site(known[slug].site_id)
    ]

    async def store(tx: Transaction) -> None:
        for choice in chosen:
            await mail.choose(tx, choice)
            if choice.pace != "never":
                await mail.unmute(tx, mark, scopes(0, choice.site_id)[1:])
        service.wanted.forget()

    await service.database.write(store)


def _choice(moderator_id: int, site: Site, pace: str, about: str, lang: str) -> Choice:
    found = next((each for each in PACES if each == pace), None)
    what = next((each for each in ABOUTS if each == about), None)
    if found is None or what is None:
        sentence = Note("Choose how often, and about what, for each site.")
        raise BadFields(FieldError("pace", "pace_invalid", sentence))
    return Choice(moderator_id, site.site_id, found, what, lang)
