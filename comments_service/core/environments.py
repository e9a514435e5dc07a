r"""Environments that math-core lacks, in terms of those it has.

Rules are as in `shims`: a rule reads what stands behind its token and returns TeX to be drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from comments_service.core.tex import LEVELS, Row, Token, instead, text_of

_SAME = {
    "split": "aligned",
    "alignedat": "aligned",
    "alignat": "align",
    "flalign": "align",
    "eqnarray": "align",
    "multlined": "gathered",
    "lgathered": "gathered",
    "darray": "array",
    "tabular": "array",
    "math": "",
    "displaymath": "",
    "subequations": "",
}
_POSITIONED = frozenset("aligned alignedat gathered lgathered multlined split array".split())
_MATRIX = re.compile(r"([pbBvV]?)(?:small)?matrix(\*?)")
_FENCES = {"p": "()", "b": "[]", "B": (r"\{", r"\}"), "v": "||", "V": (r"\|", r"\|"), "": ".."}
_COLUMNS = 20  # of a matrix that says how its columns are aligned


def _delimiters(name: str, side: str = "c") -> tuple[str, str]:
    r"""Write the `\begin` and `\end` of an environment."""
    matrix = _MATRIX.fullmatch(name)
    if matrix and (matrix[2] or "small" in name):
        opening, closing = _FENCES[matrix[1]]
        kind = "array" if matrix[2] else "matrix"
        columns = "{" + side * _COLUMNS + "}" if matrix[2] else ""
        return rf"\left{opening}\begin{{{kind}}}{columns}", rf"\end{{{kind}}}\right{closing}"
    bare = name.rstrip("*")
    same = _SAME.get(bare, bare)
    star = "*" if name != bare and same in (bare, "align") else ""
    return (rf"\begin{{{same}{star}}}", rf"\end{{{same}{star}}}") if same else ("", "")


def _begin(token: Token, row: Row, _display: bool) -> list[Token]:
    name = text_of(row.argument())
    token = token._replace(end=row.last.end)
    bare, side = name.rstrip("*"), ""
    if bare in _POSITIONED or (name != bare and _MATRIX.fullmatch(name)):
        row.skip_space()
        side = text_of(row.optional() or []).strip()
    if bare in ("alignat", "alignedat"):
        row.argument()
    if bare == "eqnarray":
        row.put_back(_merged(row))
    opening = _delimiters(name, side if side in ("l", "r") else "c")[0]
    if opening == r"\begin{array}":
        opening += "{" + _columns(text_of(row.argument())) + "}"
    return instead(token, opening)


def _end(token: Token, row: Row, _display: bool) -> list[Token]:
    return instead(token, _delimiters(text_of(row.argument()))[1])


def _columns(wanted: str) -> str:
    """Reduce a column specification to what math-core reads: letters and rules."""
    wanted = re.sub(r"\*\{(\d{1,2})\}\{([^{}]*)\}", lambda m: m[2] * int(m[1]), wanted)
    wanted = re.sub(r"[@!><]\{[^{}]*\}", "", wanted)
    wanted = re.sub(r"[pmbwX](?:\{[^{}]*\})+|X", "l", wanted)
    return re.sub(r"\s", "", wanted)[:99] or "c"


def _merged(row: Row) -> list[Token]:
    """Read the rest of an eqnarray, and join the three columns of each line to two."""
    rest: list[Token] = []
    depth = ampersands = 0
    while row and depth >= 0:
        token = row.next()
        depth += LEVELS.get(token.text, 0)
        if depth == 0:
            ampersands = 0 if token.text == r"\\" else ampersands + (token.text == "&")
        if token.text != "&" or depth or ampersands != 2:
            rest.append(token)
    return rest


def _plain(environment: str) -> Callable[[Token, Row, bool], list[Token]]:
    r"""Read `\matrix{a & b \cr c & d}` of plain TeX."""

    def rule(token: Token, row: Row, _display: bool) -> list[Token]:
        inner = row.argument()
        opening, closing = rf"\begin{{{environment}}}", rf"\end{{{environment}}}"
        row.put_back([*instead(token, opening), *inner, *instead(token, closing)])
        return []

    return rule


RULES = {
    r"\begin": _begin,
    r"\end": _end,
    r"\matrix": _plain("matrix"),
    r"\pmatrix": _plain("pmatrix"),
    r"\cases": _plain("cases"),
    r"\eqalign": _plain("aligned"),
    r"\displaylines": _plain("gathered"),
}
