"""Rules about what is said: words and patterns, and the script that it is written in."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Literal

import re2
import regex
from pydantic import field_validator, model_validator

from comments_service.core.folding import Folded, folded
from comments_service.core.kinds.base import (
    FIELDS,
    Facts,
    Kind,
    Look,
    Match,
    Params,
    lines,
    one,
    places,
    refused,
    whole,
)
from comments_service.core.marks import Span
from comments_service.core.sentence import Note

WORDS, PATTERNS = 500, 50
"""How many of each one rule takes."""
_MEMORY = 1 << 20  # bytes for a pattern's automaton: bounds what one comment may cost
_STEPS = 3_000  # of its program: each letter may have to be held against all of them
_UNSPACED = regex.compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]"
)

Find = Callable[[str], list[Span]]
"""Says where something stands in a folded text."""


class Words(Params):
    """Words to look for; whole: only where nothing of the word is before or behind it."""

    words: Annotated[tuple[str, ...], lines(100, WORDS)]
    how: Literal["literal", "whole", "pattern"] = "literal"

    @model_validator(mode="after")
    def _patterns_are_patterns(self) -> Words:
        if self.how == "pattern":
            if len(self.words) > PATTERNS:
                raise refused("number_invalid", Note("Give 1 to %(most)s lines.", most=PATTERNS))
            for text in self.words:
                pattern(text)
        return self


@lru_cache(maxsize=1_024)
def pattern(text: str) -> re2.Pattern:
    """Return a pattern that is matched in linear time. Raises PydanticCustomError."""
    options = re2.Options()
    options.log_errors, options.max_mem = False, _MEMORY
    options.case_sensitive = False
    with contextlib.suppress(re2.error):
        found = re2.compile(f"(?m){text}", options)
        if found.programsize <= _STEPS:
            return found
    sentence = Note("Write the pattern %(text)s as RE2 reads it, and simpler.", text=text)
    raise refused("pattern_invalid", sentence)


def _literal(word: str) -> Find:
    wanted = folded(word).text
    return lambda text: list(places(text, wanted))


def _whole(word: str) -> Find:
    find = _literal(word)
    return lambda text: [span for span in find(text) if _stands_alone(text, *span)]


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not _goes_on(text[start - 1 : start], text[start]) and not _goes_on(
        text[end : end + 1], text[end - 1]
    )


def _goes_on(beside: str, edge: str) -> bool:
    """Say whether a word goes on beside its edge; where words have no spaces, none does."""
    if not beside or _UNSPACED.match(edge) or _UNSPACED.match(beside):
        return False
    return _is_word(beside) and _is_word(edge)


def _is_word(letter: str) -> bool:
    return letter == "_" or unicodedata.category(letter)[0] in "LMN"


def _pattern(text: str) -> Find:
    found = pattern(text)
    return lambda text: [
        match.span() for match in found.finditer(text) if match.end() > match.start()
    ]


_WAYS: dict[str, Callable[[str], Find]] = {
    "literal": _literal,
    "whole": _whole,
    "pattern": _pattern,
}


def found_in(text: str, finds: list[Find]) -> tuple[Span, ...]:
    """Return where anything was found in a text, in its own code points, in order."""
    if not text:
        return ()
    plain: Folded = folded(text)
    return tuple(sorted({plain.span(*span) for find in finds for span in find(plain.text)}))


def _words(params: Words) -> Look:
    finds = [_WAYS[params.how](word) for word in params.words]

    def look(facts: Facts) -> tuple[Match, ...]:
        found = ((name, found_in(getattr(facts, name), finds)) for name in FIELDS)
        return tuple(Match("word_found", spans, name) for name, spans in found if spans)

    return look


SCRIPTS = (
    "Han", "Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Hangul", "Hiragana", "Katakana",
    "Devanagari", "Bengali", "Tamil", "Thai", "Armenian", "Georgian", "Ethiopic",
)  # fmt: skip
_LEAST_LETTERS = 10  # of fewer, a share says nothing


class Script(Params):
    """A script, and the share of a text's letters from which, or below which, the rule speaks."""

    script: Literal[
        "Han", "Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Hangul", "Hiragana", "Katakana",
        "Devanagari", "Bengali", "Tamil", "Thai", "Armenian", "Georgian", "Ethiopic",
    ]  # fmt: skip
    when: Literal["more", "less"] = "more"
    percent: Annotated[int, whole(1, 100)] = 50

    @field_validator("when", mode="before")
    @classmethod
    def _more_by_default(cls, value: object) -> object:
        return value or "more"


def _script(params: Script) -> Look:
    letter = regex.compile(rf"\p{{Script={params.script}}}")

    def look(facts: Facts) -> tuple[Match, ...]:
        letters = [c for c in facts.prose if c.isalpha()]
        if len(letters) < _LEAST_LETTERS:
            return ()
        share = 100 * sum(1 for c in letters if letter.match(c)) / len(letters)
        found = share >= params.percent if params.when == "more" else share < params.percent
        return one(found, "script_found")

    return look


KINDS = {"words": Kind(Words, _words), "script": Kind(Script, _script)}
