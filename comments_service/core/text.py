"""From what was typed to what is shown: Markdown with mathematics, in HTML and in plain text.

The steps, in order: tokens (`markdown`, which asks `latex` where formulas are) -> MathML of each
formula (`formulas`) -> HTML of our own making -> two sanitisers (`sanitize`), which see placeholders
for formulas -> the MathML in their places (`insets`). What nests too deeply or grows too long to be
shown as Markdown is shown as it was typed.
"""

import hashlib
from collections.abc import Iterable
from importlib.metadata import version

from markdown_it.token import Token

from comments_service.core import faults, formulas, markdown, sanitize
from comments_service.core.drawing import Draw, mathml
from comments_service.core.excerpt import excerpt
from comments_service.core.insets import Insets, Misplaced
from comments_service.core.latex import Budget
from comments_service.core.rendered import Notice, Rendered
from comments_service.core.sanitize import clean_body, clean_line, forbidden

__all__ = ["RENDERER", "Notice", "Rendered", "as_typed", "parse", "render"]
__all__ += ["clean_body", "clean_line", "forbidden"]

_LIBRARIES = ("markdown-it-py", "math-core", "bleach", "nh3")
RENDERER = ":".join(["3", *(f"{name}-{version(name)}" for name in _LIBRARIES)])

_DEPTH = 40  # levels of all elements, emphasis included
_LENGTH = 100_000  # characters of HTML, or of source


def render(source: str, draw: Draw = mathml) -> Rendered:
    """Render a comment's Markdown, with its formulas as MathML.

    `draw` makes MathML of one formula; a formula that it refuses is shown as its source, with a
    notice at its place. Never raises for text without NUL and lone surrogates: what exceeds the
    limits comes out as it was typed, with a notice.
    """
    tokens, complete = _markdown(source)
    if tokens is None:
        return as_typed(source)
    nonce = hashlib.sha256(source.encode()).hexdigest()
    found = formulas.draw_all(tokens, f"m{int(nonce, 16) % 10**12:012}-", draw)
    html = _html(tokens, Insets(f"c{nonce[:32]}"))
    if html is None:
        return as_typed(source)
    skipped = [] if complete else [_notice("formulas_skipped", source)]
    notices = (*skipped, *faults.notices(source, tokens, found))
    return Rendered(html, excerpt(tokens), notices, RENDERER)


def as_typed(source: str) -> Rendered:
    """Render a comment as it was typed, without any Markdown, with a notice."""
    tokens = _as_typed(source)
    html = sanitize.clean(sanitize.html(tokens, sanitize.as_source))
    return Rendered(html, excerpt(tokens), (_notice("shown_as_typed", source),), RENDERER)


def parse(source: str) -> list[Token]:
    """Return the Markdown tokens of a comment, with formula tokens among them."""
    tokens, _ = _markdown(source)
    return _as_typed(source) if tokens is None else tokens


def _markdown(source: str) -> tuple[list[Token] | None, bool]:
    """Return the tokens of a source, and whether all formulas were looked for.

    None instead of tokens that nest so deeply that the parser has dropped text.
    """
    if len(source) > _LENGTH:
        return None, False
    budget = Budget(steps=12 * len(source) + 40_000)
    tokens = markdown.tokens(source, budget)
    blocks = max((token.level for token in tokens), default=0)
    deep = blocks >= markdown.NESTING - 1 or _depth(tokens) > _DEPTH
    return (None if deep else tokens), not budget.refused


def _depth(tokens: Iterable[Token]) -> int:
    return max((token.level + _depth(token.children or ()) for token in tokens), default=0)


def _html(tokens: list[Token], insets: Insets) -> str | None:
    """Return clean HTML with formulas in it, or None if it grows too long."""
    html = sanitize.html(tokens, insets.place)
    try:
        return insets.fill(sanitize.clean(html)) if len(html) <= _LENGTH else None
    except Misplaced:
        return None


def _notice(code: str, source: str) -> Notice:
    return Notice(code, 0, len(source))


def _as_typed(source: str) -> list[Token]:
    lines = [Token("text", "", 0, content=line) for line in source.split("\n")]
    children = [token for line in lines for token in (Token("hardbreak", "br", 0), line)]
    opening, closing = Token("paragraph_open", "p", 1), Token("paragraph_close", "p", -1)
    return [opening, Token("inline", "", 0, children=children[1:]), closing]
