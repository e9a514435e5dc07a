"""What was learned of words from moderators' decisions, and from which comments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from comments_service.core.kinds.learned import Counts
from comments_service.core.models import Comment
from comments_service.storage.database import Database, Queries, Transaction, in_list

_PIECE = 400  # words that are asked for at once


async def behind(db: Queries) -> bool:
    """Say whether the log has acts that nothing was learned from yet."""
    rows = await db.fetch(
        "SELECT (SELECT seq FROM log_head), (SELECT value FROM meta WHERE name = 'learned')"
    )
    return int(rows[0][0]) > int(rows[0][1] or 0)


async def lock(tx: Transaction) -> int:
    """Return the number of the last act that was learned from; until the commit only one learns."""
    rows = await tx.fetch(
        """INSERT INTO meta (name, value) VALUES ('learned', 0)
           ON CONFLICT (name) DO UPDATE SET value = meta.value RETURNING value"""
    )
    return int(rows[0][0])


async def acts_after(tx: Transaction, seq: int, limit: int) -> list[tuple[int, int, int, str, str]]:
    """Return acts behind a number: seq, thread, comment (0: on something else), actor, action."""
    rows = await tx.fetch(
        """SELECT seq, thread_id, coalesce(comment_id, 0), actor, action FROM log WHERE seq > :seq
           ORDER BY seq LIMIT :limit""",
        {"seq": seq, "limit": limit},
    )
    return [(int(row[0]), int(row[1]), int(row[2]), str(row[3]), str(row[4])) for row in rows]


async def save_place(tx: Transaction, seq: int) -> None:
    """Store the number of the last act that was learned from."""
    await tx.fetch("UPDATE meta SET value = :seq WHERE name = 'learned'", {"seq": seq})


async def lesson(tx: Transaction, comment: Comment) -> tuple[bool, list[str]] | None:
    """Return what was learned from a comment: whether as spam, and its words."""
    rows = await tx.fetch(
        "SELECT spam, words FROM lessons WHERE thread_id = :t AND comment_id = :id",
        {"t": comment.thread_id, "id": comment.id},
    )
    return (bool(rows[0][0]), json.loads(rows[0][1])) if rows else None


async def save_lesson(tx: Transaction, comment: Comment, spam: bool, words: Sequence[str]) -> None:
    """Store what was learned from a comment."""
    await tx.fetch(
        """INSERT INTO lessons (thread_id, comment_id, spam, words) VALUES (:t, :id, :spam, :words)
           ON CONFLICT (thread_id, comment_id) DO UPDATE SET spam = excluded.spam, words = excluded.words""",
        {
            "t": comment.thread_id,
            "id": comment.id,
            "spam": int(spam),
            "words": json.dumps(words, ensure_ascii=False),
        },
    )


async def forget_lesson(tx: Transaction, comment: Comment) -> None:
    """Forget that anything was learned from a comment."""
    await tx.fetch(
        "DELETE FROM lessons WHERE thread_id = :t AND comment_id = :id",
        {"t": comment.thread_id, "id": comment.id},
    )


async def count(tx: Transaction, more: Mapping[tuple[int, str], tuple[int, int]]) -> None:
    """Count words of sites up or down: (site, word) to how many more were kept and were spam."""
    for (site_id, word), (kept, spam) in more.items():
        await tx.fetch(
            """INSERT INTO learned (site_id, word, kept, spam) VALUES (:site, :word, :kept, :spam)
               ON CONFLICT (site_id, word) DO UPDATE SET kept = learned.kept + excluded.kept,
                 spam = learned.spam + excluded.spam""",
            {"site": site_id, "word": word, "kept": kept, "spam": spam},
        )


async def forget_words(tx: Transaction, site_id: int, words: Sequence[str]) -> None:
    """Forget those of some words that no comment has taught any more."""
    for at in range(0, len(words), _PIECE):
        listed, params = in_list("w", words[at : at + _PIECE])
        await tx.fetch(
            f"""DELETE FROM learned
                WHERE site_id = :site AND word IN {listed} AND kept <= 0 AND spam <= 0""",
            params | {"site": site_id},
        )


async def counts(db: Database, site_id: int, words: Iterable[str]) -> Counts:
    """Return what is known of some words on a site, and of all comments."""
    wanted, found = ["", *words], dict[str, tuple[int, int]]()
    for at in range(0, len(wanted), _PIECE):
        listed, params = in_list("w", wanted[at : at + _PIECE])
        rows = await db.fetch(
            f"SELECT word, kept, spam FROM learned WHERE site_id = :site AND word IN {listed}",
            params | {"site": site_id},
        )
        found |= {str(row[0]): (int(row[1]), int(row[2])) for row in rows}
    return found


async def telling(
    db: Database, sites: Sequence[int], least: int, limit: int, *, spam: bool
) -> dict[str, tuple[int, int]]:
    """Return the words that most comments of one sort have more than those of the other; it reads them all."""
    where, params = "word <> ''", dict[str, int]()
    if sites:
        listed, params = in_list("of", sites)
        where = f"{where} AND site_id IN {listed}"
    order = "DESC" if spam else "ASC"
    rows = await db.scan(
        f"""SELECT word, sum(kept), sum(spam) FROM learned WHERE {where} GROUP BY word
            HAVING sum(kept) + sum(spam) >= :least
            ORDER BY sum(spam) - sum(kept) {order}, word LIMIT :limit""",
        params | {"least": least, "limit": limit},
    )
    return {str(row[0]): (int(row[1]), int(row[2])) for row in rows}


async def totals(db: Database, sites: Sequence[int]) -> tuple[int, int]:
    """Return from how many comments was learned: kept ones, and spam."""
    where, params = "word = ''", dict[str, int]()
    if sites:
        listed, params = in_list("of", sites)
        where = f"{where} AND site_id IN {listed}"
    rows = await db.scan(
        f"SELECT coalesce(sum(kept), 0), coalesce(sum(spam), 0) FROM learned WHERE {where}", params
    )
    return int(rows[0][0]), int(rows[0][1])
