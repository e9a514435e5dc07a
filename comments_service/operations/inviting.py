"""One-time links: for the first moderator, for those an owner invites, for a new password."""

from __future__ import annotations

import secrets
from dataclasses import replace

from comments_service.core.accounts import Invitation, Moderator
from comments_service.core.models import Visitor
from comments_service.core.permissions import OPERATOR, Actor, Role, Sites, sites_text
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError, InvitationInvalid
from comments_service.operations import logbook, passwords, sessions
from comments_service.operations.accounts import checked_email, checked_sites, known
from comments_service.operations.permitting import need
from comments_service.operations.sessions import SECOND, secret_hash
from comments_service.service import Service
from comments_service.storage import invitations, people
from comments_service.storage import sessions as stored
from comments_service.storage.database import Transaction

_DAY = 24 * 3600
FIRST_SECONDS = PASSWORD_SECONDS = _DAY
INVITATION_SECONDS = 3 * _DAY


def _made(
    service: Service, actor: Actor, email: str, role: Role, sites: Sites, seconds: int
) -> tuple[Invitation, str]:
    secret, now = secrets.token_urlsafe(24), service.clock()
    invitation = Invitation(
        invitation_id=service.ids(),
        secret_hash=secret_hash(secret),
        email=email,
        role=role,
        sites=sites_text(sites),
        moderator_id=None,
        created_by=actor.name,
        created_at=now,
        expires_at=now + seconds * SECOND,
    )
    return invitation, secret


def link(service: Service, secret: str) -> str:
    """Return the address of a one-time link."""
    return f"{service.settings.public_url}/dashboard/setup?invitation={secret}"


async def invite_first(service: Service) -> str | None:
    """Return the secret of a new one-time link while there is no moderator, else None."""
    if await people.any_moderator(service.database):
        return None
    made, secret = _made(service, OPERATOR, "", "owner", None, FIRST_SECONDS)
    await service.database.write(lambda tx: invitations.add(tx, made))
    return secret


async def invite(
    service: Service, actor: Actor, email: str, role: Role, sites: Sites
) -> tuple[Invitation, str]:
    """Invite somebody who has no account; return the link and its secret, which is shown this once.

    A new link puts an end to an older one for the same address. Raises NotPermitted, BadFields.
    """
    need(actor, "manage")
    email = checked_email(email)
    made, secret = _made(
        service, actor, email, role, checked_sites(role, sites), INVITATION_SECONDS
    )
    act = logbook.house_act(service, actor.name, "invite", role=role, sites=made.sites)

    async def store(tx: Transaction) -> None:
        if await people.moderator_by_email(tx, email):
            sentence = Note("This address has an account already.")
            raise BadFields(FieldError("email", "email_known", sentence))
        await invitations.add(tx, made)
        await logbook.write(tx, service, [act])

    await service.database.write(store)
    return made, secret


async def new_password(service: Service, actor: Actor, moderator_id: int) -> tuple[Invitation, str]:
    """Make a link by which somebody chooses a new password; their second factor stays.

    Raises NotPermitted, ModeratorUnknown.
    """
    need(actor, "manage")
    found = await known(service.database, moderator_id)
    made, secret = _made(service, actor, found.email, found.role, found.on_sites, PASSWORD_SECONDS)
    made = replace(made, moderator_id=moderator_id)
    act = logbook.house_act(service, actor.name, "password_link", moderator=str(moderator_id))

    async def store(tx: Transaction) -> None:
        await invitations.add(tx, made)
        await logbook.write(tx, service, [act])

    await service.database.write(store)
    return made, secret


async def open_ones(service: Service, actor: Actor) -> list[Invitation]:
    """Return the links that were not used yet, by address. Raises NotPermitted."""
    need(actor, "manage")
    return await invitations.open_ones(service.database, service.clock())


async def withdraw(service: Service, actor: Actor, invitation_id: int) -> None:
    """Let a link count no more; one that is not there counts no more already. Raises NotPermitted."""
    need(actor, "manage")
    act = logbook.house_act(service, actor.name, "withdraw")

    async def store(tx: Transaction) -> None:
        if await invitations.withdraw(tx, invitation_id):
            await logbook.write(tx, service, [act])

    await service.database.write(store)


async def invited(service: Service, secret: str) -> Invitation:
    """Return what a one-time link is for; looking uses nothing up. Raises InvitationInvalid."""
    found = await invitations.by_secret(service.database, secret_hash(secret), service.clock())
    if found is None or (found.first and await people.any_moderator(service.database)):
        raise InvitationInvalid
    return found


async def accept(service: Service, secret: str, email: str, password: str, visitor: Visitor) -> str:
    """Use a one-time link up; return the cookie of a session, '' where one has to sign in first.

    Only the first moderator chooses the address. Raises InvitationInvalid, BadFields.
    """
    found = await invited(service, secret)
    email = checked_email(email) if found.first else found.email
    fresh = await passwords.hashed(passwords.checked(password, email, service.settings.public_url))
    if found.moderator_id:
        await _renew(service, secret, fresh)
        return ""
    moderator = Moderator(service.ids(), email, fresh, service.clock(), found.role, found.sites)
    await _join(service, secret, moderator)
    return await sessions.begin(service, moderator, visitor, by="link")


async def _join(service: Service, secret: str, moderator: Moderator) -> None:
    act = logbook.house_act(
        service, moderator.actor, "join", role=moderator.role, sites=moderator.sites
    )

    async def store(tx: Transaction) -> None:
        used = await invitations.use(tx, secret_hash(secret), service.clock())
        if used is None or (used.first and await people.any_moderator(tx)):
            raise InvitationInvalid
        await invitations.forget_for(tx, used.email)
        if not await people.add_moderator(tx, moderator):
            raise InvitationInvalid
        await logbook.write(tx, service, [act])

    await service.database.write(store)


async def _renew(service: Service, secret: str, fresh: str) -> None:
    async def store(tx: Transaction) -> None:
        used = await invitations.use(tx, secret_hash(secret), service.clock())
        if used is None or used.moderator_id is None:
            raise InvitationInvalid
        await people.save_password(tx, used.moderator_id, fresh)
        await stored.end_all(tx, used.moderator_id)
        act = logbook.house_act(service, f"moderator:{used.moderator_id}", "password", by="link")
        await logbook.write(tx, service, [act])

    await service.database.write(store)
