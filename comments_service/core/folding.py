"""Texts as rules compare them: without regard to case, width, invisible characters and look-alikes."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from comments_service.core.marks import Span


@dataclass(frozen=True, slots=True)
class Folded:
    """A text to compare by; `origins[i]` is the code point of the original that character i came from."""

    text: str
    origins: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Return the span of the original, in code points, for one of the folded text."""
        return self.origins[start], self.origins[end - 1] + 1


@lru_cache(maxsize=8_192)
def _fold(letter: str) -> str:
    if (
        unicodedata.category(letter) == "Cf"
    ):  # zero-width and the like: between letters it only hides
        return ""
    return unicodedata.normalize("NFKC", letter).casefold()


@lru_cache(maxsize=8)
def folded(text: str) -> Folded:
    """Return a text with every character in its compatible form, small, and without what is not seen."""
    pieces = [_fold(letter) for letter in text]
    origins = tuple(place for place, piece in enumerate(pieces) for _ in piece)
    return Folded("".join(pieces), origins)


# Letters of other scripts that look like a Latin one, and what looks alike within it: the ones that names
# are forged with. Unicode's list of confusables is far longer, and mostly of letters that nobody can type.
_ALIKE = str.maketrans(
    dict(zip("аԁеһіјкӏмոорԛгѕтսѵԝхуүзь", "adehijklmnopqrstuvwxyy3b", strict=True))
    | dict(zip("αβγεικνορτυχω", "abyeiknoptuxw", strict=True))
    | dict(zip("ɑɡıłøđħŧ", "agilodht", strict=True))
    | dict(zip("01358|!$@", "oleesllsa", strict=True))
    | {"i": "l", "ι": "l", "і": "l", "ı": "l", "в": "b", "н": "h", "4": "a", "7": "t", "ɩ": "l"}
)


def skeleton(name: str) -> str:
    """Return what a name looks like: names that are alike to the eye have the same skeleton.

    Accents, spaces, punctuation and case don't count; 'rn' looks like 'm', 'vv' like 'w'.
    """
    apart = unicodedata.normalize("NFKD", folded(name).text)
    letters = "".join(c for c in apart if unicodedata.category(c)[0] != "M").translate(_ALIKE)
    return "".join(c for c in letters if c.isalnum()).replace("rn", "m").replace("vv", "w")
