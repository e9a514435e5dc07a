"""Identicons: a figure for each author, made of a keyed hash, so that nothing of an address leaks.

Five by five squares, alike on the left and the right, after Don Park's idea of 2007.
"""

from __future__ import annotations

import re
from functools import lru_cache

HASH = re.compile(r"[0-9a-f]{32}")
BOX = "-1.5 -1 7 7"
"""The `viewBox` of a figure, with room around its squares."""
_ADDRESS = re.compile(rf"/avatars/({HASH.pattern})\.svg$")
_SIDE, _HALF = 5, 3


def squares(digest: str) -> list[tuple[int, int]]:
    """Return column and row of the filled squares of a hash (32 hex digits), each in 0 to 4."""
    bits = int(digest[:4], 16)
    found = []
    for place in range(_SIDE * _HALF):
        if bits >> place & 1:
            column, row = place // _SIDE, place % _SIDE
            found += [(column, row)] + [(_SIDE - 1 - column, row)] * (column < _HALF - 1)
    return sorted(found)


def hue(digest: str) -> int:
    """Return the hue of a hash, in degrees, one of 24."""
    return int(digest[4:6], 16) % 24 * 15


def path(digest: str) -> str:
    """Return a hash's squares as the `d` of an SVG path: lines one wide, down each column."""
    filled = squares(digest)
    begun = [(column, row) for column, row in filled if (column, row - 1) not in filled]
    ends = [(column, row + 1) for column, row in filled if (column, row + 1) not in filled]
    return "".join(
        f"M{column} {top}v{end - top}" for (column, top), (_, end) in zip(begun, ends, strict=True)
    )


def svg(digest: str) -> str:
    """Return a hash's figure as an SVG document, readable on light and dark."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{BOX}" width="64" height="64">'
        f'<path stroke="hsl({hue(digest)} 45% 92%)" stroke-width="7" d="M2-1v7"/>'
        f'<path stroke="hsl({hue(digest)} 55% 38%)" d="{path(digest)}"/></svg>'
    )


@lru_cache(maxsize=4096)
def figure(address: str | None) -> tuple[int, str] | None:
    """Return hue and path of the figure that an address of ours shows; None for any other address."""
    found = _ADDRESS.search(address or "")
    return (hue(found[1]), path(found[1])) if found else None
