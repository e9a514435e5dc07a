"""What all kinds of rules share: what they are told, what they answer, and how their parameters are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from comments_service.core.characters import clean_line, forbidden
from comments_service.core.links import links_of, prose_of
from comments_service.core.marks import Span
from comments_service.core.sentence import Note

Mode = Literal["none", "first-time", "all"]
Field = Literal["body", "name", "email", "website"]
FIELDS: tuple[Field, ...] = ("body", "name", "website")
"""The fields in which words are looked for."""
Need = Literal["times", "likes", "moderators", "thread", "learned", "checker"]
"""What has to be looked up for a kind, so that only rules that need it cost a look."""


Checked = Literal["", "kept", "spam", "silent"]
"""What a checker outside said; '': it was not asked."""


@dataclass(frozen=True)
class Facts:
    """What is known of a comment, its author and its site when the rules are asked; times in microseconds."""

    mode: Mode = "none"
    proven: bool = (
        False  # by a receipt for a comment that was approved, never by a typed name or address
    )
    name: str = ""
    email: str = ""
    website: str = ""
    body: str = ""
    html: str = ""
    address: str = ""
    at: int = 0
    trap: str = ""  # what stands in the field that people do not see
    seconds: float | None = None  # from the first key to sending, as the form's script says
    simhash: int = 0
    times: tuple[int, ...] = ()  # when its network wrote before, the newest first
    likes: tuple[int, ...] = ()  # likenesses of other comments, the newest first
    moderators: frozenset[str] = frozenset()  # names, as `folding.skeleton` makes them
    thread_at: int | None = None  # when the first comment of the thread was sent; None: this is it
    learned: Mapping[str, float] = field(
        default_factory=dict
    )  # what moderators taught of its words

    checked: Checked = ""

    @cached_property
    def links(self) -> list[tuple[str, str]]:
        """Addresses in the text and of the website, each with its host."""
        return links_of(self.html, self.website)

    @cached_property
    def prose(self) -> str:
        """What is read of the text, without formulas and code."""
        return prose_of(self.html)


@dataclass(frozen=True)
class Match:
    """What a rule found: a stable code, and the spans of one field, in code points.

    `holds`: whatever the rule does, this one can only be left to a moderator.
    """

    code: str
    spans: tuple[Span, ...] = ()
    field: Field = "body"
    holds: bool = False


Look = Callable[[Facts], tuple[Match, ...]]
"""A rule with its parameters, ready to be asked; no match: it has nothing to say."""


class Params(BaseModel):
    """What a rule looks for; each kind has its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Kind:
    """One kind of rule. `tried`: what it looks at is kept, so that it can be tried on past comments."""

    params: type[Params]
    look: Callable[[Any], Look]
    needs: frozenset[Need] = frozenset()
    tried: bool = True


def one(found: bool, code: str, spans: tuple[Span, ...] = ()) -> tuple[Match, ...]:
    """Return one match of the text where something was found."""
    return (Match(code, spans),) if found else ()


def places(text: str, part: str) -> tuple[Span, ...]:
    """Return where a part stands in a text, without overlaps."""
    found, at = [], text.find(part) if part else -1
    while at >= 0:
        found.append((at, at + len(part)))
        at = text.find(part, at + len(part))
    return tuple(found)


def _refused(code: str, sentence: Note) -> PydanticCustomError:
    return PydanticCustomError(code, "{sentence}", {"sentence": sentence})


def whole(least: int, most: int) -> Any:
    """Return what checks a whole number within bounds; forms send it as text."""

    def check(value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
            number = -1
        else:
            number = int(text)
        if not least <= number <= most:
            words = Note("Send a whole number from %(least)s to %(most)s.", least=least, most=most)
            raise _refused("number_invalid", words)
        return number

    return BeforeValidator(check)


def lines(limit: int, most: int, mend: Callable[[str], str] = str) -> Any:
    """Return what checks a list of lines, each mended or refused by `mend`; forms send one text."""

    def check(value: object) -> tuple[str, ...]:
        given = value.splitlines() if isinstance(value, str) else value
        if not isinstance(given, list | tuple) or not all(isinstance(item, str) for item in given):
            raise _refused("wrong_type", Note("Send a list of texts."))
        kept = tuple(dict.fromkeys(mend(line) for item in given if (line := _line(item, limit))))
        if not 1 <= len(kept) <= most:
            words = Note("Give 1 to %(most)s lines.", most=most)
            raise _refused("number_invalid", words)
        return kept

    return BeforeValidator(check)


def _line(text: str, limit: int) -> str:
    if forbidden(text):
        raise _refused("forbidden_character", Note("Remove the character that is not text."))
    if len(text) > limit:
        raise _refused("too_long", Note("Shorten each line to %(limit)s characters.", limit=limit))
    return clean_line(text)


def refused(code: str, sentence: Note) -> PydanticCustomError:
    """Return the refusal of a parameter, to be raised."""
    return _refused(code, sentence)


Ticked = Annotated[bool, BeforeValidator(lambda value: value in (True, "1", "on", "true"))]
"""Yes or no; a form sends it only where it is ticked."""
