r"""Numbered equations of one comment: `\tag`, `\label`, `\ref` and `\eqref`.

An equation has a number where it is tagged or labelled, and not just because its environment would
count it: the article beside it has a (1), too. Before drawing, marks take the places of tags and
references; afterwards the marks are replaced by what they stand for, and get ids and links.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count

from comments_service.core.linear import plain
from comments_service.core.mathml import Node
from comments_service.core.tex import LEVELS, Row, Token, instead, ours, text_of

_LINES = ("align", "gather")  # environments that number each of their lines
_LINED = {"aligned": "align", "gathered": "gather"}  # what has several tags must be one of them
_WHOLE = ("equation", "multline")
_MARK = re.compile("@([0-9]{1,4})@")
_REFERENCES = (r"\ref", r"\eqref")
_TOUCHED = {*_REFERENCES, r"\tag", r"\label", r"\nonumber", r"\notag", r"\begin"}


@dataclass
class Equation:
    """A numbered equation: its tag as typed, and its number as shown, without brackets."""

    tag: list[Token] | None = None
    starred: bool = False  # its tag is shown without brackets
    label: str = ""
    number: str = ""
    shown: list[Node] = field(default_factory=list)  # the tag, drawn
    id: int = 0  # 1, 2, ... in the comment
    placed: bool = False


@dataclass
class Reference:
    r"""A `\ref` or `\eqref` in a formula."""

    label: str
    bracketed: bool


Mark = Equation | Reference


def marked(row: list[Token], display: bool, marks: list[Mark]) -> list[Token]:
    """Put marks in the places of a formula's tags and references, and add what they stand for."""
    if not any(token.text in _TOUCHED for token in row):
        return row
    row = _without_references(row, marks)
    name, inner = _outer(row)
    kind = name.rstrip("*")
    if [token.text for token in inner].count(r"\tag") > 1:
        kind = _LINED.get(kind, kind)
    if kind in _LINES:
        lines = [_line(line, marks) for line in _split(inner)]
        joined = [token for line in lines for token in [*line, *ours(r"\\")]][:-1]
        return [*ours(rf"\begin{{{kind}*}}"), *joined, *ours(rf"\end{{{kind}*}}")]
    if kind == "equation" and _outer(inner)[0].rstrip("*") in (*_LINES, *_WHOLE):
        return marked(inner, display, marks)
    return _whole(row if kind not in _WHOLE else inner, kind, display, marks)


def _whole(row: list[Token], kind: str, display: bool, marks: list[Mark]) -> list[Token]:
    """Number a formula that is one equation."""
    rest, mark = _taken(_starred(row), marks)
    if mark and not display:
        return [*rest, *ours(r"\qquad\text{" + mark + "}")]
    name = "multline*" if kind == "multline" else "equation*" if mark else ""
    if not name:
        return rest
    tag = ours(rf"\tag*{{{mark}}}") if mark else []
    return [*ours(rf"\begin{{{name}}}"), *rest, *tag, *ours(rf"\end{{{name}}}")]


def _line(row: list[Token], marks: list[Mark]) -> list[Token]:
    rest, mark = _taken(_starred(row), marks)
    return [*rest, *ours(rf"\tag*{{{mark}}}")] if mark else rest


def _starred(row: list[Token]) -> list[Token]:
    """Keep math-core from numbering by itself."""
    numbered = (*_LINES, *_WHOLE)
    found: list[Token] = []
    rest = Row(row)
    while rest:
        token = rest.next()
        found.append(token)
        if token.text in (r"\begin", r"\end"):
            name = text_of(rest.argument())
            found += instead(token, "{" + name + "*" * (name in numbered) + "}")
    return found


def _taken(row: list[Token], marks: list[Mark]) -> tuple[list[Token], str]:
    """Take tag and label out of an equation; return what is left, and the mark of its number."""
    equation = Equation()
    rest: list[Token] = []
    reading = Row(row)
    while reading:
        token = reading.next()
        if token.text == r"\tag":
            equation.starred = reading.takes("*")
            equation.tag = reading.argument()
        elif token.text == r"\label":
            equation.label = equation.label or text_of(reading.argument()).strip()
        elif token.text not in (r"\nonumber", r"\notag"):
            rest.append(token)
    if equation.tag is None and not equation.label:
        return rest, ""
    marks.append(equation)
    return rest, f"@{len(marks) - 1}@"


def _without_references(row: list[Token], marks: list[Mark]) -> list[Token]:
    rest: list[Token] = []
    reading = Row(row)
    while reading:
        token = reading.next()
        if token.text not in _REFERENCES:
            rest.append(token)
            continue
        label = text_of(reading.argument()).strip()
        marks.append(Reference(label, token.text == r"\eqref"))
        rest += [token._replace(text=part) for part in (r"\text", "{", f"@{len(marks) - 1}@", "}")]
    return rest


def _outer(row: list[Token]) -> tuple[str, list[Token]]:
    """Return the name and the inside of the environment that a formula is, or an empty name."""
    inner = row[next((at for at, token in enumerate(row) if not token.text.isspace()), 0) :]
    end = _first_end(inner)
    if not inner or inner[0].text != r"\begin" or not end:
        return "", row
    name = text_of(Row(inner[1:]).argument())
    closing = text_of(inner[end:]).rstrip()
    return (name, inner[len(name) + 3 : end]) if closing == rf"\end{{{name}}}" else ("", row)


def _first_end(row: list[Token]) -> int:
    r"""Return the index of the `\end` that closes what the first token begins, or 0."""
    depth = 0
    for index, token in enumerate(row):
        depth += LEVELS.get(token.text, 0)
        if depth <= 0:
            return index if token.text == r"\end" else 0
    return 0


def _split(row: list[Token]) -> list[list[Token]]:
    lines: list[list[Token]] = [[]]
    depth = 0
    for token in row:
        depth += LEVELS.get(token.text, 0)
        if token.text == r"\\" and depth == 0:
            lines.append([])
        else:
            lines[-1].append(token)
    return lines


# --- After drawing ---


def number(marks: list[Mark]) -> None:
    """Give each equation its id and its number: the text of its tag, or the next free one."""
    equations = [mark for mark in marks if isinstance(mark, Equation)]
    for equation in equations:
        equation.number = " ".join(plain(Node("mrow", {}, equation.shown)).split())
    taken = {equation.number for equation in equations}
    free = (str(number) for number in count(1) if str(number) not in taken)
    for index, equation in enumerate(equations):
        equation.id = index + 1
        if not equation.shown:
            equation.number = next(free)
            equation.shown = [_words(equation.number)]


def find(marks: list[Mark], name: str) -> Equation | None:
    """Return the equation with a label, or else with a number."""
    equations = [mark for mark in marks if isinstance(mark, Equation)]
    labelled = (equation for equation in equations if equation.label == name)
    numbered = (equation for equation in equations if equation.number == name)
    return next(labelled, None) or next(numbered, None)


def attach(node: Node, marks: list[Mark], prefix: str, linked: bool) -> None:
    """Replace the marks in a drawn formula by numbers, with ids, and by links to them.

    By text alone where the formula is `linked`, part of a link, since that can't hold another.
    """
    for child in node.children:
        attach(child, marks, prefix, linked)
    found = _MARK.fullmatch(node.text) if node.tag == "mtext" else None
    mark = marks[int(found[1])] if found and int(found[1]) < len(marks) else None
    if isinstance(mark, Reference):
        link = _link(mark, marks, prefix)
        node.text, node.children = (link.text, []) if linked else ("", [link])
    elif mark is not None and not mark.placed:
        mark.placed = True  # what a writer typed to look like a mark must not double an id
        node.tag, node.text, node.children = "mrow", "", _bracketed(mark)
        node.attributes["id"] = f"{prefix}{mark.id}"


def _words(text: str) -> Node:
    return Node("mtext", text=text)


def _bracketed(equation: Equation) -> list[Node]:
    return equation.shown if equation.starred else [_words("("), *equation.shown, _words(")")]


def _link(reference: Reference, marks: list[Mark], prefix: str) -> Node:
    equation = find(marks, reference.label)
    text = equation.number if equation else reference.label
    text = f"({text})" if reference.bracketed else text
    if equation:
        return Node("a", {"class": "comments-ref", "href": f"#{prefix}{equation.id}"}, text=text)
    attributes = {"class": "comments-ref", "data-equation": reference.label}
    return Node("span", attributes, text=text)
