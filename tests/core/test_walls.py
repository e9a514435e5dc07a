"""The walls around a text, one at a time: what docs/security.md says of them."""

from __future__ import annotations

import re

import pytest

from comments_service import renderer, renderer_child
from comments_service.core.draft import BODY
from tests.attacks import ATTACKS, generated
from tests.test_docs import ROOT
from tests.walls import OFF, WALLS, names, through

SOME = [*ATTACKS, *generated()[:300]]
ALONE = {"characters", "guard", "escaped source"}  # no other wall stands behind these
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")


def test_without_any_wall_most_attacks_get_through_and_with_all_none() -> None:
    assert len(through(frozenset(), SOME)) > len(SOME) / 2
    assert through(WALLS, SOME) == {}


@pytest.mark.parametrize("wall", OFF)
def test_another_wall_stands_behind(wall: str) -> None:
    assert bool(through(WALLS - {wall}, SOME)) == (wall in ALONE)


@pytest.mark.parametrize("wall", sorted(WALLS - {"placeholders"}))
def test_a_wall_stops_something_alone(wall: str) -> None:
    assert len(through({wall}, SOME)) < len(through(frozenset(), SOME))


def test_behind_a_missing_guard_there_are_only_looks() -> None:
    for html in through(WALLS - {"guard"}, SOME).values():
        assert re.findall(r"<(?:script|img|a|svg|style|iframe)\b(?! (?:class|href))", html) == []
        assert re.findall(r"<[^>]* on\w+=", re.sub(r'"[^"]*"', '""', html)) == []


def test_names_and_websites_need_both_of_their_walls() -> None:
    found = {
        (escaped, checked): len(names(SOME, escaped=escaped, checked=checked))
        for escaped in (True, False)
        for checked in (True, False)
    }
    assert found[True, True] == 0
    assert min(found[True, False], found[False, True]) > 0


def test_every_wall_is_in_the_document() -> None:
    for wall in OFF:
        assert len(re.findall(rf"^\| {wall} \|", SECURITY, re.MULTILINE)) == 2, wall


def test_the_limits_in_the_document_are_those_of_the_code() -> None:
    words = " ".join(SECURITY.split())
    assert f"bodies over {BODY:,} characters" in words
    assert f"{renderer_child.DRAWING_SECONDS} seconds of processor time for formulas" in words
    assert f"and {renderer.DEADLINE_SECONDS:g} seconds for a text" in words
