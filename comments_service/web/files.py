"""The plain files of `static/`: read when first asked for, sent compressed, without the comments that only we read."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",
}
_FRESH = "public, max-age=300"

# Comments that fill whole lines.
_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*.*?\*/[ \t]*)$", re.MULTILINE | re.DOTALL)
# And those that end a line. What holds a quotation mark may be the end of a string.
_REMARK = re.compile(r"[ \t]+//[^\n\"'`]*$", re.MULTILINE)
_SPACE = re.compile(r"^\s+", re.MULTILINE)


@dataclass(frozen=True)
class File:
    """One file as it is sent."""

    kind: str
    plain: bytes
    packed: bytes
    etag: str


def trimmed(text: str) -> str:
    """Return a script or style sheet without comments, indents and empty lines.

    It must not have literals of several lines.
    """
    return _SPACE.sub("", _REMARK.sub("", _COMMENT.sub("", text)))


class Files:
    """An ASGI application that serves the files of a folder and of those in it."""

    def __init__(self, folder: Traversable) -> None:
        self._items = dict(_list(folder))
        self._files: dict[str, File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one file; raises 404 or 405 as HTTPException."""
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        name = _name(Request(scope))
        if name not in self._items:
            raise HTTPException(404)
        if name not in self._files:
            self._files[name] = _read(self._items[name])
        answer = _answer(self._files[name], Headers(scope=scope), scope["method"])
        await answer(scope, receive, send)


def _name(request: Request) -> str:
    root = request.scope.get("root_path", "")
    return str(request.scope["path"]).removeprefix(root).lstrip("/")


def _answer(file: File, asked: Headers, method: str) -> Response:
    packs = "gzip" in asked.get("accept-encoding", "")
    headers = {
        "Cache-Control": _FRESH,
        "ETag": f'"{file.etag}{"-gzip" if packs else ""}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if headers["ETag"] in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = file.packed if packs else file.plain
    headers |= {"Content-Type": file.kind, "Content-Length": str(len(body))}
    headers |= {"Content-Encoding": "gzip"} if packs else {}
    return Response(b"" if method == "HEAD" else body, headers=headers)


def _list(folder: Traversable, before: str = "") -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _list(item, f"{before}{item.name}/")
        elif _end(item) in TYPES:
            yield before + item.name, item


def _read(item: Traversable) -> File:
    end, plain = _end(item), item.read_bytes()
    if end in (".css", ".js"):
        plain = trimmed(plain.decode()).encode()
    digest = hashlib.blake2b(plain, digest_size=8).hexdigest()
    return File(TYPES[end], plain, gzip.compress(plain, 9, mtime=0), digest)


def _end(item: Traversable) -> str:
    return item.name[item.name.rfind(".") :]
