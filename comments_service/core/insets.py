"""Formulas and references in the HTML of a comment: placeholders first, MathML after the sanitisers.

A placeholder begins with a hash of the source, which no source can hold. It is replaced where it
stands in text, exactly once; anything else is refused.
"""

from __future__ import annotations

import re
from html import escape

from markdown_it.token import Token

from comments_service.core import latex, references, sanitize

_TAG = re.compile(r"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_BLOCK = '<div class="comments-math">'
_PLACEHOLDER = re.compile("c[0-9a-f]{32}n[0-9]+z")
_BLOCKS = re.compile(f"{_BLOCK}({_PLACEHOLDER.pattern})</div>")
# Browsers break lines between a formula and the mark behind it, which no line may begin with.
_MARKED = re.compile(f"({_PLACEHOLDER.pattern})[,.;:!?)\\]，。；：！？、）》」』】〉”’…]{{1,3}}")
_SHORT = 20  # characters of plain text; what is longer may have to be scrolled


class Misplaced(ValueError):
    """A placeholder is lost, doubled or inside a tag."""


class Insets:
    """What is inserted into one comment, by placeholder. No text of it can hold the `nonce`."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._html: dict[str, str] = {}
        self._short = set[str]()

    def place(self, token: Token) -> str:
        """Return what stands for a formula or a reference until the HTML is clean."""
        if token.type != references.REFERENCE and "mathml" not in token.meta:
            source = sanitize.as_source(token)
            return source if token.type == latex.INLINE else f"{_BLOCK}{source}</div>\n"
        placeholder = f"{self._nonce}n{len(self._html)}z"
        self._html[placeholder] = _html(token)
        inline = token.type == latex.INLINE and not token.meta["display"]
        if inline and len(token.meta["plain"]) <= _SHORT:
            self._short.add(placeholder)
        # A block would be put into a paragraph by the sanitisers if it were bare text.
        is_block = token.type == latex.BLOCK
        return f"{_BLOCK}{placeholder}</div>\n" if is_block else placeholder

    def fill(self, html: str) -> str:
        """Put everything in its place in clean HTML. Raises Misplaced."""
        if sorted(self._found(html)) != sorted(self._html):
            raise Misplaced
        if self._found(_TAG.sub(" ", html)) != self._found(html):
            raise Misplaced
        html = _BLOCKS.sub(lambda found: self._html.get(found[1], found[0]), html)
        html = _MARKED.sub(self._together, html)
        return _PLACEHOLDER.sub(lambda found: self._html.get(found[0], found[0]), html)

    def _found(self, html: str) -> list[str]:
        return [found for found in _PLACEHOLDER.findall(html) if found in self._html]

    def _together(self, found: re.Match[str]) -> str:
        short = found[1] in self._short
        return f'<span class="comments-together">{found[0]}</span>' if short else found[0]


def _html(token: Token) -> str:
    if token.type == references.REFERENCE:
        text, target = escape(token.content), token.meta.get("target")
        if target:
            return f'<a class="comments-ref" href="#{target}">{text}</a>'
        equation = attribute(references.equation_of(token))
        return f'<span class="comments-ref" data-equation="{equation}">{text}</span>'
    kind = ("div", "comments-math") if token.type == latex.BLOCK else ("span", "comments-formula")
    source, mathml = attribute(token.markup), token.meta["mathml"]
    return f'<{kind[0]} class="{kind[1]}" data-source="{source}">{mathml}</{kind[0]}>'


def attribute(text: str) -> str:
    """Escape text for an attribute, so that no parser changes it."""
    return escape(text).replace("\n", "&#10;").replace("\t", "&#9;")
