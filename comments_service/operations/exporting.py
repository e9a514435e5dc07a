"""How operators give a site's public comments to a builder of static sites, as files that change only with them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import ValidationError

from comments_service.core import exported
from comments_service.core.draft import keyed_hash
from comments_service.core.exported import Entry, Index, file_name
from comments_service.core.models import Mark, Record, Site, Thread
from comments_service.core.paging import pages
from comments_service.core.records import Links, public, thread_record, tree, unvoted, with_thread
from comments_service.core.tree import Node
from comments_service.errors import ExportImpossible
from comments_service.operations import reading
from comments_service.service import Service
from comments_service.storage import threads

RECENT = 50
"""Comments among the newest."""
_BATCH = 500  # threads of which it is asked together how new they are


@dataclass(frozen=True)
class Report:
    """What is there now, and how many files had to be written or removed for it."""

    threads: int
    comments: int
    written: int
    removed: int


async def count(service: Service, slug: str) -> int:
    """Return how many comments readers can see on a site. Raises SiteUnknown."""
    site = await reading.site(service, slug)
    return sum(thread.count for thread in await threads.shown(service.database, site.site_id))


async def export_data(
    service: Service, slug: str, path: Path, progress: Callable[[int], None] = lambda done: None
) -> Report:
    """Bring the files of a directory up to what readers can see; `progress` is told of comments.

    Files whose content stays are not touched, and each is whole at any time. A run that was stopped is
    made good by the next one. Raises SiteUnknown, ExportImpossible.
    """
    site = await reading.site(service, slug)
    links = service.links(site.slug, site.policy)
    with _alone(path):
        folder = _Folder(path, site.slug, keyed_hash(service.secret, _depends_on(service, site)))
        shown = await threads.shown(service.database, site.site_id)
        folder.announce(file_name(thread.key) for thread in shown)
        marks = await _marks(service, shown)  # first, so that no file is older than its mark
        for thread in shown:
            mark = marks[thread.thread_id]
            if not folder.holds(thread.key, mark):
                folder.keep(mark, await _record(service, site, thread.key, links))
            progress(thread.count)
            await asyncio.sleep(0)  # SQLite answers at once: without this nobody could interrupt it
        newest = await reading.recent(service, site, RECENT)
        recent = [unvoted(with_thread(*item, links)) for item in newest]
        folder.write(exported.RECENT, {"comments": recent})
        return folder.finish()


def _depends_on(service: Service, site: Site) -> str:
    return f"export {service.build} {site.policy.avatars}"


async def _marks(service: Service, shown: list[Thread]) -> dict[int, Mark]:
    found: dict[int, Mark] = {}
    for start in range(0, len(shown), _BATCH):
        keys = [(thread.site_id, thread.thread_id) for thread in shown[start : start + _BATCH]]
        for (_, thread_id), mark in (await reading.marks(service, keys)).items():
            found[thread_id] = mark
    return found


async def _record(service: Service, site: Site, key: str, links: Links) -> Record:
    """Return a thread with the comments of all its pages, as the API answers them page by page."""
    thread = await reading.thread(service, site, key)
    roots = []
    for number in range(1, pages(thread.floors, thread.page_size) + 1):
        page = await reading.page(service, thread, number)
        roots += [await _whole(service, site, thread, root, links) for root in page.roots]
    return {"thread": thread_record(thread), "comments": roots}


async def _whole(service: Service, site: Site, thread: Thread, root: Node, links: Links) -> Record:
    """Return a root as on its page, with the replies that stand past those of the page."""
    record = tree(thread, root, links)
    if "more_replies" in record:
        further: list[Record] = []
        cursor: int | None = 0
        while cursor is not None:
            _, _, found, cursor = await reading.replies(service, root.comment.id, site, cursor)
            further += [public(thread, reply, links) for reply in found]
        record["more_replies"]["replies"] = further
    return record


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Make a directory where there is none, and let nobody else export to it. Raises ExportImpossible."""
    path.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sentence = f"Another export to {path} is running: wait for its end."
            raise ExportImpossible(sentence) from None
        yield
    finally:
        os.close(handle)


class _Folder:
    """The files of an export: what earlier ones wrote is known by their index, and nothing else is removed.

    A file is written beside its place and then put there, so it is whole also where the run is killed.
    What a failing machine loses of it is seen by its hash in the index, and written again.
    """

    def __init__(self, path: Path, site: str, build: str) -> None:
        self._path = path
        self._earlier = _index(path, site) or Index(site=site, build=build)
        self._now = Index(site=site, build=build)
        self._written: set[str] = set()

    def announce(self, files: Iterable[str]) -> None:
        """Keep the names of files that may be written, so that a run that is killed leaves none unknown."""
        known = self._earlier.files()
        new = set(files) - known
        if new:
            self._earlier.unfinished += sorted(new)
            self._put(exported.INDEX, exported.written(self._earlier))

    def holds(self, key: str, mark: Mark) -> bool:
        """Say whether the file of a thread is as an earlier export made it, and would be made the same now."""
        entry = self._earlier.threads.get(key)
        if entry is None or entry.mark != mark or self._earlier.build != self._now.build:
            return False
        content = _content(self._path / entry.file)
        if content is None or _hash(content) != entry.sha256:
            return False
        self._now.threads[key] = entry
        return True

    def keep(self, mark: Mark, record: Record) -> None:
        """Write the file of a thread, if there is something to be seen in it."""
        thread = record["thread"]
        if not thread["count"]:  # the last comment was hidden meanwhile
            return
        content = self.write(file_name(thread["key"]), record)
        self._now.threads[thread["key"]] = Entry(
            file=file_name(thread["key"]),
            count=thread["count"],
            title=thread["title"],
            url=thread["url"],
            mark=mark,
            sha256=_hash(content),
        )

    def write(self, name: str, record: Record) -> bytes:
        """Write a file where it holds anything else, and return its content."""
        content = orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        self._write(name, content)
        return content

    def _write(self, name: str, content: bytes) -> None:
        if _content(self._path / name) != content:
            self._put(name, content)
            self._written.add(name)

    def _put(self, name: str, content: bytes) -> None:
        fresh = self._path / ".export.tmp"
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            # All others are known by the index: an empty one would be no export.
            if name == exported.INDEX:
                os.fsync(file.fileno())
        place = self._path / name
        place.parent.mkdir(exist_ok=True)
        fresh.replace(place)

    def finish(self) -> Report:
        """Remove what readers can't see any more, and then write the index that does not name it."""
        gone = [self._path / name for name in self._earlier.files() - self._now.files()]
        gone = [file for file in gone if file.exists()]
        for file in gone:
            file.unlink()
        self._write(exported.INDEX, exported.written(self._now))
        comments = sum(entry.count for entry in self._now.threads.values())
        return Report(len(self._now.threads), comments, len(self._written), len(gone))


def _index(path: Path, site: str) -> Index | None:
    """Return the index of an earlier export, None where the directory is empty. Raises ExportImpossible."""
    content = _content(path / exported.INDEX)
    if content is None:
        if any(not each.name.startswith(".") for each in path.iterdir()):
            raise ExportImpossible(
                f"{path} is not empty and holds no earlier export: name a new directory."
            )
        return None
    try:
        found = Index.model_validate_json(content)
    except ValidationError:
        raise ExportImpossible(
            f"{path / exported.INDEX} is not of an export of data: name a new directory."
        ) from None
    if found.site != site:
        raise ExportImpossible(
            f"{path} holds the export of the site {found.site}: name another directory."
        )
    return found


def _content(file: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        return file.read_bytes()
    return None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
