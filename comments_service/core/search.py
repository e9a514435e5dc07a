"""What is kept of a comment to be searched, and what is made of what people type: no text is an error.

Words are kept as one line, ' alice | let x ^ 2 be | @alice @blog @example ': the name, the text and, marked
by an @ that no other word can have, the e-mail address. A term is found where it stands in that line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from comments_service.core.characters import forbidden
from comments_service.core.tokens import tokens, unspaced

LONGEST = 200
"""Characters of a query that are read."""
MOST_TERMS = 16
_MOST_KEPT = 100_000  # characters of a comment's words
_BEGINS = 3  # letters from which a word also finds longer words
_PRIVATE = "@"
_APART = "|"
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』＂〝〞", '"'))
_TERM = re.compile(r'"([^"]*)"?|[^\s"]+')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one behind the other; where it is `open`, the last one may go on."""

    words: tuple[str, ...]
    open: bool

    def line(self, *, private: bool = False) -> str:
        """Return what the line of a comment has in it where the term is found."""
        mark = _PRIVATE if private else ""
        return "".join(f" {mark}{word}" for word in self.words) + " " * (not self.open)

    @property
    def single(self) -> bool:
        """Say whether an index of words alone can tell where it is found."""
        return len(self.words) == 1

    def lookups(self) -> list[tuple[str, bool]]:
        """Return the words to look up in an index, each with whether it may go on there."""
        ends = [False] * (len(self.words) - 1) + [self.open]
        found = list(zip(self.words, ends, strict=True))
        if not self.single and self.words[-2].endswith(self.words[-1]):
            found.pop()  # the end of 二项: 二项 says it already
        telling = [pair for pair in found if pair[0] not in ("\\", "^", "_")]
        return telling or found


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for: every term must be found."""

    terms: tuple[Term, ...]

    def found_in(self, line: str, *, private: bool = False) -> bool:
        """Say whether a comment's line has every term: what the SQL of `storage.search` says."""
        return bool(self.terms) and all(
            term.line() in line or (private and term.line(private=True) in line)
            for term in self.terms
        )


def line_of(name: str, body: str, email: str) -> str:
    """Return the line of words that is kept of a comment."""
    words = [*tokens(name), _APART, *tokens(body), _APART]
    text = " ".join(words)[:_MOST_KEPT]
    return " ".join(["", text, *(_PRIVATE + word for word in tokens(email)), ""])


def query(text: str) -> Query:
    """Return what a text asks for: all of its words, and what stands in quotation marks as it stands.

    What is typed without a space is one term. A word of three letters finds what begins with it, a
    command of TeX or a number only itself.
    """
    cleaned = "".join(letter for letter in text[:LONGEST] if not forbidden(letter))
    found = (_term(part) for part in _TERM.finditer(cleaned.translate(_QUOTES)))
    terms = dict.fromkeys(term for term in found if term)
    return Query(tuple(terms)[:MOST_TERMS])


def _term(part: re.Match[str]) -> Term | None:
    quoted = part[1]
    words = tokens(part[0] if quoted is None else quoted)
    return Term(tuple(words), _goes_on(words, quoted is not None)) if words else None


def _goes_on(words: list[str], quoted: bool) -> bool:
    last = words[-1]
    if unspaced(last):
        return True
    command = len(words) > 1 and words[-2] == "\\"
    return not (quoted or command) and len(last) >= _BEGINS and not last[0].isdigit()
