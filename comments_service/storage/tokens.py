"""The tokens of scripts; of each only a hash is stored."""

from __future__ import annotations

from collections.abc import Sequence

from comments_service.core.accounts import Token
from comments_service.storage.database import Queries, Transaction, columns_of, in_list

COLUMNS, _NAMED, _params = columns_of(Token)


async def add(tx: Transaction, token: Token) -> None:
    """Store a token."""
    await tx.fetch(f"INSERT INTO tokens ({COLUMNS}) VALUES ({_NAMED})", _params(token))


async def by_secret(db: Queries, secret_hash: str) -> Token | None:
    """Return a token by the hash of its secret."""
    rows = await db.fetch(
        f"SELECT {COLUMNS} FROM tokens WHERE secret_hash = :hash", {"hash": secret_hash}
    )
    return Token(*rows[0]) if rows else None


async def every(db: Queries) -> list[Token]:
    """Return all tokens, the newest first."""
    rows = await db.fetch(f"SELECT {COLUMNS} FROM tokens ORDER BY created_at DESC, token_id DESC")
    return [Token(*row) for row in rows]


async def names(db: Queries, token_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of those of the tokens that exist, by number."""
    if not token_ids:
        return {}
    listed, params = in_list("id", token_ids)
    rows = await db.fetch(f"SELECT token_id, name FROM tokens WHERE token_id IN {listed}", params)
    return {row[0]: row[1] for row in rows}


async def use(tx: Transaction, token_id: int, now: int) -> None:
    """Store when a token was used."""
    await tx.fetch(
        "UPDATE tokens SET used_at = :now WHERE token_id = :id", {"now": now, "id": token_id}
    )


async def remove(tx: Transaction, token_id: int) -> bool:
    """Forget a token; say False where it is not there."""
    rows = await tx.fetch(
        "DELETE FROM tokens WHERE token_id = :id RETURNING token_id", {"id": token_id}
    )
    return bool(rows)
