"""The log: what was done, by whom and why. Rows are added, sealed, and never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from comments_service.core.models import Entry
from comments_service.storage.database import Database, Queries, Transaction, columns_of, in_list

COLUMNS, _NAMED, _params = columns_of(Entry)

Seal = Callable[[str, Sequence[object]], str]
"""Makes the hash of a row from the one before it and its words."""


async def append(tx: Transaction, entry: Entry, seal: Seal) -> Entry:
    """Store an act behind all others; the log's end stays locked until the commit.

    Always the last row that a transaction locks, after the site's.
    """
    [(seq, before)] = await tx.fetch("UPDATE log_head SET seq = seq + 1 RETURNING seq, hash")
    numbered = replace(entry, seq=int(seq))
    sealed = replace(numbered, hash=seal(before, numbered.words))
    await tx.fetch(f"INSERT INTO log ({COLUMNS}) VALUES ({_NAMED})", _params(sealed))
    await tx.fetch("UPDATE log_head SET hash = :hash", {"hash": sealed.hash})
    return sealed


async def of_version(db: Queries, thread_id: int, comment_id: int, version: int) -> Entry | None:
    """Return what was done to a version of a comment."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM log WHERE thread_id = :t AND comment_id = :id AND version = :version",
        {"t": thread_id, "id": comment_id, "version": version},
    )
    return Entry(*rows[0]) if rows else None


async def newest(db: Queries, thread_id: int, comment_id: int) -> Entry | None:
    """Return the last act on a comment."""
    found = await of_comment(db, thread_id, comment_id, 1)
    return found[0] if found else None


async def of_comment(db: Queries, thread_id: int, comment_id: int, limit: int) -> list[Entry]:
    """Return the last acts on a comment, the newest first."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM log WHERE thread_id = :t AND comment_id = :id
            ORDER BY version DESC LIMIT :limit""",
        {"t": thread_id, "id": comment_id, "limit": limit},
    )
    return [Entry(*row) for row in rows]


async def of_batch(db: Queries, batch: str, after: int, limit: int) -> list[Entry]:
    """Return the acts of a batch after a number, in the order in which they were done."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM log WHERE batch = :batch AND seq > :after
            ORDER BY seq LIMIT :limit""",
        {"batch": batch, "after": after, "limit": limit},
    )
    return [Entry(*row) for row in rows]


async def latest(
    db: Queries, before: int, limit: int, actor: str | None = None, sites: Sequence[int] = ()
) -> list[Entry]:
    """Return the last acts before a number, the newest first: of all, of one actor, of some sites."""
    wanted, params = ["seq < :before"], {"before": before, "limit": limit, "actor": actor}
    if actor is None:
        del params["actor"]
    else:
        wanted.append("actor = :actor")
    if sites:
        listed, named = in_list("site", sites)
        # + 0: the index of times by site would want all of them sorted.
        wanted.append(f"site_id + 0 IN {listed}")
        params |= named
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM log WHERE {" AND ".join(wanted)}
            ORDER BY seq DESC LIMIT :limit""",
        params,
    )
    return [Entry(*row) for row in rows]


async def after(db: Database, seq: int, limit: int) -> list[Entry]:
    """Return the acts after a number, in the order in which they were done."""
    rows = await db.scan(
        f"SELECT {COLUMNS} FROM log WHERE seq > :seq ORDER BY seq LIMIT :limit",
        {"seq": seq, "limit": limit},
    )
    return [Entry(*row) for row in rows]


async def head(db: Database) -> tuple[int, str, int]:
    """Return the last act's number and hash, and the number after which acts have hashes."""
    [(seq, hashed)] = await db.scan("SELECT seq, hash FROM log_head")
    [(start,)] = await db.scan("SELECT value FROM meta WHERE name = 'log_start'")
    return int(seq), str(hashed), int(start)
