"""What moderators ask of the queues: one value for the page, the API, the counts and decisions on all that match."""

from __future__ import annotations

from dataclasses import dataclass

from comments_service.core.moderation import Queue

Place = tuple[int, int]
"""A time in microseconds and an id: where a part of a queue ends."""
FIRST: Place = (2**63 - 1, 2**63 - 1)


@dataclass(frozen=True)
class Filter:
    """What is wanted of all comments; what is None or '' is not asked for.

    `sites` are those of the asker. `as_of`: only comments that nobody touched after this time.
    """

    queue: Queue = "pending"
    sites: frozenset[int] | None = None
    site_id: int | None = None
    thread_id: int | None = None
    author: str = ""  # a name or an e-mail address, whole
    network: str = ""
    reason: str = ""  # the code of a rule's reason
    text: str = ""  # as it was typed, see core.search
    since: int | None = None  # microseconds
    until: int | None = None
    as_of: int | None = None
    above: Place | None = None  # only what is newer than a place
