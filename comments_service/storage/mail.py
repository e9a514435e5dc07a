"""Who wants mail: confirmed addresses, who asked for replies, who said no, what moderators chose."""

from __future__ import annotations

from collections.abc import Sequence

from comments_service.core.mailing import Choice
from comments_service.storage.database import Queries, Transaction, columns_of, in_list

_COLUMNS, _NAMED, _params = columns_of(Choice)


async def confirm(tx: Transaction, address: str, comment_id: int, at: int) -> None:
    """Store that who reads an address's mail wrote a comment, or with 0 is a moderator."""
    await tx.fetch(
        """INSERT INTO confirmations (address, comment_id, at) VALUES (:address, :comment, :at)
           ON CONFLICT DO NOTHING""",
        {"address": address, "comment": comment_id, "at": at},
    )


async def confirmed(db: Queries, address: str) -> bool:
    """Say whether somebody who reads an address's mail has ever said so."""
    rows = await db.fetch(
        "SELECT 1 FROM confirmations WHERE address = :address LIMIT 1", {"address": address}
    )
    return bool(rows)


async def confirmed_by(db: Queries, address: str, limit: int = 1_000) -> set[int]:
    """Return the comments that an address's mail confirmed, the newest where there are very many."""
    rows = await db.fetch(
        """SELECT comment_id FROM confirmations WHERE address = :address
           ORDER BY comment_id DESC LIMIT :limit""",
        {"address": address, "limit": limit},
    )
    return {int(row[0]) for row in rows if row[0]}


async def follow(tx: Transaction, thread_id: int, comment_id: int, lang: str, at: int) -> None:
    """Store that an author wants mail about replies to a comment."""
    await tx.fetch(
        """INSERT INTO follows (thread_id, comment_id, lang, at) VALUES (:t, :c, :lang, :at)
           ON CONFLICT DO NOTHING""",
        {"t": thread_id, "c": comment_id, "lang": lang, "at": at},
    )


async def followed(db: Queries, thread_id: int, comment_id: int) -> str | None:
    """Return the language of the author who wants mail about replies to a comment, else None."""
    rows = await db.fetch(
        "SELECT lang FROM follows WHERE thread_id = :t AND comment_id = :c",
        {"t": thread_id, "c": comment_id},
    )
    return str(rows[0][0]) if rows else None


async def mute(tx: Transaction, address: str, scope: str, at: int) -> None:
    """Store that an address wants no more mail about something."""
    await tx.fetch(
        """INSERT INTO mutes (address, scope, at) VALUES (:address, :scope, :at)
           ON CONFLICT DO NOTHING""",
        {"address": address, "scope": scope, "at": at},
    )


async def unmute(tx: Transaction, address: str, scopes: Sequence[str]) -> None:
    """Forget what an address said no to."""
    listed, params = in_list("scope", scopes)
    await tx.fetch(
        f"DELETE FROM mutes WHERE address = :address AND scope IN {listed}",
        {"address": address, **params},
    )


async def muted(db: Queries, address: str, scopes: Sequence[str]) -> list[str]:
    """Return which of some things an address wants no mail about."""
    listed, params = in_list("scope", scopes)
    rows = await db.fetch(
        f"SELECT scope FROM mutes WHERE address = :address AND scope IN {listed} ORDER BY scope",
        {"address": address, **params},
    )
    return [str(row[0]) for row in rows]


async def choose(tx: Transaction, choice: Choice) -> None:
    """Store what mail a moderator wants about a site."""
    await tx.fetch(
        f"""INSERT INTO mail_choices ({_COLUMNS}) VALUES ({_NAMED})
            ON CONFLICT (moderator_id, site_id) DO UPDATE
            SET pace = excluded.pace, about = excluded.about, lang = excluded.lang""",
        _params(choice),
    )


async def choices(db: Queries, moderator_id: int) -> dict[int, Choice]:
    """Return what a moderator chose, by site."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM mail_choices WHERE moderator_id = :m", {"m": moderator_id}
    )
    return {row[1]: Choice(*row) for row in rows}


async def choices_about(db: Queries, site_id: int) -> dict[int, Choice]:
    """Return what moderators chose about a site, by their number."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM mail_choices WHERE site_id = :site", {"site": site_id}
    )
    return {row[0]: Choice(*row) for row in rows}


async def anybody_wants_all(db: Queries, site_id: int) -> bool:
    """Say whether some moderator wants mail about every new comment of a site."""
    rows = await db.fetch(
        """SELECT 1 FROM mail_choices WHERE site_id = :site AND about = 'all' AND pace <> 'never'
           LIMIT 1""",
        {"site": site_id},
    )
    return bool(rows)
