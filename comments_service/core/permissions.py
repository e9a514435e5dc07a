"""Who may do what: the roles of people, the scopes of scripts' tokens, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["owner", "moderator", "reader"]
Scope = Literal["read", "moderate", "manage"]
Permission = Literal[
    "read",  # the queue, the log, the figures
    "decide",  # on comments; reply, edit and undo
    "rule",  # change rules and bans
    "manage",  # sites, people, tokens
]

ROLES: dict[Role, frozenset[Permission]] = {
    "reader": frozenset({"read"}),
    "moderator": frozenset({"read", "decide", "rule"}),
    "owner": frozenset({"read", "decide", "rule", "manage"}),
}

SCOPES: dict[Scope, frozenset[Permission]] = {
    "read": frozenset({"read"}),
    "moderate": frozenset({"read", "decide"}),
    "manage": frozenset({"read", "rule", "manage"}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is let in: 'moderator:ID' or 'token:ID', and what they may do."""

    name: str
    label: str
    may: frozenset[Permission]
    sites: frozenset[int] | None = None  # None: every site

    def on_site(self, site_id: int) -> bool:
        """Say whether a site is one of theirs; 0 stands for what belongs to no single site."""
        return self.sites is None or site_id in self.sites

    def allowed(self, permission: Permission, site_id: int) -> bool:
        """Say whether they may do something on a site."""
        return permission in self.may and self.on_site(site_id)
