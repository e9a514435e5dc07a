"""Pages: each is a fixed range of floors, so that nothing ever moves from one page to another."""

from __future__ import annotations


def page_of(floor: int, page_size: int) -> int:
    """Return the number of the page, from 1, on which a floor stands."""
    return (floor - 1) // page_size + 1


def pages(floors: int, page_size: int) -> int:
    """Return how many pages a thread has: at least one, so that an empty thread has a page to open."""
    return max(1, page_of(floors, page_size))


def floors_of(page: int, page_size: int) -> tuple[int, int]:
    """Return the first and the last floor of a page."""
    return (page - 1) * page_size + 1, page * page_size
