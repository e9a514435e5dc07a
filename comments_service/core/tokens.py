"""The words of a text, as search and whatever learns from texts see them: alike however they were typed.

Case, accents, width and styled letters don't count. Where a script puts no spaces between words, each
character makes one token with the next: 二项式 gives 二项, 项式, 式. Of TeX the names of commands, `^` and
`_` are words too: x^{2}, x^2 and x² are the same. So are signs that are not ASCII, such as ∑ and ≤.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import count, pairwise

import regex

VERSION = 1
"""Raised whenever the same text gives other tokens: then what was kept of them is made anew."""

LONGEST = 64
"""A longer word is cut off here."""

_UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}--\p{P}\p{S}"
)
_TOKEN = regex.compile(
    rf"""\\\\                                           # a new line in TeX is no word
    | \\(?P<command>[a-z]+)
    | (?P<run>[{_UNSPACED}]+)
    | (?P<word>[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+)
    | (?P<sign>\^ | (?<=[\p{{L}}\p{{N}})}}\]])_(?=[\p{{L}}\p{{N}}{{\\(]) | [\p{{S}}--\p{{ASCII}}])""",
    regex.V1 | regex.VERBOSE,
)
_UNSPACED_CHARACTER = regex.compile(f"[{_UNSPACED}]", regex.V1)
# Accents, but not the stroke of ≠; and what nobody sees.
_DROPPED = regex.compile(
    "[\u0300-\u0337\u0339-\u036f\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)
_RAISED = regex.compile("[\u00b2\u00b3\u00b9\u2070\u2071\u2074-\u207f]+")
_LOWERED = regex.compile("[\u2080-\u209c\u1d62-\u1d6a\u2c7c]+")


def tokens(text: str) -> list[str]:
    """Return the words of a text in their order; none has white space or a capital letter in it."""
    return [token for token, _ in placed(folded(text))]


def folded(text: str) -> str:
    """Return a text without what does not count when words are compared."""
    if text.isascii():
        return text.lower()
    text = _LOWERED.sub(r"_\g<0>", _RAISED.sub(r"^\g<0>", text))
    letters = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", _DROPPED.sub("", letters))


def unspaced(token: str) -> bool:
    """Say whether a token is of a script without spaces, where a word may begin and end anywhere."""
    return _UNSPACED_CHARACTER.match(token) is not None


def placed(text: str) -> Iterator[tuple[str, int]]:
    """Return the words of a folded text, each with where it begins."""
    for found in _TOKEN.finditer(text):
        kind, token, start = found.lastgroup, found[0], found.start()
        if kind == "run":
            pairs = [*map("".join, pairwise(token)), token[-1]]
            yield from zip(pairs, count(start), strict=False)
        elif kind == "command":
            yield "\\", start
            yield token[1 : LONGEST + 1], start + 1
        elif kind:
            yield token[:LONGEST], start
