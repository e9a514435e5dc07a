"""Addresses that stand bare in running text, and where they end."""

import re

from markdown_it.rules_inline import StateInline

from comments_service.core.addresses import is_address
from comments_service.core.characters import CJK_LETTERS

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


def rule(state: StateInline, silent: bool) -> bool:
    """Make a link of a bare address; the parser's own rule for text stops at the colon."""
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
