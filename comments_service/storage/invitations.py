"""The one-time links that make an account, or give one a new password; only a hash of each is stored."""

from __future__ import annotations

from comments_service.core.accounts import Invitation
from comments_service.storage.database import Queries, Transaction, columns_of

COLUMNS, _NAMED, _params = columns_of(Invitation)


async def add(tx: Transaction, invitation: Invitation) -> None:
    """Store a link in the place of those for the same address, and forget those that have expired."""
    await forget_ended(tx, invitation.created_at)
    await tx.fetch(
        "DELETE FROM invitations WHERE email = :email AND email <> ''", {"email": invitation.email}
    )
    await tx.fetch(f"INSERT INTO invitations ({COLUMNS}) VALUES ({_NAMED})", _params(invitation))


async def forget_ended(tx: Transaction, now: int) -> None:
    """Forget the links that have expired."""
    await tx.fetch("DELETE FROM invitations WHERE expires_at < :now", {"now": now})


async def by_secret(db: Queries, secret_hash: str, now: int) -> Invitation | None:
    """Return the link of a secret while it is good."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM invitations WHERE secret_hash = :hash AND expires_at > :now",
        {"hash": secret_hash, "now": now},
    )
    return Invitation(*rows[0]) if rows else None


async def open_ones(db: Queries, now: int) -> list[Invitation]:
    """Return the links that are good and for somebody, by address."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM invitations WHERE expires_at > :now AND email <> ''
            ORDER BY email""",
        {"now": now},
    )
    return [Invitation(*row) for row in rows]


async def use(tx: Transaction, secret_hash: str, now: int) -> Invitation | None:
    """Use a link up and return it; None where it was not good any more."""
    rows = await tx.fetch(
        f"""DELETE FROM invitations WHERE secret_hash = :hash AND expires_at > :now
            RETURNING {COLUMNS}""",
        {"hash": secret_hash, "now": now},
    )
    return Invitation(*rows[0]) if rows else None


async def withdraw(tx: Transaction, invitation_id: int) -> bool:
    """Forget a link; say False where it is not there."""
    rows = await tx.fetch(
        "DELETE FROM invitations WHERE invitation_id = :id RETURNING invitation_id",
        {"id": invitation_id},
    )
    return bool(rows)


async def forget_for(tx: Transaction, email: str) -> None:
    """Forget all links for an address; '' stands for those of the first moderator."""
    await tx.fetch("DELETE FROM invitations WHERE email = :email", {"email": email})
