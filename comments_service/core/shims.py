r"""TeX as people write it, in terms of what math-core reads.

One pass over the tokens expands macros and applies the rules of this file. A rule reads what stands
behind its token and returns TeX to be drawn; what it puts back is read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from comments_service.core import environments
from comments_service.core.macros import Expansion
from comments_service.core.tex import LEVELS, Row, Token, fault, group, instead, ours, text_of

Rule = Callable[[Token, Row, bool], list[Token]]  # its token, what follows, whether displayed

# Links, pictures, and what reaches into the page around a formula.
_REFUSED = frozenset(
    "href url html htmlClass htmlId htmlStyle htmlData class style cssId data bbox includegraphics"
    " tooltip mmlToken unicode special write input include csname catcode".split()
)


def drawable(row: list[Token], expansion: Expansion, display: bool) -> list[Token]:
    """Expand macros and rewrite what math-core would not read. Raises Fault."""
    rest, found = Row(row), list[Token]()
    while rest:
        token = rest.next()
        if token.text[0] == "\\" and token.text[1:] in _REFUSED:
            raise fault("formula_refused", token)
        if not expansion.reads(token, rest):
            rule = _RULES.get(token.text)
            found += rule(token, rest, display) if rule else [token]
    return _in_lines(found) if display else found


def _in_lines(row: list[Token]) -> list[Token]:
    r"""Set a displayed formula with bare `\\` in lines, which math-core would join."""
    depth = 0
    bare = set[str]()
    for token in row:
        depth += LEVELS.get(token.text, 0)
        bare |= {token.text} if depth == 0 else set()
    if r"\\" not in bare or "&" in bare:
        return row
    return [*ours(r"\begin{gathered}"), *row, *ours(r"\end{gathered}")]


# --- Line ends, operators, roots, delimiters ---

_LENGTH = re.compile(r"\s*[-+]?[0-9.]*\s*(?:pt|em|ex|mm|cm|in|pc|mu|bp|dd|cc|sp|\\[a-z]+)\s*")


def _line_end(token: Token, row: Row, _display: bool) -> list[Token]:
    r"""Read `\\*[4pt]`, whose star and length would be printed."""
    row.takes("*")
    if row.peek() == "[":
        bracket = row.next()
        length = row.until("]")
        if not _LENGTH.fullmatch(text_of(length)):
            row.put_back([bracket, *length, row.last])
    return [token._replace(text=r"\\")]


_NAMED = re.compile(r"\\(?:mathrm|text|textrm|operatorname|rm)\s*\{?([A-Za-z ]+)\}?")


def _operator(token: Token, row: Row, display: bool) -> list[Token]:
    r"""Read `\mathop{X}\limits_a^b`, whose limits math-core would set beside it."""
    inner = row.argument()
    row.skip_space()
    limits = row.takes(r"\limits") or (display and row.peek() != r"\nolimits")
    named = _NAMED.fullmatch(text_of(inner).strip())
    if named:
        row.put_back(instead(token, rf"\operatorname{'*' * limits}{{{named[1]}}}"))
        return []
    if not limits or row.peek() not in ("_", "^"):
        row.put_back(group(inner, token))
        return [token]
    for mark, command in (("_", r"\underset"), ("^", r"\overset"), ("_", r"\underset")):
        row.skip_space()
        if row.takes(mark):
            script = group(row.argument(), token)
            inner = [*instead(token, command), *script, *group(inner, token)]
    row.put_back([*group(inner, token), *instead(token, r"\,")])
    return []


_DEGREES = {"√": "", "∛": "[3]", "∜": "[4]"}


def _root_sign(token: Token, row: Row, _display: bool) -> list[Token]:
    """Read `√2`, `√{x}` and `√(x+1)`, typed as characters."""
    command = instead(token, r"\sqrt" + _DEGREES[token.text])
    if row.takes("("):
        row.put_back(group(row.until(")"), token))
    digits: list[Token] = []
    while row.peek().isdecimal():
        digits.append(row.next())
    row.put_back(group(digits, token) if digits else [])
    follows = row.peek()[:1]
    return command if follows and follows not in "}&^_)" else instead(token, r"\surd")


def _root(token: Token, row: Row, _display: bool) -> list[Token]:
    r"""Read `\root 3 \of {x}`."""
    degree = row.until(r"\of")
    row.put_back([*instead(token, r"\sqrt["), *degree, *instead(token, "]")])
    return []


def _delimiter(token: Token, row: Row, _display: bool) -> list[Token]:
    r"""Read `\left<` as `\left\langle`; a `\big` without a delimiter shows nothing."""
    row.skip_space()
    angle = {"<": r"\langle", ">": r"\rangle"}.get(row.peek())
    if angle:
        return [token, row.next()._replace(text=angle)]
    if token.text not in (r"\left", r"\right", r"\middle") and row.takes("."):
        return []
    return [token]


def _superscript(token: Token, row: Row, _display: bool) -> list[Token]:
    return [] if row.peek() == "'" else [token]


def _without_star(token: Token, row: Row, _display: bool) -> list[Token]:
    row.takes("*")
    return [token]


def _nothing(_token: Token, _row: Row, _display: bool) -> list[Token]:
    return []


def _as(text: str) -> Rule:
    return lambda token, _row, _display: instead(token, text)


def _kept(token: Token, row: Row, _display: bool) -> list[Token]:
    """Keep a label or a tag as it is, for numbering."""
    star = instead(token, "*") if row.takes("*") else []
    return [token, *star, *group(row.argument(), token)]


# --- Text ---

_TEXTS = {r"\text": r"\text"} | dict.fromkeys(
    (r"\mbox", r"\hbox", r"\textnormal", r"\textup", r"\textmd"), r"\text"
)
_TEXTS |= {name: name for name in (r"\textrm", r"\textbf", r"\textit", r"\textsf", r"\texttt")}
_TEXTS |= {r"\textsl": r"\textit", r"\emph": r"\emph", r"\textsc": r"\textsc", r"\fbox": r"\fbox"}
_SPECIAL = {"_": r"\_", "#": r"\#", "&": r"\&", "^": r"\textasciicircum{}"}
_SYMBOLS = frozenset((r"\%", r"\_", r"\#", r"\&", r"\$", r"\{", r"\}"))


def _text(token: Token, row: Row, _display: bool) -> list[Token]:
    r"""Take formulas out of text: `\text{a $x$ b}` is `{\text{a }{x}\text{ b}}`."""
    command = token._replace(text=_TEXTS[token.text])
    inner = Row(row.argument())
    parts, words = list[Token](), list[Token]()
    while inner:
        part = inner.next()
        if part.text in ("$", r"\(", r"\ref", r"\eqref"):
            parts += [command, *group(words, part)] if words else []
            parts += _inside(part, inner)
            words = []
        else:
            words += _word(part, inner)
    if not parts:
        return [command, *group(words, token)]
    parts += [command, *group(words, token)] if words else []
    row.put_back(group(parts, token))
    return []


def _inside(part: Token, inner: Row) -> list[Token]:
    if part.text in (r"\ref", r"\eqref"):
        return [part, *group(inner.argument(), part)]
    return group(inner.until("$" if part.text == "$" else r"\)"), part)


def _word(part: Token, inner: Row) -> list[Token]:
    """Write what is special in TeX, but not in what people type, as it looks."""
    if part.text in _SPECIAL:
        return instead(part, _SPECIAL[part.text])
    # math-core swallows a space after these.
    spaced = part.text in _SYMBOLS and inner.peek().isspace()
    return [part, *instead(part, "{}")] if spaced else [part]


_SIZES = "tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge displaybreak cr"
_FENCED = (
    "left right middle big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm"
)

_RULES: dict[str, Rule] = dict.fromkeys(("\\" + size for size in _SIZES.split()), _nothing)
_RULES |= dict.fromkeys(("\\" + name for name in f"{_FENCED} biggm Biggm".split()), _delimiter)
_RULES |= dict.fromkeys(_TEXTS, _text) | dict.fromkeys(_DEGREES, _root_sign)
_RULES |= environments.RULES
_RULES |= {"\\" + name: _kept for name in ("tag", "label", "ref", "eqref")}
_RULES |= {
    r"\\": _line_end,
    r"\cr": _line_end,
    r"\mathop": _operator,
    r"\root": _root,
    r"\hspace": _without_star,
    "^": _superscript,
    "∅": _as(r"\emptyset"),
    "∠": _as(r"\angle"),
    "∡": _as(r"\measuredangle"),
    "∢": _as(r"\sphericalangle"),
    "∴": _as(r"\therefore"),
    "∵": _as(r"\because"),
    "⊤": _as(r"\top"),
    "⊥": _as(r"\perp"),
}
