"""The one question that every act on something else than a comment begins with."""

from __future__ import annotations

from comments_service.core.permissions import Actor, Permission
from comments_service.errors import NotPermitted


def need(actor: Actor, permission: Permission, site_id: int = 0) -> None:
    """Refuse an actor who may not do something on a site; 0 stands for the whole house.

    Raises NotPermitted.
    """
    if not actor.allowed(permission, site_id):
        raise NotPermitted
