"""Full text: the words of comments, and the one index of them that each engine makes in its own way.

An index tells fast which comments have all words of a query; that they stand one behind the other is
told by their line, in the same SQL for both engines. So both find the same. Where more than a few
comments have the words, the index is left alone: the lines of whatever is read are looked at, in the
order of reading, until enough is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comments_service.core.search import Query, Term, line_of
from comments_service.core.tokens import VERSION

if TYPE_CHECKING:  # the seam itself makes the index, so nothing of it is imported here
    from comments_service.core.models import Comment
    from comments_service.storage.database import Database, Queries, Transaction

SINCE = 5
"""The version of the schema that brought the table."""
FEW = 2_000
"""So many comments are fetched by the index and put in order afterwards."""

# detail=none: only which comments have a word. The tokenizer takes whatever is not ASCII as a letter.
_INDEX = {
    "sqlite": [
        r"""CREATE VIRTUAL TABLE search_index USING fts5 (words, content='', columnsize=0,
            detail=none, tokenize="ascii tokenchars '\^_@'")""",
    ],
    "postgres": [
        "ALTER TABLE search ADD COLUMN vector TSVECTOR",
        "CREATE INDEX search_index ON search USING gin (vector)",
    ],
}
_HOLDING = {
    "sqlite": "SELECT rowid AS found FROM search_index WHERE search_index MATCH :match",
    "postgres": """SELECT comment_id AS found FROM search
                   WHERE vector @@ CAST(CAST(:match AS TEXT) AS TSQUERY)""",
}
_KEEP = {
    "sqlite": """INSERT INTO search (thread_id, comment_id, words) VALUES (:t, :id, :words)
                 ON CONFLICT DO NOTHING RETURNING comment_id""",
    "postgres": """INSERT INTO search (thread_id, comment_id, words, vector)
                   VALUES (:t, :id, :words, array_to_tsvector(string_to_array(btrim(:words), ' ')))
                   ON CONFLICT DO NOTHING RETURNING comment_id""",
}
# SQLite guesses badly how few these are.
_BY_ID = {"sqlite": "comments INDEXED BY comments_id", "postgres": "comments"}


def _match(engine: str, query: Query, *, private: bool, whole: bool) -> str:
    """Return a query as an index understands it; a word is always quoted, so it is never syntax.

    `whole`: only words as they stand, and none that begins with them.
    """
    both, either = {"sqlite": (" AND ", " OR "), "postgres": (" & ", " | ")}[engine]
    word = _fts5_word if engine == "sqlite" else _ts_word

    def side(term: Term, mark: str) -> str:
        return both.join(word(mark + text, ends and not whole) for text, ends in term.lookups())

    marks = ("", "@") if private else ("",)
    return both.join(
        "(" + either.join(f"({side(term, mark)})" for mark in marks) + ")" for term in query.terms
    )


def _fts5_word(text: str, goes_on: bool) -> str:
    return f'"{text}"' + "*" * goes_on


def _ts_word(text: str, goes_on: bool) -> str:
    return "'" + text.replace("\\", r"\\").replace("'", "''") + "'" + ":*" * goes_on


async def make_index(tx: Transaction) -> None:
    """Make the index, empty; the words of older comments are filled in afterwards."""
    for statement in _INDEX[tx.engine]:
        await tx.fetch(statement)
    await tx.fetch("INSERT INTO meta (name, value) VALUES ('search', :v)", {"v": -VERSION})


async def add(tx: Transaction, comment: Comment) -> bool:
    """Keep the words of a comment; say False, and keep nothing, where some are kept already."""
    line = line_of(comment.name, comment.body, comment.email)
    params = {"t": comment.thread_id, "id": comment.id, "words": line}
    rows = await tx.fetch(_KEEP[tx.engine], params)
    if rows and tx.engine == "sqlite":
        await tx.fetch("INSERT INTO search_index (rowid, words) VALUES (:id, :words)", params)
    return bool(rows)


async def renew(tx: Transaction, comment: Comment) -> None:
    """Keep the words of an edited comment in place of those it had."""
    while not await add(tx, comment):  # again, where another process has just kept the older ones
        await _forget(tx, comment)


async def _forget(tx: Transaction, comment: Comment) -> None:
    params = {"t": comment.thread_id, "id": comment.id}
    rows = await tx.fetch(
        "DELETE FROM search WHERE thread_id = :t AND comment_id = :id RETURNING words", params
    )
    if rows and tx.engine == "sqlite":  # the index has to be told what it knows
        await tx.fetch(
            """INSERT INTO search_index (search_index, rowid, words)
               VALUES ('delete', :id, :words)""",
            {"id": comment.id, "words": rows[0][0]},
        )


@dataclass(frozen=True)
class Source:
    """Where comments that hold a query are read from: what stands behind FROM, and what in WHERE."""

    tables: str = "comments"
    condition: str = "0 = 0"
    params: dict[str, Any] = field(default_factory=dict)
    common: bool = False  # whether many comments have its words


async def source(db: Database, query: Query, *, private: bool) -> Source:
    """Return where to read the comments that hold a query from; `private`: or whose e-mail does.

    A query without words is held by none.
    """
    if not query.terms:
        return Source(condition="0 = 1")
    # First the words as they stand: it costs nothing to see that many have them, but to gather all
    # words with a common beginning does.
    for whole in (True, False):
        match = _match(db.engine, query, private=private, whole=whole)
        if await _many(db, match):
            condition, params = _in_line(query.terms, private=private)
            return Source("comments", condition, params, common=True)
    condition, params = _in_line((t for t in query.terms if not t.single), private=private)
    return Source(
        f"({_HOLDING[db.engine]}) AS holding CROSS JOIN {_BY_ID[db.engine]}",
        f"comments.id = holding.found AND {condition}",
        params | {"match": match},
    )


async def _many(db: Database, match: str) -> bool:
    rows = await db.scan(
        f"SELECT count(*) FROM (SELECT 1 AS one FROM ({_HOLDING[db.engine]}) AS h LIMIT :most) AS c",
        {"match": match, "most": FEW},
    )
    return bool(rows[0][0] >= FEW)


def _in_line(terms: Iterable[Term], *, private: bool) -> tuple[str, dict[str, Any]]:
    """Return what says that the line of a comment has some terms in it.

    It is a value, not a join: so it is asked only of comments that come up otherwise.
    """
    params: dict[str, Any] = {}
    parts = []
    for number, term in enumerate(terms):
        sides = [term.line(), *([term.line(private=True)] if private else [])]
        named = {f"w{number}_{side}": _holding(text) for side, text in enumerate(sides)}
        parts.append("(" + " OR ".join(f"words LIKE :{name} ESCAPE '!'" for name in named) + ")")
        params |= named
    if not parts:
        return "0 = 0", {}
    return (
        f"""(SELECT {" AND ".join(parts)} FROM search s
             WHERE s.thread_id = comments.thread_id AND s.comment_id = comments.id)""",
        params,
    )


def _holding(text: str) -> str:
    return "%" + text.replace("_", "!_") + "%"  # no word has a % or ! in it


async def version(db: Queries) -> int:
    """Return which tokens the words are made of; less than 0 while some comments have none yet."""
    rows = await db.fetch("SELECT value FROM meta WHERE name = 'search'")
    return int(rows[0][0])


async def begin_anew(tx: Transaction) -> None:
    """Forget all words, to have them made by the tokens of this program."""
    await tx.fetch("DELETE FROM search")
    if tx.engine == "sqlite":
        await tx.fetch("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    await _note(tx, -VERSION)


async def complete(tx: Transaction) -> None:
    """Note that every comment has its words."""
    await _note(tx, VERSION)


async def _note(tx: Transaction, value: int) -> None:
    await tx.fetch("UPDATE meta SET value = :v WHERE name = 'search'", {"v": value})
