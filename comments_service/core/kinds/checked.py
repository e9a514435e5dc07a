"""A rule that asks a checker outside, one that speaks as Akismet does; where it says nothing, the comment is held."""

from __future__ import annotations

from comments_service.core.kinds.base import Facts, Kind, Look, Match, Params


class Checker(Params):
    """Nothing to choose: which checker is asked, the operator has set."""


def _checker(_: Checker) -> Look:
    def look(facts: Facts) -> tuple[Match, ...]:
        if facts.checked == "spam":
            return (Match("checker_spam"),)
        if facts.checked == "silent":
            return (Match("checker_silent", holds=True),)
        return ()

    return look


KINDS = {"checker": Kind(Checker, _checker, frozenset({"checker"}), tried=False)}
