r"""Mathematics in Markdown: which stretches of a comment are formulas.

The forms are `$..$`, ``$`..`$``, `$latex ..$`, `$$..$$`, `\(..\)`, `\[..\]` and bare environments
such as `\begin{align}..\end{align}`. Dollars are money, shell variables or code as often as not:
`_is_formula` decides. The TeX stays as it was typed.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from markdown_it.token import Token

from comments_service.core.characters import CJK_LETTERS

INLINE, BLOCK = "formula", "formula_block"  # the types of our tokens
_LONG, _SHORT = 4_000, 1_500  # code points of a displayed and of an inline formula


class Formula(NamedTuple):
    """A recognised formula: the position after it, its TeX without delimiters, how it is set."""

    end: int
    tex: str
    display: bool


@dataclass
class Budget:
    r"""What one comment may still spend; without a limit, lines of `\[` take quadratic time.

    The rules find it as `env["mathematics"]`.
    """

    steps: int  # characters read in search of a closing delimiter
    formulas: int = 200
    refused: bool = False  # whether something went unread for want of budget


def formulas(tokens: Iterable[Token]) -> list[str]:
    """Return the TeX of all recognised formulas in document order, without delimiters."""
    found: list[str] = []
    for token in tokens:
        own = [token.content] if token.type in (INLINE, BLOCK) else []
        found += own + formulas(token.children or ())
    return found


# --- Where a formula ends ---


class _Pair(NamedTuple):
    """What closes a formula, what shows that its opener was none, how long it may be, all marks."""

    close: str
    clash: str
    length: int
    marks: re.Pattern[str]


def _pair(close: str, clash: str, length: int, dollars: str = "") -> _Pair:
    # A backslash takes the next character along, so that `\$`, `\{` and `\\` are no marks.
    return _Pair(close, clash, length, re.compile(rf"\\.|[{{}}]{dollars}", re.DOTALL))


_DOLLAR = _pair("$", "", _SHORT, r"|\$|`+")
_DOLLARS = _pair("$$", "$", _LONG, r"|\$\$?|`+")
_ROUND = _pair(r"\)", r"\(", _SHORT)
_SQUARE = _pair(r"\]", r"\[", _LONG)

# Arguments set as text may hold dollars of their own: `\text{ if $x<0$}`, `\tag{$\ast$}`.
_TEXT_COMMAND = re.compile(r"\\(?:text[a-z]*|[a-z]*box|tag\*?|[a-z]*intertext)(?:\{[^{}]*\})*\s*\Z")


def _find_close(src: str, start: int, end: int, pair: _Pair, budget: Budget) -> int:
    """Return where the formula whose content begins at `start` closes, or -1.

    Only text arguments hide a delimiter: unbalanced TeX is still one formula, and so is one with a
    text argument that never ends.
    """
    stop = min(end, start + pair.length)
    budget.steps -= stop - start
    depth = text = 0  # open groups, and at which of them a text argument began
    hidden = -1
    for mark in pair.marks.finditer(src, start, stop):
        found = mark.group()
        if found == "{":
            depth += 1
            argument = _TEXT_COMMAND.search(src, max(0, mark.start() - 40), mark.start())
            text = text or (depth if argument else 0)
        elif found == "}":
            depth = max(depth - 1, 0)
            text, hidden = (text, hidden) if depth >= text else (0, -1)
        elif text:
            hidden = mark.start() if hidden < 0 and found == pair.close else hidden
        elif found == pair.close:
            budget.steps += stop - mark.start()  # only what was read counts
            return mark.start()
        elif found == pair.clash or _is_code_span(src, mark, end):
            return -1
    return hidden


def _is_code_span(src: str, mark: re.Match[str], end: int) -> bool:
    """Tell whether a run of backticks opens a code span, which wins over a formula."""
    ticks = mark.group()
    return ticks[0] == "`" and ticks in re.findall("`+", src[mark.end() : end])


# --- Whether what stands between dollars is mathematics ---

_FUNCTIONS = "sin|cos|tan|log|exp|max|min|lim|sup|inf|det|dim|ker|gcd|lcm|mod|arg|sgn|rank|var|cov"
_WORD = re.compile(
    rf"\b(?!(?:{_FUNCTIONS})\b)(?:[A-Za-z][a-z]{{2,}}|or|to|is|of|in|at|on|by|as|an)\b"
)
_TEX_SIGN = re.compile(r"[\\^_=<>]")
_OPERATOR = re.compile(r"[\\^_=<>+*/|&-]")
_AMOUNT = re.compile(r"[^A-Za-z\\^_]*[0-9][0-9.,]*[kKmM]?")
_CJK = re.compile(f"[{CJK_LETTERS}]")
_CJK_MARK = re.compile("[，。；：！？、（）「」『』【】《》〈〉“”—～]")
# In `$（a，b）$` such marks belong to the formula; sentences also end, begin or quote with them.
_CJK_LIST = re.compile(r"[^0-9，、；：）][^。！？「」『』【】《》〈〉“”—～]*(?<![，、；：（])")
_NAME_BEFORE_CJK = re.compile(f"[A-Za-z_][A-Za-z0-9_]{{2,}}[{CJK_LETTERS}]")
_SHELL_BREAK = re.compile(r"""[A-Za-z_({@.].*[-+/=:;.,<>(\[{&|@~%"]""", re.DOTALL)
_SHELL_NAMES = re.compile(r"_?[A-Za-z]{2}\w+[A-Za-z_{(]|\{\w+\}\{|\{\w\w+\}[A-Za-z_]|\(\w+\)\(")
_SENTENCE = re.compile(r"(?:[,.;:!?)\]'\"]|/\S*)\s")
_QUOTES = {'"': '"', "'": "'", "(": ")", "[": "]", "‘": "’"}


def _surface(tex: str) -> str:
    r"""Reduce TeX to what stands outside groups and commands, which leave `^` and `\`."""
    tex = re.sub(r"\\(?:[A-Za-z]+|.)", r"\\", tex, flags=re.DOTALL)
    for _ in range(8):  # levels of braces
        tex = re.sub(r"\{[^{}]*\}", "^", tex)
    return tex.strip()


def _is_formula(before: str, tex: str, after: str) -> bool:
    """Tell whether the text between two dollars is mathematics.

    `before` ends with what precedes the first dollar; `after` is the character past the second.
    """
    if not tex.strip() or (tex.count("\n") > 1 and r"\begin{" not in tex):
        return False
    surface = _surface(tex)
    left, right = tex[0].isspace(), tex[-1].isspace()
    if left != right or (left and not _is_loose_formula(surface)) or "\n" in tex[0] + tex[-1]:
        return False
    before = before.rstrip() if left else before
    unlike = _is_price(before, surface, after) or _is_prose(surface, after)
    return not unlike and not _is_shell(before, tex, after)


def _is_loose_formula(surface: str) -> bool:
    """Tell whether `$ x $` is mathematics: a dollar among spaces is mostly just that."""
    if "\n" in surface or _WORD.search(surface):
        return False
    letter = len(surface) == 1 and surface.isalpha()
    signed = "(" in surface or _OPERATOR.search(surface) is not None
    return letter or (signed and surface[-1] not in "-+*/=<>(")


def _is_price(before: str, surface: str, after: str) -> bool:
    """Recognise `$5 and $6`, `US$5`, `5$ or 10$` and `$5 off (US$)`, but not `3$\times$4`."""
    wordy = not _TEX_SIGN.search(surface) and _WORD.search(surface) is not None
    ahead = re.match("[0-9]", after) and surface[0] not in r"\^_"
    joined = wordy and re.search(r"[A-Za-z0-9]\Z", before)
    summed = re.search(r"[0-9]\Z", before) and _AMOUNT.fullmatch(surface)
    if ahead or joined or summed or not surface[0].isdigit():
        return bool(ahead or joined or summed)
    plain = not _TEX_SIGN.search(surface) and _CJK.search(surface)
    spaced = " " in surface and (wordy or not _OPERATOR.search(surface))
    broken = re.match("[A-Za-z]", after) and surface[-1] in "-+/=:;.,<>("
    return bool(plain or spaced or broken or before[-1:].isupper())


def _is_prose(surface: str, after: str) -> bool:
    """Recognise Chinese, Japanese or Korean text that two dollars enclose by accident."""
    letters = _CJK.search(surface) is not None
    if _CJK_MARK.search(surface):
        paired = surface.count("（") == surface.count("）")
        return letters or not paired or not _CJK_LIST.fullmatch(surface)
    if not letters or "\\" in surface:
        return False
    next_variable = _CJK.match(surface[-1]) and re.match(r"[A-Za-z0-9_{(]", after)
    signed = re.search(r"[\\^_=<>+(|*/]", surface)
    return bool(next_variable or not signed or _NAME_BEFORE_CJK.match(surface))


def _is_shell(before: str, tex: str, after: str) -> bool:
    """Recognise `$HOME/$USER`, `$f($x)`, `${A}${B}`, `"$a" '$b'`, R's `t$a + t$b`, a quoted `$`."""
    quote = before[-1:]
    if _SENTENCE.match(tex) or _QUOTES.get(quote) == tex[0]:
        return True
    column = " " in tex and re.search(r"[A-Za-z_]\Z", before)
    requoted = quote in ("'", '"') and quote in tex and tex[-1] in "'\""
    names = _SHELL_BREAK.fullmatch(tex) or _SHELL_NAMES.fullmatch(tex + after)
    return bool(re.match(r"[A-Za-z_({@*#.]", after) and (column or requoted or names))


def _is_words(tex: str) -> bool:
    surface = _surface(tex)
    words = len(_WORD.findall(surface)) > 1 or _CJK.search(surface) is not None
    return words and not _TEX_SIGN.search(surface)


# --- The formula that begins at a position ---

_WORDPRESS = re.compile(r"\$latex\s+")
_BEGIN = re.compile(
    r"\\begin\{((?:equation|displaymath|math|align|alignat|aligned|alignedat|flalign|eqnarray|split"
    r"|gather|gathered|multline|multlined|[dr]?cases|[bBpvV]?(?:small)?matrix|(?:sub)?array|CD)\*?)\}"
)
_OPENER = re.compile(r"(`++)(?:.*?(?<!`)\1(?!`))?|\\.|\$+", re.DOTALL)


def match(src: str, pos: int, end: int, budget: Budget) -> Formula | None:
    """Recognise the formula whose opening delimiter stands at `pos`, if one does."""
    reader = _READERS.get(src[pos : min(pos + 2, end)], _dollar if src[pos] == "$" else None)
    found = reader(src, pos, end, budget) if reader and budget.steps > 0 else None
    budget.refused |= budget.steps <= 0 or (found is not None and budget.formulas <= 0)
    return None if budget.refused else found


def spans(text: str, stop: int, budget: Budget) -> Iterator[tuple[int, Formula]]:
    """Walk through the formulas that begin before `stop` in raw text, outside code spans."""
    pos = 0
    while opener := _OPENER.search(text, pos, stop):
        start = opener.start()
        found = None if opener[1] else match(text, start, len(text), budget)
        if found:
            yield start, found
        pos = found.end if found else opener.end()


def is_one(tex: str) -> bool:
    """Tell whether TeX with blank lines in it is one formula: each part must look like TeX."""
    parts = [_surface(part) for part in re.split(r"\n\s*\n", tex)]
    return len(parts) == 1 or all(_TEX_SIGN.search(p) and not _CJK.search(p) for p in parts)


def _dollar(src: str, pos: int, end: int, budget: Budget) -> Formula | None:
    prefix = _WORDPRESS.match(src, pos, end)
    start = prefix.end() if prefix else pos + 1
    close = _find_close(src, start, end, _DOLLAR, budget)
    tex = src[start : max(close, start)]
    if prefix:
        good = bool(tex.strip()) and not _is_words(tex)
    else:
        good = _is_formula(src[max(0, pos - 3) : pos], tex, src[close + 1 : close + 2])
    return Formula(close + 1, tex.strip(), False) if good else None


def _ticked_dollar(src: str, pos: int, end: int, _budget: Budget) -> Formula | None:
    close = src.find("`$", pos + 2, min(end, pos + _SHORT))
    tex = src[pos + 2 : max(close, pos)].strip()
    return Formula(close + 2, tex, False) if tex and "`" not in tex else None


def _dollars(src: str, pos: int, end: int, budget: Budget) -> Formula | None:
    """Read `$$..$$`, which is also the number of a process, and money."""
    found = None if src.startswith("$$$", pos) else _delimited(_DOLLARS, src, pos, end, budget)
    if found is None:
        return None
    tex = src[pos + 2 : found.end - 2]
    price = tex[0].isdigit() and src[found.end : found.end + 1].isdigit()
    return None if price or (tex[0] == " " == tex[-1] and _is_words(tex)) else found


def _delimited(pair: _Pair, src: str, pos: int, end: int, budget: Budget) -> Formula | None:
    close = _find_close(src, pos + 2, end, pair, budget)
    tex = src[pos + 2 : max(close, pos)].strip()
    return Formula(close + 2, tex, pair.length == _LONG) if tex else None


def _environment(src: str, pos: int, end: int, budget: Budget) -> Formula | None:
    begin = _BEGIN.match(src, pos, end)
    if not begin:
        return None
    stop, depth = min(end, pos + _LONG), 0
    marks = re.compile(rf"\\\\|\\(begin|end)\{{{re.escape(begin[1])}\}}")
    for mark in marks.finditer(src, pos, stop):
        depth += {"begin": 1, "end": -1}.get(mark[1], 0)
        if depth == 0:
            stop = mark.end()
            break
    budget.steps -= stop - pos
    return Formula(stop, src[pos:stop], True) if depth == 0 else None


_READERS: dict[str, Callable[[str, int, int, Budget], Formula | None]] = {
    "$`": _ticked_dollar,
    "$$": _dollars,
    r"\(": partial(_delimited, _ROUND),
    r"\[": partial(_delimited, _SQUARE),
    r"\b": _environment,
}
