"""What of a comment is shown where it was found: the words around the first match, formulas whole.

It is made of the comment's own html, which is clean; only its text and its formulas are kept of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from itertools import accumulate

import regex

from comments_service.core.characters import ELLIPSIS, columns
from comments_service.core.marks import Span
from comments_service.core.search import Query, Term
from comments_service.core.tokens import folded, placed, tokens, unspaced

WIDTH = 200
"""Columns of a snippet; a Chinese character takes two. One long formula may take more."""
_BEFORE = 60  # of these at most before the first match
_WORD = 20  # a word that would be cut is left out if it is not longer
_FORMULA = 24  # columns that a formula counts for at most: drawn, it is shorter than its source

_PART = re.compile(
    r"""<(?P<tag>span|div)\ class="comments-(?:formula|math)"\ data-source="(?P<source>[^"]*)">
          (?P<math><math.*?</math>)</(?P=tag)>
    | <code\ class="comments-tex">(?P<tex>[^<]*)</code>
    | <(?P<other>/?[a-z][a-z0-9]*)[^>]*>
    | (?P<text>[^<]+)""",
    re.VERBOSE | re.DOTALL,
)
_INLINE = {"a", "code", "del", "em", "i", "s", "span", "strong", "b", "u"}
_CLUSTER = regex.compile(r"\X")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a snippet: text, or a formula with its source and, where it could be drawn, MathML."""

    text: str
    marked: bool = False
    formula: bool = False
    html: str = ""


def snippet(html: str, query: Query) -> list[Piece]:
    """Return what is shown of a comment around the first match, else its beginning."""
    units = list(_spaced(unit for part in _parts(html) for unit in _units(part, query)))
    first = next((number for number, unit in enumerate(units) if unit.marked), 0)
    start, end = _window(units, first)
    pieces = list(_joined(units[start:end]))
    before, after = [Piece(ELLIPSIS)] * (start > 0), [Piece(ELLIPSIS)] * (end < len(units))
    return [*before, *pieces, *after]


def highlighted(text: str, query: Query) -> list[Piece]:
    """Return a line of text, such as a name, with all matches marked."""
    return list(_joined(list(_clusters(text, query))))


def _clusters(text: str, query: Query) -> Iterator[Piece]:
    """Return the graphemes of a text, each with whether a match has it."""
    clusters = _CLUSTER.findall(text)
    letters = [folded(cluster) for cluster in clusters]
    # For each letter of the folded text, the cluster it came from.
    origin = [number for number, some in enumerate(letters) for _ in some]
    steps = [0] * (len(clusters) + 1)
    for start, end in _matches("".join(letters), query.terms):
        steps[origin[start]] += 1
        steps[origin[end - 1] + 1] -= 1
    for cluster, depth in zip(clusters, accumulate(steps), strict=False):
        yield Piece(cluster, depth > 0)


def _matches(text: str, terms: Sequence[Term]) -> Iterator[Span]:
    """Return where in a folded text the terms are."""
    words = list(placed(text))
    for number, (_, start) in enumerate(words):
        for term in terms:
            end = _end(words[number : number + len(term.words)], term)
            if end:
                yield start, end


def _end(words: Sequence[tuple[str, int]], term: Term) -> int:
    """Return where a term ends that stands just here, 0 where it does not."""
    *firsts, last = term.words
    if len(words) < len(term.words) or [word for word, _ in words[:-1]] != firsts:
        return 0
    word, start = words[-1]
    if word != last and not (term.open and word.startswith(last)):
        return 0
    return start + len(last if unspaced(last) else word)


def _parts(html: str) -> Iterator[Piece]:
    """Return the texts and formulas of a comment, a space where a block or line ends."""
    text = ""
    for part in _PART.finditer(html):
        if part["text"]:
            text += unescape(part["text"])
        elif part["other"]:
            text += "" if part["other"].lstrip("/") in _INLINE else " "
        else:
            yield Piece(text)
            text, source = "", unescape(part["source"] or part["tex"] or "")
            drawn = (part["math"] or "").replace('<math display="block"', "<math", 1)
            yield Piece(source, formula=True, html=drawn)
    yield Piece(text)


def _units(part: Piece, query: Query) -> Iterable[Piece]:
    """Return what is shown whole or not at all: the graphemes of a text, or a formula."""
    if not part.formula:
        return _clusters(_SPACE.sub(" ", part.text), query)
    line = " ".join(["", *tokens(part.text), ""])
    return [replace(part, marked=any(term.line() in line for term in query.terms))]


def _spaced(units: Iterable[Piece]) -> Iterator[Piece]:
    """Leave one space of several, and none at the beginning and the end."""
    begun, space = False, None
    for unit in units:
        if unit.text == " ":
            space = space or unit
            continue
        if begun and space:
            yield space
        yield unit
        begun, space = True, None


def _columns(unit: Piece) -> int:
    return min(len(unit.text), _FORMULA) if unit.formula else columns(unit.text)


def _window(units: Sequence[Piece], first: int) -> Span:
    """Return the range of units that is shown, with the first match in it."""
    start = first - _fitting(units[:first][::-1], _BEFORE)
    start = next((n for n in range(start, first) if start and _apart(units[n])), start)
    end = max(first + 1, start + _fitting(units[start:], WIDTH))
    if end < len(units):
        end = next(
            (n for n in range(end, end - _WORD, -1) if n > first + 1 and _apart(units[n])), end
        )
    return start, end


def _fitting(units: Iterable[Piece], width: int) -> int:
    """Return how many units fit into so many columns."""
    return sum(1 for used in accumulate(map(_columns, units)) if used <= width)


def _apart(unit: Piece) -> bool:
    """Say whether no word goes on here."""
    return unit.formula or unit.text == " "


def _joined(units: Sequence[Piece]) -> Iterator[Piece]:
    """Join graphemes that are alike into texts."""
    text, is_marked = "", False
    for unit in units:
        if unit.formula or unit.marked != is_marked:
            yield from [Piece(text, is_marked)] * bool(text)
            text, is_marked = "", unit.marked
        if unit.formula:
            yield unit
        else:
            text += unit.text
    yield from [Piece(text, is_marked)] * bool(text)
