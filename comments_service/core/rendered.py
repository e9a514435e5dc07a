"""What rendering makes of a source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version

from comments_service.core.characters import places
from comments_service.core.sentence import Sentence

_LIBRARIES = ("markdown-it-py", "math-core", "bleach", "nh3")
RENDERER = ":".join(["3", *(f"{name}-{version(name)}" for name in _LIBRARIES)])
"""The version of all that makes a comment's html; a change here lets `render-again` find the old."""

MESSAGES = {
    "shown_as_typed": Sentence(
        "This is nested too deeply or grows too long, so it is shown as typed."
    ),
    "formulas_skipped": Sentence(
        "Past 200 formulas, or too many unclosed ones, they are plain text."
    ),
    "formula_unknown": Sentence(
        "%(what)s is not known here. The formula is shown as it was typed."
    ),
    "formula_refused": Sentence(
        "%(what)s is not allowed in comments. The formula is shown as it was typed."
    ),
    "formula_unfinished": Sentence(
        "Something is missing after %(what)s. The formula is shown as it was typed."
    ),
    "formula_unbalanced": Sentence(
        "Something opens and never closes, or closes and never opened."
        " The formula is shown as it was typed."
    ),
    "formula_scripts": Sentence(
        "Two superscripts or two subscripts meet here: use braces, as in {x^a}^b."
        " The formula is shown as it was typed."
    ),
    "formula_misplaced": Sentence(
        "%(what)s can't stand here. The formula is shown as it was typed."
    ),
    "formula_definition": Sentence(
        "This definition can't be read. The formula is shown as it was typed."
    ),
    "formula_endless": Sentence(
        "%(what)s grows without end. The formula is shown as it was typed."
    ),
    "formula_too_deep": Sentence(
        "This is nested too deeply. The formula is shown as it was typed."
    ),
    "formula_too_large": Sentence("This grows too large. The formula is shown as it was typed."),
    "formula_late": Sentence("This takes too long to draw. The formula is shown as it was typed."),
    "formula_unclear": Sentence("This can't be read as TeX. The formula is shown as it was typed."),
}
"""A sentence for each code of a notice; `what` is what was typed there."""


@dataclass(frozen=True)
class Notice:
    """Something an author should know: a stable code, and where in the source and what stands there."""

    code: str
    start: int
    end: int
    what: str = ""

    @property
    def message(self) -> Sentence:
        """Return it as a sentence."""
        return MESSAGES[self.code].filled(what=self.what)


@dataclass(frozen=True)
class Rendered:
    """A comment as it is shown: HTML, plain excerpt, notices, and the version that made them."""

    html: str
    excerpt: str
    warnings: tuple[Notice, ...]
    renderer: str


def where_typed(rendered: Rendered, typed: str) -> Rendered:
    """Move the notices of a text to where it was typed, since `clean_body` drops characters.

    A line end of `typed` counts once, as it does in a browser's field.
    """
    at = places(typed)
    moved = [
        replace(notice, start=at[notice.start], end=at[notice.end - 1] + 1)
        for notice in rendered.warnings
    ]
    return replace(rendered, warnings=tuple(moved))
