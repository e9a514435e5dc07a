"""Numbers of a site since some time: counted in an index, or of the newest so many rows."""

from __future__ import annotations

from collections.abc import Sequence

from comments_service.core.figures import DAY, Act, Period
from comments_service.storage.database import Database, in_list

_PEOPLE = "(actor LIKE 'moderator:%' OR actor LIKE 'token:%')"


async def comments_by_day(db: Database, site_id: int, period: Period) -> dict[int, int]:
    """Return how many comments arrived on each day of a period, whatever became of them."""
    # A count of one range for each day: five times as fast as grouping, which sorts.
    rows = await db.scan(
        """WITH RECURSIVE days (day) AS (
               SELECT CAST(:first AS BIGINT) UNION ALL SELECT day + 1 FROM days WHERE day < :last)
           SELECT day, (SELECT count(*) FROM comments WHERE site_id = :site
               AND created_at >= day * :length AND created_at < (day + 1) * :length) FROM days""",
        {"first": period.first, "last": period.last, "site": site_id, "length": DAY},
    )
    return {int(day): int(number) for day, number in rows}


async def acts_by_day(
    db: Database, site_id: int, since: int, actions: Sequence[str]
) -> dict[tuple[int, str], int]:
    """Return how often people did each of some things on each day, in an index alone."""
    listed, named = in_list("action", actions)
    rows = await db.scan(
        f"""SELECT at / :length, action, count(*) FROM log
            WHERE site_id = :site AND at >= :since AND action IN {listed} AND {_PEOPLE}
            GROUP BY at / :length, action""",
        named | {"site": site_id, "since": since, "length": DAY},
    )
    return {(int(day), str(action)): int(number) for day, action, number in rows}


async def acts(db: Database, site_id: int, since: int, most: int) -> list[Act]:
    """Return what people and rules did to comments, the newest first, with how long each had waited.

    A comment waits from its arrival, or since it was last held; an undo begins nothing anew.
    """
    rows = await db.scan(
        f"""SELECT at, actor, comment_id, action, status_before, status_after, rule, coalesce(
                (SELECT max(held.at) FROM log held WHERE held.thread_id = log.thread_id
                     AND held.comment_id = log.comment_id AND held.version < log.version
                     AND held.status_after = 'pending' AND held.status_before <> 'pending'
                     AND held.action <> 'undo'),
                (SELECT c.created_at FROM comments c
                 WHERE c.thread_id = log.thread_id AND c.id = log.comment_id))
            FROM log WHERE site_id = :site AND at >= :since AND comment_id IS NOT NULL
                AND ({_PEOPLE} OR actor LIKE 'rule:%')
            ORDER BY at DESC LIMIT :most""",
        {"site": site_id, "since": since, "most": most},
    )
    return [Act(*row) for row in rows]


async def arrived(db: Database, site_id: int, since: int) -> int:
    """Return how many comments arrived since some time."""
    rows = await db.scan(
        "SELECT count(*) FROM comments WHERE site_id = :site AND created_at >= :since",
        {"site": site_id, "since": since},
    )
    return int(rows[0][0])


async def held(db: Database, site_id: int, since: int, most: int) -> list[tuple[int, int, str]]:
    """Return which comments were not shown at once, the newest first: when they came, and why, as JSON."""
    rows = await db.scan(
        """SELECT created_at, id, reasons FROM comments
           WHERE site_id = :site AND created_at >= :since AND reasons <> '[]'
               AND (published_at IS NULL OR published_at > created_at)
           ORDER BY created_at DESC LIMIT :most""",
        {"site": site_id, "since": since, "most": most},
    )
    return [(int(row[0]), int(row[1]), str(row[2])) for row in rows]


async def hits(db: Database, site_id: int, since: int, most: int) -> dict[int, tuple[int, int]]:
    """Return for each rule that spoke how often it did, and how often it would have in shadow.

    A count is `most` at most.
    """

    def count(shadow: int) -> str:
        return f"""(SELECT count(*) FROM (SELECT 1 AS one FROM hits h
            WHERE h.rule_id = rules.rule_id AND h.at >= :since AND h.shadow = {shadow}
                AND h.site_id = :site LIMIT :most) AS counted)"""

    # One look into the index for each rule, of which there may be many that never speak, such as bans.
    rows = await db.scan(
        f"""SELECT rule_id, {count(0)}, {count(1)} FROM rules
            WHERE site_id IN (0, :site) AND EXISTS (
                SELECT 1 FROM hits h WHERE h.rule_id = rules.rule_id AND h.at >= :since)""",
        {"site": site_id, "since": since, "most": most},
    )
    return {int(row[0]): (int(row[1]), int(row[2])) for row in rows if row[1] or row[2]}


async def rules(db: Database, rule_ids: Sequence[int]) -> list[tuple[int, str, str, str]]:
    """Return rules by their numbers: each with its kind, action and note."""
    if not rule_ids:
        return []
    listed, named = in_list("rule", rule_ids)
    rows = await db.scan(
        f"SELECT rule_id, kind, action, note FROM rules WHERE rule_id IN {listed}", named
    )
    return [(int(row[0]), str(row[1]), str(row[2]), str(row[3])) for row in rows]
