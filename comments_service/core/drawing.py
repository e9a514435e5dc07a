"""One formula through math-core: macro-free TeX in, MathML out, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable

from math_core import LatexError, LatexToMathML

Draw = Callable[[str, bool], str]
"""Makes MathML of macro-free TeX, displayed or not. Raises Undrawable."""

# `\widetilde` counts as unreliable for its look in some browsers; the guard mends that.
_MATH_CORE = LatexToMathML(fancy_error=False, allow_unreliable_rendering=True)
_ERROR = re.compile(r"([0-9]+): (.*)", re.DOTALL)

# What math-core says, and our code for it; the first that is found counts.
_CODES = {
    "Unknown": "formula_unknown",
    "reached end": "formula_unfinished",
    "Expected length": "formula_unfinished",
    "parenthesis after": "formula_unfinished",
    "Unmatched": "formula_unbalanced",
    "uplicate": "formula_scripts",
    "directly followed": "formula_scripts",
    "may only appear": "formula_misplaced",
    "Not valid": "formula_misplaced",
    "Unexpected": "formula_misplaced",
}


class Undrawable(Exception):
    """Why there is no MathML: our code, and where in the TeX, in code points, if that is known."""

    def __init__(self, code: str, at: int | None = None) -> None:
        super().__init__(code)
        self.code, self.at = code, at


def mathml(tex: str, display: bool) -> str:
    """Return MathML as math-core writes it. Raises Undrawable.

    Deep nesting ends the process and some input takes it hours: `tex.check` comes first, and a
    service calls this in a process that it can end.
    """
    try:
        return _MATH_CORE.convert_with_local_state(tex, displaystyle=display)
    except LatexError as error:
        raise _undrawable(str(error)) from None


def _undrawable(message: str) -> Undrawable:
    found = _ERROR.match(message)
    at, sentence = (int(found[1]), found[2]) if found else (None, message)
    if "Expected closing token" in sentence:
        return Undrawable("formula_unbalanced", at)
    codes = (code for words, code in _CODES.items() if words in sentence)
    return Undrawable(next(codes, "formula_unclear"), at)
