r"""TeX as a row of tokens: reading arguments from it, and bounds for what a native program will read.

A token is a control word `\name`, a control symbol `\%`, a run of white space or one character, with
the position in the formula that it came from, so that a fault can be shown where it was typed.
Comments (`% ...`) are no tokens; what is typed as `5%` but can be no comment is a `\%`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

_NESTING = 60  # levels of `{`, `\left` and `\begin`; math-core's stack ends at some 200
_RUN = 60  # commands without anything between them, each of which may take the next as its argument
_OPEN = 12  # brackets that nothing closes: math-core tries both ways for each
# A comment reaches to the end of its line. Behind a digit a `%` is per cent, and so is one on the last
# line behind anything but white space, where TeX would find no end: people write `$99%$`.
_COMMENT = r"(?<![0-9])%[^\n]*\n[ \t]*|(?<!\S)%[ \t]*\S[^\n]*\Z"
_TOKEN = re.compile(rf"\\[A-Za-z]+|\\.|(?P<comment>{_COMMENT})|\s+|.", re.DOTALL)
_PER_CENT = {"%": r"\%"}
LEVELS = {"{": 1, r"\begin": 1, "}": -1, r"\end": -1}
"""How a token changes the depth of groups."""
_FENCES = {r"\left": 1, r"\right": -1}


class Fault(Exception):
    """Why a formula can't be drawn: a code, what of it is at fault, and where in its TeX.

    `start` and `end` count code points of the TeX without delimiters.
    """

    def __init__(self, code: str, start: int = 0, end: int = 0, what: str = "") -> None:
        super().__init__(code)
        self.code, self.start, self.end, self.what = code, start, end, what


class Token(NamedTuple):
    """A token, with where what it stands for was typed."""

    text: str
    at: int
    end: int


def tokens(tex: str) -> list[Token]:
    """Return the tokens of some TeX."""
    found = (match for match in _TOKEN.finditer(tex) if match["comment"] is None)
    return [Token(_PER_CENT.get(match[0], match[0]), *match.span()) for match in found]


def instead(typed: Token, text: str) -> list[Token]:
    """Return the tokens of TeX of our own that stands for what was typed."""
    return [typed._replace(text=token.text) for token in tokens(text)]


def ours(text: str) -> list[Token]:
    """Return the tokens of TeX of our own that stands for nothing typed in particular."""
    return instead(Token("", 0, 0), text)


def group(row: list[Token], typed: Token) -> list[Token]:
    """Put braces around tokens."""
    return [typed._replace(text="{"), *row, typed._replace(text="}")]


def fault(code: str, token: Token) -> Fault:
    """Return the fault that one token is."""
    return Fault(code, token.at, token.end, token.text)


def text_of(row: list[Token]) -> str:
    """Join tokens to text, as an argument that is a name or a number."""
    return "".join(token.text for token in row)


class Row:
    """Tokens that are still to be read, the next one last, so that some can be put back."""

    def __init__(self, row: list[Token]) -> None:
        self._rest = row[::-1]
        self.last = Token("", 0, 0)

    def __bool__(self) -> bool:
        return bool(self._rest)

    def next(self) -> Token:
        """Read a token."""
        self.last = self._rest.pop()
        return self.last

    def put_back(self, row: list[Token]) -> None:
        """Let tokens be read next."""
        self._rest.extend(reversed(row))

    def skip_space(self) -> None:
        """Read white space, if there is any."""
        while self._rest and self._rest[-1].text.isspace():
            self._rest.pop()

    def peek(self) -> str:
        """Return the text of the next token, or an empty string."""
        return self._rest[-1].text if self._rest else ""

    def takes(self, text: str) -> bool:
        """Read the next token if it is this one."""
        found = self.peek() == text
        if found:
            self.next()
        return found

    def argument(self) -> list[Token]:
        """Read one argument, a group without its braces or a single token. Raises Fault."""
        self.skip_space()
        if self.peek() in ("", "}"):
            raise fault("formula_unfinished", self.last)
        first = self.next()
        return self.until("}") if first.text == "{" else [first]

    def optional(self) -> list[Token] | None:
        """Read an argument in square brackets, if there is one."""
        return self.until("]") if self.takes("[") else None

    def until(self, close: str) -> list[Token]:
        """Read what the last token has opened, up to what closes it. Raises Fault."""
        found: list[Token] = []
        opened, depth = self.last, 0
        while self._rest:
            token = self.next()
            if depth == 0 and token.text == close:
                return found
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            found.append(token)
        raise fault("formula_unbalanced", opened)


class Written:
    """TeX to be drawn, which knows for each of its characters where it was typed."""

    def __init__(self, row: list[Token]) -> None:
        texts = _spaced(row)
        self.tex = "".join(texts)
        self._starts = [0, *accumulate(map(len, texts))]
        self._row = row

    def typed_at(self, position: int | None) -> tuple[int, int]:
        """Return where the token at a position of `tex` was typed: its start and end.

        (0, 0) if that is unknown, or the position is the end, where a fault was not begun.
        """
        if position is None or position >= len(self.tex):
            return 0, 0
        token = self._row[bisect_right(self._starts, position) - 1]
        return token.at, token.end


def _spaced(row: list[Token]) -> list[str]:
    r"""Keep `\alpha` and a letter that expansion has put beside it apart."""
    texts = [token.text for token in row]
    for index in range(len(texts) - 1):
        word = texts[index][0] == "\\" and texts[index][-1].isalpha()
        if word and texts[index + 1][0].isalpha():
            texts[index] += " "
    return texts


def check(row: list[Token]) -> None:
    """Refuse what a native program might not survive. Raises Fault."""
    depth = run = 0
    unclosed = {"(": 0, "[": 0}
    for token in row:
        text = token.text
        depth += LEVELS.get(text, 0) + _FENCES.get(text, 0)
        if text in unclosed:
            unclosed[text] += 1
        elif text in ")]":
            opening = "(" if text == ")" else "["
            unclosed[opening] = max(unclosed[opening] - 1, 0)
        run = run + 1 if text[0] == "\\" else run if text.isspace() else 0
        if depth > _NESTING or run > _RUN or sum(unclosed.values()) > _OPEN:
            raise fault("formula_too_deep", token)
