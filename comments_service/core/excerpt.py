"""Excerpts: the beginning of a comment as one line of plain text, for lists and feeds."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import regex
from markdown_it.token import Token

from comments_service.core import latex
from comments_service.core.characters import ELLIPSIS, columns, safe_characters

LEFT_OUT = "[…]"  # stands for a formula that does not fit
_DANGLING = {*" ([{（［｛【《〈「『“‘,，、;；:：-–—…", LEFT_OUT}  # no excerpt is cut off behind one
_SPACE = regex.compile(r"\s+")
_CLUSTER = regex.compile(r"\X")


class _Formula(str):
    """A formula in plain text, among pieces of text."""

    __slots__ = ()


class _Unit(NamedTuple):
    """What is shown whole or not at all: a grapheme cluster, or a formula."""

    text: str
    columns: int
    is_formula: bool = False


def excerpt(tokens: Sequence[Token], width: int = 120) -> str:
    """Return the beginning of a document as plain text of at most `width` columns.

    Wide East Asian characters take two columns. Block quotes count only if there is nothing else.
    A formula stands whole or as `[…]`: in plain text (`meta["plain"]`) if it was drawn, else its
    source with delimiters. The text is not HTML-escaped.
    """
    shown = _fit(_units(_pieces(tokens, quotes=False)), width)
    return shown or _fit(_units(_pieces(tokens, quotes=True)), width)


def _pieces(tokens: Sequence[Token], quotes: bool) -> Iterator[str]:
    """Walk through the text and the formulas of a document; blocks end with a space."""
    depth = 0  # of block quotes
    for token in tokens:
        if token.tag == "blockquote":
            depth += token.nesting
        elif quotes or depth == 0:
            yield from _block(token)
            yield " "


def _block(token: Token) -> Iterator[str]:
    if token.type == latex.BLOCK:
        yield _formula(token)
    elif token.type in ("fence", "code_block"):
        yield next((line for line in token.content.split("\n") if line.strip()), "")
    for child in token.children or ():
        if child.type == latex.INLINE:
            yield _formula(child)
        elif child.tag == "br":
            yield " "
        else:
            yield child.content  # of text, code and references; other tokens have none


def _formula(token: Token) -> _Formula:
    text = safe_characters(str(token.meta.get("plain", token.markup)))
    return _Formula(" ".join(text.split()))


def _units(pieces: Iterable[str]) -> Iterator[_Unit]:
    """Cut pieces into units, with white space as one space between two of them."""
    begun = spaced = False
    for unit in _joined(_split(pieces)):
        if unit.text != " ":
            yield from [_Unit(" ", 1)] * (begun and spaced)
            yield unit
        begun, spaced = begun or unit.text != " ", unit.text == " "


def _joined(units: Iterable[_Unit]) -> Iterator[_Unit]:
    """Join a formula with what stands beside it and belongs to the same grapheme."""
    last: _Unit | None = None
    for unit in units:
        if last and (last.is_formula or unit.is_formula) and _is_one(last.text, unit.text):
            unit = _whole(last.text + unit.text)
        elif last:
            yield last
        last = unit
    if last:
        yield last


def _is_one(before: str, after: str) -> bool:
    end = _CLUSTER.findall(before)[-1]
    return len(_CLUSTER.match(end + after).group()) > len(end)


def _split(pieces: Iterable[str]) -> Iterator[_Unit]:
    for kind, group in groupby(filter(None, pieces), type):
        if kind is _Formula:
            yield from map(_whole, group)
        else:
            text = _SPACE.sub(" ", safe_characters("".join(group)))
            yield from (_unit(cluster.group()) for cluster in _CLUSTER.finditer(text))


def _whole(formula: str) -> _Unit:
    columns = sum(_unit(cluster).columns for cluster in _CLUSTER.findall(formula))
    return _Unit(str(formula), columns, is_formula=True)


@lru_cache(maxsize=4096)
def _unit(text: str) -> _Unit:
    return _Unit(" ", 1) if text.isspace() else _Unit(text, columns(text))


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
    while kept and not kept[-1].is_formula and kept[-1].text in _DANGLING:
        kept.pop()
    return "".join(unit.text for unit in kept) + ELLIPSIS if width > 0 else ""
