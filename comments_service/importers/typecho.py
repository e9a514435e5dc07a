"""Reads the SQLite database of a Typecho 1.x: its pages, and what was said on them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import cached_property
from html import unescape
from pathlib import Path
from urllib.parse import quote_plus

from comments_service.core import latex
from comments_service.core.characters import clean_body, clean_line
from comments_service.core.draft import KEY, NAME, TITLE, WEBSITE, Draft, web_address
from comments_service.core.imported import Import, ImportedComment, ImportedThread
from comments_service.core.threads import normalised_key
from comments_service.errors import ImportImpossible

_Rows = dict[int, sqlite3.Row]
_Parents = dict[int, int | None]
_SECOND = 1_000_000


def read(path: Path) -> Import:
    """Return the comments of a Typecho database, by page. Raises ImportImpossible."""
    notes = Counter[str]()
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            db.row_factory, db.text_factory = sqlite3.Row, _text
            threads = list(_Blog(db, _prefix(db, path), notes).threads())
    except (sqlite3.Error, IndexError) as error:  # IndexError: a column is missing
        raise ImportImpossible(f"{path.name} is no Typecho database of SQLite: {error}.") from error
    return Import("typecho", threads, [f"{what}: {number}." for what, number in (+notes).items()])


def _prefix(db: sqlite3.Connection, path: Path) -> str:
    """Return what the names of Typecho's tables begin with, which its owner may choose."""
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master ORDER BY name")]
    begins = [name.removesuffix("comments") for name in tables if name.endswith("comments")]
    found = [name for name in begins if {f"{name}contents", f"{name}options"} <= {*tables}]
    if not found:
        raise ImportImpossible(
            f"{path.name} is no Typecho database: it should have tables typecho_comments, "
            f"typecho_contents and typecho_options, or alike; it has {', '.join(tables) or 'none'}."
        )
    return "typecho_" if "typecho_" in found else found[0]


def _route(table: str, kind: str) -> str:
    """Return the pattern of a type's addresses; the table is JSON, or PHP's own form until 1.2."""
    try:
        return _text(json.loads(table)[kind]["url"])
    except (ValueError, LookupError, TypeError):
        pair = r's:\d+:"[^"]*";'
        route = rf'"{re.escape(kind)}";a:\d+:\{{(?:{pair}{pair})*?s:3:"url";s:\d+:"([^"]*)"'
        found = re.search(route, table)
        return found[1] if found else ""


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return "" if value is None else str(value)


def _number(value: object) -> int:
    """Return a whole number as PHP would read it; what is none counts as 0."""
    found = re.match(r"\s*(-?[0-9]{1,18})", _text(value))
    return int(found[1]) if found else 0


def _seconds(value: object) -> int:
    return min(max(_number(value), 0), 253_370_764_800)  # the year 9999, in every time zone


class _Blog:
    """The tables of a Typecho, and the notes on what had to be mended."""

    def __init__(self, db: sqlite3.Connection, prefix: str, notes: Counter[str]) -> None:
        self.db, self.prefix, self.notes = db, prefix, notes
        self.keys: set[str] = set()
        rows = self._rows('SELECT name, value FROM [options] WHERE "user" = 0')
        self.options = {_text(row["name"]): _text(row["value"]) for row in rows}
        site = re.match(r"(https?://[^/?#]+)([^?#]*)", self.options.get("siteUrl", "").strip())
        self.origin, self.folder = (site[1], site[2].rstrip("/")) if site else ("", "")

    def _rows(self, statement: str) -> list[sqlite3.Row]:
        """Run a statement; the tables in it stand in brackets, by their names without prefix."""
        begin = '"' + self.prefix.replace('"', '""')
        whole = re.sub(r"\[(\w+)]", lambda table: f'{begin}{table[1]}"', statement)
        return self.db.execute(whole).fetchall()

    def threads(self) -> Iterator[ImportedThread]:
        """Yield every page that has comments."""
        pages: dict[int, _Rows] = {}
        homes: dict[int, int] = {}
        for row in self._rows("SELECT * FROM [comments] ORDER BY coid"):
            coid, cid = _number(row["coid"]), _number(row["cid"])
            pages.setdefault(cid, {})[coid] = row
            homes[coid] = cid
        for content in self._rows("SELECT * FROM [contents] ORDER BY cid"):
            if rows := pages.pop(_number(content["cid"]), None):
                yield self._thread(content, rows, self._parents(rows, homes))
        strays = sum(map(len, pages.values()))
        self.notes["Comments on pages that are not in the database were left out"] += strays

    def _thread(self, content: sqlite3.Row, rows: _Rows, parents: _Parents) -> ImportedThread:
        if content["status"] not in ("publish", "hidden") or content["password"]:
            self.notes["Comments on private pages, open to all here if approved"] += len(rows)
        key, made = self._key(content), _seconds(content["created"])
        return ImportedThread(
            key=key,
            url=self.origin + key if self.origin else "",
            title=clean_line(unescape(_text(content["title"])))[:TITLE].strip(),  # stored escaped
            open=_number(content["allowComment"]) == 1,
            page_size=min(max(_number(self.options.get("commentsPageSize", 10)), 1), 100),
            created_at=made * _SECOND,
            comments=[self._comment(row, parents[coid], made) for coid, row in rows.items()],
        )

    def _key(self, content: sqlite3.Row) -> str:
        """Return the path of a page: in Typecho's folder, what the route of its type says."""
        path = self._path(content)
        key = normalised_key(self.folder + path)
        if not path or key in self.keys or len(key) > KEY:
            self.notes["Pages whose address can't be told have /archives/ID as key"] += 1
            key = normalised_key(f"{self.folder}/archives/{_number(content['cid'])}")
        self.keys.add(key)
        return key

    def _path(self, content: sqlite3.Row) -> str:
        cid = _number(content["cid"])
        moment = _seconds(_number(content["created"]) + _number(self.options.get("timezone")))
        year, month, day = f"{datetime.fromtimestamp(moment, UTC):%Y %m %d}".split()
        known = {"cid": str(cid), "year": year, "month": month, "day": day}
        known["slug"] = quote_plus(_text(content["slug"]) or str(cid))
        kind = _text(content["type"]).removesuffix("_draft")
        route = _route(self.options.get("routingTable", ""), kind)
        if "[category" in route:
            known["category"] = quote_plus(self._categories.get(cid, ""))
        parts = re.split(r"\[(\w+)[^\]]*\]", route)
        parts[1::2] = [known.get(name, "") for name in parts[1::2]]
        return "".join(parts) if all(parts[1::2]) else ""

    @cached_property
    def _categories(self) -> dict[int, str]:
        """The slug of each page's first category."""
        rows = self._rows(
            """SELECT cid, slug FROM [relationships] JOIN [metas] AS m USING (mid)
               WHERE type = 'category' ORDER BY m."order" DESC, mid DESC"""
        )
        return {_number(row["cid"]): _text(row["slug"]) for row in rows}  # the last one stays

    def _parents(self, rows: _Rows, homes: dict[int, int]) -> _Parents:
        """Return what each comment of a page answers, where Typecho shows it as an answer."""
        parents: _Parents = {}
        for coid, row in rows.items():
            parent = _number(row["parent"])
            shown = parent in rows and rows[parent]["status"] == "approved"
            parents[coid] = parent if parent and shown else None
            if parent and not shown:
                why = "that is not shown" if parent in rows else "on another page"
                why = why if parent in homes else "that is gone"
                self.notes[f"Replies to a comment {why} became roots"] += 1
        seen: set[int] = set()
        for start in parents:
            walk: list[int] = []
            at: int | None = start
            while at is not None and at not in seen:
                seen.add(at)
                walk.append(at)
                at = parents[at]
            if at in walk:
                parents[min(walk[walk.index(at) :])] = None
                self.notes["Circles of comments that answer each other were cut at the oldest"] += 1
        return parents

    def _comment(self, row: sqlite3.Row, parent: int | None, made: int) -> ImportedComment:
        status = row["status"]
        unknown = status not in ("approved", "waiting", "hold", "spam")
        self.notes["Comments of an unknown status wait for a moderator"] += unknown
        return ImportedComment(
            old_id=_number(row["coid"]),
            parent=parent,
            name=self._name(clean_line(_text(row["author"]))),
            email=self._email(clean_line(_text(row["mail"]))),
            website=self._website(clean_line(_text(row["url"]))),
            address=clean_line(_text(row["ip"]))[:100],
            agent=clean_line(_text(row["agent"]))[:500],
            body=self._body(clean_body(_text(row["text"]))),
            status=status if status in ("approved", "spam") else "pending",
            created_at=(_seconds(row["created"]) or made) * _SECOND,
        )

    def _name(self, name: str) -> str:
        if not name:
            name = "匿名" if self.options.get("lang", "").startswith("zh") else "Anonymous"
            self.notes[f"Comments without a name are by {name}"] += 1
        self.notes[f"Names longer than {NAME} characters were shortened"] += len(name) > NAME
        return name[:NAME].strip()

    def _email(self, email: str) -> str:
        try:
            return Draft(thread="/", name="-", body="-", email=email).email
        except ValueError:
            self.notes["E-mail addresses that can't be any were left out"] += 1
            return ""

    def _website(self, website: str) -> str:
        if re.match(r"[^/?#:@]+\.[^/?#:@]", website):  # example.org/x, as people type it
            website = f"http://{website}"
        if not website or (len(website) <= WEBSITE and web_address(website)):
            return website
        self.notes["Websites that are no address of a page were left out"] += 1
        return ""

    def _body(self, body: str) -> str:
        mixed = body.startswith("<!--") or self.options.get("commentsMarkdown") == "1"
        body = clean_body(body.removeprefix("<!--markdown-->"))
        markdown = _as_markdown(body, mixed=mixed)
        self.notes["Texts in HTML became Markdown"] += markdown != ""
        self.notes["Comments without a text have '…' for it"] += body == ""
        return markdown or body or "…"


# Simple HTML becomes Markdown from the inside out. What no rule knows keeps its `<`, which in the
# end is a sign of doubt; so is _DOUBT. A text in doubt stays as it is.
_DOUBT, _ITEM = "\1", "\2"
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~"}
_NAMES = "p|a|strong|b|em|i|del|code|pre|blockquote|ul|ol|li"
_ANY = r"""(?:\s+[\w-]+(?:\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))?)*\s*"""  # attributes
_TAG = re.compile(rf"(?i)</?(?:{_NAMES}|br){_ANY}/?>")
_ELEMENT = re.compile(rf"(?i)<({_NAMES})({_ANY})>([^<]*)</\1>")
# A tag or an address, or else what Markdown would take for its own.
_SIGN = re.compile(
    r"(<[^<>]*>|https?://[^\s<>]+)|[\\*~]|(?<!\w)_|_(?!\w)|](?=\()|&(?=lt;|amp;#?\w+;)"
    r"|(?<![^\n>])(?:[#>+=|-]|\d+[.)](?=\s)|&(?=gt;))"
)


def _as_markdown(body: str, *, mixed: bool) -> str:
    """Return the Markdown of simple HTML in plain text, or in Markdown (`mixed`), else nothing."""
    if len(body) > 20_000 or not re.match(r"(?is)<p[\s>]|.*(</p>|<br\b)", body) or "`" in body:
        return ""
    text = re.sub("<(?![a-zA-Z/!?])", "&lt;", body)
    text = re.sub(rf"(?i)<pre{_ANY}>\s*<code{_ANY}>([^<]*)</code>\s*</pre>", r"<pre>\1</pre>", text)
    parts = re.split(rf"(?i)(<(?:pre|code){_ANY}>[^<]*</(?:pre|code)>)", text)
    parts[::2] = [_shielded(part, mixed) for part in parts[::2]]
    text = "".join(parts)
    for _ in range(20):  # levels
        text = _ELEMENT.sub(_element, text)
    if {"<", _DOUBT, _ITEM} & set(text):
        return ""
    text = re.sub(r"&#?\w+;", lambda entity: unescape(entity[0]), text)
    return clean_body(re.sub(r"\n{3,}", "\n\n", text))


def _shielded(text: str, mixed: bool) -> str:
    """Return HTML in which only tags have a `<`, and plain text says the same as Markdown."""
    done, end, budget = "", 0, latex.Budget(steps=300_000)
    for start, formula in [*latex.spans(text, len(text), budget), (len(text), None)]:
        prose = re.sub(r"(?i)\s*<br\s*/?>\s*|[ \t]*\n[ \t]*", "\n", text[end:start])
        done += prose if mixed else _SIGN.sub(lambda m: m[1] or rf"{m[0][:-1]}\{m[0][-1]}", prose)
        end = formula.end if formula else start
        tex = text[start:end]
        done += _DOUBT if _TAG.search(tex) else tex.replace("<", "&lt;")
    return _DOUBT if budget.refused else done


def _element(found: re.Match[str]) -> str:
    tag, attributes, inner = found[1].lower(), found[2], found[3]
    text = re.sub(r"\n{3,}", "\n\n", inner.strip())
    if not text:
        return inner
    if tag == "code":
        return f"`{inner}`"
    if tag in _MARKS:
        return _DOUBT if "\n\n" in text else inner.replace(text, _MARKS[tag] + text + _MARKS[tag])
    if tag == "a":
        href = re.search(r"(?i)\shref\s*=\s*[\"']?([^\"'\s]*)", attributes)
        url = href[1].translate({40: "%28", 41: "%29"}) if href else ""
        return f"[{text}]({url})" if web_address(unescape(url)) and text != url else inner
    if tag == "li":
        return _ITEM + text
    if tag in ("ul", "ol"):
        mark = "- " if tag == "ul" else "1. "
        head, *items = inner.split(_ITEM)
        items = [mark + item.strip().replace("\n", "\n" + " " * len(mark)) for item in items]
        text = _DOUBT if head.strip() else "\n".join(items)
    elif tag == "blockquote":
        text = re.sub("(?m)^", "> ", text)
    elif tag == "pre":
        text = "```\n" + inner.strip("\n") + "\n```"
    return f"\n\n{text}\n\n"
