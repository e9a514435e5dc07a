"""A rule that learns: how much a comment's words are like those of comments that moderators took for spam.

The words that tell most are put together as SpamBayes does, by Fisher's method with Robinson's smoothing: for each
word, how likely a comment with it is spam; for all together, how surprising they would be if it were not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from comments_service.core.folding import folded
from comments_service.core.kinds.base import Facts, Kind, Look, Match, Params, one, whole
from comments_service.core.links import links_of
from comments_service.core.marks import Span

MOST_WORDS = 300
"""So many different words of a comment count, the first ones."""
LEAST = 10
"""So many comments of both sorts have to be learned from before anything is said."""
_WORD = re.compile(
    r"(?=([\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]{2}))|(?<![^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])([^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,40})"
)
_TELLING, _MOST_TELLING, _SHOWN = 0.1, 150, 10
_DOUBT, _UNKNOWN = 1.0, 0.5  # Robinson's s and x: how much an unknown word weighs, and what it says

Counts = Mapping[str, tuple[int, int]]
"""Of words: in how many comments that were kept, and in how many that were spam; '' counts all."""


def places_of(text: str) -> dict[str, list[Span]]:
    """Return the words of a text, each with where it stands; Chinese, Japanese and Korean by pairs."""
    plain, found = folded(text), dict[str, list[Span]]()
    for match in _WORD.finditer(plain.text):
        number = 1 if match[1] else 2
        if len(found) < MOST_WORDS or match[number] in found:
            found.setdefault(match[number], []).append(plain.span(*match.span(number)))
    return found


def words_of(body: str, html: str, website: str) -> list[str]:
    """Return what is learned from a comment: its words, and where its links lead."""
    hosts = dict.fromkeys(f"→ {host}" for _, host in links_of(html, website) if host)
    return [*places_of(body), *list(hosts)[:20]]


def likelihoods(counts: Counts) -> dict[str, float]:
    """Return for each word how likely a comment with it is spam (0 to 1); nothing before there are enough."""
    kept_all, spam_all = counts.get("", (0, 0))
    if min(kept_all, spam_all) < LEAST:
        return {}
    return {
        word: _likelihood(kept / kept_all, spam / spam_all, kept + spam)
        for word, (kept, spam) in counts.items()
        if word and kept + spam > 0
    }


def _likelihood(kept: float, spam: float, seen: int) -> float:
    alone = spam / (kept + spam)
    return (_DOUBT * _UNKNOWN + seen * alone) / (_DOUBT + seen)


def tells(likely: float) -> bool:
    """Say whether a word tells anything: whether it is not about as likely in both sorts."""
    return abs(likely - 0.5) >= _TELLING


def score(likely: Iterable[float]) -> float:
    """Return how likely words together are spam: 0 for surely not, 1 for surely, 0.5 for who knows."""
    telling = sorted((one for one in likely if tells(one)), key=lambda p: -abs(p - 0.5))
    telling = telling[:_MOST_TELLING]
    if not telling:
        return 0.5
    spam = 1 - _chance(-2 * sum(math.log(1 - p) for p in telling), len(telling))
    kept = 1 - _chance(-2 * sum(math.log(p) for p in telling), len(telling))
    return (spam - kept + 1) / 2


def _chance(value: float, pairs: int) -> float:
    """Return how likely a chi-square of 2n degrees of freedom is at least a value."""
    half = value / 2
    term = total = math.exp(-half)
    for number in range(1, pairs):
        term *= half / number
        total += term
    return min(total, 1.0)


class Learned(Params):
    """How likely, in percent, a comment has to be spam."""

    percent: Annotated[int, whole(50, 100)] = 90


def _learned(params: Learned) -> Look:
    def look(facts: Facts) -> tuple[Match, ...]:
        known = facts.learned
        if not known or score(known.values()) * 100 < params.percent:
            return ()
        return one(True, "learned_spam", _spans(facts.body, known))

    return look


def _spans(body: str, known: Mapping[str, float]) -> tuple[Span, ...]:
    """Return where the words stand that speak most for spam."""
    found = places_of(body)
    telling = sorted(
        (w for w in found if known.get(w, 0) > 0.5 + _TELLING), key=lambda w: -known[w]
    )
    return tuple(sorted({span for word in telling[:_SHOWN] for span in found[word]}))


KINDS = {"learned": Kind(Learned, _learned, frozenset({"learned"}))}
