"""Sites, their origins, and the counter that gives every noticeable change its number."""

from __future__ import annotations

from collections.abc import Sequence

from comments_service.core.models import Change, Comment, Mark, Site
from comments_service.core.policy import Policy
from comments_service.storage.comments import COLUMNS
from comments_service.storage.database import Queries, Transaction, in_list


async def by_slug(db: Queries, slug: str) -> Site | None:
    """Return a site with its origins, by its name."""
    return await _one(db, "slug", slug)


async def by_id(db: Queries, site_id: int) -> Site | None:
    """Return a site with its origins, by its number."""
    return await _one(db, "site_id", site_id)


async def _one(db: Queries, column: str, value: str | int) -> Site | None:
    rows = await db.fetch(
        f"""SELECT s.site_id, s.slug, s.settings, s.feed_id, o.origin FROM sites s
            LEFT JOIN origins o ON o.site_id = s.site_id WHERE s.{column} = :value ORDER BY o.origin""",
        {"value": value},
    )
    if not rows:
        return None
    site_id, slug, settings, feed_id, _ = rows[0]
    policy = Policy.model_validate_json(settings)
    return Site(site_id, slug, tuple(row[4] for row in rows if row[4]), policy, feed_id)


async def every(db: Queries) -> list[Site]:
    """Return all sites with their origins, by slug."""
    rows = await db.fetch("SELECT slug FROM sites ORDER BY slug")
    found = [await by_slug(db, str(row[0])) for row in rows]
    return [site for site in found if site]


async def add(tx: Transaction, site: Site, now: int) -> None:
    """Store a new site, and what is new of its origins."""
    await tx.fetch(
        """INSERT INTO sites (site_id, slug, created_at, feed_id)
           VALUES (:site_id, :slug, :now, :feed_id) ON CONFLICT DO NOTHING""",
        {"site_id": site.site_id, "slug": site.slug, "now": now, "feed_id": site.feed_id},
    )
    for origin in site.origins:
        await tx.fetch(
            """INSERT INTO origins (site_id, origin)
               SELECT site_id, :origin FROM sites WHERE slug = :slug ON CONFLICT DO NOTHING""",
            {"slug": site.slug, "origin": origin},
        )


async def save_origins(tx: Transaction, site: Site) -> None:
    """Store where a site's pages live, and nothing else."""
    params = {"s": site.site_id}
    await tx.fetch("DELETE FROM origins WHERE site_id = :s", params)
    for origin in site.origins:
        await tx.fetch(
            "INSERT INTO origins (site_id, origin) VALUES (:s, :origin)",
            params | {"origin": origin},
        )


async def save_policy(tx: Transaction, site: Site) -> None:
    """Store what the owner of a site chose."""
    await tx.fetch(
        "UPDATE sites SET settings = :settings WHERE site_id = :s",
        {"settings": site.policy.model_dump_json(exclude_defaults=True), "s": site.site_id},
    )


async def change(db: Queries, site_id: int) -> int:
    """Return the number of a site's newest change, 0 where there is no site."""
    return (await marks(db, [site_id])).get(site_id, Mark()).change


async def marks(db: Queries, site_ids: Sequence[int]) -> dict[int, Mark]:
    """Return how new several sites are."""
    if not site_ids:
        return {}
    listed, params = in_list("s", site_ids)
    rows = await db.fetch(
        f"SELECT site_id, change, modified FROM sites WHERE site_id IN {listed}", params
    )
    return {row[0]: Mark(row[1], row[2]) for row in rows}


async def next_change(tx: Transaction, site_id: int, second: int) -> Mark:
    """Count one change of a site, made in a second since 1970, and return its mark.

    The row stays locked until the commit: numbers come in commit order, without gaps. Always the
    last lock a transaction takes, after the thread's, so that no two wait for each other.
    """
    rows = await tx.fetch(
        """UPDATE sites SET change = change + 1,
               modified = CASE WHEN modified < :second THEN :second ELSE modified + 1 END
           WHERE site_id = :s RETURNING change, modified""",
        {"s": site_id, "second": second},
    )
    return Mark(*rows[0])


async def record_change(tx: Transaction, mark: Mark, comment: Comment, kind: str, at: int) -> None:
    """Keep one change for the pollers."""
    await tx.fetch(
        """INSERT INTO changes (thread_id, seq, site_id, comment_id, kind, at, modified)
           VALUES (:thread_id, :seq, :site_id, :comment_id, :kind, :at, :modified)""",
        {
            "thread_id": comment.thread_id,
            "seq": mark.change,
            "modified": mark.modified,
            "site_id": comment.site_id,
            "comment_id": comment.id,
            "kind": kind,
            "at": at,
        },
    )


async def changes_after(
    db: Queries, site_id: int, after: int, limit: int, thread_id: int | None = None
) -> list[Change]:
    """Return the changes of a site or of one thread after a number in commit order.

    Each comes with its comment as it is now.
    """
    # Each has an index of its own.
    belongs = "ch.site_id = :s" if thread_id is None else "ch.thread_id = :thread_id"
    columns = ", ".join(f"c.{name.strip()}" for name in COLUMNS.split(","))
    rows = await db.fetch(
        f"""SELECT ch.seq, ch.kind, ch.at, {columns} FROM changes ch
            JOIN comments c ON c.thread_id = ch.thread_id AND c.id = ch.comment_id
            WHERE {belongs} AND ch.seq > :after ORDER BY ch.seq LIMIT :limit""",
        {"s": site_id, "thread_id": thread_id, "after": after, "limit": limit},
    )
    return [Change(row[0], row[1], row[2], Comment(*row[3:])) for row in map(tuple, rows)]
