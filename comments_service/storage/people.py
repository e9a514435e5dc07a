"""Moderators, their sessions, script tokens and one-time links; of every secret only a hash is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comments_service.storage.database import Queries, Transaction, in_list


@dataclass(frozen=True, slots=True)
class Moderator:
    """Somebody who may sign in."""

    moderator_id: int
    email: str
    password_hash: str

    @property
    def name(self) -> str:
        """Return the name under which they speak."""
        return self.email.split("@")[0]


async def any_moderator(db: Queries) -> bool:
    """Say whether there is at least one moderator."""
    return bool(await db.fetch("SELECT 1 FROM moderators LIMIT 1"))


async def moderator_by_email(db: Queries, email: str) -> Moderator | None:
    """Return a moderator by e-mail address."""
    rows = await db.fetch(
        "SELECT moderator_id, email, password_hash FROM moderators WHERE email = :email",
        {"email": email},
    )
    return Moderator(*rows[0]) if rows else None


async def moderator(db: Queries, moderator_id: int) -> Moderator | None:
    """Return a moderator by number."""
    rows = await db.fetch(
        "SELECT moderator_id, email, password_hash FROM moderators WHERE moderator_id = :id",
        {"id": moderator_id},
    )
    return Moderator(*rows[0]) if rows else None


async def emails(db: Queries, moderator_ids: Sequence[int]) -> dict[int, str]:
    """Return the addresses of those of the moderators that exist, by number."""
    if not moderator_ids:
        return {}
    listed, params = in_list("id", moderator_ids)
    rows = await db.fetch(
        f"SELECT moderator_id, email FROM moderators WHERE moderator_id IN {listed}", params
    )
    return {row[0]: row[1] for row in rows}


async def add_moderator(tx: Transaction, moderator: Moderator, now: int) -> None:
    """Store a moderator; for a known address, the new password."""
    await tx.fetch(
        """INSERT INTO moderators (moderator_id, email, password_hash, created_at)
           VALUES (:id, :email, :hash, :now)
           ON CONFLICT (email) DO UPDATE SET password_hash = excluded.password_hash""",
        {
            "id": moderator.moderator_id,
            "email": moderator.email,
            "hash": moderator.password_hash,
            "now": now,
        },
    )


async def add_session(
    tx: Transaction, secret_hash: str, moderator_id: int, now: int, until: int
) -> None:
    """Store a session, and forget those that have expired."""
    await tx.fetch("DELETE FROM sessions WHERE expires_at < :now", {"now": now})
    await tx.fetch(
        """INSERT INTO sessions (secret_hash, moderator_id, created_at, expires_at)
           VALUES (:hash, :moderator_id, :now, :until)""",
        {"hash": secret_hash, "moderator_id": moderator_id, "now": now, "until": until},
    )


async def session_moderator(db: Queries, secret_hash: str, now: int) -> Moderator | None:
    """Return whose session this is, while it lasts."""
    rows = await db.fetch(
        """SELECT m.moderator_id, m.email, m.password_hash FROM sessions s
           JOIN moderators m ON m.moderator_id = s.moderator_id
           WHERE s.secret_hash = :hash AND s.expires_at > :now""",
        {"hash": secret_hash, "now": now},
    )
    return Moderator(*rows[0]) if rows else None


async def end_session(tx: Transaction, secret_hash: str) -> None:
    """Forget a session."""
    await tx.fetch("DELETE FROM sessions WHERE secret_hash = :hash", {"hash": secret_hash})


async def add_token(tx: Transaction, token_id: int, secret_hash: str, scope: str, now: int) -> None:
    """Store a token for scripts."""
    await tx.fetch(
        "INSERT INTO tokens (token_id, secret_hash, scope, created_at) VALUES (:id, :hash, :scope, :now)",
        {"id": token_id, "hash": secret_hash, "scope": scope, "now": now},
    )


async def token_id(db: Queries, secret_hash: str, scope: str) -> int | None:
    """Return the number of a token of this scope."""
    rows = await db.fetch(
        "SELECT token_id FROM tokens WHERE secret_hash = :hash AND scope = :scope",
        {"hash": secret_hash, "scope": scope},
    )
    return int(rows[0][0]) if rows else None


async def add_invitation(tx: Transaction, secret_hash: str, now: int, until: int) -> None:
    """Store a one-time link that makes the first moderator."""
    await tx.fetch(
        """INSERT INTO invitations (secret_hash, created_at, expires_at)
           VALUES (:hash, :now, :until)""",
        {"hash": secret_hash, "now": now, "until": until},
    )


async def invited(db: Queries, secret_hash: str, now: int) -> bool:
    """Say whether a one-time link is still good."""
    rows = await db.fetch(
        "SELECT 1 FROM invitations WHERE secret_hash = :hash AND expires_at > :now",
        {"hash": secret_hash, "now": now},
    )
    return bool(rows)


async def use_invitation(tx: Transaction, secret_hash: str, now: int) -> bool:
    """Use a one-time link up, and all others with it; say False where it was not good any more."""
    rows = await tx.fetch(
        "DELETE FROM invitations WHERE secret_hash = :hash AND expires_at > :now RETURNING secret_hash",
        {"hash": secret_hash, "now": now},
    )
    if rows:
        await tx.fetch("DELETE FROM invitations")
    return bool(rows)
