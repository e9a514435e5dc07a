"""Rules and their hits, and what is looked up before they are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from comments_service.core.models import Comment
from comments_service.core.rules import Hit, Rule, RuleAction
from comments_service.storage.comments import COLUMNS as OF_COMMENTS
from comments_service.storage.database import Database, Queries, Transaction, columns_of, in_list

COLUMNS, _NAMED, _params = columns_of(Rule)

MOST_HITS = 1_000
"""The newest hits of a rule that are looked at for what moderators made of them."""


async def counter(db: Queries) -> int:
    """Return a number that grows with every change of a rule."""
    rows = await db.fetch("SELECT value FROM meta WHERE name = 'rules'")
    return int(rows[0][0]) if rows else 0


async def every(db: Queries, *, deleted: bool = False) -> list[Rule]:
    """Return all rules in the order in which they are asked, bans first."""
    rows = await db.fetch(
        f"""SELECT {COLUMNS} FROM rules WHERE state <> 'deleted' OR 1 = :deleted
            ORDER BY CASE WHEN kind = 'ban' THEN 0 ELSE 1 END, position, rule_id""",
        {"deleted": int(deleted)},
    )
    return [Rule(*row) for row in rows]


async def get(db: Queries, rule_id: int) -> Rule | None:
    """Return a rule, a deleted one too."""
    rows = await db.fetch(f"SELECT {COLUMNS} FROM rules WHERE rule_id = :id", {"id": rule_id})
    return Rule(*rows[0]) if rows else None


async def lock(tx: Transaction) -> None:
    """Count one change of the rules; until the commit nobody else changes one."""
    await tx.fetch(
        """INSERT INTO meta (name, value) VALUES ('rules', 1)
           ON CONFLICT (name) DO UPDATE SET value = meta.value + 1"""
    )


async def save(tx: Transaction, rule: Rule) -> None:
    """Store a rule, new or changed."""
    await tx.fetch(
        f"""INSERT INTO rules ({COLUMNS}) VALUES ({_NAMED})
            ON CONFLICT (rule_id) DO UPDATE SET site_id = excluded.site_id,
              position = excluded.position, params = excluded.params, action = excluded.action,
              state = excluded.state, version = excluded.version, note = excluded.note,
              expires_at = excluded.expires_at""",
        _params(rule),
    )


async def put(tx: Transaction, rule_id: int, position: int) -> None:
    """Store where in the order a rule is asked."""
    await tx.fetch(
        "UPDATE rules SET position = :position WHERE rule_id = :id",
        {"position": position, "id": rule_id},
    )


async def add_hits(tx: Transaction, comment: Comment, hits: Iterable[Hit], at: int) -> None:
    """Keep what rules had to say of a version of a comment."""
    for hit in hits:
        await tx.fetch(
            """INSERT INTO hits (thread_id, comment_id, rule_id, rule_version, comment_version,
                 site_id, action, shadow, at)
               VALUES (:t, :id, :rule, :rule_version, :version, :site, :action, :shadow, :at)
               ON CONFLICT DO NOTHING""",
            {
                "t": comment.thread_id,
                "id": comment.id,
                "rule": hit.rule_id,
                "rule_version": hit.rule_version,
                "version": comment.version,
                "site": comment.site_id,
                "action": hit.action,
                "shadow": int(hit.shadow),
                "at": at,
            },
        )


async def of_comment(db: Queries, comment: Comment) -> list[tuple[int, RuleAction, bool]]:
    """Return which rules had something to say of a comment as it is: id, action, whether in shadow."""
    rows = await db.fetch(
        """SELECT rule_id, action, shadow, comment_version FROM hits
           WHERE thread_id = :t AND comment_id = :id ORDER BY comment_version DESC LIMIT 100""",
        {"t": comment.thread_id, "id": comment.id},
    )
    return [(int(row[0]), row[1], bool(row[2])) for row in rows if row[3] == rows[0][3]]


async def with_hits(db: Queries, before: int) -> list[int]:
    """Return the rules that have hits from before a time."""
    rows = await db.fetch(
        """SELECT rule_id FROM rules WHERE EXISTS (
               SELECT 1 FROM hits h WHERE h.rule_id = rules.rule_id AND h.at < :before)""",
        {"before": before},
    )
    return [int(row[0]) for row in rows]


async def forget_hits(tx: Transaction, rule_id: int, before: int, limit: int) -> int:
    """Forget hits of a rule from before a time, and return how many."""
    rows = await tx.fetch(
        """DELETE FROM hits WHERE (thread_id, comment_id, rule_id, comment_version) IN (
               SELECT thread_id, comment_id, rule_id, comment_version FROM hits
               WHERE rule_id = :rule AND at < :before ORDER BY at LIMIT :limit)
           RETURNING comment_id""",
        {"rule": rule_id, "before": before, "limit": limit},
    )
    return len(rows)


@dataclass(frozen=True)
class Record:
    """What became of a rule's hits, of the newest MOST_HITS; `whole` says whether these are all.

    `decided`: on so many a moderator decided; `overturned`: on so many otherwise than the rule.
    """

    hits: int = 0
    shadow: int = 0
    decided: int = 0
    overturned: int = 0
    whole: bool = True


_OVERTURNED = {
    "publish": {"pending", "spam", "rejected", "deleted"},
    "hold": {"approved"},
    "spam": {"approved", "pending"},
    "reject": set[str](),
}
_UNDECIDED = {("hold", "pending")}  # as the rule left it


async def record(db: Database, rule_id: int, sites: Collection[int] | None) -> Record:
    """Return what became of a rule's newest hits, on some sites or on all."""
    where, params = "rule_id = :rule", dict[str, Any](rule=rule_id, most=MOST_HITS)
    if sites is not None:
        listed, named = in_list("of", sorted(sites) or [0])
        where, params = f"{where} AND site_id IN {listed}", params | named
    rows = await db.scan(
        f"""SELECT h.action, h.shadow, c.status, EXISTS (
                 SELECT 1 FROM log l WHERE l.thread_id = h.thread_id AND l.comment_id = h.comment_id
                   AND l.version >= h.comment_version
                   AND (l.actor LIKE 'moderator:%' OR l.actor LIKE 'token:%')), count(*)
            FROM (SELECT * FROM hits WHERE {where} ORDER BY at DESC LIMIT :most) AS h
            LEFT JOIN comments c ON c.thread_id = h.thread_id AND c.id = h.comment_id
            GROUP BY 1, 2, 3, 4""",
        params,
    )
    counts: Counter[str] = Counter()
    for action, shadow, status, judged, number in map(tuple, rows):
        counts["hits"] += number
        counts["shadow"] += number if shadow else 0
        if judged and (action, status) not in _UNDECIDED:
            counts["decided"] += number
            counts["overturned"] += number if status in _OVERTURNED[action] else 0
    return Record(
        counts["hits"], counts["shadow"], counts["decided"], counts["overturned"],
        counts["hits"] < MOST_HITS,
    )  # fmt: skip


async def times(db: Queries, network: str, but: int, since: int, limit: int) -> list[int]:
    """Return when a network sent other comments, the newest first."""
    rows = await db.fetch(
        """SELECT created_at FROM comments
           WHERE network = :network AND network <> '' AND created_at > :since AND id <> :but
           ORDER BY created_at DESC, id DESC LIMIT :limit""",
        {"network": network, "since": since, "but": but, "limit": limit},
    )
    return [int(row[0]) for row in rows]


async def likenesses(db: Queries, but: int, limit: int) -> list[int]:
    """Return the likenesses of the newest other comments, on whatever site; not of deleted ones."""
    rows = await db.fetch(
        """SELECT simhash, status FROM comments WHERE created_at > 0 AND id <> :but
           ORDER BY created_at DESC, id DESC LIMIT :limit""",
        {"but": but, "limit": limit},
    )
    return [int(row[0]) for row in rows if row[0] and row[1] != "deleted"]


async def newest(
    db: Database, sites: Sequence[int], before: tuple[int, int], limit: int, status: str = ""
) -> list[Comment]:
    """Return the newest comments before a time and id, on some sites or on all, of a status or of any."""
    where, params = "(created_at, id) < (:at, :id)", dict[str, Any](at=before[0], id=before[1])
    if sites:
        listed, named = in_list("of", sites)
        where, params = f"{where} AND site_id IN {listed}", params | named
    if status:
        where, params = f"{where} AND status = :status", params | {"status": status}
    rows = await db.scan(
        f"""SELECT {OF_COMMENTS} FROM comments WHERE {where}
            ORDER BY created_at DESC, id DESC LIMIT :limit""",
        params | {"limit": limit},
    )
    return [Comment(*row) for row in rows]
