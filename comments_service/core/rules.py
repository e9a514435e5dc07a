"""The rules that decide what happens to a new or edited comment: an ordered list, the first decisive one ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from comments_service.core.moderation import Status
from comments_service.core.sentence import Sentence

Mode = Literal["none", "first-time", "all"]


@dataclass(frozen=True)
class Facts:
    """What is known of a comment's author and site when the rules are asked."""

    mode: Mode
    proven: bool  # by a receipt for a comment that was approved, never by a typed name or address


@dataclass(frozen=True)
class Reason:
    """Why a rule decided: a stable code, the rule's name and version, and the spans it matched."""

    code: str
    rule: str
    version: int = 1
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What the rules decided, with every reason."""

    status: Status
    reasons: tuple[Reason, ...] = ()


def _all_wait(facts: Facts) -> Verdict | None:
    if facts.mode != "all":
        return None
    return Verdict("pending", (Reason("every_comment_waits", "mode"),))


def _first_time_waits(facts: Facts) -> Verdict | None:
    if facts.mode != "first-time" or facts.proven:
        return None
    return Verdict("pending", (Reason("first_comment_waits", "mode"),))


RULES: tuple[Callable[[Facts], Verdict | None], ...] = (_all_wait, _first_time_waits)

IN_WORDS = {
    "every_comment_waits": Sentence("Every comment here waits for a moderator."),
    "first_comment_waits": Sentence("A first comment waits for a moderator."),
    "reported": Sentence("Several readers reported it."),
    "imported": Sentence("It was waiting where it was imported from."),
}


def screen(facts: Facts) -> Verdict:
    """Return the verdict of the first decisive rule, or 'approved' when none has anything to say."""
    for rule in RULES:
        verdict = rule(facts)
        if verdict is not None:
            return verdict
    return Verdict("approved")
