"""The outbox: what is to leave the house, who is sending it just now, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from comments_service.core.notices import Notice, Result, State
from comments_service.storage.database import Database, Queries, Transaction, columns_of, in_list

COLUMNS, _NAMED, _params = columns_of(Notice)
_FREE = "state = 'waiting' AND (lease = '' OR due_at <= :now)"


async def add(tx: Transaction, notice: Notice) -> bool:
    """Store a notice; say False where one that is sent once only is there already."""
    rows = await tx.fetch(
        f"INSERT INTO outbox ({COLUMNS}) VALUES ({_NAMED}) ON CONFLICT DO NOTHING RETURNING id",
        _params(notice),
    )
    return bool(rows)


async def withdraw(
    tx: Transaction, bucket: int, comment_id: int, batch: str, now: int
) -> list[tuple[str, str]]:
    """Take back what a batch caused about a comment and nobody is sending; return kinds and events."""
    rows = await tx.fetch(
        f"""DELETE FROM outbox WHERE bucket = :bucket AND comment_id = :comment AND batch = :batch
            AND {_FREE} RETURNING kind, event""",
        {"bucket": bucket, "comment": comment_id, "batch": batch, "now": now},
    )
    return [(row[0], row[1]) for row in rows]


async def count_left(tx: Transaction, bucket: int, comment_id: int, batch: str) -> int:
    """Return how many notices of a batch about a comment have left, or are being sent."""
    rows = await tx.fetch(
        """SELECT count(*) FROM outbox WHERE bucket = :bucket AND comment_id = :comment
           AND batch = :batch AND state <> 'dead'""",
        {"bucket": bucket, "comment": comment_id, "batch": batch},
    )
    return int(rows[0][0])


async def candidates(
    db: Queries, now: int, busy: Collection[str], limit: int, only: Collection[str] = ()
) -> list[tuple[int, int, str]]:
    """Return bucket, id and destination of what may be taken, the longest due first.

    With `only` it is for these destinations.
    """
    listed, params = in_list("busy", sorted(busy) or [""])
    among = ""
    if only:
        wanted, named = in_list("only", sorted(only))
        among, params = f"AND destination IN {wanted}", params | named
    rows = await db.fetch(
        f"""SELECT bucket, id, destination FROM outbox
            WHERE state = 'waiting' AND due_at <= :now AND destination NOT IN {listed} {among}
            ORDER BY due_at LIMIT :limit""",
        {"now": now, "limit": limit, **params},
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def take(
    tx: Transaction, bucket: int, ids: Sequence[int], lease: str, now: int, until: int
) -> list[Notice]:
    """Lease rows of a bucket until a time, and return those that nobody else took first."""
    listed, params = in_list("id", ids)
    rows = await tx.fetch(
        f"""UPDATE outbox SET lease = :lease, due_at = :until, attempts = attempts + 1
            WHERE bucket = :bucket AND id IN {listed} AND state = 'waiting' AND due_at <= :now
            RETURNING {COLUMNS}""",
        {"bucket": bucket, "lease": lease, "now": now, "until": until, **params},
    )
    return [Notice(*row) for row in rows]


async def next_due(db: Queries) -> int | None:
    """Return when the next row may be taken."""
    rows = await db.fetch("SELECT min(due_at) FROM outbox WHERE state = 'waiting'")
    return None if rows[0][0] is None else int(rows[0][0])


async def settle(
    tx: Transaction, notice: Notice, result: Result, state: State, now: int, due_at: int
) -> None:
    """Store what came of an attempt, unless another worker has the row by now."""
    await tx.fetch(
        """UPDATE outbox SET state = :state, lease = '', due_at = :due_at, tried_at = :now,
               status = :status, milliseconds = :milliseconds, answer = :answer
           WHERE bucket = :bucket AND id = :id AND lease = :lease""",
        {
            "state": state,
            "due_at": due_at,
            "now": now,
            "status": result.status,
            "milliseconds": result.milliseconds,
            "answer": result.answer,
            "bucket": notice.bucket,
            "id": notice.id,
            "lease": notice.lease,
        },
    )


async def remove(tx: Transaction, notice: Notice) -> bool:
    """Forget a leased row; say False where another worker has it by now."""
    rows = await tx.fetch(
        "DELETE FROM outbox WHERE bucket = :bucket AND id = :id AND lease = :lease RETURNING id",
        {"bucket": notice.bucket, "id": notice.id, "lease": notice.lease},
    )
    return bool(rows)


async def give_back(tx: Transaction, lease: str, now: int) -> None:
    """End every lease of a worker, or with '' of all: the rows may be taken again at once."""
    wanted = "lease = :lease" if lease else "lease <> :lease"
    await tx.fetch(
        f"UPDATE outbox SET lease = '', due_at = :now WHERE state = 'waiting' AND {wanted}",
        {"lease": lease, "now": now},
    )


async def find(db: Queries, notice_id: int) -> Notice | None:
    """Return a row by its id alone."""
    rows = await db.fetch(f"SELECT {COLUMNS} FROM outbox WHERE id = :id", {"id": notice_id})
    return Notice(*rows[0]) if rows else None


async def again(tx: Transaction, bucket: int, notice_id: int, now: int) -> bool:
    """Have a notice sent, from its first attempt on; say False where somebody is sending it."""
    rows = await tx.fetch(
        f"""UPDATE outbox SET state = 'waiting', lease = '', due_at = :now, attempts = 0
            WHERE bucket = :bucket AND id = :id AND (state <> 'waiting' OR ({_FREE}))
            RETURNING id""",
        {"bucket": bucket, "id": notice_id, "now": now},
    )
    return bool(rows)


async def listed(
    database: Database,
    state: State,
    before: int,
    limit: int,
    *,
    sites: Collection[int] | None = None,
    destination: str | None = None,
) -> list[Notice]:
    """Return rows of a state before an id, the newest first: of some sites, of one destination."""
    among, params = in_list("site", sorted(sites) if sites else [0])
    where = f" AND site_id IN {among}" if sites is not None else ""
    where += " AND destination = :destination" if destination is not None else ""
    named = {"destination": destination} if destination is not None else {}
    rows = await database.scan(
        f"""SELECT {COLUMNS} FROM outbox WHERE state = :state AND id < :before{where}
            ORDER BY id DESC LIMIT :limit""",
        {"state": state, "before": before, "limit": limit, **named}
        | (params if sites is not None else {}),
    )
    return [Notice(*row) for row in rows]


async def of_destination(
    database: Database, destination: str, before: int, limit: int
) -> list[Notice]:
    """Return what was or is to be sent to a destination, the newest first."""
    rows = await database.fetch(
        f"""SELECT {COLUMNS} FROM outbox WHERE destination = :destination AND id < :before
            ORDER BY id DESC LIMIT :limit""",
        {"destination": destination, "before": before, "limit": limit},
    )
    return [Notice(*row) for row in rows]


async def forget(tx: Transaction, destination: str) -> None:
    """Forget all that concerns a destination that is no more."""
    await tx.fetch("DELETE FROM outbox WHERE destination = :d", {"d": destination})


async def tidy(tx: Transaction, state: State, before: int, limit: int) -> int:
    """Forget the oldest rows of a state that are from before a time, and return how many.

    Of what must never be sent again the row stays, and says nothing but that.
    """
    oldest = "SELECT id FROM outbox WHERE state = :state ORDER BY id LIMIT :limit"
    where = f"state = :state AND id IN ({oldest}) AND created_at < :before"
    params = {"state": state, "limit": limit, "before": before}
    kept = await tx.fetch(
        f"""UPDATE outbox SET state = 'told', data = '{{}}', batch = '', answer = ''
            WHERE {where} AND kind = 'reply' RETURNING id""",
        params,
    )
    gone = await tx.fetch(f"DELETE FROM outbox WHERE {where} RETURNING id", params)
    return len(kept) + len(gone)
