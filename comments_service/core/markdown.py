"""The Markdown of comments: markdown-it's, with formulas, and at home in Chinese text.

No HTML, no images, no headings by a line below; a line end is a line end.
"""

import re
from functools import partial

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

from comments_service.core import autolinks, latex, references
from comments_service.core.addresses import is_address
from comments_service.core.characters import CJK_LETTERS
from comments_service.core.latex import Budget, Formula

NESTING = 20
"""Levels of block tokens; the parser drops what is deeper."""
_LINES = 60  # lines of one displayed formula
_CELLS = 2_000  # table cells of one comment


def tokens(source: str, budget: Budget) -> list[Token]:
    """Return the tokens of a source, with formulas and references to equations among them."""
    return _PARSER.parse(source, {"mathematics": budget, "cells": _CELLS})


# --- Rules for running text ---


class _State(StateInline):
    """Running text in which emphasis may touch Chinese, Japanese and Korean characters."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
        """Tell whether a run of delimiters may open or close emphasis.

        As CommonMark does, except that a CJK character outside counts as punctuation and one inside
        as a letter, for `**注意：**后面`. `2*3*4` is a product; `_` keeps the rule, for names.
        """
        run = super().scanDelims(start, canSplitWord)
        before = self.src[max(start - 1, 0) : start] or " "
        after = self.src[start + run.length : min(start + run.length + 1, self.posMax)] or " "
        if not canSplitWord:
            return run
        if self.src[start] == "*" and _ALPHANUMERIC.fullmatch(before + after):
            return run._replace(can_open=False, can_close=False)
        return run._replace(
            can_open=run.can_open or _flanks(after, before),
            can_close=run.can_close or _flanks(before, after),
        )


def _flanks(inside: str, outside: str) -> bool:
    return not inside.isspace() and bool(_CJK.fullmatch(inside) or _CJK.fullmatch(outside))


_ALPHANUMERIC = re.compile("[A-Za-z0-9]{2}")
_CJK = re.compile(f"[{CJK_LETTERS}\u3001-\u303f\uff01-\uff65]")
_DOLLARS = re.compile(r"\${2,}")


class _Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        references.mark(state.tokens)
        return state.tokens


def _formula(state: StateInline, silent: bool) -> bool:
    """Read a formula, or pass a run of dollars, whose rest must not open another one."""
    src, pos = state.src, state.pos
    if src[pos] not in "$\\":
        return False
    budget: Budget = state.env["mathematics"]
    found = latex.match(src, pos, state.posMax, budget)
    run = _DOLLARS.match(src, pos, state.posMax)
    if found is None and run is None:
        return False
    state.pos = found.end if found else run.end() if run else pos
    if found and not silent:
        token = state.push(latex.INLINE, "", 0)
        _fill(token, src[pos : found.end], found, budget)
        token.meta["linked"] = bool(state.linkLevel)
    elif not silent:
        state.append_pending(src[pos : state.pos])
    return True


def _fill(token: Token, source: str, formula: Formula, budget: Budget) -> None:
    token.content, token.markup, token.meta = formula.tex, source, {"display": formula.display}
    budget.formulas -= 1


# --- Rules for blocks ---

_DISPLAY = re.compile(r"\$\$|\\\[|\\begin\{")
_DELIMITER_ROW = re.compile(r"[\s|:-]*-[\s|:-]*")
_SEPARATOR = re.compile(r"(?<!\\)\|")
_PIPE = "\ufdd0"  # stands for a pipe inside a formula; no text that is shown holds it


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _display(state: StateBlock, start: int, end: int, silent: bool, within: bool) -> bool:
    """Read a displayed formula that has lines of its own, first or `within` a line of text.

    Otherwise its lines that begin with `+`, `-` or `>` would be other blocks. One that shares its
    only line is left to the inline rule.
    """
    line = _line(state, start)
    if state.is_code_block(start) or not _DISPLAY.search(line):
        return False
    text = _text_from(state, start, end)
    for at, formula in latex.spans(text, len(line), state.env["mathematics"]):
        alone = formula.end > len(line) or not (at or line[formula.end :].strip())
        if formula.display and alone and within == (at > 0):
            break
    else:
        return False
    if latex.is_one(text[at : formula.end]) and not silent:
        _push_display(state, start, text, at, formula)
    return latex.is_one(text[at : formula.end])


def _text_from(state: StateBlock, line: int, end: int) -> str:
    """Return the text of a container from a line on, as far as a displayed formula may reach."""
    indent = min(state.blkIndent, state.sCount[line])
    lines = range(line, min(end, line + _LINES))
    ends = (at for at in lines if state.sCount[at] < indent and not state.isEmpty(at))
    return state.getLines(line, next(ends, lines.stop), indent, False).lstrip()


def _push_display(state: StateBlock, start: int, text: str, at: int, found: Formula) -> None:
    """Push the text before a formula as a paragraph, then the formula; the rest is a new block."""
    if at:
        state.push("paragraph_open", "p", 1)
        head = state.push("inline", "", 0)
        head.content, head.children = text[:at].strip(), []
        state.push("paragraph_close", "p", -1)
    token = state.push(latex.BLOCK, "", 0)
    _fill(token, text[at : found.end], found, state.env["mathematics"])
    last = start + text.count("\n", 0, found.end)
    token.map = [start + text.count("\n", 0, at), last + 1]
    tail = text[found.end :].partition("\n")[0]
    state.line = last + (not tail.strip())
    if tail.strip():  # the rest of the line becomes a line
        state.bMarks[last] = state.eMarks[last] - len(tail)
        state.tShift[last] = len(tail) - len(tail.lstrip())
        state.sCount[last] = state.blkIndent


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table as markdown-it does, except that pipes in formulas separate no cells.

    Short rows are filled up, by which 9 kB became 690 kB of HTML, so a comment's cells are counted.
    A row too long, whose end would be dropped, ends the table.
    """
    if start + 2 > end or not _DELIMITER_ROW.fullmatch(_line(state, start + 1)):
        return False
    rows = state.env["cells"] // (1 + _line(state, start + 1).count("|"))
    source, first = state.src, len(state.tokens)
    _hide_pipes(state, start, start + 1)
    found = rows > 1 and table(state, start, end, True)
    if found and not silent:
        last = min(end, start + 1 + rows)
        _hide_pipes(state, start + 2, last)
        wide = (row for row in range(start + 2, last) if _pipes(state, row) > _pipes(state, start))
        table(state, start, next(wide, last), False)
        _finish_cells(state, first)
    state.src = source
    return found


def _pipes(state: StateBlock, line: int) -> int:
    return len(_SEPARATOR.findall(_line(state, line).strip().strip("|")))


def _hide_pipes(state: StateBlock, line: int, end: int) -> None:
    for number in range(line, end):
        text, at = _line(state, number), state.eMarks[number]
        for start, formula in list(latex.spans(text, len(text), state.env["mathematics"])):
            hidden = text[start : formula.end].replace("|", _PIPE)
            text = text[:start] + hidden + text[formula.end :]
        state.src = state.src[: at - len(text)] + text + state.src[at:]


def _finish_cells(state: StateBlock, first: int) -> None:
    for token in state.tokens[first:]:
        token.content = token.content.replace(_PIPE, "|")
        if token.type in ("th_open", "td_open"):
            token.attrs = {}  # a `style`, which the closed list has not
            state.env["cells"] -= 1


# --- The parser ---


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        return is_address(url)


_ANYWHERE: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}

_PARSER = _Parser("default", {"maxNesting": NESTING, "breaks": True})
_PARSER.inline = _Inline()
_PARSER.inline.ruler.at("linkify", autolinks.rule)
_PARSER.inline.ruler.before("escape", "formula", _formula)
_PARSER.inline.ruler.before("formula", "equation", references.rule)
_PARSER.block.ruler.at("table", _table, {"alt": ["paragraph"]})
_PARSER.block.ruler.before("fence", "display", partial(_display, within=False), _ANYWHERE)
_PARSER.block.ruler.before(
    "paragraph", "display_within", partial(_display, within=True), {"alt": ["paragraph"]}
)
# No images. A reference definition that nothing refers to would vanish, and text over `---` be a
# heading by surprise.
_PARSER.disable(["image", "reference", "lheading"])
