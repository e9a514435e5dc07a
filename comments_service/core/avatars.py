"""Identicons: a figure for each author, made of a keyed hash, so that nothing of an address leaks.

Five by five squares, alike on the left and the right, after Don Park's idea of 2007.
"""

from __future__ import annotations

import re

HASH = re.compile(r"[0-9a-f]{32}")
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
    """Return a hash's squares as the `d` of an SVG path in a box of five by five."""
    return "".join(f"M{column} {row}h1v1h-1z" for column, row in squares(digest))


def svg(digest: str) -> str:
    """Return a hash's figure as an SVG document, readable on light and dark."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 7 7" width="64" height="64">'
        f'<rect x="-1" y="-1" width="7" height="7" fill="hsl({hue(digest)} 45% 92%)"/>'
        f'<path fill="hsl({hue(digest)} 55% 38%)" d="{path(digest)}"/></svg>'
    )
