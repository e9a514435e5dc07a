"""What is stored of those who may moderate: accounts, sessions, tokens of scripts, one-time links."""

from __future__ import annotations

from dataclasses import dataclass

from comments_service.core.permissions import Role, Scope, Sites, scopes_named, stored_sites


@dataclass(frozen=True, slots=True)
class Moderator:
    """Somebody who may sign in; the fields stand as in schema.sql."""

    moderator_id: int
    email: str
    password_hash: str
    created_at: int
    role: Role
    sites: str
    totp: str = ""
    totp_step: int = 0
    subject: str | None = None

    @property
    def name(self) -> str:
        """Return the name under which they speak."""
        return self.email.split("@")[0]

    @property
    def actor(self) -> str:
        """Return what they are called on record."""
        return f"moderator:{self.moderator_id}"

    @property
    def on_sites(self) -> Sites:
        """Return the sites that are theirs."""
        return stored_sites(self.sites)


@dataclass(frozen=True, slots=True)
class Session:
    """One session; the fields stand as in schema.sql."""

    session_id: int
    moderator_id: int
    secret_hash: str
    former_hash: str
    created_at: int
    rotated_at: int
    seen_at: int
    expires_at: int
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Token:
    """One token; the fields stand as in schema.sql."""

    token_id: int
    secret_hash: str
    name: str
    scopes: str
    sites: str
    created_by: str
    created_at: int
    used_at: int | None = None
    expires_at: int | None = None

    @property
    def actor(self) -> str:
        """Return what it is called on record."""
        return f"token:{self.token_id}"

    @property
    def scope_list(self) -> tuple[Scope, ...]:
        """Return its scopes."""
        return scopes_named(self.scopes.split())

    @property
    def on_sites(self) -> Sites:
        """Return the sites that it is for."""
        return stored_sites(self.sites)


@dataclass(frozen=True, slots=True)
class Invitation:
    """One link; the fields stand as in schema.sql."""

    invitation_id: int
    secret_hash: str
    email: str
    role: Role
    sites: str
    moderator_id: int | None
    created_by: str
    created_at: int
    expires_at: int

    @property
    def first(self) -> bool:
        """Say whether it makes the first moderator, who chooses the address."""
        return not self.email

    @property
    def on_sites(self) -> Sites:
        """Return the sites that it is for."""
        return stored_sites(self.sites)
