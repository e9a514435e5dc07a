"""The state machine of a comment: which action leads where, and who can see what."""

from __future__ import annotations

from typing import Literal

Status = Literal["pending", "approved", "spam", "rejected", "deleted"]
Action = Literal["approve", "hold", "spam", "reject", "delete", "restore"]
ChangeKind = Literal["published", "edited", "removed"]

STATUSES: tuple[Status, ...] = ("pending", "approved", "spam", "rejected", "deleted")

Queue = Literal["pending", "reported", "edited", "approved", "spam", "rejected", "deleted", "all"]
QUEUES: tuple[Queue, ...] = ("pending", "reported", "edited", *STATUSES[1:], "all")
"""The lists that moderators work through: a status each, and what asks for a second look."""

TABLE: dict[Status, dict[Action, Status | None]] = {
    # None: back to where it stood before, see Comment.restores_to
    "pending": {"approve": "approved", "spam": "spam", "reject": "rejected", "delete": "deleted"},
    "approved": {"hold": "pending", "spam": "spam", "reject": "rejected", "delete": "deleted"},
    "spam": {"approve": "approved", "hold": "pending", "delete": "deleted", "restore": None},
    "rejected": {
        "approve": "approved",
        "hold": "pending",
        "spam": "spam",
        "delete": "deleted",
        "restore": None,
    },
    "deleted": {"restore": None},
}

_TARGETS: dict[Action, Status] = {
    "approve": "approved",
    "hold": "pending",
    "spam": "spam",
    "reject": "rejected",
    "delete": "deleted",
}


def actions(status: Status, *, attention: bool = False) -> list[Action]:
    """Return the actions that a moderator may take on a comment of this status.

    `attention`: readers have reported it, or its author edited it, and nobody has answered; to approve
    what is approved then says that it may stay.
    """
    keep: list[Action] = ["approve"] if attention and status == "approved" else []
    return keep + list(TABLE[status])


def after(
    status: Status, action: Action, restores_to: Status, *, attention: bool = False
) -> Status | None:
    """Return the status that an action leads to, or None where it is not legal.

    An action that changes nothing leads to the status itself.
    """
    if action in actions(status, attention=attention):
        return TABLE[status].get(action, status) or restores_to
    return status if _TARGETS.get(action) == status else None


def visible(status: Status) -> bool:
    """Say whether readers can see a comment: the one rule that every door asks."""
    return status == "approved"


def change_kind(before: Status, after: Status) -> ChangeKind | None:
    """Return what readers notice when a comment goes from one status to another."""
    if visible(before) == visible(after):
        return None
    return "published" if visible(after) else "removed"
