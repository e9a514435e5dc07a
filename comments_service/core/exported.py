"""What an export of data is: a file for each thread, and an index that says which and how new they are."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints

from comments_service.core.models import Mark

FOLDER, INDEX, RECENT = "threads", "index.json", "recent.json"

FileName = Annotated[str, StringConstraints(pattern=rf"^{FOLDER}/[0-9a-f]{{64}}\.json$")]


class Entry(BaseModel):
    """What the index says of a thread; the mark and the hash of its file's bytes are for the next export."""

    file: FileName
    count: int
    title: str | None
    url: str | None
    mark: Mark
    sha256: str


class Index(BaseModel):
    """The index: the entries by the keys of their threads, and what the next export needs to know.

    `build` names what else the files depend on, and `unfinished` are files that may exist because of
    an export that did not come to its end.
    """

    format: Literal["comments-service data 1"] = "comments-service data 1"
    site: str
    build: str
    threads: dict[str, Entry] = {}
    unfinished: list[FileName] = []

    def files(self) -> set[str]:
        """Return the names of all files of threads that exports have written."""
        return {entry.file for entry in self.threads.values()} | set(self.unfinished)


def file_name(key: str) -> str:
    """Return the name of a thread's file: safe on every file system, and anybody can compute it."""
    return f"{FOLDER}/{hashlib.sha256(key.encode()).hexdigest()}.json"


def written(index: Index) -> bytes:
    """Return the bytes of an index: always the same for the same threads."""
    ordered = index.model_copy(
        update={
            "threads": dict(sorted(index.threads.items())),
            "unfinished": sorted(index.unfinished),
        }
    )
    leave_out = set() if index.unfinished else {"unfinished"}
    return ordered.model_dump_json(indent=2, exclude=leave_out).encode() + b"\n"
