"""Texts with parts of them marked: what a rule matched, what an edit took away and put in."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

Span = tuple[int, int]
Change = Literal["same", "gone", "new"]

_WORD = re.compile(r"\\?[^\W_]+|\s+|.", re.DOTALL)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MOST = 3_000  # words that are compared one by one; longer texts are compared by lines


def marked(text: str, spans: Iterable[Span]) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether a span holds it; spans may overlap or be outside."""
    inside = [(max(0, start), min(end, len(text))) for start, end in spans]
    wanted = [(start, end) for start, end in inside if start < end]
    edges = sorted({0, len(text), *(edge for span in wanted for edge in span)})
    pieces = []
    for start, end in itertools.pairwise(edges):
        is_marked = any(first <= start and end <= last for first, last in wanted)
        pieces.append((text[start:end], is_marked))
    return pieces


def difference(before: str, after: str) -> list[tuple[Change, str]]:
    """Return what an edit changed, in pieces, by words and Chinese characters; lines where it is long."""
    old, new = _words(before), _words(after)
    if max(len(old), len(new)) > _MOST:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return list(_joined(_changes(old, new)))


def _words(text: str) -> list[str]:
    found = []
    for word in _WORD.findall(text):
        found += list(word) if _CJK.search(word) else [word]
    return found


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Change, str]]:
    matcher = difflib.SequenceMatcher(None, old, new)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[first:last])
            continue
        yield "gone", "".join(old[first:last])
        yield "new", "".join(new[start:end])


def _joined(changes: Iterable[tuple[Change, str]]) -> Iterator[tuple[Change, str]]:
    return ((kind, text) for kind, text in changes if text)
