"""Charts as plain geometry, in hundredths of their width and height, from the top left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_NICE = (1, 2, 4, 6, 8, 10)
_LADDER = (1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000)
"""Seconds that people have words for, from one to a year."""
_GAP = 0.2  # of a bar's room


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across a chart, and the value that it stands for."""

    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar: of which column and which series."""

    column: int
    series: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A value of a line: of which column and which series."""

    column: int
    series: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn; `strokes` join dots of neighbours."""

    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...] = ()
    dots: tuple[Dot, ...] = ()
    strokes: tuple[tuple[Dot, Dot], ...] = ()


def stacked(stacks: Sequence[Sequence[float]]) -> Chart:
    """Return bars of one or more series, each upon the one before."""
    top = nice(max(map(sum, stacks), default=0))
    room, bars = 100 / max(1, len(stacks)), list[Bar]()
    for column, values in enumerate(stacks):
        below = 0.0
        for series, value in enumerate(values):
            height, below = 100 * value / top, below + value
            if value:
                x, y = room * (column + _GAP / 2), 100 - 100 * below / top
                bars.append(Bar(column, series, x, y, room * (1 - _GAP), height))
    ticks = (Tick(100, 0), Tick(50, top // 2), Tick(0, top))
    return Chart(ticks, tuple(bars))


def nice(most: float) -> int:
    """Return an even round number that is not less."""
    power = 10 ** max(0, math.floor(math.log10(most))) if most > 1 else 1
    found = next(step * power for step in _NICE if step * power >= most)
    return found if found % 2 == 0 else found + 1


def durations(lines: Sequence[Sequence[float | None]]) -> Chart:
    """Return lines over seconds, on a scale where each step up is several times as long.

    None is a gap; shorter than a second counts as one.
    """
    known = [max(1.0, value) for line in lines for value in line if value is not None]
    ladder = _rungs(min(known, default=1), max(known, default=1))
    low, high = math.log(ladder[0]), math.log(ladder[-1])

    def place(seconds: float) -> float:
        return 100 - 100 * (math.log(min(max(1, seconds), ladder[-1])) - low) / (high - low)

    dots, strokes = list[Dot](), list[tuple[Dot, Dot]]()
    for series, line in enumerate(lines):
        before: Dot | None = None
        for column, value in enumerate(line):
            x = 100 * (column + 0.5) / len(line)
            dot = Dot(column, series, x, place(value)) if value is not None else None
            dots += [dot] if dot else []
            strokes += [(before, dot)] if before and dot else []
            before = dot
    ticks = tuple(Tick(place(seconds), seconds) for seconds in ladder)
    return Chart(ticks, dots=tuple(dots), strokes=tuple(strokes))


def _rungs(least: float, most: float) -> Sequence[int]:
    """Return the part of the ladder that values stand on: two rungs or more."""
    low = max((n for n, rung in enumerate(_LADDER) if rung <= least), default=0)
    high = next((n for n, rung in enumerate(_LADDER) if rung >= most), len(_LADDER) - 1)
    low = min(low, len(_LADDER) - 2)
    return _LADDER[low : max(high, low + 1) + 1]
