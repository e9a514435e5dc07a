"""What may be stored and shown: characters, addresses, and HTML, each by a closed list.

Two sanitisers with the same list follow each other, so that a hole would have to be in both.
Neither ever sees text that a visitor wrote as HTML: their input is what our own renderer made.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from html import escape

import bleach
import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

# --- Characters ---

# Letters of the scripts that are written without spaces between words.
CJK_LETTERS = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u303c\u3041-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)

_NONCHARACTERS = "\ufdd0-\ufdef\ufffe\uffff" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000)
)
_OVERRIDES = "\u202a-\u202e\u2066-\u2069"
# All that XML 1.0 forbids is in here too: controls, surrogates, U+FFFE and U+FFFF.
_UNSAFE = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_OVERRIDES}{_NONCHARACTERS}]")
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f]")  # the rest of Unicode's Bidi_Control


def forbidden(text: str) -> str | None:
    """Name what no text may hold, `nul` or `surrogate`, or return None.

    PostgreSQL refuses the one and UTF-8 the other.
    """
    if "\x00" in text:
        return "nul"
    return "surrogate" if re.search("[\ud800-\udfff]", text) else None


def safe_characters(text: str) -> str:
    """Remove control, bidirectional override, never assignable and XML-illegal characters.

    Line feeds, tabs and everything that is merely unusual stay.
    """
    return _UNSAFE.sub("", text)


def clean_line(text: str) -> str:
    """Return the text of a one-line field, such as a name, as it is stored.

    In NFC, white space collapsed, without control and bidirectional control characters.
    """
    safe = _DIRECTION_MARKS.sub("", safe_characters(re.sub(r"[\t-\r\x85]", " ", text)))
    return " ".join(unicodedata.normalize("NFC", safe).split())


def clean_body(text: str) -> str:
    """Return the source of a comment as it is stored: as typed, but for what no reader can see.

    Line ends become line feeds; unsafe characters and outer blank lines go. Not in NFC, since the
    author must find what they wrote.
    """
    lines = safe_characters(with_line_feeds(text)).split("\n")
    written = [index for index, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[written[0] : written[-1] + 1]) if written else ""


def with_line_feeds(text: str) -> str:
    """Return a text in which each line end is one character."""
    return re.sub(r"\r\n?", "\n", text)


def places(text: str) -> list[int]:
    """Return where each character of `clean_body` stands in the text, whose line ends count once."""
    typed = with_line_feeds(text)
    kept = [at for at, character in enumerate(typed) if not _UNSAFE.match(character)]
    safe = safe_characters(typed)
    first = len(safe) - len(safe.lstrip())
    return kept[safe.rfind("\n", 0, first) + 1 :]


# --- Addresses ---

# No name and password before a host: `https://bank.example@evil.example/` is there to mislead.
_ADDRESS = re.compile(
    r"""https?://(?:\[[0-9a-f:.]+\]|[^\s/?\#@\\<>"'`:\[\]]+)(?::[0-9]{1,5})?(?:[/?\#][^\s\\<>"`]*)?
    | mailto:[^\s/?\#@\\<>"'`:&]+@[\w.-]+""",
    re.IGNORECASE | re.VERBOSE,
)
# A bare address in running text ends at white space, quotes, `$`, `<`, `>` and CJK punctuation.
# A CJK letter only continues one after a separator, since in `https://e.org/1706这篇` it begins
# the next word; an apostrophe only inside a word.
_BARE = re.compile(
    rf"""https?://(?:
        [A-Za-z0-9\-._~:/?\#\[\]@!&()*+,;=%]
        | '(?=[A-Za-z0-9_])
        | (?![{CJK_LETTERS}])[^\W\x00-\x7f]
        | (?<=[/=_\#&?%\-{CJK_LETTERS}])[{CJK_LETTERS}]
        | (?<=[{CJK_LETTERS}]\.)[{CJK_LETTERS}]
    )+""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST = 2_000  # characters; without a limit, `http://http://..` takes quadratic time
_CLOSING = {")": "(", "]": "["}
_SCHEME = re.compile(r"(?<![A-Za-z0-9])https?\Z", re.IGNORECASE)


def is_address(url: str) -> bool:
    """Tell whether a link may lead to this normalised address."""
    return _ADDRESS.fullmatch(url) is not None


def bare_address(text: str, start: int, end: int) -> str:
    """Return the address that is written out at `start` of a text, or an empty string.

    Brackets that it does not open itself and punctuation at its end belong to the sentence.
    """
    match = _BARE.match(text, start, min(end, start + _LONGEST))
    url = _balanced(match.group()).rstrip("?!.,:;*_~'&") if match else ""
    return url if len(url) < _LONGEST and is_address(url) else ""


def _balanced(url: str) -> str:
    """Cut an address at the first bracket that closes nothing."""
    opened: list[str] = []
    for index, character in enumerate(url):
        if character in "([":
            opened.append(character)
        elif character in _CLOSING and (not opened or opened.pop() != _CLOSING[character]):
            return url[:index]
    return url


def address_rule(state: StateInline, silent: bool) -> bool:
    """Make a link of a bare address, for markdown-it, whose text rule stops at the colon."""
    src, colon = state.src, state.pos
    scheme = _SCHEME.search(src, max(0, colon - 6), colon) if src[colon] == ":" else None
    if scheme is None or state.linkLevel:
        return False
    url = bare_address(src, scheme.start(), state.posMax)
    href = state.md.normalizeLink(url)
    if not is_address(href):
        return False
    if not silent:
        state.pending = state.pending.removesuffix(scheme.group())
        state.push("link_open", "a", 1).attrs = {"href": href}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos = scheme.start() + len(url)
    return True


# --- HTML ---

LINK_RELATION = "nofollow ugc noopener"
ELEMENTS = frozenset({"a", "blockquote", "br", "code", "div", "em", "hr", "li", "ol", "p", "pre"})
ELEMENTS |= {"s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}

# Each attribute that may stay, with the pattern that its whole value must match.
ATTRIBUTES: dict[str, dict[str, re.Pattern[str]]] = {
    "a": {"href": _ADDRESS, "rel": re.compile(re.escape(LINK_RELATION))},
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
