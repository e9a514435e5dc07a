"""What tests of importers share: small databases of other systems, with dirt of one's choice."""

import sqlite3
from contextlib import closing
from pathlib import Path

from comments_service.core.imported import Import, ImportedComment
from comments_service.importers import typecho

TABLES = {
    "comments": "coid INTEGER PRIMARY KEY, cid, created, author, authorId, ownerId, mail, url, ip,"
    " agent, text, type, status, parent",
    "contents": 'cid INTEGER PRIMARY KEY, title, slug, created, text, "order", type, status,'
    " password, commentsNum, allowComment, parent",
    "options": 'name, "user", value',
    "metas": 'mid INTEGER PRIMARY KEY, name, slug, type, "order", parent',
    "relationships": "cid, mid",
}


class Typecho:
    """A small database of one blog."""

    def __init__(self, path: Path, prefix: str = "typecho_", site: str = "https://e.org/") -> None:
        self.path, self.prefix = path, prefix
        for table, columns in TABLES.items():
            self.run(f'CREATE TABLE "{prefix}{table}" ({columns})')
        self.option("siteUrl", site)
        self.option("routingTable", '{"post": {"url": "/archives/[cid:digital]/"}}')

    def run(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute(statement, values)

    def add(self, table: str, **row: object) -> None:
        names, marks = '", "'.join(row), ", ".join("?" for _ in row)
        table = f"{self.prefix}{table}"
        self.run(f'INSERT INTO "{table}" ("{names}") VALUES ({marks})', *row.values())

    def option(self, name: str, value: object) -> None:
        self.add("options", name=name, user=0, value=value)

    def post(self, cid: int, **row: object) -> None:
        usual = {"title": "T", "slug": f"p{cid}", "created": 1_600_000_000, "type": "post"}
        self.add("contents", cid=cid, **(usual | {"status": "publish", "allowComment": "1"} | row))

    def comment(self, coid: int, cid: int = 1, **row: object) -> None:
        usual = {"created": 1_600_000_000 + coid, "author": "alice", "mail": "alice@blog.example"}
        usual |= {"text": f"text {coid}", "type": "comment", "status": "approved", "parent": 0}
        self.add("comments", coid=coid, cid=cid, **(usual | row))

    def read(self) -> Import:
        return typecho.read(self.path)


def comments(found: Import) -> dict[int, ImportedComment]:
    """All comments by their old ids."""
    return {comment.old_id: comment for thread in found.threads for comment in thread.comments}
