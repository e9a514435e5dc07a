r"""References to equations in running text: `\eqref{eq:loss}`, `(7)式`, `式（7）`, `Eq. (7)`.

They become tokens that keep their text. Whether there is such an equation, in the comment or in the
article, is found out later; where there is none, the text stays text.
"""

import re
from collections.abc import Iterator

from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

REFERENCE = "reference"  # the type of our token; its content is as typed

_COMMAND = re.compile(r"\\(?:eq)?ref\{([^{}\\$\s][^{}\\$\n]{0,79})\}")
_NUMBER = (
    r"[(（]\s?((?:[A-Z]\.?)?[0-9]{1,4}(?:[.\-–][0-9]{1,4}){0,3}[a-z]?['′]?|[*∗†‡]{1,3})\s?[)）]"
)
_NAMED = r"(?:\b[Ee]qs?\.|\b[Ee]qn?s?\b|\b[Ee]quations?\b|\b[Ff]ormulae?\b|公式|方程|等式|式子?|関係式|수식|식)"
_WRITTEN = re.compile(rf"{_NAMED}\s?{_NUMBER}|{_NUMBER}(?=\s?[個个号號番]?の?式)")


def equation_of(token: Token) -> str:
    """Return the label or the number that a reference names."""
    return str(token.meta["equation"])


def shown(token: Token, number: str) -> str:
    r"""Return the text of a reference that was found: its number, where a command stood."""
    text = token.content
    return f"({number})" if text.startswith(r"\eqref") else number if text[0] == "\\" else text


def _reference(text: str, equation: str) -> Token:
    return Token(REFERENCE, "", 0, content=text, meta={"equation": equation})


def rule(state: StateInline, silent: bool) -> bool:
    r"""Read `\eqref{label}`, whose underscores and stars are no emphasis."""
    found = _COMMAND.match(state.src, state.pos, state.posMax)
    if found is None or state.linkLevel:  # a link can't hold another
        return False
    if not silent:
        token = state.push(REFERENCE, "", 0)
        token.content, token.meta = found[0], {"equation": found[1]}
    state.pos = found.end()
    return True


def mark(tokens: list[Token]) -> None:
    """Turn the references that are written out in text into tokens, outside links."""
    links = 0
    marked: list[Token] = []
    for token in tokens:
        links += token.nesting if token.tag == "a" else 0
        marked += _split(token) if token.type == "text" and not links else [token]
    tokens[:] = marked


def _split(token: Token) -> Iterator[Token]:
    at = 0
    for found in _WRITTEN.finditer(token.content):
        yield from _text(token, token.content[at : found.start()])
        yield _reference(found[0], found[1] or found[2])
        at = found.end()
    yield from _text(token, token.content[at:]) if at else [token]


def _text(token: Token, text: str) -> list[Token]:
    return [token.copy(content=text)] if text else []
