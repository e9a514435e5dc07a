"""What is wrong with a comment's formulas, in plain words, at its place in the source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from comments_service.core import latex
from comments_service.core.rendered import Notice
from comments_service.core.tex import Fault

_CODE = ("code_inline", "code_block", "fence")


def notices(source: str, tokens: Sequence[Token], faults: dict[int, Fault]) -> list[Notice]:
    """Return a notice for each formula at fault, with offsets in code points of the source.

    `faults` are by the number of the formula in document order.
    """
    if not faults:
        return []
    placed = list(_placed(source, tokens))
    return [_notice(source, *placed[number], fault) for number, fault in sorted(faults.items())]


def _notice(source: str, token: Token, at: int, fault: Fault) -> Notice:
    before = max(token.markup.find(token.content), 0)
    start = _offset(source, token.markup, at, before + fault.start)
    end = _offset(source, token.markup, at, before + fault.end - 1) + 1
    if fault.end <= fault.start:
        start, end = at, _offset(source, token.markup, at, len(token.markup) - 1) + 1
    typed = token.content[fault.start : fault.end].strip() or token.content.strip() or token.markup
    return Notice(fault.code, start, end, " ".join(typed.split())[:80])


def _placed(source: str, tokens: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    """Yield each formula with where it begins in the source.

    The parser keeps no offsets, but the order and the first line of each block; code is passed
    because it may hold the same text as a formula behind it.
    """
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    at = 0
    for block in tokens:
        at = max(at, starts[block.map[0]] if block.map else 0)
        for token in (block, *(block.children or ())):
            is_formula = token.type in (latex.INLINE, latex.BLOCK)
            text = token.markup if is_formula else token.content if token.type in _CODE else ""
            found = source.find(text.partition("\n")[0], at) if text else -1
            if is_formula:
                yield token, max(found, at)
            at = max(at, found + bool(text))


def _offset(source: str, markup: str, at: int, position: int) -> int:
    """Return where a position of a formula is in the source, whose lines may begin with `> `."""
    line = markup.count("\n", 0, position)
    column = position - (markup.rfind("\n", 0, position) + 1)
    for _ in range(line):
        at = source.find("\n", at) + 1
    text = markup.split("\n")[line]
    return max(source.find(text, at), at) + column if line else at + column
