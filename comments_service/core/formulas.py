"""The formulas of one comment, drawn together, because they share macros and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from comments_service.core import latex, linear, mathml, numbering, references, shims, tex
from comments_service.core.drawing import Draw, Undrawable
from comments_service.core.macros import Expansion, Macros
from comments_service.core.mathml import Node
from comments_service.core.numbering import Equation, Mark
from comments_service.core.tex import Fault

_LENGTH = 300_000  # characters of MathML in one comment
_WRITTEN = 10_000  # characters of one formula when macros are expanded


def draw_all(tokens: Sequence[Token], prefix: str, draw: Draw) -> dict[int, Fault]:
    """Draw all formulas among a comment's tokens; return the faults of the others.

    A drawn formula's token gets `meta["mathml"]` and, in plain text, `meta["plain"]`; a reference
    to an equation of this comment gets its id as `meta["target"]` and a text. Ids begin with `prefix`. Faults
    are by number in document order.
    """
    comment = _Comment(prefix, draw)
    found = list(_all(tokens, latex.INLINE, latex.BLOCK))
    nodes = comment.nodes(found)
    comment.number()
    comment.finish(found, nodes)
    for token in _all(tokens, references.REFERENCE):
        comment.refer(token)
    return comment.faults


def _all(tokens: Sequence[Token], *types: str) -> Iterator[Token]:
    for block in tokens:
        for token in (block, *(block.children or ())):
            if token.type in types:
                yield token


class _Comment:
    """What the formulas of one comment have in common."""

    def __init__(self, prefix: str, draw: Draw) -> None:
        self._prefix, self._draw = prefix, draw
        self._macros: Macros = {}
        self._marks: list[Mark] = []
        self._length = 0
        self.faults: dict[int, Fault] = {}

    def nodes(self, found: list[Token]) -> dict[int, Node]:
        """Draw formulas, still with marks where numbers and references belong."""
        drawn: dict[int, Node] = {}
        for number, token in enumerate(found):
            known = len(self._marks)
            try:
                drawn[number] = self._drawn(token.content, token.meta["display"])
            except Fault as fault:
                self.faults[number] = fault
                del self._marks[known:]
        return drawn

    def _drawn(self, source: str, display: bool) -> Node:
        """Draw one formula: expand and rewrite, number, check, draw, guard. Raises Fault."""
        row = shims.drawable(tex.tokens(source), Expansion(self._macros), display)
        row = numbering.marked(row, display, self._marks)
        tex.check(row)
        written = tex.Written(row)
        if len(written.tex) > _WRITTEN:
            raise Fault("formula_too_large")
        try:
            return mathml.guarded(self._draw(written.tex, display))
        except Undrawable as error:
            raise Fault(error.code, *written.typed_at(error.at)) from None
        except mathml.NotAllowed:
            raise Fault("formula_too_large") from None

    def number(self) -> None:
        """Give each equation its number: its tag, or the next free one."""
        for mark in self._marks:
            if isinstance(mark, Equation) and mark.tag is not None:
                mark.shown = self._tag(mark.tag)
        numbering.number(self._marks)

    def _tag(self, tag: list[tex.Token]) -> list[Node]:
        text = tex.text_of(tag)
        if not set(text) & set("\\{}$^_%&#~"):
            return [Node("mtext", text=text)]
        try:
            known = self._marks
            self._marks = []
            return self._drawn(rf"\text{{{text}}}", False).children
        except Fault:
            return [Node("mtext", text=text)]
        finally:
            self._marks = known

    def finish(self, found: list[Token], nodes: dict[int, Node]) -> None:
        """Put numbers and links into drawn formulas, and write them."""
        for number, node in nodes.items():
            numbering.attach(
                node, self._marks, self._prefix, bool(found[number].meta.get("linked"))
            )
            html = mathml.html(node)
            self._length += len(html)
            if self._length > _LENGTH:
                self.faults[number] = Fault("formula_too_large")
                continue
            found[number].meta |= {"mathml": html, "plain": linear.plain(node)}

    def refer(self, token: Token) -> None:
        """Lead a reference in running text to this comment's equation, if there is one."""
        found = numbering.find(self._marks, references.equation_of(token))
        if found:
            token.meta["target"] = f"{self._prefix}{found.id}"
            token.content = references.shown(token, found.number)
