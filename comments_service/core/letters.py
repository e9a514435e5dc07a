"""Letters: what a mail says, in sentences that can be said in the reader's language; plain text only.

What people typed stands behind '> ' on every line, or within one line of our own, so that nobody can write
what looks like ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from comments_service.core.characters import clean_line

Say = Callable[[str], str]

_SUBJECT = 160
_NAMED = 80


@dataclass(frozen=True)
class Quote:
    """What somebody typed."""

    text: str


@dataclass(frozen=True)
class Link:
    """A sentence that ends with a colon, and the address behind it."""

    label: str
    address: str


Part = str | Quote | Link


@dataclass(frozen=True)
class Letter:
    """One mail; `refs` name what it answers, the nearest last; `stop` is where one says no to more."""

    id: int
    to: str
    lang: str
    inside: bool  # for moderators: in the words of the dashboard
    subject: str
    parts: tuple[Part, ...]
    stop: str
    foot: tuple[Part, ...] = ()
    refs: tuple[str, ...] = ()
    about: str = ""  # the site's name, which mail programs sort by


def named(text: str, most: int = _NAMED) -> str:
    """Return what somebody typed as a part of one line of ours."""
    line = clean_line(text)
    return line if len(line) <= most else line[: most - 1] + "…"


def subject_of(letter: Letter, say: Say) -> str:
    """Return the subject: one line, whatever stands in it, and none that mail programs decode anew."""
    said = say(letter.subject).replace("=?", "= ?")
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return line if len(line) <= _SUBJECT else line[: _SUBJECT - 1] + "…"


def body_of(letter: Letter, say: Say) -> str:
    """Return the text of a letter."""
    shown = [_shown(part, say) for part in letter.parts]
    foot = [_shown(part, say) for part in letter.foot]
    return "\n\n".join([*shown, "-- \n" + "\n".join(foot)] if foot else shown) + "\n"


def _shown(part: Part, say: Say) -> str:
    if isinstance(part, Quote):
        return "\n".join(f"> {line}".rstrip() for line in _lines(part.text))
    if isinstance(part, Link):
        return f"{say(part.label)}\n{part.address}"
    return say(part)


def _lines(text: str) -> list[str]:
    """Return the lines of a text, by whatever may be taken for the end of one."""
    return text.splitlines() or [""]
