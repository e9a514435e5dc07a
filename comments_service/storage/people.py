"""Who may sign in: the accounts, and the codes that stand in for a lost second factor."""

from __future__ import annotations

from collections.abc import Sequence

from comments_service.core.accounts import Moderator
from comments_service.core.permissions import Role, Sites, sites_text
from comments_service.storage.database import Queries, Row, Transaction, columns_of, in_list

COLUMNS, _NAMED, _params = columns_of(Moderator)
_THEIRS = ("recovery_codes", "sessions", "filters", "invitations", "mail_choices")


def moderator_of(row: Row) -> Moderator:
    """Return a moderator from a row of COLUMNS."""
    return Moderator(*row)


async def any_moderator(db: Queries) -> bool:
    """Say whether there is at least one moderator."""
    return bool(await db.fetch("SELECT 1 FROM moderators LIMIT 1"))


async def moderator_by_email(db: Queries, email: str) -> Moderator | None:
    """Return a moderator by e-mail address."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM moderators WHERE email = :email", {"email": email}
    )
    return moderator_of(rows[0]) if rows else None


async def moderator_by_subject(db: Queries, subject: str) -> Moderator | None:
    """Return a moderator by who they are at the identity provider."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM moderators WHERE subject = :subject", {"subject": subject}
    )
    return moderator_of(rows[0]) if rows else None


async def moderator(db: Queries, moderator_id: int) -> Moderator | None:
    """Return a moderator by number."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM moderators WHERE moderator_id = :id", {"id": moderator_id}
    )
    return moderator_of(rows[0]) if rows else None


async def every_moderator(db: Queries) -> list[tuple[Moderator, int | None]]:
    """Return all moderators by address, each with when they were last seen, None: no session is left."""
    own = ", ".join(f"m.{name.strip()}" for name in COLUMNS.split(","))
    rows = await db.fetch(
        f"""SELECT {own}, s.seen_at FROM moderators m
            LEFT JOIN (SELECT moderator_id, max(seen_at) AS seen_at FROM sessions
                       GROUP BY moderator_id) s ON s.moderator_id = m.moderator_id
            ORDER BY m.email"""
    )
    return [(moderator_of(row[:-1]), row[-1]) for row in map(tuple, rows)]


async def emails(db: Queries, moderator_ids: Sequence[int]) -> dict[int, str]:
    """Return the addresses of those of the moderators that exist, by number."""
    if not moderator_ids:
        return {}
    listed, params = in_list("id", moderator_ids)
    rows = await db.fetch(
        f"SELECT moderator_id, email FROM moderators WHERE moderator_id IN {listed}", params
    )
    return {row[0]: row[1] for row in rows}


async def add_moderator(tx: Transaction, moderator: Moderator) -> bool:
    """Store a moderator; say False where the address is known already."""
    rows = await tx.fetch(
        f"""INSERT INTO moderators ({COLUMNS}) VALUES ({_NAMED})
            ON CONFLICT (email) DO NOTHING RETURNING moderator_id""",
        _params(moderator),
    )
    return bool(rows)


async def save_password(tx: Transaction, moderator_id: int, password_hash: str) -> None:
    """Store another hash of a password."""
    await tx.fetch(
        "UPDATE moderators SET password_hash = :hash WHERE moderator_id = :id",
        {"hash": password_hash, "id": moderator_id},
    )


async def renew_hash(tx: Transaction, moderator_id: int, old: str, new: str) -> None:
    """Store another hash of the same password, unless it was changed meanwhile."""
    await tx.fetch(
        "UPDATE moderators SET password_hash = :new WHERE moderator_id = :id AND password_hash = :old",
        {"new": new, "id": moderator_id, "old": old},
    )


async def save_role(tx: Transaction, moderator_id: int, role: Role, sites: Sites) -> None:
    """Store another role, and the sites it is for."""
    await tx.fetch(
        "UPDATE moderators SET role = :role, sites = :sites WHERE moderator_id = :id",
        {"role": role, "sites": sites_text(sites), "id": moderator_id},
    )


async def bind_subject(tx: Transaction, moderator_id: int, subject: str) -> bool:
    """Store who somebody is at the identity provider; say False where that is known otherwise."""
    rows = await tx.fetch(
        """UPDATE moderators SET subject = :subject
           WHERE moderator_id = :id AND subject IS NULL RETURNING moderator_id""",
        {"subject": subject, "id": moderator_id},
    )
    return bool(rows)


async def lock_owners(tx: Transaction) -> set[int]:
    """Return the owners; none of them changes until the commit."""
    rows = await tx.fetch(
        "UPDATE moderators SET role = role WHERE role = 'owner' RETURNING moderator_id"
    )
    return {int(row[0]) for row in rows}


async def remove(tx: Transaction, moderator_id: int) -> None:
    """Forget a moderator with all that is theirs alone; what they did stays on record."""
    for table in (*_THEIRS, "moderators"):
        await tx.fetch(f"DELETE FROM {table} WHERE moderator_id = :id", {"id": moderator_id})


async def save_totp(tx: Transaction, moderator_id: int, totp: str, step: int) -> None:
    """Store the encrypted secret of a second factor, '' for none, and the step of its last code."""
    await tx.fetch(
        "UPDATE moderators SET totp = :totp, totp_step = :step WHERE moderator_id = :id",
        {"totp": totp, "step": step, "id": moderator_id},
    )


async def use_step(tx: Transaction, moderator_id: int, step: int) -> bool:
    """Use the code of a step up; say False where it, or a later one, was used before."""
    rows = await tx.fetch(
        """UPDATE moderators SET totp_step = :step
           WHERE moderator_id = :id AND totp_step < :step RETURNING moderator_id""",
        {"step": step, "id": moderator_id},
    )
    return bool(rows)


async def replace_codes(tx: Transaction, moderator_id: int, hashes: Sequence[str]) -> None:
    """Store recovery codes in the place of those before."""
    await tx.fetch("DELETE FROM recovery_codes WHERE moderator_id = :id", {"id": moderator_id})
    for code_hash in hashes:
        await tx.fetch(
            "INSERT INTO recovery_codes (moderator_id, code_hash) VALUES (:id, :hash)",
            {"id": moderator_id, "hash": code_hash},
        )


async def use_code(tx: Transaction, moderator_id: int, code_hash: str) -> bool:
    """Use a recovery code up; say False where there is none such."""
    rows = await tx.fetch(
        """DELETE FROM recovery_codes WHERE moderator_id = :id AND code_hash = :hash
           RETURNING code_hash""",
        {"id": moderator_id, "hash": code_hash},
    )
    return bool(rows)


async def codes_left(db: Queries, moderator_id: int) -> int:
    """Return how many recovery codes somebody has left."""
    rows = await db.fetch(
        "SELECT count(*) FROM recovery_codes WHERE moderator_id = :id", {"id": moderator_id}
    )
    return int(rows[0][0])


async def with_sites(db: Queries) -> list[tuple[int, str, str]]:
    """Return number, address and sites of all moderators."""
    rows = await db.fetch("SELECT moderator_id, email, sites FROM moderators ORDER BY moderator_id")
    return [(row[0], row[1], row[2]) for row in rows]
