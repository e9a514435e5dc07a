"""Excerpts: the beginning of a comment as one line of plain text, for lists and feeds."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import regex
from markdown_it.token import Token

from comments_service.core import latex
from comments_service.core.sanitize import safe_characters

ELLIPSIS = "…"
LEFT_OUT = "[…]"  # stands for a formula that does not fit
_DANGLING = " ([{（［｛【《〈「『“‘,，、;；:：-–—…"
_MARKS_PER_COLUMN = 8
_CLUSTERS = regex.compile(r"\s+|\X")


class _Unit(NamedTuple):
    """What is shown whole or not at all: a grapheme cluster, or a formula."""

    text: str
    columns: int
    is_formula: bool = False


def excerpt(tokens: Sequence[Token], width: int = 120) -> str:
    """Return the beginning of a document as plain text of at most `width` columns.

    Wide East Asian characters take two columns. Block quotes count only if there is nothing else.
    A formula stands whole, with its delimiters, or as `[…]`. The text is not HTML-escaped.
    """
    shown = _fit(_units(_pieces(tokens, quotes=False)), width)
    return shown or _fit(_units(_pieces(tokens, quotes=True)), width)


def _pieces(tokens: Sequence[Token], quotes: bool) -> Iterator[Token | str]:
    """Walk through the text and the formulas of a document; blocks end with a space."""
    depth = 0  # of block quotes
    for token in tokens:
        if token.tag == "blockquote":
            depth += token.nesting
        elif quotes or depth == 0:
            yield from _block(token)
            yield " "


def _block(token: Token) -> Iterator[Token | str]:
    if token.type == latex.BLOCK:
        yield token
    elif token.type in ("fence", "code_block"):
        yield next((line for line in token.content.split("\n") if line.strip()), "")
    for child in token.children or ():
        if child.type == latex.INLINE:
            yield child
        elif child.tag == "br":
            yield " "
        else:
            yield child.content  # of text and code; other tokens have none


def _units(pieces: Iterable[Token | str]) -> Iterator[_Unit]:
    """Cut pieces into units, with white space as one space between two of them."""
    begun = spaced = False
    for unit in (unit for piece in pieces for unit in _split(piece)):
        if unit.text != " ":
            yield from [_Unit(" ", 1)] * (begun and spaced)
            yield unit
        begun, spaced = begun or unit.text != " ", unit.text == " "


def _split(piece: Token | str) -> Iterator[_Unit]:
    if isinstance(piece, Token):
        source = " ".join(safe_characters(piece.markup).split())
        columns = sum(_unit(cluster).columns for cluster in _CLUSTERS.findall(source))
        yield _Unit(source, columns, is_formula=True)
        return
    for cluster in _CLUSTERS.finditer(safe_characters(piece)):
        yield _unit(cluster.group())


@lru_cache(maxsize=4096)
def _unit(text: str) -> _Unit:
    return _Unit(" ", 1) if text.isspace() else _Unit(text, _columns(text))


def _columns(cluster: str) -> int:
    """Return the columns that a grapheme cluster takes on a terminal, as UAX 11 has it.

    A cluster of very many marks takes more, so that an excerpt's length is bounded too.
    """
    wide = any(unicodedata.east_asian_width(character) in "WF" for character in cluster)
    emoji = "\ufe0f" in cluster or (len(cluster) > 1 and "\U0001f1e6" <= cluster[0] <= "\U0001f1ff")
    return max(2 if wide or emoji else 1, len(cluster) // _MARKS_PER_COLUMN)


def _fit(units: Iterable[_Unit], width: int) -> str:
    """Join units up to `width` columns, the last of which is an ellipsis if text was cut off."""
    kept: list[_Unit] = []
    used = 0
    for unit in units:
        if unit.is_formula and used + unit.columns > width:
            unit = _Unit(LEFT_OUT, len(LEFT_OUT))
        if used + unit.columns > width:
            return _cut(kept, used, width)
        kept.append(unit)
        used += unit.columns
    return "".join(unit.text for unit in kept)


def _cut(kept: list[_Unit], used: int, width: int) -> str:
    """Make room for an ellipsis, and leave no opening bracket or separator before it."""
    while kept and used > width - len(ELLIPSIS):
        used -= kept.pop().columns
    text = "".join(unit.text for unit in kept).rstrip(_DANGLING)
    return text + ELLIPSIS if width > 0 else ""
