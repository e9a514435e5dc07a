"""Who may do what: the roles of people, the scopes of scripts' tokens, and what each may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

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

Sites = frozenset[int] | None
"""The sites that somebody has; None: every site, those made later included."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is let in: 'moderator:ID', 'token:ID' or 'operator', and what they may do."""

    name: str
    label: str
    may: frozenset[Permission]
    sites: Sites = None

    @property
    def moderator_id(self) -> int:
        """Return the number of the account, 0 for who has none."""
        kind, _, number = self.name.partition(":")
        return int(number) if kind == "moderator" else 0

    def on_site(self, site_id: int) -> bool:
        """Say whether a site is one of theirs; 0 stands for what belongs to no single site."""
        return self.sites is None or site_id in self.sites

    def allowed(self, permission: Permission, site_id: int) -> bool:
        """Say whether they may do something on a site."""
        return permission in self.may and self.on_site(site_id)


OPERATOR = Actor("operator", "operator", ROLES["owner"])
"""Whoever runs commands on the machine."""


def role_named(text: str) -> Role | None:
    """Return the role of this name."""
    return next((role for role in get_args(Role) if role == text), None)


def scopes_named(texts: Iterable[str]) -> tuple[Scope, ...]:
    """Return the scopes of these names, in the order of the least to the most."""
    wanted = set(texts)
    return tuple(scope for scope in get_args(Scope) if scope in wanted)


def of_scopes(scopes: Iterable[Scope]) -> frozenset[Permission]:
    """Return what a token with these scopes may do."""
    return frozenset[Permission]().union(*(SCOPES[scope] for scope in scopes))


def sites_text(sites: Sites) -> str:
    """Return sites as they are stored: numbers parted by spaces, '' for every site."""
    return " ".join(map(str, sorted(sites))) if sites is not None else ""


def stored_sites(text: str) -> Sites:
    """Return sites from how they are stored."""
    return frozenset(map(int, text.split())) if text else None
