"""HTML by a closed list.

Two sanitisers with the same list follow each other, so that a hole would have to be in both.
Neither ever sees text that a visitor wrote as HTML: their input is what our own renderer made.
"""

import re
from collections.abc import Callable, Sequence
from html import escape

import bleach
import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType

from comments_service.core.addresses import ADDRESS, LINK_RELATION
from comments_service.core.characters import safe_characters

ELEMENTS = frozenset({"a", "blockquote", "br", "code", "div", "em", "hr", "li", "ol", "p", "pre"})
ELEMENTS |= {"s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}

# Each attribute that may stay, with the pattern that its whole value must match.
ATTRIBUTES: dict[str, dict[str, re.Pattern[str]]] = {
    "a": {"href": ADDRESS, "rel": re.compile(re.escape(LINK_RELATION))},
    "code": {"class": re.compile(r"comments-tex|language-[A-Za-z0-9_+#.-]{1,32}")},
    "div": {"class": re.compile("comments-math")},
    "ol": {"start": re.compile(r"[0-9]{1,9}")},
}
_SCHEMES = frozenset({"http", "https", "mailto"})

Tokens = Sequence[Token]
Inset = Callable[[Token], str]
"""Makes what stands in the HTML for one formula or reference."""


def as_source(token: Token) -> str:
    """Show a formula token as its source with delimiters, in an HTML code element."""
    return f'<code class="comments-tex">{escape(token.markup, quote=False)}</code>'


class _Renderer(RendererHTML):
    """Markdown-it's HTML, with formulas, and without headings: the page's outline is the page's."""

    def formula(self, tokens: Tokens, idx: int, _options: object, env: EnvType) -> str:
        return str(env["inset"](tokens[idx]))

    formula_block = reference = formula

    def link_open(self, tokens: Tokens, idx: int, *_: object) -> str:
        address = escape(str(tokens[idx].attrs["href"]))
        return f'<a href="{address}" rel="{LINK_RELATION}">'

    def heading_open(self, *_: object) -> str:
        return "<p><strong>"

    def heading_close(self, *_: object) -> str:
        return "</strong></p>\n"


_RENDERER = _Renderer()
_OPTIONS = MarkdownIt("default", {"breaks": True}).options


def html(tokens: Tokens, inset: Inset) -> str:
    """Write Markdown tokens as HTML, which is still to be cleaned."""
    return _RENDERER.render(tokens, _OPTIONS, {"inset": inset})


def clean(page: str) -> str:
    """Reduce our renderer's HTML to what the closed list allows, with bleach and then nh3.

    bleach takes time that grows with the square of the nesting: the caller bounds depth and length.
    """
    return with_nh3(with_bleach(safe_characters(page)))


def with_bleach(html: str) -> str:
    """Apply the closed list with bleach; elements outside it become visible text."""
    # A cleaner keeps state while it works, so threads can't share one: each takes it off the shelf.
    cleaner = _CLEANERS.pop() if _CLEANERS else _new_cleaner()
    cleaned = str(cleaner.clean(html))
    _CLEANERS.append(cleaner)
    return cleaned


def _new_cleaner() -> bleach.Cleaner:
    return bleach.Cleaner(tags=ELEMENTS, attributes=_is_allowed, protocols=_SCHEMES)


_CLEANERS: list[bleach.Cleaner] = []


def with_nh3(html: str) -> str:
    """Apply the closed list with nh3; elements outside it vanish, and every link gets its `rel`."""
    return _AMMONIA.clean(html)


def _is_allowed(element: str, attribute: str, value: str) -> bool:
    pattern = ATTRIBUTES.get(element, {}).get(attribute)
    return pattern is not None and pattern.fullmatch(value) is not None


def _filtered(element: str, attribute: str, value: str) -> str | None:
    return value if _is_allowed(element, attribute, value) else None


_AMMONIA = nh3.Cleaner(
    tags=ELEMENTS,
    attributes={name: frozenset(values) - {"rel"} for name, values in ATTRIBUTES.items()},
    attribute_filter=_filtered,
    link_rel=LINK_RELATION,
    url_schemes=_SCHEMES,
    url_relative="deny",
)
