"""Sessions of those who are signed in; of each secret only a hash is stored."""

from __future__ import annotations

from comments_service.core.accounts import Moderator, Session
from comments_service.storage import people
from comments_service.storage.database import Queries, Transaction, columns_of
from comments_service.storage.people import moderator_of

COLUMNS, _NAMED, _params = columns_of(Session)
_WIDTH = len(COLUMNS.split(","))


async def forget_ended(tx: Transaction, now: int, idle_since: int) -> None:
    """Forget the sessions that have ended by age or by idleness, with where they were used."""
    await tx.fetch(
        "DELETE FROM sessions WHERE expires_at < :now OR seen_at < :idle",
        {"now": now, "idle": idle_since},
    )


async def add(tx: Transaction, session: Session, idle_since: int) -> None:
    """Store a session, and forget those that have ended by age or by idleness."""
    await forget_ended(tx, session.created_at, idle_since)
    await tx.fetch(f"INSERT INTO sessions ({COLUMNS}) VALUES ({_NAMED})", _params(session))


async def with_moderator(db: Queries, session_id: int) -> tuple[Session, Moderator] | None:
    """Return a session and whose it is."""
    own = ", ".join(f"s.{name.strip()}" for name in COLUMNS.split(","))
    theirs = ", ".join(f"m.{name.strip()}" for name in people.COLUMNS.split(","))
    rows = await db.fetch(
        f"""SELECT {own}, {theirs} FROM sessions s
            JOIN moderators m ON m.moderator_id = s.moderator_id WHERE s.session_id = :id""",
        {"id": session_id},
    )
    if not rows:
        return None
    row = tuple(rows[0])
    return Session(*row[:_WIDTH]), moderator_of(row[_WIDTH:])


async def of_moderator(db: Queries, moderator_id: int) -> list[Session]:
    """Return somebody's sessions, the last seen first."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM sessions WHERE moderator_id = :id
            ORDER BY seen_at DESC, session_id DESC""",
        {"id": moderator_id},
    )
    return [Session(*row) for row in rows]


async def touch(tx: Transaction, session: Session) -> None:
    """Store when and from where a session was seen, and whether its former secret still counts."""
    await tx.fetch(
        """UPDATE sessions SET seen_at = :seen, address = :address, agent = :agent,
             former_hash = CASE WHEN secret_hash = :hash THEN :former ELSE former_hash END
           WHERE session_id = :id""",
        {
            "seen": session.seen_at,
            "address": session.address,
            "agent": session.agent,
            "hash": session.secret_hash,
            "former": session.former_hash,
            "id": session.session_id,
        },
    )


async def rotate(
    tx: Transaction, session_id: int, old: str, new: str, now: int, settled: int
) -> bool:
    """Store a new secret in the place of `old`; say False where it is not the present one.

    The former one will do as well, if the present one is from before `settled`: it got lost.
    """
    rows = await tx.fetch(
        """UPDATE sessions SET secret_hash = :new, former_hash = :old, rotated_at = :now
           WHERE session_id = :id
             AND (secret_hash = :old OR former_hash = :old AND rotated_at < :settled)
           RETURNING session_id""",
        {"new": new, "old": old, "now": now, "id": session_id, "settled": settled},
    )
    return bool(rows)


async def make_due(tx: Transaction, moderator_id: int) -> None:
    """Let each session of somebody get a new secret at its next page."""
    await tx.fetch(
        "UPDATE sessions SET rotated_at = 0 WHERE moderator_id = :id", {"id": moderator_id}
    )


async def end(tx: Transaction, moderator_id: int, session_id: int) -> bool:
    """Forget one session of somebody; say False where it is not there."""
    rows = await tx.fetch(
        """DELETE FROM sessions WHERE moderator_id = :moderator_id AND session_id = :id
           RETURNING session_id""",
        {"moderator_id": moderator_id, "id": session_id},
    )
    return bool(rows)


async def end_all(tx: Transaction, moderator_id: int, but: int = 0) -> int:
    """Forget all sessions of somebody, but one; return how many."""
    rows = await tx.fetch(
        """DELETE FROM sessions WHERE moderator_id = :moderator_id AND session_id <> :but
           RETURNING session_id""",
        {"moderator_id": moderator_id, "but": but},
    )
    return len(rows)
