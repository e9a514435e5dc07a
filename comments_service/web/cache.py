"""Reads: answers that depend only on what readers can see, kept as bytes, with strong ETags and 304.

An entry belongs to a site or to one thread. In a process that alone writes, the news of a commit
drops the entries it outdates; where others write too, each hit asks for the change number first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from comments_service.core.models import Mark
from comments_service.language import chosen
from comments_service.service import Service
from comments_service.web.freshness import Freshness, Key
from comments_service.web.validators import Known

_MOST_BYTES = 12 * 2**20
_OVERHEAD = 1_000  # bytes that an entry costs beside its body


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with what it depends on; `personal` ones are for one asker and never kept."""

    body: bytes
    media_type: str
    site_id: int
    thread_id: int = 0  # 0: depends on the whole site
    change: int = 0
    headers: tuple[tuple[bytes, bytes], ...] = ()
    personal: bool = False
    language: str = ""  # of a page; its address may have others for other readers
    modified: int = 0  # the second of that change, where it is told
    voted: bool = False  # whether votes outdate it too: `change` is then a thread's freshness


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer with its tag and its headers: for 304, and for 200 with the length of the body."""

    answer: Answer
    etag: bytes
    head: list[tuple[bytes, bytes]]
    full: list[tuple[bytes, bytes]]
    address: bytes = b""

    @property
    def size(self) -> int:
        """Return the bytes that keeping it costs."""
        return len(self.answer.body) + len(self.address) + _OVERHEAD


_Build = tuple[bytes, int | None]  # an address, and the change that whoever asked knew of


class Cache:
    """The answers of one process, by address; the least lately used go first."""

    def __init__(self, service: Service, build: str) -> None:
        self._service, self._build = service, build
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._bytes = 0
        self._dropped: dict[Key, set[bytes]] = {}
        self._building: dict[_Build, asyncio.Task[Entry]] = {}
        self._forgotten: deque[tuple[int, Key]] = deque(maxlen=256)  # the last commits, numbered
        self._commits = 0
        self._freshness = Freshness(service)
        service.news.listen(self.forget)

    def forget(self, site_id: int, thread_id: int) -> None:
        """Drop what a commit to a thread outdates, and let nobody join a build that began before it."""
        self._commits += 1
        self._forgotten.append((self._commits, (site_id, thread_id)))
        for key in ((site_id, 0), (site_id, thread_id)):
            for address in self._dropped.pop(key, ()):
                self._remove(address)
        self._building.clear()

    def _remove(self, address: bytes) -> None:
        entry = self._entries.pop(address, None)
        if entry is not None:
            self._bytes -= entry.size

    async def get(self, address: bytes, build: Callable[[], Awaitable[Answer]]) -> Entry:
        """Return the entry of an address, built by one asker for all who ask meanwhile."""
        # Where others write too, a build under way may be older than what this asker knows of.
        change = 0 if self._service.database.exclusive else None
        return await self.kept(address) or await self.made(address, change, build)

    async def kept(self, address: bytes) -> Entry | None:
        """Return the entry of an address, where there is one that nothing has outdated."""
        entry = self._entries.get(address)
        if entry is None or not (self._service.database.exclusive or await self._current(entry)):
            return None
        if address in self._entries:
            self._entries.move_to_end(address)
        return entry

    async def made(
        self, address: bytes, change: int | None, build: Callable[[], Awaitable[Answer]]
    ) -> Entry:
        """Return a new entry; those who know of the same change share one build, None shares with nobody."""
        task = None if change is None else self._building.get((address, change))
        if task is None:
            began = self._commits
            task = asyncio.ensure_future(self._make(address, build))
            self._building[address, change] = task
            task.add_done_callback(lambda done: self._keep((address, change), done, began))
        return await asyncio.shield(task)

    async def mark(self, key: Key) -> Mark:
        """Return how new a site or thread is."""
        return await self._freshness.mark(key)

    async def _current(self, entry: Entry) -> bool:
        answer = entry.answer
        mark = await self.mark((answer.site_id, answer.thread_id))
        return (mark.freshness if answer.voted else mark.change) == answer.change

    async def _make(self, address: bytes, build: Callable[[], Awaitable[Answer]]) -> Entry:
        return self.entry(await build(), address)

    def entry(self, answer: Answer, address: bytes = b"") -> Entry:
        """Return an answer with its tag and its headers."""
        scope = "t" if answer.thread_id else "s"
        spoken = f"-{answer.language}" if answer.language else ""
        etag = f'"{scope}{answer.change:x}-{self._build}{spoken}"'.encode()
        head = [
            (b"content-type", answer.media_type.encode()),
            (b"x-content-type-options", b"nosniff"),
            *answer.headers,
            (b"vary", b"Accept-Language, " * bool(spoken) + b"Authorization, Origin"),
            (b"cache-control", b"private, no-store" if answer.personal else b"no-cache"),
        ]
        if spoken:
            head.append((b"content-language", answer.language.encode()))
        if not answer.personal:
            head.append((b"etag", etag))
        full = [*head, (b"content-length", str(len(answer.body)).encode())]
        return Entry(answer, etag, head, full, address)

    def _keep(self, build: _Build, task: asyncio.Task[Entry], began: int) -> None:
        """Keep what was built, unless a commit meanwhile outdated it or it is one asker's own."""
        if self._building.get(build) is task:
            del self._building[build]
        if task.cancelled() or task.exception() is not None:
            return
        entry, address = task.result(), build[0]
        if entry.answer.personal or self._outdated(entry.answer, began):
            return
        self._remove(address)
        self._entries[address] = entry
        self._bytes += entry.size
        key = (entry.answer.site_id, entry.answer.thread_id)
        self._dropped.setdefault(key, set()).add(address)
        while self._bytes > _MOST_BYTES:
            self._evict()

    def _outdated(self, answer: Answer, began: int) -> bool:
        if self._commits - began > len(self._forgotten):
            return True  # too many to tell
        later = (key for number, key in self._forgotten if number > began)
        return any(
            site_id == answer.site_id and answer.thread_id in (0, thread_id)
            for site_id, thread_id in later
        )

    def _evict(self) -> None:
        address, entry = self._entries.popitem(last=False)
        self._bytes -= entry.size
        key = (entry.answer.site_id, entry.answer.thread_id)
        addresses = self._dropped.get(key, set())
        addresses.discard(address)
        if not addresses:
            self._dropped.pop(key, None)


class Read:
    """An endpoint for GET and HEAD: whatever it answers is cached, tagged and revalidated.

    What is `spoken` comes in the language of whoever asks; so do answers to receipts.
    """

    def __init__(
        self, cache: Cache, build: Callable[[Request], Awaitable[Answer]], *, spoken: bool = False
    ) -> None:
        self._cache, self._build, self._spoken = cache, build, spoken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the body, or with 304 where the asker has it already."""
        authorized = accepted = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorized = value
            elif name == b"accept-language":
                accepted = value
        address = b"\0".join((scope["path"].encode(), scope["query_string"], authorized))
        if self._spoken or authorized:
            # A language named in the query is in the address already; it only comes twice then.
            code = chosen("", accepted.decode("latin-1")).code
            address = b"\0".join((address, code.encode()))
        entry = await self._cache.get(address, lambda: self._build(Request(scope, receive)))
        known = Known(scope["headers"])
        has = bool(known) and not entry.answer.personal and known.holds(entry.etag)
        await respond(scope, send, entry, has)


async def respond(
    scope: Scope, send: Send, entry: Entry, has: bool, more: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Send an entry to GET or HEAD; 304 where the asker has it."""
    body = b"" if has or scope["method"] == "HEAD" else entry.answer.body
    status, headers = (304, entry.head) if has else (200, entry.full)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *more]})
    await send({"type": "http.response.body", "body": body})
