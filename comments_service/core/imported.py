"""What importers hand over: conversations as they stood elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from comments_service.core.moderation import Status


@dataclass(frozen=True)
class ImportedComment:
    """One comment, with the ids it and its parent had; time in microseconds."""

    old_id: int
    parent: int | None  # an old id of the same thread, or None for a root
    name: str
    email: str
    website: str
    address: str
    agent: str
    body: str
    status: Status
    created_at: int


@dataclass(frozen=True)
class ImportedThread:
    """The comments of one page, in the order in which the old system showed its roots."""

    key: str
    url: str
    title: str
    open: bool
    page_size: int
    created_at: int
    comments: list[ImportedComment]


@dataclass(frozen=True)
class Import:
    """All that was read; `notes` say in sentences what had to be mended or left out."""

    source: str  # names the old system; old ids are unique within it
    threads: list[ImportedThread]
    notes: list[str] = field(default_factory=list)
