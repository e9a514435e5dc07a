"""Accounts: made, listed, given another role, removed. There is always an owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from comments_service.core.accounts import Moderator
from comments_service.core.permissions import OPERATOR, Actor, Role, Sites, sites_text
from comments_service.core.sentence import Note
from comments_service.errors import (
    BadFields,
    FieldError,
    LastOwner,
    ModeratorUnknown,
    SiteUnknown,
)
from comments_service.operations import logbook, passwords
from comments_service.operations.permitting import need
from comments_service.service import Service
from comments_service.storage import invitations, people, sessions, sites, tokens
from comments_service.storage.database import Queries, Transaction


@dataclass(frozen=True)
class Person:
    """An account as owners see it; `seen_at` is None where no session is left."""

    moderator: Moderator
    seen_at: int | None


def checked_email(text: str) -> str:
    """Return a moderator's address as it is stored. Raises BadFields."""
    email = text.strip().lower()
    if (
        not 3 <= len(email) <= 254
        or "@" not in email.strip("@")
        or not email.isprintable()
        or " " in email
    ):
        sentence = Note("Type the address as name@example.org.")
        raise BadFields(FieldError("email", "email_invalid", sentence))
    return email


def checked_sites(role: Role, chosen: Sites) -> Sites:
    """Return the sites of a role: an owner has every site. Raises BadFields."""
    if role == "owner" and chosen is not None:
        sentence = Note("An owner has every site: name none.")
        raise BadFields(FieldError("sites", "sites_invalid", sentence))
    return chosen


async def sites_named(service: Service, slugs: Iterable[str]) -> Sites:
    """Return the sites of these names; none stands for every site. Raises SiteUnknown."""
    found = [await sites.by_slug(service.database, slug) for slug in slugs]
    if None in found:
        raise SiteUnknown
    return frozenset(site.site_id for site in found if site) or None


async def add(
    service: Service, email: str, password: str, role: Role | None = None, chosen: Sites = None
) -> Moderator:
    """Store a moderator, or a known one's new password and, where it is said, role.

    Whoever is first is an owner unless another role is said. A new password ends all sessions.
    Raises BadFields, LastOwner.
    """
    email = checked_email(email)
    fresh = await passwords.hashed(passwords.checked(password, email, service.settings.public_url))
    number = service.ids()

    async def store(tx: Transaction) -> Moderator:
        given = role or ("moderator" if await people.any_moderator(tx) else "owner")
        theirs = sites_text(checked_sites(given, chosen))
        made = Moderator(number, email, fresh, service.clock(), given, theirs)
        await invitations.forget_for(tx, email)
        if await people.add_moderator(tx, made):
            await _record(tx, service, OPERATOR, "account", made.moderator_id, role=given)
        else:
            await _renew(tx, service, email, fresh, role, chosen)
        found = await people.moderator_by_email(tx, email)
        assert found is not None
        return found

    return await service.database.write(store)


async def _renew(
    tx: Transaction, service: Service, email: str, fresh: str, role: Role | None, chosen: Sites
) -> None:
    known = await people.moderator_by_email(tx, email)
    assert known is not None
    await people.save_password(tx, known.moderator_id, fresh)
    await sessions.end_all(tx, known.moderator_id)
    if role:
        await _give(tx, known, role, checked_sites(role, chosen))
    await _record(tx, service, OPERATOR, "password", known.moderator_id)


async def everybody(service: Service, actor: Actor) -> list[Person]:
    """Return all accounts by address. Raises NotPermitted."""
    need(actor, "manage")
    return [Person(*found) for found in await people.every_moderator(service.database)]


async def person(service: Service, actor: Actor, moderator_id: int) -> Person:
    """Return one account. Raises NotPermitted, ModeratorUnknown."""
    found = [
        each
        for each in await everybody(service, actor)
        if each.moderator.moderator_id == moderator_id
    ]
    if not found:
        raise ModeratorUnknown
    return found[0]


async def own(service: Service, actor: Actor) -> Moderator:
    """Return one's own account. Raises ModeratorUnknown."""
    return await known(service.database, actor.moderator_id)


async def known(db: Queries, moderator_id: int) -> Moderator:
    """Return an account. Raises ModeratorUnknown."""
    found = await people.moderator(db, moderator_id)
    if found is None:
        raise ModeratorUnknown
    return found


async def change(
    service: Service, actor: Actor, moderator_id: int, role: Role, chosen: Sites
) -> None:
    """Give somebody a role and its sites; it counts from their next request.

    Raises NotPermitted, ModeratorUnknown, LastOwner, BadFields.
    """
    need(actor, "manage")
    theirs = checked_sites(role, chosen)

    async def store(tx: Transaction) -> None:
        before = await known(tx, moderator_id)
        await _give(tx, before, role, theirs)
        await _record(
            tx, service, actor, "role", moderator_id,
            before=[before.role, before.sites], after=[role, sites_text(theirs)],
        )  # fmt: skip

    await service.database.write(store)


async def _give(tx: Transaction, moderator: Moderator, role: Role, theirs: Sites) -> None:
    if role != "owner":
        await _keep_an_owner(tx, moderator.moderator_id)
    await people.save_role(tx, moderator.moderator_id, role, theirs)
    await sessions.make_due(tx, moderator.moderator_id)


async def _keep_an_owner(tx: Transaction, moderator_id: int) -> None:
    owners = await people.lock_owners(tx)
    if owners == {moderator_id}:
        raise LastOwner


async def remove(service: Service, actor: Actor, moderator_id: int) -> None:
    """Remove an account and end its sessions; what was done by it stays on record.

    Raises NotPermitted, ModeratorUnknown, LastOwner.
    """
    need(actor, "manage")

    async def store(tx: Transaction) -> None:
        gone = await known(tx, moderator_id)
        await _keep_an_owner(tx, moderator_id)
        await people.remove(tx, moderator_id)
        await _record(tx, service, actor, "remove", moderator_id, role=gone.role)

    await service.database.write(store)


async def end_sessions(service: Service, actor: Actor, moderator_id: int) -> None:
    """End all sessions of somebody. Raises NotPermitted, ModeratorUnknown."""
    need(actor, "manage")

    async def store(tx: Transaction) -> None:
        await known(tx, moderator_id)
        ended = await sessions.end_all(tx, moderator_id)
        await _record(tx, service, actor, "logout", moderator_id, sessions=ended)

    await service.database.write(store)


async def _record(
    tx: Transaction, service: Service, actor: Actor, action: str, about: int, **detail: Any
) -> None:
    act = logbook.house_act(service, actor.name, action, moderator=str(about), **detail)
    await logbook.write(tx, service, [act])


async def labels(service: Service, names: Iterable[str]) -> dict[str, str]:
    """Return what people call those that are on a record: a moderator's address, a token's name."""
    wanted: dict[str, list[int]] = {"moderator": [], "token": []}
    for name in names:
        kind, _, number = name.partition(":")
        if kind in wanted:
            wanted[kind].append(int(number))
    emails = await people.emails(service.database, sorted(wanted["moderator"]))
    titles = await tokens.names(service.database, sorted(wanted["token"]))
    found = {f"moderator:{number}": email for number, email in emails.items()}
    return found | {f"token:{number}": title for number, title in titles.items()}
